"""`review`: the twin of the review screen, for scripts and for whoever has no terminal for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.tui.reviews import KEY, NAME, SURNAME, make_reviewed, stop_second_series
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings
from transfer.ledger.selection import add_rule, apply_selection
from transfer.workspace import Home, Workspace

MASK = "*****"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A transfer of three Series, the second one stopped."""
    home = Home.at(tmp_path / "home")
    home.prepare()
    made = make_reviewed(home, tmp_path)
    stop_second_series(made)
    return made


@pytest.fixture
def program(workspace: Workspace) -> Program:
    """The program on that home."""
    return Program(workspace.folder.parent.parent)


def elements(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The elements of a document by keyword; the outermost of each."""
    return {e["keyword"]: e for e in reversed(document["elements"])}


def test_the_whole_transfer_is_one_document(program: Program) -> None:
    ran = program.good("review", NAME, "--json")
    document = ran.document
    assert set(document) == {"transfer", "method", "series", "texts", "stopped"}
    assert (document["method"]["name"], len(document["method"]["sha256"])) == ("eucaim", 64)
    assert [series["key"] for series in document["series"]] == ["E1", "E2", "E3"]
    assert [(t["keyword"], t["text"], t["series"], t["first"]) for t in document["texts"]] == [
        ("SeriesDescription", MASK, 1, "E2"),
        ("SeriesDescription", "CHEST 2.5 MM", 2, "E1"),
        ("Manufacturer", "ACME", 3, "E1"),
    ]
    (stopped,) = document["stopped"]
    assert (stopped["series"], stopped["cause"]) == ("E2", "identifier")
    assert stopped["places"] == ["(0008,103E)"]
    assert ran.err == ""


def test_one_series_is_told_element_by_element_with_the_rule(program: Program) -> None:
    document = program.good("review", NAME, "--series", "E1", "--json").document
    assert (document["series"], document["instance"], document["leaves"]) == ("E1", "I2", True)
    found = elements(document)
    assert found["PatientID"]["change"] == "changed"
    assert found["PatientID"]["before"] == MASK
    assert found["PatientID"]["after"].startswith("EUCAIM-")
    assert found["PatientID"]["rule"].startswith("replaced by the pseudonym")
    assert (found["PatientComments"]["change"], found["PatientComments"]["after"]) == (
        "removed",
        None,
    )
    assert found["Modality"]["after"] == "CT"


def test_what_would_differ_under_the_other_profile_is_in_the_document(program: Program) -> None:
    document = program.good("review", NAME, "--series", "E1", "--json").document
    differences = {d["keyword"]: d for d in document["differences"]["lethe"]}
    assert differences["PatientIdentityRemoved"]["mine"] == "YES"
    assert differences["PatientIdentityRemoved"]["other"] is None


def test_originals_are_told_only_when_asked_for(program: Program) -> None:
    for words in ((), ("--series", "E1"), ("--series", "E2"), ("--series", "E2", "--json")):
        ran = program.good("review", NAME, *words)
        assert ran.out
        assert SURNAME not in ran.out
        assert "HOSP-0001" not in ran.out
        assert KEY not in ran.out + ran.err
    ran = program.good("review", NAME, "--series", "E2", "--json", "--identifiers")
    assert elements(ran.document)["PatientName"]["before"] == f"{SURNAME}^Ada"


def test_plain_lines_say_the_same(program: Program) -> None:
    lines = program.good("review", NAME, "--series", "E1").out.splitlines()
    (name,) = [line for line in lines if "PatientBirthDate" in line]
    assert name.split()[:5] == ["changed", "(0010,0030)", "PatientBirthDate", MASK, "19610501"]
    assert not [line for line in lines if "Modality" in line]
    lines = program.good("review", NAME, "--series", "E1", "--all").out.splitlines()
    assert [line.split()[0] for line in lines if "Modality" in line] == ["kept"]


def test_a_stopped_series_says_that_it_does_not_leave(program: Program) -> None:
    ran = program.good("review", NAME, "--series", "E2")
    assert "It does not leave: The last look found the patient's name in (0008,103E)." in ran.out
    assert [line.split()[0] for line in ran.out.splitlines() if "SeriesDescription" in line] == [
        "found"
    ]


def test_a_series_that_was_left_out_cannot_leave(program: Program, workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        add_rule(ledger, "exclude", "key", "E2,E3")
        apply_selection(ledger)
    lines = [line.split() for line in program.good("review", NAME).out.splitlines()]
    states = {line[0]: line[-2:] for line in lines if line and line[0] in ("E1", "E2", "E3")}
    assert states["E2"] == states["E3"] == ["left", "out"]
    assert states["E1"] != ["left", "out"]


def test_a_comparison_is_refused_where_there_is_none(program: Program) -> None:
    ran = program.run("review", NAME, "--series", "E1", "--against", "other")
    assert ran.code == 2
    assert "It can with: lethe." in ran.err
    assert "--all and --against belong to one series" in program.run("review", NAME, "--all").err


def test_looking_changes_nothing(program: Program, workspace: Workspace) -> None:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        before = (read_findings(ledger), ledger.rows("SELECT * FROM deid_run"))
    program.good("review", NAME)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert (read_findings(ledger), ledger.rows("SELECT * FROM deid_run")) == before
    assert len(before[0]) == 1
