"""What operators who read nothing but the screens stumbled over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from textual.widgets import Button

from tests.tui.driving import make_app, now, press, running, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import (
    fill,
    held,
    make_done,
    make_ledger,
    make_running,
    set_progress,
    set_runner,
)
from transfer.journey.images import arrived_told
from transfer.ledger.census import InstanceCounts
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_wish
from transfer.ledger.progress import Progress
from transfer.workspace import Home
from tui.by_key import by_key
from tui.screens.findings_drawing import _ELSEWHERE
from tui.screens.ticket_drawing import _when
from tui.source import Source
from tui.widgets.ink import POINTER, dotted_lines

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_who_spoke_once_is_proposed_in_every_room_of_the_session(home: Home) -> None:
    source = Source(home)
    source.legal.person = "Clara Juris"
    rooms = (
        source.findings,
        source.ticketing,
        source.journeys,
        source.purging,
        source.catalogue,
    )
    assert [room.person for room in rooms] == ["Clara Juris"] * 5
    assert Source(home).findings.person == "", "another session has nobody yet"


async def test_the_answer_that_enter_gives_has_a_pointer_without_any_colour(home: Home) -> None:
    _ready(home)
    app = make_app(home, "lung")
    async with running(app) as pilot:
        await press(pilot, "enter", "u")
        answers = [str(button.label) for button in app.screen.query(Button)]
        assert answers == [f"{POINTER} Not yet", "  Send"]
        assert "They go as they are." in words(app)
        await press(pilot, "right")
        assert [str(button.label) for button in app.screen.query(Button)] == [
            "  Not yet",
            f"{POINTER} Send",
        ]
        await press(pilot, "escape")


async def test_the_folder_of_an_upload_leads_back_to_that_upload(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            upload = app.screen
            for back in ("escape", "enter"):
                await press(pilot, "o")
                assert front(app) == "ScanScreen"
                await press(pilot, back)
                assert app.screen is upload


async def test_what_was_stopped_is_not_told_as_running_and_not_as_nothing(home: Home) -> None:
    workspace = make_ledger(home, "lung")
    fill(workspace, [("CT", 60, 27, 0, 0)])
    set_runner(workspace, pid=None, exit_code=130, message="Stopped.")
    app = make_app(home)
    async with running(app) as pilot:
        assert "of 87 sent" in words(app) or "of 60 sent" in words(app)
        assert "Stopped before everything was sent. Nothing is lost." in now(app)
        await press(pilot, "enter", "enter")
        assert "! in part" in words(app)
        assert "● under way" not in words(app)


async def test_no_time_is_left_of_what_is_being_stopped(home: Home) -> None:
    workspace = make_running(home)
    set_progress(workspace, Progress(phase="send", done=9, total=90, rate_bps=1e6, eta_s=600.0))
    with Ledger.open(workspace.ledger) as ledger:
        set_wish(ledger, Wish.STOP)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            assert "Stopping" in now(app)
            assert "left" not in words(app)


async def test_images_that_went_do_not_make_a_transfer_done(home: Home) -> None:
    make_done(home)
    app = make_app(home)
    async with running(app) as pilot:
        assert "✓ images sent" in words(app)
        await press(pilot, "enter")
        assert "✓ images sent" in words(app)
        assert "joining EUCAIM, papers and data, comes before; l records the papers" in words(app)


@pytest.mark.parametrize(
    ("utc", "told"),
    [
        ("2026-03-14T00:00:00.000Z", "today"),
        ("2026-03-13T00:00:00.000Z", "yesterday"),
        ("2026-03-04T00:00:00.000Z", "10 days ago"),
        ("2026-03-14T09:00:00.000Z", "3 h 00 min ago"),
    ],
)
def test_a_day_is_told_in_days_and_a_moment_in_hours(utc: str, told: str) -> None:
    assert _when(utc, NOON) == told


def test_a_remedy_names_the_key_of_the_page_that_does_it() -> None:
    told = by_key("Name the table: eucaim-transfer clinical NAME FILE.", "lung", _ELSEWHERE)
    assert told == "Name the table: key o of step 9, or eucaim-transfer clinical lung FILE."


def test_facts_go_on_in_the_next_line_and_none_is_broken() -> None:
    facts = ["11 of 13 columns known", "", "1 to confirm", "2 units or orders open"]
    assert [line.plain for line in dotted_lines(facts, 40)] == [
        "11 of 13 columns known  ·  1 to confirm",
        "2 units or orders open",
    ]
    assert [line.plain for line in dotted_lines(["a word", "x" * 50], 40)] == [
        "a word",
        "x" * 40,
        "x" * 10,
    ]


@pytest.mark.parametrize(
    ("sent", "verified", "told"),
    [(27, 0, "27 of 240 sent"), (27, 3, "3 of 240 verified"), (0, 0, "0 of 240 verified")],
)
def test_what_was_sent_is_told_while_nothing_is_verified(
    sent: int, verified: int, told: str
) -> None:
    assert arrived_told(InstanceCounts(ready=240, sent=sent, verified=verified)) == told


def _ready(home: Home) -> None:
    workspace = make_ledger(home, "lung")
    fill(workspace, [("CT", 60, 0, 0, 0)])
    set_runner(workspace, pid=None, exit_code=0)
