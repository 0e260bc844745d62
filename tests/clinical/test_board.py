"""The board of timepoints: episodes are assigned by a person, numbers follow by date."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinical.ledgers import exclude_study, ledger_of
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoint_names import set_timepoint_name, timepoint_names
from transfer.ledger.timepoints import (
    assign,
    assign_all,
    board,
    clear,
    patients_on_board,
    renumber,
    set_number,
    timepoint_of,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """One patient with three studies of three days, one with two of one day and one of another,
    one with a study without a date and another."""
    cohort = {
        "AB-1": ["20200110", "20190105", "20210301"],
        "AB-2": ["20200110", "20200601", "20200601"],
        "AB-3": ["", "20200601"],
    }
    with ledger_of(tmp_path, cohort) as made:
        yield made


def shown(ledger: Ledger, patient: int) -> list[tuple[str, str, int | None]]:
    return [(s.study_key, s.episode, s.number) for s in board(ledger, patient)]


def test_numbers_follow_the_dates_over_all_episodes(ledger: Ledger) -> None:
    assign(ledger, [1, 2], "Diagnosis")
    assign(ledger, [3], "Treatment")

    assert shown(ledger, 1) == [
        ("S2", "Diagnosis", 1),
        ("S1", "Diagnosis", 2),
        ("S3", "Treatment", 3),
    ]


def test_a_study_assigned_later_takes_its_place_by_date(ledger: Ledger) -> None:
    assign(ledger, [1, 3], "Diagnosis")
    assert shown(ledger, 1) == [("S2", "", None), ("S1", "Diagnosis", 1), ("S3", "Diagnosis", 2)]

    assign(ledger, [2], "Diagnosis")

    assert shown(ledger, 1) == [
        ("S2", "Diagnosis", 1),
        ("S1", "Diagnosis", 2),
        ("S3", "Diagnosis", 3),
    ]


def test_an_unknown_episode_is_refused_and_nothing_is_changed(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no such episode"):
        assign(ledger, [1], "Baseline")

    assert shown(ledger, 1) == [("S2", "", None), ("S1", "", None), ("S3", "", None)]


def test_an_episode_is_kept_as_eucaim_spells_it(ledger: Ledger) -> None:
    assign(ledger, [1], " active_surveillance ")

    assert timepoint_of(ledger, 1) is not None
    assert ("S1", "Active Surveillance", 1) in shown(ledger, 1)


def test_a_study_that_does_not_exist_is_refused_with_all_the_others(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no study S99"):
        assign(ledger, [1, 99], "Diagnosis")

    assert timepoint_of(ledger, 1) is None


def test_of_two_studies_of_one_day_the_program_does_not_choose(ledger: Ledger) -> None:
    assign(ledger, [4, 5, 6], "Diagnosis")

    assert shown(ledger, 2) == [
        ("S4", "Diagnosis", 1),
        ("S5", "Diagnosis", None),
        ("S6", "Diagnosis", None),
    ]


def test_one_word_settles_two_studies_of_one_day(ledger: Ledger) -> None:
    assign(ledger, [4, 5, 6], "Diagnosis")

    set_number(ledger, 6, 2)

    assert shown(ledger, 2) == [
        ("S4", "Diagnosis", 1),
        ("S6", "Diagnosis", 2),
        ("S5", "Diagnosis", 3),
    ]


def test_a_second_word_lets_them_change_places(ledger: Ledger) -> None:
    assign(ledger, [4, 5, 6], "Diagnosis")
    set_number(ledger, 6, 2)

    set_number(ledger, 6, 3)

    assert [number for *_, number in shown(ledger, 2)] == [1, 2, 3]
    assert shown(ledger, 2)[-1] == ("S6", "Diagnosis", 3)


@pytest.mark.parametrize("number", [0, 1, 3, 4, -1])
def test_a_number_against_the_date_or_with_a_gap_or_twice_is_refused(
    ledger: Ledger, number: int
) -> None:
    assign(ledger, [1, 2, 3], "Diagnosis")

    with pytest.raises(UsageError, match="cannot be timepoint") as refused:
        set_number(ledger, 1, number)

    assert refused.value.remedy == "By its date it can be 2."
    assert ("S1", "Diagnosis", 2) in shown(ledger, 1)


def test_a_number_without_an_episode_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no episode"):
        set_number(ledger, 1, 1)


def test_a_study_without_a_date_waits_until_a_person_places_it(ledger: Ledger) -> None:
    assign(ledger, [7, 8], "Diagnosis")
    assert shown(ledger, 3) == [("S8", "Diagnosis", 1), ("S7", "Diagnosis", None)]

    set_number(ledger, 7, 1)

    assert shown(ledger, 3) == [("S8", "Diagnosis", 2), ("S7", "Diagnosis", 1)]


def test_what_is_cleared_leaves_no_gap(ledger: Ledger) -> None:
    assign(ledger, [1, 2, 3], "Diagnosis")

    assert clear(ledger, [1]) == 1

    assert shown(ledger, 1) == [("S2", "Diagnosis", 1), ("S1", "", None), ("S3", "Diagnosis", 2)]


def test_all_that_is_left_is_assigned_at_once(ledger: Ledger) -> None:
    assign(ledger, [3], "Treatment")

    assert assign_all(ledger, "Diagnosis") == 7

    assert shown(ledger, 1)[-1] == ("S3", "Treatment", 3)
    assert assign_all(ledger, "Diagnosis") == 0


def test_a_study_that_a_person_left_out_is_not_on_the_board(ledger: Ledger) -> None:
    assign(ledger, [1, 2, 3], "Diagnosis")
    exclude_study(ledger, 2)

    assert shown(ledger, 1) == [("S1", "Diagnosis", 2), ("S3", "Diagnosis", 3)]
    renumber(ledger, 1)
    assert shown(ledger, 1) == [("S1", "Diagnosis", 1), ("S3", "Diagnosis", 2)]


def test_patients_come_in_pages_with_what_is_left_to_do(ledger: Ledger) -> None:
    assign(ledger, [4, 5, 6, 1], "Diagnosis")

    first = patients_on_board(ledger, limit=2)
    rest = patients_on_board(ledger, limit=2, after_row=first[-1].row)

    assert [(p.patient_key, p.assigned, p.unassigned, p.questions) for p in first + rest] == [
        ("P1", 1, 2, 0),
        ("P2", 3, 0, 2),
        ("P3", 0, 2, 0),
    ]


def test_the_name_that_the_project_gives_a_timepoint_is_kept(ledger: Ledger) -> None:
    assign(ledger, [2], "Diagnosis")
    assert timepoint_names(ledger) == [("Diagnosis", 1, "")]

    set_timepoint_name(ledger, "Diagnosis", 1, "Baseline CT")

    assert timepoint_names(ledger) == [("Diagnosis", 1, "Baseline CT")]
    one = timepoint_of(ledger, 2)
    assert one is not None
    assert (one.episode, one.number, one.name) == ("Diagnosis", 1, "Baseline CT")
