"""A table as it may be shown: what names a person is masked, and findings stand at their cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.clinical.ledgers import ledger_of
from transfer.clinical.derive import derive
from transfer.clinical.marks import count_marked, marks_of, next_mark
from transfer.clinical.phase import read_clinical
from transfer.clinical.preview import (
    PreviewRow,
    page_after,
    page_before,
    preview_columns,
    preview_rows,
)
from transfer.ledger.clinical import ClinicalFile, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.ledger.identity import Names
from transfer.quality.cells import WHOLE_ROW, Cell, write_cells

PATIENTS = {"HOSP-1": ["20210214"], "HOSP-2": ["20210301"]}
MASK = "•••••"


@contextmanager
def table(folder: Path, text: str) -> Iterator[tuple[Ledger, ClinicalFile]]:
    """Two patients, P1 with S1 and P2 with S2, and a table that was read and linked."""
    path = folder / "made_clinical.csv"
    path.write_text(text)
    with ledger_of(folder, PATIENTS, clinical=path) as ledger:
        read_clinical(ledger)
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Quintanilla^Ada' WHERE id = 1")
        derive(ledger)
        yield ledger, clinical_files(ledger)[0]


def shown(
    ledger: Ledger, file: ClinicalFile, *, reveals: bool = False, is_printed: bool = False
) -> list[PreviewRow]:
    return preview_rows(
        ledger,
        file,
        preview_columns(ledger, file),
        page_after(ledger, file, file.heading_row),
        Names(),
        reveals=reveals,
        is_printed=is_printed,
    )


def cells(rows: Sequence[PreviewRow]) -> list[tuple[str, ...]]:
    return [row.cells for row in rows]


def test_a_patient_id_stands_as_the_patients_key_and_of_nobody_not_at_all(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Sex\nHOSP-2,Female\nELSE-9,Male\n") as (ledger, file):
        rows = shown(ledger, file)
        assert cells(rows) == [("P2", "Female"), (MASK, "Male")]
        assert [(row.key, row.number, row.patient) for row in rows] == [
            ("R2", 2, "P2"),
            ("R3", 3, ""),
        ]


def test_originals_are_shown_to_whoever_asks(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Note\nHOSP-1,Quintanilla\n") as (ledger, file):
        assert cells(shown(ledger, file, reveals=True)) == [("HOSP-1", "Quintanilla")]


def test_a_study_uid_stands_as_the_studys_key(tmp_path: Path) -> None:
    text = "PatientID,StudyInstanceUID\nHOSP-2,1.2.3.2.1\nHOSP-2,9.9.9\n"
    with table(tmp_path, text) as (ledger, file):
        assert [row.cells[1] for row in shown(ledger, file)] == ["S2", MASK]


def test_a_patient_id_in_another_column_is_masked(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Old number\nHOSP-1,HOSP-2\n") as (ledger, file):
        assert cells(shown(ledger, file)) == [("P1", MASK)]


def test_a_name_within_a_text_is_veiled_and_the_rest_is_kept(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Note\nHOSP-1,QUINTANILLA was seen\n") as (ledger, file):
        assert cells(shown(ledger, file)) == [("P1", f"{MASK} was seen")]


def test_a_column_whose_heading_names_persons_is_masked(tmp_path: Path) -> None:
    text = "PatientID,Surname,Date of birth\nHOSP-1,Doe,1961-05-23\n"
    with table(tmp_path, text) as (ledger, file):
        assert cells(shown(ledger, file)) == [("P1", MASK, MASK)]


def test_text_of_nobodys_row_is_masked_and_its_figures_are_not(tmp_path: Path) -> None:
    text = "PatientID,Note,Score\nELSE-9,Jane Doe,4.5\n"
    with table(tmp_path, text) as (ledger, file):
        assert cells(shown(ledger, file)) == [(MASK, MASK, "4.5")]


def test_a_date_or_a_long_number_of_which_nobody_knows_what_it_is_is_masked(
    tmp_path: Path,
) -> None:
    text = "PatientID,A,B,C\nHOSP-1,19610523,600 123 456,4.5\nELSE-9,23/05/1961,28912345,72\n"
    with table(tmp_path, text) as (ledger, file):
        assert cells(shown(ledger, file)) == [("P1", MASK, MASK, "4.5"), (MASK, MASK, MASK, "72")]


def test_what_is_printed_holds_neither_dates_nor_free_text(tmp_path: Path) -> None:
    text = "PatientID,Diagnosis date,Sex,Note,Score\nHOSP-1,2021-02-01,Female,was seen,4.5\n"
    with table(tmp_path, text) as (ledger, file):
        assert cells(shown(ledger, file, is_printed=True)) == [("P1", MASK, "Female", MASK, "4.5")]


def test_a_heading_that_may_be_a_value_is_told_by_its_number(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,HOSP-2 1961\nHOSP-1,x\n") as (ledger, file):
        assert [column.told for column in preview_columns(ledger, file)] == ["PatientID", "2"]


def test_pages_follow_each_other_forwards_and_backwards(tmp_path: Path) -> None:
    text = "PatientID\n" + "".join(f"X{n}\n" for n in range(25))
    with table(tmp_path, text) as (ledger, file):
        assert [row[0] for row in page_after(ledger, file, 1, 10)] == list(range(2, 12))
        assert [row[0] for row in page_after(ledger, file, 21, 10)] == list(range(22, 27))
        assert [row[0] for row in page_before(ledger, file, 12, 10)] == list(range(2, 12))
        assert page_after(ledger, file, 26, 10) == []


def find(ledger: Ledger, rule: str, key: str, *places: int, severity: str = "block") -> None:
    found = write_cells(Cell(place, "letters", ("Female", "Male")) for place in places)
    record_finding(ledger, Finding(rule, severity, "table", key, "Wrong.", "Mend it.", cells=found))


def test_a_mark_stands_at_each_cell_of_a_finding(tmp_path: Path) -> None:
    text = "PatientID,Sex,Age\nHOSP-1,X,50\nHOSP-2,F,60\n"
    with table(tmp_path, text) as (ledger, file):
        find(ledger, "CLP-03", "R2", 1, 2)
        find(ledger, "UNQ-01", "R2")
        marks = marks_of(ledger, [2, 3])
        assert [(m.rule, m.row, m.place) for m in marks] == [
            ("UNQ-01", 2, -1),
            ("CLP-03", 2, 1),
            ("CLP-03", 2, 2),
        ]
        assert (marks[1].form, marks[1].allowed) == ("letters", ("Female", "Male"))
        assert count_marked(ledger, file) == 2


def test_the_next_mark_is_looked_for_cell_by_cell_and_row_by_row(tmp_path: Path) -> None:
    text = "PatientID,Sex,Age\n" + "HOSP-1,X,50\n" * 120
    with table(tmp_path, text) as (ledger, file):
        find(ledger, "CLP-03", "R20", 1, 2)
        find(ledger, "CLP-03", "R110", 1)
        find(ledger, "CLP-03", "R9", 1, severity="info")

        def go(row: int, column: int, *, backwards: bool = False) -> tuple[int, int] | None:
            found = next_mark(ledger, file, row, column, backwards=backwards)
            return (found.row, found.place) if found else None

        assert go(2, 0) == (20, 1), "what is good to know is passed over"
        assert go(20, 1) == (20, 2)
        assert go(20, 2) == (110, 1), "by number, not by text"
        assert go(110, 1) is None
        assert go(110, 1, backwards=True) == (20, 2)
        assert go(20, 1, backwards=True) is None


def test_what_is_about_a_whole_row_is_reached_once_from_either_side(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Sex\nHOSP-1,X\nHOSP-2,X\n") as (ledger, file):
        find(ledger, "UNQ-01", "R2")
        find(ledger, "CLP-03", "R2", 1)
        forwards = next_mark(ledger, file, 1, 0)
        assert forwards is not None
        assert (forwards.row, forwards.place) == (2, WHOLE_ROW)
        backwards = next_mark(ledger, file, 2, 1, backwards=True)
        assert backwards == forwards
        assert next_mark(ledger, file, 2, 0, backwards=True) is None


def test_marks_follow_the_columns_as_they_stand_side_by_side(tmp_path: Path) -> None:
    with table(tmp_path, "PatientID,Sex,Age\nHOSP-1,X,Y\n") as (ledger, file):
        find(ledger, "CLP-03", "R2", 0, 1, 2)
        order = [2, 0, 1]
        seen = []
        column = -1
        while found := next_mark(ledger, file, 2, column, order=order):
            seen.append(found.place)
            column = order.index(found.place)
        assert seen == [2, 0, 1]


def test_marks_of_another_table_are_not_this_tables(tmp_path: Path) -> None:
    for name in ("made_a.csv", "made_b.csv"):
        (tmp_path / name).write_text("PatientID,Sex\nHOSP-1,X\n")
    with ledger_of(tmp_path, PATIENTS, clinical=tmp_path) as ledger:
        read_clinical(ledger)
        first, second = clinical_files(ledger)
        find(ledger, "CLP-03", "R4", 1)
        assert next_mark(ledger, first, 1, -1) is None
        assert count_marked(ledger, second) == 1
        found = next_mark(ledger, second, second.heading_row, -1)
        assert found is not None
        assert found.row == 4
