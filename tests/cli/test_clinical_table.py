"""`clinical NAME --table`: the table and what was found in it, without a screen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.derive import derive
from transfer.clinical.phase import read_clinical
from transfer.ledger.clinical import clinical_files, clinical_rows
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.quality.cells import Cell, write_cells
from tui.cli.commands import run_command

TABLE = (
    "PatientID,Sex,Diagnosis date,Note\n"
    "HOSP-1,X,2021-02-01,\x1b[31mred\n"
    "ELSE-9,Male,2021-02-02,Jane Doe\n"
)
MASK = "•••••"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one transfer, `thorax`: one patient, a table of two rows, one finding."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path))
    folder = tmp_path / "transfers" / "thorax"
    folder.mkdir(parents=True, mode=0o700)
    table = tmp_path / "made_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(folder, {"HOSP-1": ["20210214"]}, clinical=table) as ledger:
        read_clinical(ledger)
        derive(ledger)
        record_finding(
            ledger,
            Finding(
                *("CLP-03", "block", "table", "R2", "Row 2, column Sex: not a term.", "Mend it."),
                cells=write_cells([Cell(1, "letters", ("Female", "Male"))]),
            ),
        )
    return tmp_path


def test_each_row_is_printed_with_what_was_found_below_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clinical", "thorax", "--table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("R2 "))
    assert lines[at].split() == ["R2", "P1", "X", MASK, MASK]
    assert lines[at + 1].strip() == "✗ CLP-03 Row 2, column Sex: not a term."
    assert lines[at + 2].strip() == "may stand there: Female, Male"
    assert lines[at + 3].startswith("R3 ")
    assert lines[at + 3].endswith("○ no patient of the images")


def test_originals_are_printed_only_when_they_are_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clinical", "thorax", "--table"]) == 0
    masked = capsys.readouterr().out
    assert run_command(["clinical", "thorax", "--table", "--identifiers"]) == 0
    shown = capsys.readouterr().out
    for original in ("HOSP-1", "ELSE-9", "2021-02-01", "Jane Doe"):
        assert original not in masked
        assert original in shown
    assert "\x1b" not in shown


def test_a_program_gets_one_document_with_columns_rows_and_findings(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clinical", "thorax", "--table", "--json"]) == 0
    out = capsys.readouterr().out
    assert "HOSP-1" not in out
    document = json.loads(out)
    assert document["transfer"] == "thorax"
    (table,) = document["tables"]
    assert (table["key"], table["rows"]) == ("R1", 2)
    assert [(c["index"], c["heading"], c["attribute"]) for c in table["columns"]] == [
        (1, "PatientID", "patient"),
        (2, "Sex", "sex"),
        (3, "Diagnosis date", "diagnosis-date"),
        (4, "Note", None),
    ]
    first, second = table["data"]
    assert first["cells"] == ["P1", "X", MASK, MASK]
    (found,) = first["findings"]
    assert (found["rule"], found["index"], found["allowed"]) == ("CLP-03", 2, ["Female", "Male"])
    assert (second["key"], second["patient"], second["findings"]) == ("R3", None, [])


def test_the_document_holds_the_keys_that_are_promised(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clinical", "thorax", "--table", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    doc = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
    (section,) = re.findall(r"(?ms)^## clinical --table\n(.+?)(?=^## |\Z)", doc)
    promised = set(re.findall(r"`([a-z_]+)`", section))
    (table,) = document["tables"]
    row = table["data"][0]
    found = row["findings"][0]
    assert {*document, *table, *table["columns"][0], *row, *found} == promised


def test_without_a_table_the_document_has_none(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "transfers" / "bare"
    folder.mkdir(mode=0o700)
    with ledger_of(folder, {"HOSP-1": ["20210214"]}):
        pass
    assert run_command(["clinical", "bare", "--table", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"transfer": "bare", "tables": []}


def test_a_table_that_is_named_with_it_is_the_one_that_is_printed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = home / "other_clinical.csv"
    other.write_text("PatientID,Sex\nHOSP-1,Female\n")

    assert run_command(["clinical", "thorax", str(other), "--table", "--json"]) == 0

    (table,) = json.loads(capsys.readouterr().out)["tables"]
    assert [row["cells"] for row in table["data"]] == [["P1", "Female"]]


def test_rows_that_are_kept_back_are_those_of_the_table_named_with_it(home: Path) -> None:
    other = home / "other_clinical.csv"
    other.write_text("PatientID,Sex\nELSE-7,Female\nHOSP-1,Female\n")
    words = ("--keep-back", "P1", "--by", "Ada", "--reason", "consent is missing")

    assert run_command(["clinical", "thorax", str(other), *words]) == 0

    with Ledger.open(home / "transfers" / "thorax" / "ledger.sqlite", read_only=True) as ledger:
        assert [row.cells for row in clinical_rows(ledger, _only_file(ledger))] == [
            ("ELSE-7", "Female"),
            ("HOSP-1", "Female"),
        ]
        assert ledger.rows("SELECT patient FROM clinical_kept_back") == [("HOSP-1",)]


def _only_file(ledger: Ledger) -> int:
    (file,) = clinical_files(ledger)
    return file.row
