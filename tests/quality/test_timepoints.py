"""Faults of the board of timepoints (EUCAIM's requirements, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.quality.cohort import AS_IS, clean_images, scanned, told, write_images, write_table
from tests.quality.tabled import NAME, rows, said
from transfer.clinical.mapping import ColumnMap
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
from transfer.ledger.mapping import map_column
from transfer.ledger.timepoints import assign, assign_all, board
from transfer.quality.judging import judge

Before = Callable[[Ledger], object]


def all_assigned(ledger: Ledger) -> None:
    assign_all(ledger, "Diagnosis")


def of_one_day() -> list[Dataset]:
    """Two studies a patient, the first patient's on one day."""
    images = clean_images(studies=2)
    for image in images[4:8]:
        image.StudyDate = images[0].StudyDate
    return images


def test_where_every_patient_has_one_study_nothing_is_advised(tmp_path: Path) -> None:
    assert said(tmp_path, rows()) == []


def test_several_studies_a_patient_are_one_piece_of_advice(tmp_path: Path) -> None:
    found = said(tmp_path, rows(), images=clean_images(studies=2))

    assert told(found) == [("TPT-02", "all", "warn")]
    assert found[0].n == 2


def test_a_board_that_is_complete_gives_no_finding(tmp_path: Path) -> None:
    assert said(tmp_path, rows(), images=clean_images(studies=2), before=all_assigned) == []


def test_once_begun_a_study_without_an_episode_is_refused(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        rows(),
        images=clean_images(studies=2),
        before=lambda ledger: assign(ledger, [1, 2, 3], "Diagnosis"),
    )

    assert told(found) == [("TPT-02", "S4", "block")]


def test_an_episode_that_is_spelt_otherwise_in_the_table_is_refused(tmp_path: Path) -> None:
    found = said(
        tmp_path,
        rows(
            {"Episode": "diagnosis", "Timepoint": "1"}, {"Episode": "Diagnosis", "Timepoint": "1"}
        ),
        before=all_assigned,
    )

    assert told(found) == [("TPT-04", "R2", "block")]
    assert "Row 2, column Episode: the value (letters) is not one of Diagnosis" in found[0].message


def test_a_gap_that_a_choice_left_is_refused(tmp_path: Path) -> None:
    def leave_out_the_first(ledger: Ledger) -> None:
        all_assigned(ledger)
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'excluded' WHERE series_id IN (1, 2)")

    found = said(tmp_path, rows(), images=clean_images(studies=2), before=leave_out_the_first)

    assert told(found) == [("TPT-05", "P1", "block")]


def test_studies_of_one_day_are_asked_about_and_numbered_by_the_answer(tmp_path: Path) -> None:
    write_images(tmp_path / "source", of_one_day())
    table = write_table(tmp_path / NAME, rows())
    with scanned(tmp_path / "source", tmp_path / "home", table) as ledger:
        all_assigned(ledger)
        judge(ledger, AS_IS)
        assert told(read_findings(ledger)) == [("TPT-06", "P1", "ask")]

        settle_findings(ledger, "TPT-06", None, "answered", "as-listed", "A. Person", "by hour")
        judge(ledger, AS_IS)

        assert read_findings(ledger) == []
        assert [(s.study_key, s.number) for s in board(ledger, 1)] == [("S1", 1), ("S2", 2)]


def test_a_timepoint_of_the_table_without_a_study_is_told(tmp_path: Path) -> None:
    table = [
        {**row, "Episode": "Diagnosis", "Timepoint": number}
        for row in rows()
        for number in ("1", "2")
    ]

    found = said(tmp_path, table[:3], before=all_assigned)

    assert told(found) == [("TPT-07", "P1", "warn")]
    assert found[0].message == (
        "Of patient P1 the table has 1 timepoint without a study, and the board 0 that the table"
        " lacks."
    )


UIDS = ("1.2.826.2.1.1", "1.2.826.2.2.1")


def of_studies(*changes: dict[str, str]) -> list[dict[str, str]]:
    """The clean table with the study, episode and timepoint of each patient."""
    given = [{"StudyInstanceUID": uid, "Episode": "Diagnosis", "Timepoint": "1"} for uid in UIDS]
    none: dict[str, str] = {}
    return rows(*(one | change for one, change in zip_longest(given, changes, fillvalue=none)))


def test_a_table_that_agrees_with_the_board_gives_no_finding(tmp_path: Path) -> None:
    assert said(tmp_path, of_studies(), before=all_assigned) == []


def test_a_row_with_the_study_of_another_patient_is_refused(tmp_path: Path) -> None:
    found = said(tmp_path, of_studies({"StudyInstanceUID": UIDS[1]}))

    assert told(found) == [("TPT-01", "R2", "block")]
    assert found[0].message == "Row 2 names study S2, which is not one of patient P1."


def test_a_study_that_stands_in_two_rows_is_refused(tmp_path: Path) -> None:
    table = of_studies()

    found = said(tmp_path, [table[0], {**table[0], "Timepoint": "2"}, table[1]])

    assert told(found) == [("TPT-02", "R3", "block")]


def test_a_study_that_is_not_among_the_images_is_told(tmp_path: Path) -> None:
    assert told(said(tmp_path, of_studies({"StudyInstanceUID": "1.2.3.4"}))) == [
        ("TPT-07", "R2", "warn")
    ]


def test_descriptions_of_studies_do_not_leave_with_the_table(tmp_path: Path) -> None:
    table = [{**row, "Study Description": "TC TORAX"} for row in rows()]

    assert told(said(tmp_path, table)) == [("TPT-03", "R1", "block")]

    def left_out(ledger: Ledger) -> None:
        map_column(ledger, ColumnMap("Study Description", is_left_out=True), "Dr A")

    (tmp_path / "out").mkdir()
    assert said(tmp_path / "out", table, before=left_out) == []


@pytest.mark.parametrize("number", ["0", "-1", "first", "1.5"])
def test_a_timepoint_of_the_table_that_is_no_number_from_1_is_refused(
    tmp_path: Path, number: str
) -> None:
    found = said(tmp_path, of_studies({"Timepoint": number}))

    assert told(found) == [("TPT-05", "R2", "block")]
    assert found[0].message == (
        "Row 2, column Timepoint: the timepoint is not a whole number from 1."
    )


def _two_rows(**second: str) -> list[dict[str, str]]:
    first = {"Timepoint": "1", "Episode": "Diagnosis", "Study date": "2024-01-31"}
    later = {"Timepoint": "2", "Episode": "Diagnosis", "Study date": "2024-04-30"}
    other = {"Timepoint": "1", "Episode": "Diagnosis", "Study date": "2024-03-15"}
    changed = later | {key.replace("_", " "): value for key, value in second.items()}
    (one, two) = rows()
    return [one | first, one | changed, two | other]


def test_timepoints_of_the_table_follow_their_dates(tmp_path: Path) -> None:
    assert said(tmp_path, _two_rows()) == []

    (tmp_path / "wrong").mkdir()
    found = said(tmp_path / "wrong", _two_rows(Study_date="2023-12-30"))
    assert told(found) == [("TPT-05", "R3", "block")]


def test_timepoints_count_over_all_episodes(tmp_path: Path) -> None:
    found = said(tmp_path, _two_rows(Timepoint="1", Episode="Treatment"))

    assert told(found) == [("TPT-05", "R3", "block")]
    assert found[0].message == "Rows 2 and 3 of one patient give one timepoint two episodes."


def test_an_episode_that_is_another_on_the_board_is_told(tmp_path: Path) -> None:
    found = said(tmp_path, of_studies({"Episode": "Relapse"}), before=all_assigned)

    assert told(found) == [("TPT-07", "P1", "warn")]
    assert found[0].message == (
        "Of patient P1 1 row of the table and the board give a timepoint another episode or study."
    )
