"""A rehearsal, then the real run, on both nodes: nothing goes before, and the report compares.

One story for each node, told once; the tests look at what it came to.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.program import Ran
from tests.rehearsal.stages import NAMES, Stage, on_stage
from transfer.evidence.comparison import compared_with_rehearsal
from transfer.evidence.speech import Speech
from transfer.ledger.connection import Ledger
from transfer.rehearsing.record import read_summary


class Story:
    """What is kept of one transfer: as it was before, after its rehearsal, and in the end."""

    def __init__(self, stage: Stage, name: str, folder: Path) -> None:
        self.stage, self.name = stage, name
        program = stage.program
        self.before = stage.content(name)
        requests = stage.requests()
        self.rehearsal: Ran = program.run("rehearse", name, "--json")
        self.requests = stage.requests() - requests
        self.after = stage.content(name)
        self.left = sorted(path.name for path in stage.place(name).folder.iterdir())
        self.temporary = sorted(path.name for path in (folder / "tmp").iterdir())
        self.publishing = program.run("publish", name, "--confirm", name)
        program.good("upload", name)
        program.good("clinical", name)
        self.again = program.run("rehearse", name)
        self.report = stage.report(name, folder / f"report-{name}")
        self.page = (folder / f"report-{name}" / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Story]]:
    folder = tmp_path_factory.mktemp("rehearsal")
    with on_stage(folder) as stage:
        yield {name: Story(stage, name, folder) for name in NAMES}


@pytest.fixture(params=list(NAMES))
def story(request: pytest.FixtureRequest, stories: dict[str, Story]) -> Story:
    return stories[request.param]


def test_a_rehearsal_goes_to_a_published_dataset(story: Story) -> None:
    assert story.rehearsal.code == 0, str(story.rehearsal)
    document = story.rehearsal.document
    assert (document["rehearsed"], document["stopped_at"]) == (True, None)
    assert document["went"]["instance"] > 100
    assert document["went"]["clinical"] >= 1
    assert document["status"]["publication"]["stage"] == "published"
    counts = document["status"]["instances"]
    assert counts["ready"] == counts["sent"] == counts["verified"] == document["went"]["instance"]


def test_the_node_hears_nothing_of_a_rehearsal(story: Story) -> None:
    assert story.requests == 0


def test_nothing_of_a_rehearsal_stands_in_the_ledger_of_the_transfer(story: Story) -> None:
    assert len(story.before) > 100
    assert story.after == story.before


def test_only_the_record_is_left_of_a_rehearsal(story: Story) -> None:
    assert (story.left, story.temporary) == (["record.sqlite"], [])


def test_the_legal_record_of_a_rehearsal_opens_no_gate(story: Story) -> None:
    assert story.publishing.code == 3
    assert "legal clearance is not recorded" in story.publishing.err


def test_what_has_begun_cannot_be_rehearsed_any_more(story: Story) -> None:
    assert story.again.code == 3
    assert story.again.complaint == [
        "eucaim-transfer: Something of this transfer has gone to its node already, or may have: it"
        " is too late to rehearse it.",
        f"  what to do: Go on with: eucaim-transfer upload {story.name}; or make a new transfer of"
        " the same source, and rehearse that.",
    ]


def test_the_real_run_is_the_same_to_the_byte(story: Story) -> None:
    compared = story.report["rehearsal"]
    went = story.rehearsal.document["went"]
    assert compared["instance"]["same_bytes"] == went["instance"]
    assert compared["clinical"]["same_bytes"] == went["clinical"]
    for what in ("instance", "volume", "clinical"):
        found = compared[what]
        assert (found["other_bytes"], found["only_here"], found["only_rehearsed"]) == (0, 0, 0)
        assert found["examples"] == []
    assert compared["changed_since"] == []
    assert compared["is_same"] is True


def test_the_method_of_the_rehearsal_was_that_of_the_real_run(story: Story) -> None:
    lines = {line["what"]: line for line in story.report["rehearsal"]["deidentification"]}
    assert lines["Method"]["rehearsed"] == lines["Method"]["here"] == "eucaim"
    assert len(lines["Key fingerprint"]["here"]) == 16
    assert [line["what"] for line in lines.values() if not line["is_same"]] == []


def test_the_page_says_when_it_was_rehearsed_and_that_all_is_the_same(story: Story) -> None:
    day = story.report["rehearsal"]["at_utc"][:10]
    assert f"<h2>Compared with the rehearsal of {day}</h2>" in story.page
    assert "The same things went as in the rehearsal, byte for byte" in story.page


def test_counts_stand_side_by_side_by_modality(story: Story) -> None:
    kinds = story.report["rehearsal"]["instance"]["kinds"]
    assert [kind["kind"] for kind in kinds] == ["CT", "PT", "SEG"]
    assert all(kind["rehearsed"] == kind["here"] > 0 for kind in kinds)


@pytest.fixture
def altered(stories: dict[str, Story]) -> Iterator[tuple[Story, Path]]:
    """The story of the UPV node, and its record, which may be changed and is put back."""
    story = stories["to-upv"]
    record = story.stage.place(story.name).record
    kept = record.with_name("as-it-was")
    shutil.copy(record, kept)
    yield story, record
    kept.replace(record)


def _compared(story: Story) -> Any:
    with Ledger.open(story.stage.place(story.name).workspace.ledger, read_only=True) as ledger:
        return compared_with_rehearsal(ledger, Speech(ledger, [], []))


def test_other_bytes_are_counted_and_named_by_row_key(altered: tuple[Story, Path]) -> None:
    story, path = altered
    with closing(sqlite3.connect(path)) as record, record:
        record.execute(
            "UPDATE gone SET sha256 = zeroblob(32) WHERE what = 'instance' AND rowid % 2 = 1"
        )
        n = record.execute("SELECT count(*) FROM gone WHERE sha256 = zeroblob(32)").fetchone()[0]
    found = _compared(story)
    assert found["instance"]["other_bytes"] == n > 20
    assert len(found["instance"]["examples"]) == 20
    assert all(key[0] == "I" and key[1:].isdigit() for key in found["instance"]["examples"])
    assert found["is_same"] is False


def test_what_went_on_one_side_only_is_counted_for_that_side(altered: tuple[Story, Path]) -> None:
    story, path = altered
    with closing(sqlite3.connect(path)) as record, record:
        record.execute("DELETE FROM gone WHERE what = 'instance' AND rowid <= 3")
        record.execute(
            "UPDATE gone SET mark = randomblob(16) WHERE what = 'instance' AND rowid = 4"
        )
    found = _compared(story)["instance"]
    assert (found["only_here"], found["only_rehearsed"], found["other_bytes"]) == (4, 1, 0)


def test_a_decision_made_after_the_rehearsal_is_named(altered: tuple[Story, Path]) -> None:
    story, path = altered
    with closing(sqlite3.connect(path)) as record, record:
        record.execute(
            "UPDATE summary SET document ="
            " json_set(document, '$.decisions.selection', 'another', '$.version', '0.0.1')"
        )
    found = _compared(story)
    assert found["changed_since"] == ["selection"]
    assert (found["is_same_version"], found["is_same"]) == (False, False)


def test_a_damaged_record_is_told_and_hinders_no_report(altered: tuple[Story, Path]) -> None:
    story, path = altered
    path.write_bytes(b"no record at all")
    assert _compared(story) == {
        "fault": "The record of the rehearsal cannot be read; the transfer is not touched by that."
    }


def test_the_record_holds_no_original_identifier(stories: dict[str, Story]) -> None:
    found = 0
    for story in stories.values():
        planted = json.loads((story.stage.cohort / "planted.json").read_text("utf-8"))
        texts = [text for text in _texts(planted) if len(text) > 5]
        content = story.stage.place(story.name).record.read_bytes()
        assert [text for text in texts if text.encode() in content] == []
        found += len(texts)
    assert found > 10


def _texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for value in document.values():
            yield from _texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from _texts(value)


def test_the_last_rehearsal_can_be_asked_for(stories: dict[str, Story]) -> None:
    summary = read_summary(stories["to-xnat"].stage.place("to-xnat").record)
    assert summary is not None
    assert (summary.kind, summary.only_patients) == ("xnat", 0)
    assert summary.publication["visibility"] == "protected"
