"""The catalogue's entry by keys: fields, small counts, files, the ticket, and that it was seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from textual.pilot import Pilot

from tests.catalogue.conftest import DATASET, bind, fill_in_needed, say_of
from tests.tui.driving import (
    FixedDayApp,
    KnownSource,
    crumbs,
    keys,
    make_app,
    press,
    running,
    settle,
)
from tests.tui.driving import screen_name as front
from tests.tui.driving import words as all_words
from tests.tui.ledgers import configure_upv, fill, make_ledger
from tests.tui.test_pictures import SnapCompare
from transfer.catalogue.entry import read_entry
from transfer.catalogue.standing import read_catalogue
from transfer.ledger.catalogue import catalogue_fields
from transfer.ledger.connection import Ledger
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

NAME = "lung-2024"
ADDRESS = f"https://catalogue.eucaim.cancerimage.eu/#/collection/{DATASET}"


def make_verified(home: Home) -> Workspace:
    """Seven patients on the node, six with CT and one with MR; the dataset is published."""
    configure_upv(home)
    workspace = make_ledger(home, NAME)
    fill(workspace, [("CT", 0, 0, 2, 0)] * 6 + [("MR", 0, 0, 2, 0)])
    for patient in range(1, 8):
        modality = "MR" if patient == 7 else "CT"
        say_of(workspace, patient, {"modality": modality, "age": "061Y", "sex": "F"})
    bind(workspace, studies=7, subjects=7)
    return workspace


@pytest.fixture
def app(home: Home) -> TransferApp:
    """The app at the journey of that transfer; no field is filled in."""
    make_verified(home)
    return make_app(home, NAME)


@pytest.fixture
def ready(app: TransferApp, home: Home) -> TransferApp:
    """The same with every field that is needed."""
    fill_in_needed(home.workspace(NAME))
    return app


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


def about(app: TransferApp) -> str:
    return " ".join(app.screen.query_one("#about", Painted).words.split())


def row(app: TransferApp, text: str) -> str:
    lines = app.screen.query_one("#fields", Rows).words.splitlines()
    return next(" ".join(line.split()) for line in lines if text in line)


def kept(home: Home) -> dict[str, str]:
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        return catalogue_fields(ledger)


async def test_what_stands_in_the_way_is_told_and_files_cannot_be_written(
    app: TransferApp,
) -> None:
    async with running(app) as pilot:
        await press(pilot, "g")
        assert front(app) == "CatalogueScreen"
        assert "✗ The entry is not ready:" in about(app)
        assert f"Identifier {DATASET}" in about(app)
        assert "Verified 7 subjects · 7 studies · 14 images" in about(app)
        assert "○ Description missing" in row(app, "Description")
        assert "Write" not in keys(app)


async def test_a_field_is_filled_in_by_its_limits(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "g", "enter", "ctrl+u", *("x" * 300), "enter")
        assert front(app) == "Ask"
        await press(pilot, "ctrl+u", *"Lung screening", "enter")
        assert "✓ Title Lung screening" in row(app, "Title")
    assert kept(home)["title"] == "Lung screening"


async def test_a_list_has_semicolons_between_its_values(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, "g", "down", "down", "down", "down", "enter")
        await press(pilot, *"lung; screening", "enter")
        assert "✓ Keywords lung; screening" in row(app, "Keywords")
    assert kept(home)["keywords"] == "lung\nscreening"


async def test_small_groups_are_marked_and_the_limit_is_set_by_a_key(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "g")
        assert "fewer than 5 subjects (usual) are not told" in words(app)
        assert row(app, "  MR ") == "! Modality MR 1 subject too small"
        assert row(app, "  CT ") == "! Modality CT 6 subjects not told"
        await press(pilot, "n", "ctrl+u", *"1", "enter")
        assert row(app, "  MR ") == "Modality MR 1 subject"
    assert kept(home)["least"] == "1"


async def test_spreadsheet_and_json_are_written_for_this_account_alone(
    ready: TransferApp, tmp_path: Path
) -> None:
    file = tmp_path / "entry.xlsx"
    async with running(ready) as pilot:
        await press(pilot, "g")
        assert "✓ ready" in crumbs(ready)
        await press(pilot, "w", "ctrl+u", *str(file), "enter")
        assert "The files are written" in words(ready)
        assert f"Compare the identifier {DATASET} with the one under which" in words(ready)
        assert "Close this; then t opens the ticket." in words(ready)
        await press(pilot, "enter", "t")
        assert front(ready) == "TicketScreen"
    assert load_workbook(file).sheetnames[0] == "Dataset"
    assert DATASET in json.dumps(json.loads((tmp_path / "entry.jsonld").read_text()))
    for written in (file, tmp_path / "entry.jsonld"):
        assert written.stat().st_mode & 0o777 == 0o600


async def test_the_ticket_for_the_catalogues_team_opens(ready: TransferApp) -> None:
    async with running(ready) as pilot:
        await press(pilot, "g")
        before = words(ready)
        await press(pilot, "t")
        assert "Before the ticket, write the report: e of the journey." in before
        assert front(ready) == "TicketScreen"
        assert DATASET in words(ready)
        assert "First the report, whose digest goes into the text: key e of the journey" in words(
            ready
        )
        assert "key w of the catalogue's page, or catalogue lung-2024 --xlsx" in words(ready)
        assert "write the report first: e of the journey" in row(ready, "Digest of the report")


async def test_the_entry_counts_as_seen_by_a_persons_word_and_its_own_address_alone(
    ready: TransferApp, home: Home
) -> None:
    async with running(ready) as pilot:
        await press(pilot, "g", "v", "ctrl+u", *"https://example.org/x", "enter")
        await press(pilot, *"Ada Lovelace", "enter")
        assert "that is not the address of this dataset's entry" in words(ready)
        await press(pilot, "enter", "v", "enter", *"Ada Lovelace", "enter")
        assert "✓ seen" in crumbs(ready)
        assert "by Ada Lovelace" in about(ready)
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        seen = read_catalogue(ledger).seen
    assert seen is not None
    assert (seen.address, seen.person) == (ADDRESS, "Ada Lovelace")


async def test_a_patients_identifier_in_a_field_stands_in_the_way(
    ready: TransferApp, home: Home
) -> None:
    async with running(ready) as pilot:
        await press(pilot, "g", "enter", "ctrl+u", *"Images of ORIGINAL-3", "enter")
        assert "✗ The entry is not ready:" in about(ready)
        assert "✗ Title" in row(ready, "Title")
        assert "Write" not in keys(ready)
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        assert read_entry(ledger).blocks != []


async def test_fields_are_taken_from_a_file_all_at_once(
    app: TransferApp, home: Home, tmp_path: Path
) -> None:
    file = tmp_path / "form.toml"
    async with running(app) as pilot:
        await press(pilot, "g", "f", "down", "enter", "ctrl+u", *str(file), "enter", "enter")
        text = file.read_text()
        assert '\ntitle = "Lung"\n' in text
        file.write_text(text.replace('title = "Lung"', 'title = "From a file"'))
        await press(pilot, "f", "enter", "tab", "ctrl+u", *str(file), "enter")
        assert "✓ Title From a file" in row(app, "Title")
    assert kept(home)["title"] == "From a file"


# Pictures -----------------------------------------------------------------------------------


class PictureSource(KnownSource):
    def start_folder(self) -> Path:
        return Path("/data/export")


PICTURES = {
    "empty": (False, ()),
    "ready": (True, ("end",)),
    "seen": (True, ("v",)),
    "help": (True, ("question_mark",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    is_ready, pressed = PICTURES[name]
    workspace = make_verified(home)
    if is_ready:
        fill_in_needed(workspace)
    app = FixedDayApp(home, NAME, source=PictureSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, "g", *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)
