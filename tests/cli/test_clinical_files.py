"""`clinical --outputs` and `--errors`: files of a transfer's clinical data, by command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import Holder
from transfer.ledger.timepoints import assign_all
from tui.cli.commands import run_command

TABLE = "PatientID,Sex,Age at diagnosis\nAB-1,Qx9,61.4\nAB-2,Male,58.0\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one transfer, `thorax`, of two patients and their table."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "transfers" / "thorax"
    folder.mkdir(parents=True, mode=0o700)
    (tmp_path / "tables").mkdir()
    path = tmp_path / "tables" / "thorax_clinical.csv"
    path.write_text(TABLE)
    cohort = {"AB-1": ["20190105"], "AB-2": ["20200601"]}
    with ledger_of(folder, cohort, clinical=path.parent) as ledger:
        assign_all(ledger, "Diagnosis")
    return tmp_path


def test_outputs_are_written_and_listed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["clinical", "thorax", "--outputs", str(home / "out"), "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert document["outputs"]["folder"] == str(home / "out")
    names = {file["name"] for file in document["outputs"]["files"]}
    assert names | {"manifest.json"} == {path.name for path in (home / "out").iterdir()}
    assert "thorax_clinical.csv" in names
    assert document["outputs"]["left_out"] == []


def test_files_that_go_as_they_are_are_said_to_hold_identifiers(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["clinical", "thorax", "--outputs", str(home / "out")]) == 0

    captured = capsys.readouterr()
    assert "7 files written to" in captured.out
    assert "thorax_clinical.csv  2 rows" in captured.out
    assert "hold identifiers as the source has them" in captured.err


def test_the_error_report_is_about_the_table_as_it_is_now(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = home / "tables" / "thorax_clinical.csv"
    path.write_text(TABLE.replace("61.4", "161.4"))

    assert run_command(["clinical", "thorax", "--errors", str(home / "errors.json"), "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    errors = json.loads((home / "errors.json").read_text())["errors"]
    assert document["errors"] == {"file": str(home / "errors.json"), "findings": len(errors)}
    assert ("AGE-03", 2) in [(one["rule"], one["row"]) for one in errors]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--errors", "errors.txt"], "as CSV or as JSON"),
        (["--errors", "tables/errors.csv"], "inside the data of this transfer"),
        (["--outputs", "tables"], "inside the data of this transfer"),
        (["--outputs", "."], "is not empty"),
    ],
)
def test_what_cannot_be_written_is_refused_in_two_lines(
    home: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    option, place = words

    assert run_command(["clinical", "thorax", option, str(home / place)]) == 2

    lines = capsys.readouterr().err.strip().splitlines()
    assert told in lines[0]
    assert len(lines) == 2


def test_nothing_is_written_beside_a_runner(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = home / "home" / "transfers" / "thorax"
    with Ledger.open(folder / "ledger.sqlite") as ledger:
        holder = Holder.take(folder / "runner.lock", ledger, "upload")

        assert run_command(["clinical", "thorax", "--outputs", str(home / "out")]) == 7
        holder.release(ledger, 0)

    assert not (home / "out").exists()
