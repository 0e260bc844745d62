"""Cut off between any two writes and requests, it goes on: one dataset, shown once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import A_PROJECT, SUBJECTS, MadeNode
from tests.publication.test_creating import study
from transfer import checkpoint
from transfer.errors import StepBlocked
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import everything_happened
from transfer.publication.values import NewDataset, Stage

METADATA = {"license": ("CC BY 4.0",)}


class CutOffError(BaseException):
    """Stands for the end of the process: nothing catches it."""


@contextmanager
def cut_off_at(point: str) -> Iterator[None]:
    def observe(passed: str) -> None:
        if passed == point:
            raise CutOffError

    checkpoint.observer = observe
    try:
        with pytest.raises(CutOffError):
            yield
    finally:
        checkpoint.observer = None


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.json"
    path.write_text(json.dumps([study(one, n) for n, one in enumerate(SUBJECTS)]))
    return path


@pytest.mark.parametrize(
    "point",
    ["picked-up", "edit-asked", "edit-answered", "show-asked", "show-answered", "show-recorded"],
)
async def test_a_release_that_was_cut_off_is_carried_to_its_end(
    opened: Opened, node: MadeNode, ledger: Ledger, point: str
) -> None:
    node.export()
    with cut_off_at(point):
        await opened().publish("", "lungs", "Ada Lovelace", METADATA)
    look = await opened().publish("", "lungs", "Ada Lovelace", METADATA)
    assert look.dataset is not None
    assert look.dataset.stage is Stage.RELEASED
    assert node.times("show") == 1
    values = {field.key: field.value for field in node.datasets["d1"].fields}
    assert values["license"] == ("CC BY 4.0",)
    assert len(node.datasets) == 1
    asked = [one for one in everything_happened(ledger) if one.what == "showing asked for"]
    assert [one.person for one in asked] == ["Ada Lovelace"]
    assert len(asked[0].legal_sha256) == 64


@pytest.mark.parametrize("point", ["creation-answered", "creation-recorded"])
async def test_a_creation_that_was_cut_off_after_the_request_is_found(
    opened: Opened, node: MadeNode, index: Path, point: str
) -> None:
    wanted = NewDataset({"name": ("Lungs",)}, index)
    with cut_off_at(point):
        await opened().create(wanted)
    look = await opened().publish("", "lungs")
    assert look.dataset is not None
    assert (look.dataset.id, look.dataset.stage) == ("d1", Stage.RELEASED)
    assert (node.times("create"), node.times("show"), len(node.datasets)) == (1, 1, 1)


async def test_a_creation_that_was_cut_off_before_the_request_needs_a_person(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    wanted = NewDataset({"name": ("Lungs",)}, index)
    with cut_off_at("creation-asked"):
        await opened().create(wanted)
    with pytest.raises(StepBlocked, match="Nobody knows whether"):
        await opened().create(wanted)
    assert node.times("create") == 0
    look = await opened().create(wanted, again=True)
    assert look.dataset is not None
    assert (look.dataset.id, len(node.datasets)) == ("d1", 1)


@pytest.mark.parametrize("point", ["invalidate-asked", "invalidate-answered"])
async def test_a_mark_that_was_cut_off_is_set_once(
    opened: Opened, node: MadeNode, point: str
) -> None:
    node.export()
    await opened().pick_up(None)
    with cut_off_at(point):
        await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    assert node.datasets["d1"].stage is Stage.INVALIDATED
    assert node.times("invalidate") == 1


@pytest.mark.parametrize("point", ["delete-asked", "delete-answered"])
async def test_a_removal_that_was_cut_off_is_done_once(
    opened: Opened, node: MadeNode, point: str
) -> None:
    node.takes, node.fails = 1, "Unexpected error"
    node.export()
    await opened().pick_up(None)
    with cut_off_at(point):
        await opened().delete("lungs")
    look = await opened().delete("lungs")
    assert (look.dataset, node.datasets, node.times("delete")) == (None, {}, 1)


@pytest.mark.parametrize("point", ["show-asked", "show-answered", "show-recorded"])
async def test_a_project_is_shown_once(opened: Opened, node: MadeNode, point: str) -> None:
    node.export(id="EUCAIM-LUNG|BATCH-1")
    with cut_off_at(point):
        await opened(A_PROJECT).publish("public", "lungs")
    look = await opened(A_PROJECT).publish("public", "lungs")
    assert look.dataset is not None
    assert (look.dataset.visibility, node.times("show")) == ("public", 1)


async def test_every_point_that_step_10_passes_is_tried_here(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    passed: list[str] = []
    checkpoint.observer = passed.append
    try:
        node.takes, node.fails = 1, "Unexpected error"
        await opened().create(NewDataset({"name": ("Lungs",)}, index))
        await opened().delete("lungs")
        node.takes, node.fails = 0, ""
        node.export()
        await opened().publish("", "lungs", texts=METADATA)
        await opened().invalidate("Wrong cohort", "Ada Lovelace", "lungs")
    finally:
        checkpoint.observer = None
    assert passed == [
        "creation-asked", "creation-answered", "creation-recorded",
        "delete-asked", "delete-answered",
        "picked-up", "edit-asked", "edit-answered",
        "show-asked", "show-answered", "show-recorded",
        "invalidate-asked", "invalidate-answered",
    ]  # fmt: skip
