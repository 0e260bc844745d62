"""A rehearsal by keys: what it takes is told, it runs behind the screen, and how it ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
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
from tests.tui.ledgers import configure_upv, fill, make_done, make_ledger
from tests.tui.test_pictures import SnapCompare
from transfer.rehearsing.beginning import Needs
from transfer.rehearsing.record import Summary
from transfer.values import ExitCode
from transfer.workspace import Home
from tui import rehearsals
from tui.app import TransferApp
from tui.rehearsing import Rehearsed

NAME = "lung-2024"
NEEDS = Needs(2_620_000_000, 49_000, 812_000_000_000, 14_200_000_000, True)
TOO_MUCH = Needs(2_620_000_000, 49_000, 1_000_000_000, 14_200_000_000, True)
WHOLE = Summary(
    "2026-03-13T16:20:00.000Z", "1.0", "upv", 0, "00", None, {},
    {"instance": 12, "volume": 0, "clinical": 3}, {},
)  # fmt: skip
LINES = ("Rehearsal: scan", "  12 instances found", "Rehearsal: check")
BLOCKED = Rehearsed(
    ExitCode.BLOCKED,
    "check",
    "2 findings wait for an answer.",
    "Answer them: eucaim-transfer check NAME; then rehearse again.",
)
ENDED = Rehearsed(ExitCode.DONE, summary=WHOLE)


class Play:
    """Stands in for the journey: says its lines, then waits until it may end or is stopped."""

    def __init__(self, done: Rehearsed = ENDED) -> None:
        self.done = done
        self.may_end = threading.Event()
        self.asked: list[int] = []

    def __call__(
        self,
        home: Home,
        name: str,
        told: Callable[[str], None],
        *,
        patients: int,
        stop: threading.Event,
    ) -> Rehearsed:
        self.asked.append(patients)
        for line in LINES:
            told(line)
        while not self.may_end.wait(0.02):
            if stop.is_set():
                return Rehearsed(-15, "rehearsal")
        return self.done


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    made = Play()
    monkeypatch.setattr(rehearsals, "rehearse", made)
    monkeypatch.setattr(rehearsals, "needs", lambda home, name: NEEDS)
    monkeypatch.setattr(rehearsals, "last_rehearsal", lambda home, name: None)
    return made


@pytest.fixture
def app(home: Home) -> TransferApp:
    """The app at the journey of a transfer of which nothing has gone."""
    make_unsent(home)
    return make_app(home, NAME)


def make_unsent(home: Home) -> None:
    configure_upv(home)
    fill(make_ledger(home, NAME), [("CT", 4, 0, 0, 0)] * 3)


def words(app: TransferApp) -> str:
    """What the screen says, as one line."""
    return " ".join(all_words(app).split())


def over(app: TransferApp) -> bool:
    """The rehearsal has ended, and that is on the screen."""
    one = app.source.rehearsals.running(NAME)
    return one is not None and one.is_over and "● rehearsing" not in crumbs(app)


async def test_what_it_takes_is_told_before_anything_begins(app: TransferApp, play: Play) -> None:
    async with running(app) as pilot:
        await press(pilot, "h")
        assert front(app) == "RehearsalScreen"
        assert "It takes up to 2.62 GB of disk for a while" in words(app)
        assert "Last whole none yet" in words(app)
        assert "○ not rehearsed" in crumbs(app)
        assert play.asked == []


async def test_it_is_told_line_by_line_and_goes_on_when_one_goes_back(
    app: TransferApp, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(app) as pilot:
        await press(pilot, "h", "r")
        await until(pilot, lambda: "Rehearsal: check" in words(app))
        assert "Some patients" not in keys(app)
        await press(pilot, "escape", "h")
        assert "● rehearsing" in crumbs(app)
        monkeypatch.setattr(rehearsals, "last_rehearsal", lambda home, name: WHOLE)
        play.may_end.set()
        await until(pilot, lambda: over(app) and "✓ rehearsed" in crumbs(app))
        assert "Rehearsed to the end; nothing has gone anywhere." in words(app)
        counts = "12 instances, 0 NIfTI volumes, 3 clinical items."
        assert f"2026-03-13 16:20 UTC: {counts}" in words(app)
    assert play.asked == [0]


async def test_the_step_that_stops_it_is_told_with_what_to_do(app: TransferApp, play: Play) -> None:
    play.done = BLOCKED
    play.may_end.set()
    async with running(app) as pilot:
        await press(pilot, "h", "r")
        await until(pilot, lambda: over(app) and "Stopped at the step: check." in words(app))
        assert "2 findings wait for an answer." in words(app)
        assert "eucaim-transfer check lung-2024" in words(app)
        assert "The real run would stop there too." in now(app)


async def test_only_so_many_patients_take_part(app: TransferApp, play: Play) -> None:
    play.may_end.set()
    async with running(app) as pilot:
        await press(pilot, "h", "n", "ctrl+u", "0", "enter")
        assert "That is no number of patients." in words(app)
        await press(pilot, "ctrl+u", "3", "enter")
        await until(pilot, lambda: over(app))
    assert play.asked == [3]


async def test_it_is_stopped_by_a_key(app: TransferApp, play: Play) -> None:
    async with running(app) as pilot:
        await press(pilot, "h", "r", "x")
        await until(pilot, lambda: over(app) and "Stopped by you" in words(app))
        assert "! stopped" in crumbs(app)


async def test_leaving_the_program_stops_it(app: TransferApp, play: Play) -> None:
    async with running(app) as pilot:
        await press(pilot, "h", "r")
    one = app.source.rehearsals.running(NAME)
    assert one is not None
    assert one.stop.is_set()


async def test_a_transfer_of_which_something_went_is_refused_in_words(home: Home) -> None:
    configure_upv(home)
    make_done(home, NAME)
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "h")
        assert "it is too late to rehearse it." in words(app)
        assert "Rehearse" not in keys(app)
        await press(pilot, "r")
    assert app.source.rehearsals.running(NAME) is None


# Pictures -----------------------------------------------------------------------------------


def _before(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    return


def _small(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsals, "needs", lambda home, name: TOO_MUCH)


def _whole(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsals, "last_rehearsal", lambda home, name: WHOLE)


def _blocked(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.done = BLOCKED
    play.may_end.set()
    monkeypatch.setattr(rehearsals, "utc_now", lambda: "2026-03-14T09:20:00.000Z")


PICTURES = {
    "before": (_before, ()),
    "too-small": (_small, ()),
    "rehearsed": (_whole, ()),
    "stopped": (_blocked, ("r",)),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", list(PICTURES))
def test_the_page_looks_as_it_did(
    name: str,
    size: tuple[int, int],
    home: Home,
    play: Play,
    snap_compare: SnapCompare,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare, pressed = PICTURES[name]
    prepare(play, monkeypatch)
    make_unsent(home)
    app = FixedDayApp(home, NAME, source=KnownSource(home))

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await press(pilot, "h", *pressed)
        if pressed:
            await until(pilot, lambda: over(app))

    assert snap_compare(app, terminal_size=size, run_before=go)
