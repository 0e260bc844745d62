"""The end of retention by keys: what goes and stays, the name typed, and what is left."""

from __future__ import annotations

import datetime as dt
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
from tests.tui.ledgers import configure_upv, held, make_done, make_ledger
from tests.tui.test_pictures import SnapCompare
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.retention import Retention, keep_due, read_retention
from transfer.workspace import Home
from tui.app import TransferApp
from tui.purging import End, Purging
from tui.widgets.painted import Painted

NAME = "breast-2023"
PATIENT = "SURNAME1"
TO_NAME = ("z", "x", "enter", *"Ada Lovelace", "enter")
"""To where the name is typed: names on the node stay."""


@pytest.fixture
def app(home: Home) -> TransferApp:
    """The app at the journey of a transfer that is on its node, and not published."""
    configure_upv(home)
    make_done(home)
    return make_app(home, NAME)


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


def retention(home: Home, name: str = NAME) -> Retention:
    with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
        return read_retention(ledger)


def over(app: TransferApp) -> bool:
    removal = app.source.purging.removal(NAME)
    return removal is not None and removal.is_over and "● removing" not in crumbs(app)


async def test_what_goes_what_stays_and_what_is_out_of_reach_is_told(app: TransferApp) -> None:
    async with running(app) as pilot:
        await press(pilot, "z")
        assert front(app) == "PurgeScreen"
        told = words(app)
        assert "Goes for good: · Patient IDs, names, original UIDs" in told
        assert "Stays: · Counts, receipts, digests" in told
        assert "yours to remove: · the source folder and the clinical table themselves" in told
        assert "Nothing is removed yet." in now(app)


async def test_originals_are_removed_once_the_name_is_typed_and_the_digest_is_shown(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, *TO_NAME, *NAME, "enter")
        await until(pilot, lambda: over(app))
        assert "✓ removed" in crumbs(app)
        done = retention(home)
        assert (done.is_done, done.names) == (True, "kept")
        shown = "".join(app.screen.query_one("#end", Painted).words.split())
        groups = [done.report_digest[n : n + 16] for n in range(0, 64, 16)]
        assert all(group in shown for group in groups)
        assert "Remove" not in keys(app)
    raw = b"".join(p.read_bytes() for p in home.workspace(NAME).folder.rglob("*") if p.is_file())
    assert PATIENT.encode() not in raw


async def test_another_name_removes_nothing(app: TransferApp, home: Home) -> None:
    async with running(app) as pilot:
        await press(pilot, *TO_NAME, *"breast-2032", "enter")
        assert "The name that was typed is another one; nothing was removed." in words(app)
        await press(pilot, "escape")
        assert app.source.purging.removal(NAME) is None
    assert not retention(home).is_begun


def keep_until(home: Home, day: dt.date) -> None:
    with Ledger.open(home.workspace(NAME).ledger) as ledger:
        keep_due(ledger, day)


async def test_too_early_it_says_why_and_the_harmless_answer_comes_first(
    app: TransferApp, home: Home
) -> None:
    keep_until(home, dt.date(2999, 1, 1))
    async with running(app) as pilot:
        await press(pilot, "z")
        assert "Originals are still needed: · Originals are to be kept until 2999" in words(app)
        assert "It is too early" in now(app)
        await press(pilot, "x")
        assert "What is not there yet can never be sent afterwards." in words(app)
        await press(pilot, "enter")
        assert front(app) == "PurgeScreen"
        assert app.source.purging.removal(NAME) is None


async def test_too_early_it_is_done_by_a_persons_word_alone(app: TransferApp, home: Home) -> None:
    keep_until(home, dt.date(2999, 1, 1))
    async with running(app) as pilot:
        await press(pilot, "z", "x", "down", "enter", "enter", *"Ada Lovelace", "enter")
        await press(pilot, *NAME, "enter")
        await until(pilot, lambda: over(app))
    assert retention(home).is_done


async def test_names_on_the_node_are_removed_only_where_that_is_chosen(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "z", "x", "down", "enter", *"Ada Lovelace", "enter", *NAME, "enter")
        await until(pilot, lambda: over(app))
    assert retention(home).names == "removed"


async def test_while_a_runner_has_the_transfer_nothing_is_removed(
    app: TransferApp, home: Home
) -> None:
    with held(home.workspace(NAME)):
        async with running(app) as pilot:
            while front(app) != "JourneyScreen":
                await press(pilot, "escape")
            await press(pilot, *TO_NAME, *NAME, "enter")
            await until(pilot, lambda: over(app))
            assert "✗" in words(app)
    assert not retention(home).is_begun


async def test_the_day_it_is_due_is_recorded_by_a_persons_word(
    app: TransferApp, home: Home
) -> None:
    async with running(app) as pilot:
        await press(pilot, "z", "d", *"2036-13-31", "enter")
        assert "That is no date." in words(app)
        await press(pilot, "ctrl+u", *"2036-12-31", "enter", *"Ada Lovelace", "enter")
        assert "Due 2036-12-31" in words(app)
    assert retention(home).due_day == "2036-12-31"


async def test_nothing_of_another_transfer_is_touched(app: TransferApp, home: Home) -> None:
    make_ledger(home, "other")
    async with running(app) as pilot:
        await press(pilot, *TO_NAME, *NAME, "enter")
        await until(pilot, lambda: over(app))
    assert not retention(home, "other").is_begun
    with Ledger.open(home.workspace("other").ledger, read_only=True) as ledger:
        assert read_order(ledger).source == Path("/data/export/lung-2024")


# Pictures -----------------------------------------------------------------------------------

DIGEST = "3f8a0c1d92b4e67f51a2c8d0e9b37164a5f0d28c7b19e3460fd5a8c2b7e91d34"


class FixedPurging(Purging):
    """A look that is the same on every day."""

    def __init__(self, home: Home, end: End) -> None:
        super().__init__(home)
        self.end = end

    def look(self, name: str) -> End:
        return self.end


def _ends() -> dict[str, tuple[End, tuple[str, ...]]]:
    day = dt.date(2036, 12, 31)
    early = ["40 instances of 412 that go were not verified on the node."]
    done = Retention(
        due_day="2036-12-31",
        begun_at_utc="2036-12-31T08:00:00.000Z",
        done_at_utc="2036-12-31T08:01:00.000Z",
        report_digest=DIGEST,
        names="kept",
        key_fate="removed",
    )
    due = Retention(due_day="2036-12-31")
    return {
        "early": (End(Retention(), early, True, day), ()),
        "due": (End(due, [], True, day), ()),
        "name": (End(due, [], False, day), ("x", *"Ada Lovelace", "enter", *"breast", "enter")),
        "done": (End(done, [], True, day), ()),
    }


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(_ends()))
def test_the_page_looks_as_it_did(
    name: str, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    end, pressed = _ends()[name]
    configure_upv(home)
    make_done(home)
    source = KnownSource(home)
    source.purging = FixedPurging(home, end)
    app = FixedDayApp(home, NAME, source=source)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, "z", *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)
