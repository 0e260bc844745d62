"""The board of timepoints by command."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from tui.cli.commands import run_command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one transfer, `thorax`: a patient with studies of three days."""
    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path))
    folder = tmp_path / "transfers" / "thorax"
    folder.mkdir(parents=True, mode=0o700)
    with ledger_of(folder, {"AB-1": ["20190105", "20200110", "20210301"]}):
        pass
    return tmp_path


def shown(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, int | None]]:
    capsys.readouterr()
    assert run_command(["timepoints", "thorax", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    return [
        (one["key"], one["episode"], one["number"])
        for patient in document["patients"]
        for one in patient["studies"]
    ]


def test_studies_are_assigned_and_numbered(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["timepoints", "thorax", "--assign", "Diagnosis", "--studies", "S1,S2"]) == 0
    assert run_command(["timepoints", "thorax", "--assign", "relapse", "--all"]) == 0

    assert shown(capsys) == [("S1", "Diagnosis", 1), ("S2", "Diagnosis", 2), ("S3", "Relapse", 3)]


def test_originals_are_masked_until_they_are_asked_for(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["timepoints", "thorax"]) == 0
    masked = capsys.readouterr().out
    assert run_command(["timepoints", "thorax", "--identifiers"]) == 0
    open_ = capsys.readouterr().out

    originals = ("AB-1", "20190105", "TC TORAX")
    assert [one for one in originals if one in masked] == []
    assert [one for one in originals if one in open_] == list(originals)


@pytest.mark.parametrize(
    "words",
    [
        ["--assign", "Baseline", "--all"],
        ["--assign", "Diagnosis"],
        ["--studies", "S1"],
        ["--assign", "Diagnosis", "--studies", "P1"],
        ["--number", "S1=2"],
        ["--number", "first"],
        ["--clear", "S77"],
    ],
)
def test_what_cannot_be_done_is_refused_in_two_lines(
    home: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["timepoints", "thorax", *words]) == 2

    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    assert shown(capsys) == [("S1", "", None), ("S2", "", None), ("S3", "", None)]


def test_a_template_is_filled_in_and_taken_over(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    template, out = tmp_path / "template.csv", tmp_path / "dcm_studies_metadata.csv"
    assert run_command(["timepoints", "thorax", "--template", str(template)]) == 0
    assert "original identifiers" in capsys.readouterr().err
    template.write_text(template.read_text().replace(",,,", ",Diagnosis,,"))

    assert run_command(["timepoints", "thorax", "--import", str(template)]) == 0
    assert run_command(["timepoints", "thorax", "--export", str(out)]) == 0

    assert out.read_text().splitlines()[:2] == [
        "PatientID,StudyInstanceUID,Episode,Timepoint",
        "AB-1,1.2.3.1.0,Diagnosis,1",
    ]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
