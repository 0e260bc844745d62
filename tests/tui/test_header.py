"""The header of one instance on the screen: folded, searched, masked; by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.tui.driving import crumbs, keys, make_app, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.found import NAME, SURNAME, make_found, make_image
from transfer.workspace import Home
from tui.app import TransferApp
from tui.screens import header_drawing
from tui.screens.header import OutlineScreen
from tui.widgets.rows import Rows

SEQUENCE = "81140"


@pytest.fixture
def image() -> Dataset:
    """The one image of the transfer; a test may put something into it."""
    return make_image(1, 1, 1)


async def show(app: TransferApp, home: Home) -> None:
    """The header of the only instance, in front."""
    app.push_screen(OutlineScreen(NAME, "I1"))


def line_of(app: TransferApp, name: str) -> str:
    rows = app.screen.query_one("#rows", Rows).words.splitlines()
    return " ".join(next(row for row in rows if name in row).split())


async def test_tag_vr_name_and_value_of_every_element_are_shown_with_originals_masked(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        assert "Header of I1" in crumbs(app)
        assert "series E1" in crumbs(app)
        assert line_of(app, "Modality") == "0008,0060 CS Modality CT"
        assert line_of(app, "Patient's Name") == "0010,0010 PN Patient's Name •••••"
        assert SURNAME not in words(app)
        assert "HOSP-0001" not in words(app)
        await press(pilot, "i")
        assert line_of(app, "Patient's Name") == f"0010,0010 PN Patient's Name {SURNAME}^Ada"
        await press(pilot, "i")
        assert SURNAME not in words(app)


async def test_sequences_open_and_close_and_left_leads_to_what_a_line_lies_in(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        rows = app.screen.query_one("#rows", Rows)
        assert (
            line_of(app, "Referenced Image") == "▸ 0008,1140 SQ Referenced Image Sequence 2 items"
        )
        rows.go_to(SEQUENCE)
        await press(pilot, "enter", "down", "right")
        assert "Referenced SOP Inst" in rows.words
        await press(pilot, "down")
        assert rows.key == f"{SEQUENCE}.1.81150"
        await press(pilot, "left")
        assert rows.key == f"{SEQUENCE}.1"
        await press(pilot, "left", "left")
        assert rows.key == SEQUENCE
        await press(pilot, "space")
        assert "item 1" not in rows.words


async def test_a_private_element_is_told_with_whose_it_is(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        assert line_of(app, "B_value") == "0019,100C IS B_value •••••"
        app.screen.query_one("#rows", Rows).go_to("19100C")
        await settle(pilot)
        assert "private, by  SIEMENS MR HEADER" in words(app)


async def test_a_search_finds_what_is_folded_and_goes_round(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        assert "n Next hit" not in keys(app)
        await press(pilot, "slash", *"referenced sop instance", "enter")
        rows = app.screen.query_one("#rows", Rows)
        assert rows.key == f"{SEQUENCE}.1.81155"
        assert "“referenced sop instance”: 1 of 2" in now(app)
        await press(pilot, "n")
        assert rows.key == f"{SEQUENCE}.2.81155"
        await press(pilot, "n")
        assert rows.key == f"{SEQUENCE}.1.81155"
        await press(pilot, "N")
        assert rows.key == f"{SEQUENCE}.2.81155"


async def test_what_nobody_wrote_is_not_found(home: Home, tmp_path: Path, image: Dataset) -> None:
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        await press(pilot, "slash", *"[b]no", "enter")
        assert "Nothing here holds “[b]no”." in now(app)


async def test_of_a_header_of_two_megabytes_only_the_lines_in_view_are_made(
    home: Home, tmp_path: Path, image: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: what is not looked at costs no word."""
    block = image.private_block(0x0021, "ACME LONG", create=True)
    for number in range(1, 0x100):
        block.add_new(number, "UN", bytes([number]) * 8192)
    make_found(home, tmp_path, [image])
    assert next((tmp_path / "images").iterdir()).stat().st_size > 2_000_000
    drawn: set[str] = set()
    draw = header_drawing.draw_place

    def counted(outline, place, *rest):  # type: ignore[no-untyped-def]
        drawn.add(place.key)
        return draw(outline, place, *rest)

    monkeypatch.setattr("tui.screens.header.draw_place", counted)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        assert len(app.screen.query_one("#rows", Rows).rows) > 290
        assert 10 <= len(drawn) <= 30


async def test_a_file_that_is_gone_says_so(home: Home, tmp_path: Path, image: Dataset) -> None:
    make_found(home, tmp_path, [image])
    next((tmp_path / "images").iterdir()).unlink()
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await show(app, home)
        await settle(pilot)
        assert "The source file of this instance is gone" in words(app)
        assert f"eucaim-transfer scan {NAME}" in words(app)
        await press(pilot, "escape")
        assert front(app) == "JourneyScreen"


NASTY = "[red]x[/x] \x1b[2J \x9b31m \u202eevil\u2066 \x07 \x1b]0;t\x07 [link=a]"


async def test_hostile_values_reach_the_screen_as_marks_and_never_as_themselves(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.SpecificCharacterSet = "ISO_IR 192"
    image.SeriesDescription = NASTY
    image.Manufacturer = "[/red] \x1b[31mACME"
    block = image.private_block(0x0021, "EVIL \x1b[2J [b]", create=True)
    block.add_new(0x01, "LO", NASTY)
    make_found(home, tmp_path, [image])
    app = make_app(home, NAME)
    async with running(app, (120, 40)) as pilot:
        await show(app, home)
        await settle(pilot)
        for key in ("i", "end", "up", "up", "up"):
            await press(pilot, key)
            picture = app.export_screenshot()
            for forbidden in ("\x1b", "\x07", "\u202e", "\u2066", "\x9b"):
                assert forbidden not in picture
                assert forbidden not in words(app)
        assert "[red]x[/x] \ufffd[2J" in line_of(app, "Series Description")
        assert line_of(app, "Manufacturer").endswith("[/red] \ufffd[31mACME")
