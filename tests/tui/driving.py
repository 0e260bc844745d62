"""Driving the app by keys: what the tests of all screens share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from itertools import groupby
from typing import Any

from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from tests.tui.known import JOURNEY
from transfer.errors import TransferError
from transfer.journey.steps import Journey
from transfer.node import Destination
from transfer.workspace import Home
from tui.app import TransferApp
from tui.source import Launch, NodeChoice, Source, Until
from tui.widgets.chrome import Crumbs, KeyLine, NowStrip
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

PATIENCE_S = 60.0
NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
NODES = [
    NodeChoice(
        "upv",
        "UPV reference node",
        ("The node's DICOMweb address is not known.",),
        "Ask the helpdesk, then set dicomweb_url of [nodes.upv] in config.toml.",
    ),
    NodeChoice(
        "orthanc",
        "Node orthanc",
        wants_deidentified=False,
        destinations=(Destination("LUNG|A", ""), Destination("LUNG|B", "")),
    ),
    NodeChoice("strict", "Node strict", wants_deidentified=True),
]


class KnownSource(Source):
    """Real ledgers, but nodes that are always the same, and runners that are only recorded."""

    zone = UTC

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self.launched: list[tuple[str, Until, str | None]] = []
        self.refusal: TransferError | None = None

    def journey(self, node: str) -> Journey:
        return JOURNEY

    def now(self) -> datetime:
        return NOW

    def nodes(self) -> list[NodeChoice]:
        return NODES

    def destinations(self, node: str) -> list[Destination]:
        return []

    def launch(self, name: str, until: Until, password: str | None) -> Launch:
        if self.refusal is not None:
            raise self.refusal
        self.launched.append((name, until, password))
        return Launch("a session of its own", True)


class FixedDayApp(TransferApp):
    """The app on a day that does not change."""

    def today(self) -> date:
        return date(2026, 3, 14)


def make_app(home: Home, open_transfer: str | None = None) -> TransferApp:
    """The app on known nodes."""
    return FixedDayApp(home, open_transfer, source=KnownSource(home))


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until every read and every act that is under way has been shown.

    A question that is on the screen is not waited for: the test has still to answer it.
    """
    quiet = 0
    # Bounded: a page that looks anew all the time is never quiet.
    for _ in range(8):
        await pilot.pause()
        groups: tuple[str, ...] = ("read-", "open", "find")
        if not isinstance(pilot.app.screen, ModalScreen):
            groups = (*groups, "question")
        due = [worker for worker in pilot.app.workers if worker.group.startswith(groups)]
        quiet = 0 if due else quiet + 1
        if quiet == 2:
            return
        if due:
            async with asyncio.timeout(10):
                await asyncio.gather(*(w.wait() for w in due), return_exceptions=True)


async def happened(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for something to be so, bounded; reads may still be under way."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await pilot.pause(0.05)


async def until(pilot: Pilot[Any], holds: Callable[[], bool]) -> None:
    """Wait for something to be so, bounded, and until it is shown."""
    await happened(pilot, holds)
    await settle(pilot)


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys one after the other, each after the last one has had its effect. Text is typed
    into its field as a person does: without looking at each letter."""
    for is_text, run in groupby(keys, lambda key: len(key) == 1):
        typed = list(run)
        # The keys before a text may be what brings its field; they act on what has been read.
        while typed and not (is_text and isinstance(pilot.app.focused, Input | TextArea)):
            await pilot.press(typed.pop(0))
            await settle(pilot)
        for letter in typed:
            pilot.app.simulate_key(letter)
        if typed:
            await settle(pilot)


@asynccontextmanager
async def running(app: TransferApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[int]]:
    """The app, once its first look is on the screen."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await settle(pilot)
        yield pilot


def words(app: TransferApp) -> str:
    """Everything that the frontmost screen says, as text."""
    found = [w.words for w in app.screen.query(Painted) if w.display]
    found += [w.words for w in app.screen.query(Rows) if w.display]
    return "\n".join(found)


def now(app: TransferApp) -> str:
    """The strip that says what now."""
    return app.screen.query_one(NowStrip).words


def keys(app: TransferApp) -> str:
    """The line of keys."""
    return app.screen.query_one(KeyLine).words


def crumbs(app: TransferApp) -> str:
    """Where we are."""
    return app.screen.query_one(Crumbs).words


def screen_name(app: TransferApp) -> str:
    """Class of the frontmost screen."""
    return type(app.screen).__name__


def known(app: TransferApp) -> KnownSource:
    """The app's source."""
    assert isinstance(app.source, KnownSource), "make_app has seen to it"
    return app.source
