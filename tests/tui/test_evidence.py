"""The evidence by keys: a report is written, its digest read aloud, a copy proved."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.driving import (
    FixedDayApp,
    KnownSource,
    crumbs,
    keys,
    make_app,
    now,
    press,
    running,
    settle,
    until,
)
from tests.tui.driving import screen_name as front
from tests.tui.driving import words as all_words
from tests.tui.ledgers import configure_upv, make_done
from tests.tui.test_pictures import SnapCompare
from transfer.evidence.folder import Written
from transfer.evidence.verify import Difference, Verified, verify_report
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.order import Word, record_word
from transfer.ledger.reports import newest_report, record_report
from transfer.workspace import Home
from tui.app import TransferApp
from tui.evidence import Evidence
from tui.screens.evidence_verify import VerifiedScreen
from tui.widgets.painted import Painted

NAME = "breast-2023"


@pytest.fixture
def app(home: Home) -> TransferApp:
    """The app at the journey of a transfer that is on its node."""
    configure_upv(home)
    make_done(home)
    return make_app(home, NAME)


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


def over(app: TransferApp) -> bool:
    """The report that was begun is written, or refused, and that is on the screen."""
    writing = app.source.evidence.writing(NAME)
    return writing is not None and writing.is_over and "● writing" not in crumbs(app)


async def write(pilot: Pilot[Any], app: TransferApp) -> Written:
    """Write a report by its key."""
    await press(pilot, "e", "w")
    await until(pilot, lambda: over(app))
    writing = app.source.evidence.writing(NAME)
    assert writing is not None
    assert writing.written is not None, repr(writing.failure)
    return writing.written


async def test_a_report_is_written_and_its_digest_stands_in_groups_of_four(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "e")
        assert "No report of this transfer was written yet." in now(app)
        assert "Copy" not in keys(app)
        written = await write(pilot, app)
        shown = app.screen.query_one("#digest", Painted).words.splitlines()
        lines = [line.split()[1:] for line in shown if line.strip()[:1] in "1234" and "   " in line]
        assert [len(line) for line in lines] == [4, 4, 4, 4]
        assert "".join("".join(line) for line in lines) == written.digest
        sentence = f"--verify DIR --digest {written.digest}"
        assert "".join(sentence.split()) in "".join(words(app).split())
        assert "✓ written" in crumbs(app)
    assert written.folder == home.workspace(NAME).folder / "report"
    assert verify_report(written.folder, written.digest).is_whole


async def test_the_sentence_is_copied(app: TransferApp) -> None:
    async with running(app) as pilot:
        written = await write(pilot, app)
        await press(pilot, "c")
        assert app.clipboard.startswith(f"Report of the transfer {NAME}: SHA-256 {written.digest}.")


async def test_while_it_is_written_the_stage_is_shown_and_going_back_does_not_stop_it(
    app: TransferApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go = threading.Event()

    def waits(home: Home, ledger: Ledger) -> Names:
        assert may_go.wait(60)
        return Names()

    monkeypatch.setattr("tui.evidence.names_of", waits)
    async with running(app) as pilot:
        await press(pilot, "e", "w")
        assert "The report is being written." in now(app)
        assert "Looking at the transfer…" in words(app)
        assert "Write" not in keys(app)
        await press(pilot, "escape", "e")
        assert "● writing" in crumbs(app)
        may_go.set()
        await until(pilot, lambda: over(app))
        assert "✓ written" in crumbs(app)


async def test_leaving_the_program_ends_it_and_nothing_is_left(
    app: TransferApp, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go = threading.Event()

    def waits(home: Home, ledger: Ledger) -> Names:
        assert may_go.wait(60)
        return Names()

    monkeypatch.setattr("tui.evidence.names_of", waits)
    async with running(app) as pilot:
        await press(pilot, "e", "w")
    may_go.set()
    for thread in threading.enumerate():
        if thread.name == "report":
            thread.join(60)
    folder = home.workspace(NAME).folder
    assert [path.name for path in folder.iterdir() if "report" in path.name] == []
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        assert newest_report(ledger) is None


async def test_what_happened_since_is_said(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await write(pilot, app)
        with Ledger.open(home.workspace(NAME).ledger) as ledger:
            record_word(ledger, Word("IMG-03", "waived", "Ada Lovelace", "agreed"))
        await press(pilot, "escape", "e")
        assert "! not of now" in crumbs(app)
        assert "Something happened in the transfer since" in words(app)
        await press(pilot, "w")
        await until(pilot, lambda: over(app) and "✓ written" in crumbs(app))


async def test_a_folder_with_something_else_is_refused_and_left_alone(
    app: TransferApp, tmp_path: Path
) -> None:
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "letter.txt").write_text("mine")
    async with running(app) as pilot:
        await press(pilot, "e", "o", "ctrl+u", *str(folder), "enter")
        await until(pilot, lambda: over(app))
        assert "The folder for the report holds something else" in words(app)
        assert "No report was written, and nothing was handed out." in words(app)
    assert (folder / "letter.txt").read_text() == "mine"


async def test_a_copy_is_proved_by_the_digest_from_the_ticket(
    app: TransferApp, tmp_path: Path
) -> None:
    async with running(app) as pilot:
        written = await write(pilot, app)
        copy = tmp_path / "copy"
        shutil.copytree(written.folder, copy)
        spoken = " ".join(written.digest[n : n + 4] for n in range(0, 64, 4)).upper()
        await press(pilot, "v", "ctrl+u", *str(copy), "enter", *spoken, "enter")
        assert front(app) == "VerifiedScreen"
        assert "Whole:" in words(app)
        assert "No byte of this copy was altered." in now(app)


async def test_every_file_that_differs_is_named(app: TransferApp, tmp_path: Path) -> None:
    async with running(app) as pilot:
        written = await write(pilot, app)
        copy = tmp_path / "copy"
        shutil.copytree(written.folder, copy)
        page = (copy / "index.html").read_bytes()
        (copy / "index.html").write_bytes(page[:-1] + b" ")
        (copy / "a\x1b[2J.txt").write_text("added")
        (copy / "audit.jsonl").unlink()
        await press(pilot, "v", "ctrl+u", *str(copy), "enter", *written.digest, "enter")
        assert "This is not the report of that digest." in words(app)
        assert "✗ changed index.html" in words(app)
        assert "✗ added a\N{REPLACEMENT CHARACTER}[2J.txt" in words(app)
        assert "✗ missing audit.jsonl" in words(app)
        assert "3 files not as it was." in now(app)


async def test_what_is_no_digest_is_said_beside_the_field(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "e", "v", "enter", *"abc123", "enter")
        assert front(app) == "VerifyPage"
        assert "✗ Digest is none: it has 64 characters, 0 to 9 and a to f." in words(app)


# Pictures -----------------------------------------------------------------------------------

DIGEST = "3f8a0c1d92b4e67f51a2c8d0e9b37164a5f0d28c7b19e3460fd5a8c2b7e91d34"


class FixedEvidence(Evidence):
    """Folders that are the same on every machine."""

    def look(self, name: str) -> Any:
        from dataclasses import replace

        folder = Path("/home/ada/.local/state/eucaim-transfer/transfers") / name / "report"
        return replace(super().look(name), folder=folder, is_there=True)


class PictureSource(KnownSource):
    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.evidence = FixedEvidence(home)

    def start_folder(self) -> Path:
        return Path("/data/export")


def _written(home: Home) -> None:
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        record_report(ledger, DIGEST, "2099-03-14T09:20:00.000Z")


def _nothing(home: Home) -> None:
    return


_ALTERED = Verified(
    "f" * 64, 12, (Difference("transfer.json", "changed"), Difference("images.csv", "missing"))
)
PICTURES = {
    "before": (_nothing, ()),
    "written": (_written, ()),
    "prove": (_written, ("v", "enter")),
    "help": (_written, ("question_mark",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    prepare, pressed = PICTURES[name]
    configure_upv(home)
    make_done(home)
    prepare(home)
    app = FixedDayApp(home, NAME, source=PictureSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, "e", *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_what_is_not_as_it_was_looks_as_it_did(
    size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    configure_upv(home)
    make_done(home)
    app = FixedDayApp(home, NAME, source=PictureSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        pilot.app.push_screen(VerifiedScreen(_ALTERED, DIGEST))
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=go)
