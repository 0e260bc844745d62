"""A clinical table in a workbook, and dates that leave: one fault each, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook, load_workbook

from tests.quality.cohort import (
    AS_IS,
    TABLE,
    TODAY,
    clean_images,
    findings_of,
    told,
    write_images,
    write_table,
)
from tests.quality.tabled import said
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import assign_all
from transfer.quality.rule import Circumstances


def workbook(*sheets: str) -> bytes:
    """The clean clinical table, the same on each of these sheets."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name in sheets:
        sheet = book.create_sheet(name)
        sheet.append(list(TABLE[0]))
        for row in TABLE:
            sheet.append(list(row.values()))
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def test_a_workbook_with_one_sheet_is_a_table_like_any_other(tmp_path: Path) -> None:
    assert told(said(tmp_path, workbook("Patients"), name="made_clinical.xlsx")) == []


def test_a_workbook_of_several_sheets_has_to_say_which_one_is_the_table(tmp_path: Path) -> None:
    found = said(tmp_path, workbook("Patients", "Notes"), name="made_clinical.xlsx")
    assert told(found) == [("TAB-09", "R1", "block")]


def test_of_several_sheets_the_only_table_is_read_which_is_told(tmp_path: Path) -> None:
    book = load_workbook(BytesIO(workbook("Patients")))
    book.create_sheet("Notes").append(["Made by hand"])
    written = BytesIO()
    book.save(written)
    found = said(tmp_path, written.getvalue(), name="made_clinical.xlsx")
    assert told(found) == [("TAB-09", "R1", "info")]


def test_studies_of_one_patient_that_move_by_different_days_are_told(tmp_path: Path) -> None:
    """Two studies of each patient; the second of the first patient leaves a day too late."""
    write_images(tmp_path / "source", clean_images(studies=2))
    table = write_table(tmp_path / "made_clinical.csv")

    def shifted(ledger: Ledger) -> None:
        assign_all(ledger, "Diagnosis")
        ledger.write(
            "INSERT INTO traits (document) SELECT DISTINCT replace(t.document, s.study_date,"
            " strftime('%Y%m%d', substr(s.study_date, 1, 4) || '-' || substr(s.study_date, 5, 2)"
            " || '-' || substr(s.study_date, 7), iif(s.id = 2, '-9 days', '-10 days')))"
            " FROM study s JOIN series e ON e.study_id = s.id JOIN instance i ON i.series_id = e.id"
            " JOIN traits t ON t.id = i.traits_id"
        )
        ledger.write(
            "UPDATE instance SET out_traits_id = (SELECT o.id FROM traits o, traits t,"
            " series e, study s WHERE t.id = instance.traits_id AND e.id = instance.series_id"
            " AND s.id = e.study_id AND o.document = replace(t.document, s.study_date,"
            " strftime('%Y%m%d', substr(s.study_date, 1, 4) || '-' || substr(s.study_date, 5, 2)"
            " || '-' || substr(s.study_date, 7), iif(s.id = 2, '-9 days', '-10 days'))))"
        )

    now = Circumstances(today=TODAY, method="site.script")
    found = findings_of(tmp_path / "source", tmp_path / "home", now, clinical=table, before=shifted)
    assert told(found) == [("REL-04", "P1", "block")]
    assert replace(AS_IS, method=now.method) == now
