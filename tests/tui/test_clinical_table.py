"""The preview of a clinical table: what was found in place, masked, and of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.driving import keys, now, press, running, words
from tests.tui.driving import screen_name as front
from tests.tui.tabled import NAME, TO_STEP_9, clinical_app, make_tabled
from tests.tui.trees import SURNAME
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import keep_back
from transfer.workspace import Home
from tui.app import TransferApp
from tui.screens.clinical_table import TableScreen
from tui.widgets.grid import Grid
from tui.widgets.ink import POINTER
from tui.widgets.painted import Painted

SIZES = [(80, 24), (120, 40)]


async def open_table(pilot: Pilot[Any]) -> None:
    await press(pilot, *TO_STEP_9, "t")


def grid(app: TransferApp) -> list[str]:
    """The lines of the grid: headings, attributes, rows."""
    return app.screen.query_one("#grid", Grid).words.splitlines()


def row(app: TransferApp, number: int) -> str:
    """The line of the row of that number."""
    found = [line for line in grid(app)[2:] if line.strip(f"{POINTER} ").startswith(f"{number} ")]
    assert len(found) == 1, "a row stands once, or not at all"
    return found[0]


def one(app: TransferApp) -> str:
    """What is told of the cell at the cursor."""
    return " ".join(app.screen.query_one("#one", Painted).words.split())


@pytest.mark.parametrize("size", SIZES)
async def test_the_table_stands_as_it_was_read_with_attributes_below_its_headings(
    home: Home, tmp_path: Path, size: tuple[int, int]
) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, size) as pilot:
        await open_table(pilot)
        assert front(app) == "TableScreen"
        assert grid(app)[0].split()[:4] == ["PatientID", "Population", "Sex", "Fecha"]
        assert grid(app)[1].split()[:4] == ["Patient", "ID", "Population", "Sex"]
        assert row(app, 2).split()[:6] == [POINTER, "2", "P1", "Patient", "with", "Cancer"]


async def test_patients_are_masked_until_one_key_reveals_them(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        assert "HOSP-" not in words(app)
        assert "ELSEWHERE" not in words(app)
        await press(pilot, "i")
        assert row(app, 2).split()[2] == "HOSP-0001"
        await press(pilot, "i")
        assert "HOSP-" not in words(app)


async def test_a_name_in_a_text_is_veiled(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, (200, 50)) as pilot:
        await open_table(pilot)
        await press(pilot, *["right"] * 12)
        assert "seen as •••••" in row(app, 4)
        assert SURNAME not in words(app)


async def test_hostile_cells_move_no_cursor_and_are_no_markup(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app, (200, 50)) as pilot:
        await open_table(pilot)
        await press(pilot, "i", *["right"] * 12, "down")
        assert "[b]bold[/x]" in row(app, 3)
        assert "\x1b" not in words(app)
        assert "\u202e" not in words(app)


async def test_what_was_found_stands_at_its_cell_as_a_sign(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        assert "✗X" in row(app, 6)
        assert "✗" not in row(app, 5)


async def test_next_and_previous_lead_from_finding_to_finding(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, "n")
        assert row(app, 6).startswith(POINTER)
        assert "row 6 R6 patient P5" in one(app)
        assert "✗ stops CLP-03" in one(app)
        assert "May stand here: Female, Male" in one(app)
        await press(pilot, "n")
        assert row(app, 8).startswith(POINTER)
        assert "AGE-03" in one(app)
        await press(pilot, "p")
        assert row(app, 6).startswith(POINTER)


async def test_after_the_last_finding_it_goes_on_from_the_top(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, "end", *["tab"] * 6, "n")
        assert grid(app)[0].startswith(POINTER), "what is about the whole table comes first"
        assert "It goes on from the top of the table." in now(app)
        await press(pilot, "p")
        assert row(app, 14).startswith(POINTER)
        assert "It goes on from the end of the table." in now(app)


async def test_the_first_column_stays_while_others_go_by(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, *["right"] * 12)
        assert grid(app)[0].split()[0] == "PatientID"
        assert "Comments" in grid(app)[0]
        assert "Population" not in grid(app)[0]
        await press(pilot, *["left"] * 12)
        assert "Population" in grid(app)[0]


async def test_a_row_of_nobody_and_a_row_kept_back_are_marked(home: Home, tmp_path: Path) -> None:
    workspace = make_tabled(home, tmp_path / "data")
    with Ledger.open(workspace.ledger) as ledger:
        keep_back(ledger, 12, "Ada", "no consent")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, "end")
        assert "○ no images" in one(app)
        assert "○" in row(app, 14) or "✗" in row(app, 14)
        await press(pilot, "up", "up")
        assert "- kept back" in one(app)


async def test_a_long_table_is_read_in_parts_from_end_to_end(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data", patients=1200)
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        screen = app.screen
        assert isinstance(screen, TableScreen)
        assert len(screen.rows_held) == 100
        await press(pilot, "end")
        assert row(app, 1202).startswith(POINTER)
        await press(pilot, *["pageup"] * 60)
        assert len(screen.rows_held) <= 400
        await press(pilot, "home")
        assert row(app, 2).startswith(POINTER)
        await press(pilot, *["pagedown"] * 30)
        numbers = [int(line.strip(f"{POINTER} ").split()[0]) for line in grid(app)[2:]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[0] > 150


async def test_a_row_is_found_by_its_number_or_its_key(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data", patients=600)
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, "g")
        await press(pilot, *"431", "enter")
        assert row(app, 431).startswith(POINTER)
        await press(pilot, "g")
        await press(pilot, *"R12", "enter")
        assert row(app, 12).startswith(POINTER)


async def test_what_is_about_a_whole_column_stands_at_its_heading(
    home: Home, tmp_path: Path
) -> None:
    make_tabled(home, tmp_path / "data")
    app = clinical_app(home)
    async with running(app) as pilot:
        await open_table(pilot)
        await press(pilot, "up")
        assert grid(app)[0].startswith(POINTER)
        assert "CLP-04" in one(app)
        assert "no column for Date of radiology detection" in one(app)


async def test_without_a_table_there_is_nothing_to_look_at(home: Home, tmp_path: Path) -> None:
    make_tabled(home, tmp_path / "data", "")
    app = clinical_app(home)
    async with running(app) as pilot:
        await press(pilot, *TO_STEP_9)
        assert "t Table" not in keys(app)
        await app.push_screen(TableScreen(NAME))
        await press(pilot, "n")
        assert "There is no table to look at." in now(app)
