"""`header`: the twin of the header screen, for scripts and for whoever has no terminal for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.tui.found import NAME, SURNAME, make_found, make_image
from transfer.workspace import Home

MASK = "*****"
NASTY = "[red]x\x1b[2J \x9b31m \u202eevil \x07"


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program on a transfer of one Series of three instances, the second with odd texts."""
    home = Home.at(tmp_path / "home")
    home.prepare()
    images = [make_image(1, 1, number) for number in (1, 2, 3)]
    images[1].SpecificCharacterSet = "ISO_IR 192"
    images[1].SeriesDescription = NASTY
    make_found(home, tmp_path, images)
    return Program(home.root)


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The elements of a document; the outermost of each name."""
    return {element["name"]: element for element in reversed(document["elements"])}


def test_a_header_is_one_document_with_the_original_values_masked(program: Program) -> None:
    ran = program.good("header", NAME, "E1", "--json")
    document = ran.document
    assert (document["transfer"], document["instance"], document["series"]) == (NAME, "I2", "E1")
    assert document["is_cut"] is False
    found = by_name(document)
    assert found["Modality"] == {
        "element": "(0008,0060)",
        "vr": "CS",
        "name": "Modality",
        "value": "CT",
        "is_masked": False,
    }
    assert (found["Patient's Name"]["value"], found["Patient's Name"]["is_masked"]) == (MASK, True)
    assert found["Referenced Image Sequence"]["items"] == 2
    assert found["B_value"]["creator"] == "SIEMENS MR HEADER"
    nested = [e["element"] for e in document["elements"] if e["element"].startswith("(0008,1140)[")]
    assert nested[0] == "(0008,1140)[1](0008,1150)"
    assert SURNAME not in ran.out
    assert "HOSP-0001" not in ran.out


def test_original_values_are_there_for_whoever_asks(program: Program) -> None:
    document = program.good("header", NAME, "I1", "--identifiers", "--json").document
    assert document["instance"] == "I1"
    assert by_name(document)["Patient's Name"]["value"] == f"{SURNAME}^Ada"


def test_only_what_holds_a_text_is_told(program: Program) -> None:
    document = program.good(
        "header", NAME, "E1", "--find", "referenced sop class", "--json"
    ).document
    assert [element["element"] for element in document["elements"]] == [
        "(0008,1140)[1](0008,1150)",
        "(0008,1140)[2](0008,1150)",
    ]
    ran = program.good("header", NAME, "E1", "--find", "0018,0015")
    assert "0018,0015  CS  Body Part Examined  CHEST" in ran.out


def test_plain_lines_hold_no_escape_and_no_control_character(program: Program) -> None:
    ran = program.good("header", NAME, "E1", "--identifiers")
    assert "[red]x\ufffd[2J" in ran.out
    for forbidden in ("\x1b", "\x9b", "\u202e", "\x07"):
        assert forbidden not in ran.out


@pytest.mark.parametrize("key", ["X1", "I999", "E99", "I", "Ix"])
def test_a_key_that_is_none_is_refused_in_two_lines(program: Program, key: str) -> None:
    ran = program.run("header", NAME, key)
    assert ran.code == 2
    assert len(ran.complaint) == 2
