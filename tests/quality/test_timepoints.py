"""Faults of the board of timepoints (EUCAIM's requirements, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydicom.dataset import Dataset

from tests.quality.cohort import AS_IS, clean_images, scanned, told, write_images, write_table
from tests.quality.tabled import NAME, rows, said
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
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
