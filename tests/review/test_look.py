"""One slice per Series, read from the disk and sent through the method."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from tests.review.headers import DESCRIPTION, PATIENT_ID, PATIENT_NAME, Told, without
from tests.tui.ledgers import make_home
from tests.tui.reviews import KEY, make_reviewed, stop_second_series
from transfer.deid.methods import MethodSpec
from transfer.deid.model import Header, Moment, NumberNeeded, Outcome, Quarantined, Skipped
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.selection import add_rule, apply_selection
from transfer.review.glass import Glass, make_glass
from transfer.review.lines import Change
from transfer.review.look import look_at
from transfer.review.sample import Sample, list_series, next_series, sample_of, series_row
from transfer.review.stopped import count_groups, count_stopped, list_stopped
from transfer.review.texts import TextTally, read_on
from transfer.workspace import Workspace

CLEAN = (PATIENT_NAME, PATIENT_ID, 0x00100030, 0x00104000, 0x00091001)
NOON = Moment(dt.datetime.fromisoformat("2026-03-14T12:00"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Three Series: three slices, one that holds the surname, two slices."""
    return make_reviewed(make_home(tmp_path), tmp_path)


def sample(workspace: Workspace, series: int, cause: str = "") -> Sample:
    """The slice that stands for a Series."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return sample_of(ledger, series, cause)


def glass(*methods: Told) -> Glass:
    """These methods, the first one the transfer's own."""
    return Glass({method.label.name: method for method in methods}, NOON)


def test_the_slice_in_the_middle_stands_for_its_series(workspace: Workspace) -> None:
    """The first and the last slice of a stack are the least like the others."""
    assert sample(workspace, 1).key == "I2"
    assert sample(workspace, 1).path.endswith(b"/1.2.3.1.1.2.dcm")


def test_of_stopped_ones_one_that_was_stopped_is_shown(workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET cause = 'skipped', state = 'failed' WHERE id = 3")
    assert sample(workspace, 1, "skipped").key == "I3"


def test_a_series_that_is_not_there_is_refused(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no instance of that series"):
        sample(workspace, 99)
    with pytest.raises(UsageError, match="no key of a series"):
        series_row("S1; DROP")


def test_a_method_that_takes_all_identifiers_out_leaves_nothing_to_be_found(
    workspace: Workspace,
) -> None:
    (sight,) = look_at(sample(workspace, 1), glass(without(*CLEAN)))
    assert (sight.cause, sight.places) == ("", ())
    changed = [line for line in sight.comparison.lines if line.change is Change.REMOVED]
    assert {line.path for line in changed} == {(tag,) for tag in CLEAN}


def test_an_identifier_that_would_leave_is_named_by_its_place_and_kind_alone(
    workspace: Workspace,
) -> None:
    (sight,) = look_at(sample(workspace, 2), glass(without(*CLEAN)))
    assert sight.cause == "identifier"
    assert sight.places == ("(0008,103E)",)
    assert sight.reason == "The last look found the patient's name in (0008,103E)."
    (line,) = [line for line in sight.comparison.lines if line.hit]
    assert line.path == (DESCRIPTION,)
    assert line.after is not None
    assert line.after.is_original


def test_what_a_person_released_is_found_no_more(workspace: Workspace) -> None:
    released = Glass({"told": without(*CLEAN)}, NOON, {1: frozenset({"(0008,103E)"})})
    (sight,) = look_at(sample(workspace, 2), released)
    assert sight.cause == ""


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        (Skipped("A localizer is not meant to go."), "skipped"),
        (Quarantined("Rule of (0010,0020): no entry."), "quarantined"),
    ],
)
def test_what_the_method_stops_is_told_with_its_reason(
    workspace: Workspace, outcome: Skipped | Quarantined, cause: str
) -> None:
    (sight,) = look_at(sample(workspace, 1), glass(Told(lambda header: outcome)))
    assert (sight.cause, sight.reason) == (cause, outcome.reason)
    assert sight.comparison.lines == ()


def test_a_number_that_was_not_given_yet_is_no_traceback(workspace: Workspace) -> None:
    def ask(header: Header) -> Outcome:
        raise NumberNeeded("pt", "HOSP-0001")

    (sight,) = look_at(sample(workspace, 1), glass(Told(ask)))
    assert "asks for a number" in sight.reason
    assert "HOSP-0001" not in sight.reason


def test_every_method_of_the_glass_sees_the_same_slice(workspace: Workspace) -> None:
    other = without(*CLEAN, DESCRIPTION)
    other.label = replace(other.label, name="other")
    sights = look_at(sample(workspace, 1), glass(without(*CLEAN), other))
    assert [sight.method for sight in sights] == ["told", "other"]
    assert {sight.sample.key for sight in sights} == {"I2"}


def test_a_file_that_is_no_dicom_any_more_gives_a_reason(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "images" / "1.2.3.1.1.2.dcm").unlink()
    (sight,) = look_at(sample(workspace, 1), glass(without()))
    assert sight.cause == "changed"
    assert sight.comparison.lines == ()


def test_looking_writes_nothing_to_the_ledger(workspace: Workspace) -> None:
    """A review before the first run must not make a run, nor void what was prepared."""
    with Ledger.open(workspace.ledger) as ledger:
        before = ledger.number("SELECT total_changes()")
        made = make_glass(ledger, MethodSpec("eucaim", KEY, "SITE-001"))
        assert ledger.number("SELECT total_changes()") == before
    assert list(made.methods) == ["eucaim", "lethe"]
    assert made.moment.clock == dt.datetime.fromisoformat("2026-03-14T09:00")


def test_a_page_of_series_tells_what_of_them_is_stopped(workspace: Workspace) -> None:
    stop_second_series(workspace)
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET state = 'failed', reason = 'held' WHERE id = 1")
        ledger.write("UPDATE instance SET head_sha256 = 'x' WHERE series_id = 3")
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        rows = list_series(ledger, limit=10)
        assert [row.key for row in list_series(ledger, limit=1, offset=1)] == ["E2"]
        assert [next_series(ledger, row) for row in (1, 2, 3)] == ["E2", "E3", "E1"]
    assert [(r.key, r.instances, r.stopped, r.failed, r.is_open) for r in rows] == [
        ("E1", 3, 0, 1, True),
        ("E2", 1, 1, 0, False),
        ("E3", 2, 0, 0, False),
    ]


def test_a_series_that_a_person_left_out_is_told_as_such(workspace: Workspace) -> None:
    stop_second_series(workspace)
    with Ledger.open(workspace.ledger) as ledger:
        add_rule(ledger, "exclude", "key", "E2,E3")
        apply_selection(ledger)
        rows = list_series(ledger, limit=10)
    assert [(r.key, r.instances, r.left_out, r.stopped) for r in rows] == [
        ("E1", 3, 0, 0),
        ("E2", 1, 1, 0),
        ("E3", 2, 2, 0),
    ]


def test_what_is_stopped_is_grouped_and_bears_the_findings_remedy(workspace: Workspace) -> None:
    stop_second_series(workspace)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        (group,) = list_stopped(ledger, limit=10)
        assert (count_stopped(ledger), count_groups(ledger)) == (1, 1)
    assert (group.series_key, group.patient_key, group.instances) == ("E2", "P1", 1)
    assert group.places == ("(0008,103E)",)
    assert group.is_answerable
    assert group.remedy.startswith("A named person can answer for it: eucaim-transfer check NAME")


def test_texts_are_read_a_few_series_at_a_time_and_to_the_end(workspace: Workspace) -> None:
    tally = TextTally()
    ticks = iter(range(100))
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        made = glass(without(*CLEAN))
        read = []
        after = 0
        for _ in range(5):
            after = read_on(
                ledger, made, tally, after, seconds=0.5, clock=lambda: float(next(ticks))
            )
            read.append(after)
    assert read == [1, 2, 3, 3, 3]
    assert tally.series == 3
    assert {text.text: text.series for text in tally.texts() if text.tag == DESCRIPTION} == {
        "CHEST 2.5 MM": 2,
        "CHEST Quintanilla": 1,
    }
