"""A dataset is created once, whatever becomes of the answer."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.publication.conftest import Opened
from tests.publication.made import SUBJECTS, MadeNode
from transfer.errors import DatasetRefused, NodeFault, StepBlocked, Unreachable, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import newest_creation
from transfer.publication.values import NewDataset, Stage
from transfer.workspace import Workspace

NAMED = {"name": ("Lungs",)}


def study(subject: str, number: int) -> dict[str, object]:
    return {
        "studyId": f"{number:024x}",
        "studyName": "CT",
        "subjectName": subject,
        "pathInDatalake": f"u/{subject}_1/CT{number}",
        "series": [{"folderName": "1", "tags": []}],
        "url": "",
    }


@pytest.fixture
def index(tmp_path: Path) -> Path:
    path = tmp_path / "index.json"
    path.write_text(json.dumps([study(one, n) for n, one in enumerate(SUBJECTS)]))
    return path


async def test_it_is_asked_for_once_and_is_the_transfers(
    opened: Opened, node: MadeNode, ledger: Ledger, index: Path
) -> None:
    look = await opened().create(NewDataset(NAMED, index), "Ada Lovelace")
    assert look.dataset is not None
    assert (look.dataset.id, look.origin) == ("d1", "created")
    made = newest_creation(ledger)
    assert made is not None
    assert (made.state, made.studies, made.subjects, made.dataset_id) == ("created", 3, 3, "d1")
    assert [len(json.loads(content)) for content in node.contents] == [3]
    assert look.difference is not None
    assert (look.difference.asked_studies, look.difference.is_fault) == (3, False)


@pytest.mark.parametrize("lists_creating", [True, False])
async def test_a_creation_that_is_not_answered_is_found_by_its_name(
    opened: Opened, node: MadeNode, index: Path, lists_creating: bool
) -> None:
    node.loses, node.lists_creating = {"create"}, lists_creating
    node.takes = 0 if not lists_creating else 3
    look = await opened().create(NewDataset(NAMED, index))
    assert look.dataset is not None
    assert look.dataset.id == "d1"
    assert node.times("create") == 1
    assert len(node.datasets) == 1


async def test_one_that_is_not_listed_while_it_is_made_is_found_later_and_not_asked_for_again(
    opened: Opened, node: MadeNode, index: Path, ledger: Ledger
) -> None:
    node.loses, node.lists_creating, node.takes = {"create"}, False, 1
    with pytest.raises(StepBlocked, match="Nobody knows whether the dataset was created"):
        await opened().create(NewDataset(NAMED, index))
    # Another process, and the same order once more: what became of it is looked for first.
    with pytest.raises(StepBlocked, match="Nobody knows whether"):
        await opened().create(NewDataset(NAMED, index))
    with pytest.raises(StepBlocked, match="Nobody knows whether"):
        await opened().publish("", "lungs")
    assert node.times("create") == 1
    node.looked("d1")
    look = await opened().look()
    assert look.dataset is not None
    assert (look.dataset.id, look.origin, look.creation) == ("d1", "created", None)
    assert node.times("create") == 1


async def test_only_a_person_says_again_after_it_was_looked_for(
    opened: Opened, node: MadeNode, index: Path, ledger: Ledger
) -> None:
    node.refusals["create"] = [Unreachable("The connection broke.", "Again.")]
    with pytest.raises(StepBlocked, match="Nobody knows whether") as refused:
        await opened().create(NewDataset(NAMED, index))
    assert "--again" in refused.value.remedy
    look = await opened().create(NewDataset(NAMED, index), "Ada Lovelace", again=True)
    assert look.dataset is not None
    assert look.dataset.id == "d1"
    assert node.times("create") == 2
    states = ledger.rows("SELECT state FROM creation ORDER BY id")
    assert states == [("given-up",), ("created",)]


async def test_a_dataset_of_that_name_that_was_there_before_is_not_taken_for_it(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    node.export("Lungs")
    with pytest.raises(StepBlocked, match=r"of that name already: d1 \(draft"):
        await opened().create(NewDataset(NAMED, index))
    assert node.times("create") == 0
    node.loses = {"create"}
    look = await opened().create(NewDataset(NAMED, index), again=True)
    assert look.dataset is not None
    assert look.dataset.id == "d2"


async def test_a_refusal_leaves_nothing_open(
    opened: Opened, node: MadeNode, index: Path, ledger: Ledger
) -> None:
    node.refusals["create"] = [DatasetRefused("The version is too long.", "Shorten it.")]
    with pytest.raises(DatasetRefused):
        await opened().create(NewDataset(NAMED, index))
    attempt = newest_creation(ledger)
    assert attempt is not None
    assert (attempt.state, attempt.message) == ("refused", "The version is too long.")
    await opened().create(NewDataset(NAMED, index))
    assert node.times("create") == 2


async def test_a_node_that_was_not_reached_leaves_nothing_open(
    opened: Opened, node: MadeNode, index: Path, ledger: Ledger
) -> None:
    node.refusals["create"] = [Unreachable("No connection.", "Again.", reached_node=False)]
    with pytest.raises(Unreachable):
        await opened().create(NewDataset(NAMED, index))
    attempt = newest_creation(ledger)
    assert attempt is not None
    assert attempt.state == "refused"


async def test_a_node_that_cannot_be_asked_what_became_of_it_leaves_it_open(
    opened: Opened, node: MadeNode, index: Path, ledger: Ledger
) -> None:
    node.loses = {"create"}
    # The first listing is that of the names, the second what is there before.
    node.refusals["create"] = []
    carrier = opened()
    listings = [NodeFault("It stumbled.", "Later.") for _ in range(40)]

    async def broken(name: str = "") -> list[object]:
        if node.times("create"):
            raise listings.pop()
        return []

    carrier._publisher.candidates = broken  # type: ignore[method-assign,assignment]
    with pytest.raises(NodeFault):
        await carrier.create(NewDataset(NAMED, index))
    attempt = newest_creation(ledger)
    assert attempt is not None
    assert attempt.is_open
    look = await opened().look()
    assert look.dataset is not None
    assert node.times("create") == 1


async def test_strangers_in_the_index_stay_here_and_are_counted_not_named(
    opened: Opened, node: MadeNode, tmp_path: Path
) -> None:
    path = tmp_path / "index.json"
    path.write_text(json.dumps([study("ORIGINAL-1", 1), study("STRANGER-7", 2)]))
    with pytest.raises(StepBlocked, match="1 entry of the files name") as refused:
        await opened().create(NewDataset(NAMED, path))
    assert "STRANGER" not in refused.value.what + refused.value.remedy
    assert node.times("create") == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("c.csv", "subject,age\r\nORIGINAL-1,64\r\nSTRANGER-7,70\r\n"),
        ("c.csv", "subject;age\r\nORIGINAL-1;64\r\n"),
        ("c.json", '[{"subjectName": "STRANGER-7", "eForm": {}}]'),
    ],
)
async def test_strangers_in_the_clinical_file_stay_here(
    opened: Opened, node: MadeNode, index: Path, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(StepBlocked, match="1 entry of the files name"):
        await opened().create(NewDataset(NAMED, index, tmp_path / name))
    assert node.times("create") == 0


@pytest.mark.parametrize("content", ["", "{}", "[", "[1]", "[]", '[{"a": 1}', "\x00\x01"])
async def test_what_is_no_index_is_refused_here(
    opened: Opened, node: MadeNode, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "index.json"
    path.write_text(content)
    with pytest.raises(UsageError, match="index of studies"):
        await opened().create(NewDataset(NAMED, path))
    assert node.times("create") == 0


async def test_a_dataset_without_a_name_is_not_asked_for(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    with pytest.raises(UsageError, match="needs a name"):
        await opened().create(NewDataset({}, index))
    with pytest.raises(UsageError, match="2 characters, at least 3 are needed"):
        await opened().create(NewDataset({"name": ("ab",)}, index))
    assert node.asked == []


async def test_metadata_that_were_entered_before_go_with_it(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    await opened().edit({"name": ("Kept",), "license": ("CC BY 4.0",)})
    assert node.asked == []
    await opened().create(NewDataset({}, index))
    look = await opened().follow()
    assert look.dataset is not None
    values = {field.key: field.value for field in look.dataset.fields}
    assert (look.dataset.name, values["license"]) == ("Kept", ("CC BY 4.0",))


async def test_a_draft_that_is_there_is_not_joined_by_a_second(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    await opened().create(NewDataset(NAMED, index))
    with pytest.raises(StepBlocked, match="has a draft already"):
        await opened().create(NewDataset({"name": ("Other",)}, index))
    assert node.times("create") == 1


async def test_what_others_see_is_followed_by_its_next_version_alone(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    await opened().create(NewDataset(NAMED, index))
    await opened().publish("", "lungs")
    with pytest.raises(StepBlocked, match="already that others see"):
        await opened().create(NewDataset(NAMED, index))
    look = await opened().create(NewDataset(NAMED, index, previous_id="d1"))
    assert look.dataset is not None
    assert (look.dataset.id, look.dataset.previous_id) == ("d2", "d1")


async def test_the_copies_of_the_files_do_not_stay(
    opened: Opened, index: Path, workspace: Workspace
) -> None:
    await opened().create(NewDataset(NAMED, index))
    assert "publication" not in os.listdir(workspace.folder)


async def test_a_dataset_that_became_of_nothing_is_seen_as_failed(
    opened: Opened, node: MadeNode, index: Path
) -> None:
    node.takes, node.fails = 1, "Unexpected error"
    look = await opened().create(NewDataset(NAMED, index))
    assert look.dataset is not None
    assert look.dataset.stage is Stage.FAILED
