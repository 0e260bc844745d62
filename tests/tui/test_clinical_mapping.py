"""The mapping: what is proposed counts once a person says so, and everything can be taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.driving import keys, now, press, running, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import held
from tests.tui.tabled import TO_STEP_9, clinical_app, make_tabled, table_rows, table_text
from transfer.clinical.columns import Role
from transfer.clinical.mapping import Mapping, TermMap
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

SIZES = [(80, 24), (120, 40)]
PERSON = (*"Ada Lovelace", "enter")
# The fourth column, whose heading is Spanish.
DETECTION = ("down", "down", "down")


async def open_mapping(pilot: Pilot[Any]) -> None:
    await press(pilot, *TO_STEP_9, "m")


def lines(app: TransferApp) -> list[str]:
    """A line for each column and each attribute that none holds."""
    found = app.screen.query_one("#columns", Rows).words.splitlines()
    return [" ".join(line.split()) for line in found]


def summary(app: TransferApp) -> str:
    return app.screen.query_one("#summary", Painted).words


def one(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#one", Painted).words.split())


def mapping(workspace: Workspace) -> Mapping:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_mapping(ledger)


def roles(workspace: Workspace) -> list[str]:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return [r for (r,) in ledger.rows("SELECT role FROM clinical_column ORDER BY number")]


@pytest.mark.parametrize("size", SIZES)
async def test_each_column_says_what_it_holds_and_how_that_is_known(
    home: Home, tmp_path: Path, size: tuple[int, int]
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, size) as pilot:
        await open_mapping(pilot)
        assert front(app) == "MappingScreen"
        assert lines(app)[0].startswith("✓ known PatientID Patient ID")
        assert lines(app)[3].startswith("? likely Fecha de deteccion Date of")
        assert lines(app)[12].startswith("· no meaning Comments -")
        assert "✗ missing no column Date of" in "\n".join(lines(app)[13:])
        assert "✗ 1 missing" in summary(app)
        assert "? 1 to confirm" in summary(app)
    assert roles(workspace)[3] == "", "a proposal alone changes nothing"


async def test_what_only_controls_need_is_not_missing_in_a_table_of_patients(
    home: Home, tmp_path: Path
) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "end")
        assert lines(app)[-1].startswith("· not asked no column Age at the image")
        assert "EUCAIM asks for it of controls only" in one(app)


async def test_enter_twice_confirms_what_is_proposed_for_a_column(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, *DETECTION, "enter")
        assert front(app) == "Choose"
        await press(pilot, "enter")
        await press(pilot, *PERSON)
        assert lines(app)[3].startswith("✓ confirmed Fecha de deteccion Date of radiology")
    assert roles(workspace)[3] == "detection-date"
    (said,) = mapping(workspace).columns
    assert (said.heading, said.role) == ("Fecha de deteccion", Role.DETECTION_DATE)


async def test_another_attribute_is_found_by_typing_a_part_of_it(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, *DETECTION, "enter")
        await press(pilot, *"imaging acq")
        assert len(app.screen.query_one("#choices", Rows).rows) == 1
        await press(pilot, "enter")
        await press(pilot, *PERSON)
    assert roles(workspace)[3] == "imaging-date"


async def test_one_key_confirms_all_of_which_there_is_no_doubt(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "a")
        await press(pilot, *PERSON)
        assert "1 column confirmed." in now(app)
        assert "to confirm" not in summary(app)
    assert roles(workspace)[3] == "detection-date"


async def test_the_person_is_asked_once(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "down", "x")
        assert front(app) == "Ask"
        await press(pilot, *PERSON)
        await press(pilot, "down", "x")
        assert front(app) == "MappingScreen"
    assert [c.is_left_out for c in mapping(workspace).columns] == [True, True]


async def test_a_column_that_is_left_out_is_taken_in_again(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "down", "x")
        await press(pilot, *PERSON)
        assert lines(app)[1].startswith("- stays here Population")
        await press(pilot, "x")
        assert "stays here" not in lines(app)[1]
        await press(pilot, "z")
        assert lines(app)[1].startswith("✓ known Population")
    assert mapping(workspace).columns == ()


async def test_the_patients_column_cannot_be_left_out(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        assert "x Leave out" not in keys(app)
        await press(pilot, "x")
        assert front(app) == "MappingScreen"


async def test_an_attribute_is_declared_not_available_with_a_reason_and_asked_for_again(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "end")
        while "Date of radiology detection" not in one(app):
            await press(pilot, "up")
        assert "d declares it not available." in now(app)
        await press(pilot, "d")
        await press(pilot, *"never recorded", "enter")
        await press(pilot, *PERSON)
        assert "Declared not available by Ada Lovelace: never recorded" in one(app)
        assert [d.role for d in mapping(workspace).declared] == [Role.DETECTION_DATE]
        await press(pilot, "d")
        assert "✗ missing" in words(app)
    assert mapping(workspace).declared == ()


async def test_the_values_of_a_column_get_their_terms(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "down", "down", "v")
        assert front(app) == "TermsScreen"
        values = app.screen.query_one("#values", Rows)
        assert "○ no term" in values.words
        await press(pilot, "end", "enter")
        await press(pilot, *"other", "enter")
        await press(pilot, *PERSON)
        assert "✓ confirmed" in values.words
        assert "✓ all have a term" in summary(app)
    assert mapping(workspace).terms == (TermMap(Role.SEX, "X", "Other"),)


async def test_proposed_terms_are_confirmed_together(home: Home, tmp_path: Path) -> None:
    rows = table_rows(12)
    for row in rows:
        row[2] = "F"
    workspace = make_tabled(home, tmp_path / "data", table_text(rows))
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "down", "down", "v")
        assert "? likely" in words(app)
        await press(pilot, "a")
        await press(pilot, *PERSON)
        assert "1 value confirmed." in now(app)
        await press(pilot, "z")
        assert "? likely" in words(app)
    assert mapping(workspace).terms == ()


async def test_a_unit_is_told_where_values_make_no_sense(home: Home, tmp_path: Path) -> None:
    rows = table_rows(12)
    for n, row in enumerate(rows):
        row[5] = str(600 + n)
    workspace = make_tabled(home, tmp_path / "data", table_text(rows))
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, *["down"] * 5)
        assert "? which unit" in lines(app)[5]
        assert "In what are these values counted?" in now(app)
        await press(pilot, "u")
        await press(pilot, "down", "down", "enter")
        await press(pilot, *PERSON)
        assert "in months" in lines(app)[5]
    assert [(c.heading, c.unit) for c in mapping(workspace).columns] == [
        ("Age at diagnosis", "months")
    ]


async def test_the_order_of_dates_is_told_where_nobody_can_know(home: Home, tmp_path: Path) -> None:
    rows = table_rows(12)
    for row in rows:
        row[4] = "03/04/2021"
    workspace = make_tabled(home, tmp_path / "data", table_text(rows))
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, *["down"] * 4)
        assert "day or month" in lines(app)[4]
        await press(pilot, "o", "down", "enter")
        await press(pilot, *PERSON)
    assert [(c.heading, c.order) for c in mapping(workspace).columns] == [
        ("Diagnosis date", "month-first")
    ]


async def test_a_mapping_is_saved_and_loaded(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    file = tmp_path / "lung.toml"
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_mapping(pilot)
        await press(pilot, "a")
        await press(pilot, *PERSON)
        await press(pilot, "s", "ctrl+u")
        await press(pilot, *str(file), "enter")
        assert "The mapping is saved" in now(app)
        await press(pilot, *DETECTION, "z")
        assert roles(workspace)[3] == ""
        await press(pilot, "l", "ctrl+u")
        await press(pilot, *str(file), "enter")
    assert roles(workspace)[3] == "detection-date"
    assert file.stat().st_mode & 0o777 == 0o600


async def test_while_a_runner_is_at_work_the_mapping_can_only_be_read(
    home: Home, tmp_path: Path
) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    with held(workspace):
        async with running(app) as pilot:
            # It opens at the images, where the runner is.
            await press(pilot, "escape")
            await open_mapping(pilot)
            assert "A runner is at work" in now(app)
            await press(pilot, "down", "x", "enter")
            assert front(app) == "MappingScreen"
    assert mapping(workspace).columns == ()
