"""`kill -9` at step 10: wherever it falls, one dataset is there in the end, released once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sandbox.xnat.site import PROJECT
from tests.cli.at_step_ten import UPV, XNAT, Place, tell
from tests.engine.publication_bench import METADATA, SOON, Desk, cleared_place, desk_at
from tests.faults.bench import KILLING
from tests.program import REPOSITORY


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with cleared_place(tmp_path_factory.mktemp("killed")) as found:
        yield found


@pytest.fixture
def desk(place: Place) -> Iterator[Desk]:
    with desk_at(place) as found:
        found.place.sandbox.datasets.options = SOON
        yield found


@pytest.fixture
def metadata(tmp_path: Path) -> Path:
    path = tmp_path / "metadata.json"
    path.write_text(json.dumps({key: list(texts) for key, texts in METADATA.items()}))
    return path


def _struck(desk: Desk, point: str, *words: object, nth: int = 1) -> int:
    done = subprocess.run(
        [sys.executable, "-P", str(KILLING), "self", point, str(nth), *map(str, words)],
        cwd=REPOSITORY,
        env=desk.place.program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        ("picked-up", 1),
        ("edit-asked", 1),
        # Between the changes that one edit is made of.
        ("after PATCH /dataset-service/api/datasets/*", 1),
        ("after PATCH /dataset-service/api/datasets/*", 4),
        ("edit-answered", 1),
        ("after commit of looking.compare", 1),
        ("show-asked", 1),
        ("show-answered", 1),
        ("show-recorded", 1),
    ],
)
def test_a_release_that_was_killed_is_carried_to_its_end_by_the_same_command(
    desk: Desk, metadata: Path, point: str, nth: int
) -> None:
    desk.export()
    words = ("publish", UPV, "--metadata", metadata, "--confirm", UPV, "--by", "Ada Lund")
    assert _struck(desk, point, *words, nth=nth) == -signal.SIGKILL
    told = tell(desk.place, *words, "--json")
    assert told.code == 0, told.err
    assert len(desk.place.sandbox.datasets.shelf.datasets) == 1
    assert desk.releases() == 1
    assert told.document["stage"] == "released"


@pytest.mark.parametrize("point", ["creation-answered", "creation-recorded"])
def test_a_creation_that_was_killed_after_the_request_is_found_and_not_repeated(
    desk: Desk, metadata: Path, tmp_path: Path, point: str
) -> None:
    index = desk.index(tmp_path)
    words = ("dataset", UPV, "--create", index, "--metadata", metadata, "--by", "Ada Lund")
    assert _struck(desk, point, *words) == -signal.SIGKILL
    desk.place.let_pass()
    told = tell(desk.place, "publish", UPV, "--confirm", UPV)
    assert told.code == 0, told.err
    datasets = desk.place.sandbox.datasets.shelf.datasets
    assert [one.draft for one in datasets.values()] == [False]
    assert desk.releases() == 1


def test_a_creation_that_was_killed_before_the_request_asks_a_person(
    desk: Desk, metadata: Path, tmp_path: Path
) -> None:
    index = desk.index(tmp_path)
    words = ("dataset", UPV, "--create", index, "--metadata", metadata, "--by", "Ada Lund")
    assert _struck(desk, "creation-asked", *words) == -signal.SIGKILL
    assert desk.place.sandbox.datasets.shelf.datasets == {}
    told = tell(desk.place, "publish", UPV, "--confirm", UPV)
    assert told.code == 3
    assert "Nobody knows whether the dataset was created" in told.err


@pytest.mark.parametrize("point", ["show-asked", "show-answered", "show-recorded"])
def test_a_project_whose_showing_was_killed_is_shown_by_the_same_command(
    desk: Desk, point: str
) -> None:
    project = desk.place.sandbox.xnat.archive.projects[PROJECT]
    project.accessibility = "private"
    words = ("publish", XNAT, "--visibility", "protected", "--confirm", XNAT)
    assert _struck(desk, point, *words) == -signal.SIGKILL
    told = tell(desk.place, *words, "--json")
    assert told.code == 0, told.err
    assert project.accessibility == "protected"
    heads = [file.read_bytes()[:200] for file in desk.place.record.glob("*-request.http")]
    assert sum(b"/accessibility/protected" in h and h.startswith(b"PUT") for h in heads) == 1
