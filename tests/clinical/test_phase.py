"""The tables of an order in the ledger: read once, read again only where something changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.phase import read_clinical
from transfer.ledger.clinical import clinical_files, clinical_rows
from transfer.ledger.connection import Ledger
from transfer.scan.phase import Interrupted

TABLE = "PatientID,Age at diagnosis\nAB-1,61.4\nAB-2,58.0\n"
COHORT = {"AB-1": ["20200110"], "AB-2": ["20200601"]}


def kept(ledger: Ledger) -> list[tuple[str, str]]:
    return [(row.key, row.patient) for f in clinical_files(ledger) for row in
            clinical_rows(ledger, f.row)]  # fmt: skip


def test_keys_of_rows_are_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)

        assert kept(ledger) == [("R2", "AB-1"), ("R3", "AB-2")]
        assert clinical_files(ledger)[0].key == "R1"


def test_a_second_table_counts_on_from_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_text(TABLE)
    (folder / "b.csv").write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=folder) as ledger:
        read_clinical(ledger)

        assert [f.key for f in clinical_files(ledger)] == ["R1", "R4"]
        assert [key for key, _ in kept(ledger)] == ["R2", "R3", "R5", "R6"]


def test_an_unchanged_table_is_not_read_again(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        with ledger.transaction():
            ledger.write("UPDATE clinical_row SET patient = 'as read first' WHERE id = 2")

        read_clinical(ledger)
        os.utime(table)
        read_clinical(ledger)

        assert kept(ledger)[0] == ("R2", "as read first")


def test_a_changed_table_is_read_again_and_words_on_its_rows_are_asked_for_again(
    tmp_path: Path,
) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        with ledger.transaction():
            word = ledger.write(
                "INSERT INTO word (subject, value, person, reason, said_at_utc)"
                " VALUES ('answer', 'same', 'A. Person', '', '')"
            )
            for key in ("R2", "P1"):
                ledger.write(
                    "INSERT INTO settled (rule, key, standing, value, word_id)"
                    " VALUES ('LNK-02', ?, 'answered', 'same', ?)",
                    key,
                    word,
                )

        table.write_text(TABLE.replace("AB-1", "NEW"))
        read_clinical(ledger)

        assert kept(ledger) == [("R2", "NEW"), ("R3", "AB-2")]
        assert ledger.rows("SELECT key FROM settled") == [("P1",)]
        assert ledger.number("SELECT count(*) FROM word") == 1


def test_a_table_that_was_interrupted_is_read_from_its_beginning(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID\n" + "".join(f"AB-{n}\n" for n in range(5000)))
    answers = iter([False, True])
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        with pytest.raises(Interrupted):
            read_clinical(ledger, lambda: next(answers))
        assert len(kept(ledger)) == 2000

        read_clinical(ledger)

        assert len(kept(ledger)) == 5000


def test_a_table_that_is_no_longer_ordered_is_forgotten(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        with ledger.transaction():
            ledger.write("UPDATE transfer SET clinical = NULL")

        read_clinical(ledger)

        assert clinical_files(ledger) == []
        assert ledger.number("SELECT count(*) FROM clinical_row") == 0


def test_rows_of_a_sheet_are_as_wide_as_its_headings(tmp_path: Path) -> None:
    """A sheet has no width of its own: empty cells at the end are not there."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (("PatientID", "Age", "Sex", None), ("AB-1", 61.4), ("AB-2", 58, "M", None)):
        sheet.append(line)
    book.save(tmp_path / "thorax_clinical.xlsx")
    with ledger_of(tmp_path, COHORT, clinical=tmp_path / "thorax_clinical.xlsx") as ledger:
        read_clinical(ledger)

        (file,) = clinical_files(ledger)
        assert [row.cells for row in clinical_rows(ledger, file.row)] == [
            ("AB-1", "61.4", ""),
            ("AB-2", "58", "M"),
        ]
