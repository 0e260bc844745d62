"""Names from disks and ledgers reach the screen as text, whatever is in them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.driving import make_app, press, running, words
from tests.tui.ledgers import fill, leave_out, make_failed, make_ledger, set_runner
from transfer.ledger.connection import Ledger
from transfer.workspace import Home
from tui.folders import look_into
from tui.text import plain, shorten_path

NASTY = ["[x]", "[b]bold", "esc\x1b[31mred", "cr\rover", "bell\x07", "rtl\u202eevil", "c1\x9b2J"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Lung 2024", "Lung 2024"),
        ("Brüste Übersicht", "Brüste Übersicht"),
        ("肺", "肺"),
        ("a\x1b[2Jb", "a\ufffd[2Jb"),
        ("a\x9b2Jb", "a\ufffd2Jb"),
        ("a\nb\tc\x7f", "a\ufffdb\ufffdc\ufffd"),
        ("a\u202eb\u2066c", "a\ufffdb\ufffdc"),
        ("zero\u200bwidth", "zero\ufffdwidth"),
        ("line\u2028break", "line\ufffdbreak"),
        ("\udcff", "\ufffd"),
    ],
)
def test_nothing_that_moves_the_cursor_or_turns_the_reading_order_is_left(
    raw: str, shown: str
) -> None:
    assert plain(raw) == shown


def test_bytes_that_are_no_utf8_are_shown_and_not_refused() -> None:
    assert plain(b"K\xf6ln") == "K\ufffdln"


def test_a_very_long_name_is_cut_with_an_ellipsis() -> None:
    assert plain("x" * 3000) == "x" * 1999 + "…"


def test_a_path_is_cut_in_its_middle() -> None:
    assert shorten_path("/data/export/hospital/lung-2024", 20) == "/data…ital/lung-2024"


async def test_folder_names_with_markup_and_escapes_are_listed_as_they_are(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "account"
    folder.mkdir()
    for name in NASTY:
        (folder / name).mkdir()
    os.mkdir(os.fsencode(folder) + b"/latin-K\xf6ln")
    monkeypatch.setenv("HOME", str(folder))
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "enter")
        said = words(app)
        picture = app.export_screenshot()
        assert len(look_into(folder).names) == len(NASTY) + 1
    assert "[x]/" in said
    assert "[b]bold/" in said
    assert "esc\ufffd[31mred/" in said
    assert "latin-K\ufffdln/" in said
    for forbidden in ("\x1b", "\x07", "\u202e", "\x9b"):
        assert forbidden not in picture


async def test_names_and_reasons_out_of_a_ledger_are_text_too(home: Home) -> None:
    workspace = make_failed(home)
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE instance SET reason = '[/x] \x1b[2J why' WHERE state = 'failed'")
    app = make_app(home, "prostate-a")
    async with running(app) as pilot:
        await press(pilot, "f")
        assert "[/x] \ufffd[2J why" in words(app)
        assert "\x1b" not in app.export_screenshot()


async def test_a_left_out_file_with_an_odd_name_can_be_looked_at(home: Home) -> None:
    workspace = make_ledger(home, "odd")
    fill(workspace, [("CT", 1, 0, 0, 0)])
    leave_out(workspace, [(b"[/red]\x1b]0;title\x07.txt", "rejected", "other", "not-dicom")])
    set_runner(workspace, pid=None, exit_code=0)
    app = make_app(home, "odd")
    async with running(app) as pilot:
        await press(pilot, "enter", "o", "i")
        assert "[/red]\ufffd]0;title\ufffd.txt" in words(app)
