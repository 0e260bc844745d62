"""What operators who read nothing but the screens stumbled over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from textual.widgets import Button, Input

from tests.tui import published
from tests.tui.driving import NODES, known, make_app, now, press, running, settle, until, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import (
    configure_upv,
    fill,
    held,
    make_done,
    make_ledger,
    make_running,
    set_progress,
    set_runner,
)
from tests.tui.published import dataset_app
from transfer.accounts import signed_in
from transfer.journey.images import arrived_told
from transfer.ledger.census import InstanceCounts
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, set_wish
from transfer.ledger.progress import Progress
from transfer.node import Identity
from transfer.workspace import Home
from tui.accounts import Accounts
from tui.by_key import by_key
from tui.screens.account import AccountScreen
from tui.screens.draft import Draft
from tui.screens.findings_drawing import _ELSEWHERE
from tui.screens.new_details import NameScreen
from tui.screens.sign_in_password import PasswordScreen
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


@pytest.mark.parametrize(("username", "at"), [("ada-b", "Password"), ("", "Username")])
async def test_the_sign_in_says_which_field_has_the_cursor_and_what_it_remembers(
    home: Home, username: str, at: str
) -> None:
    configure_upv(home)
    app = make_app(home)
    async with running(app) as pilot:
        view = replace(Accounts(home).of_node("upv"), username=username)
        app.push_screen(PasswordScreen(view))
        await settle(pilot)
        other = "Username" if at == "Password" else "Password"
        assert f"{POINTER} {at}" in words(app)
        assert f"{POINTER} {other}" not in words(app)
        assert ("remembered from before" in words(app)) is bool(username)
        await press(pilot, "up" if at == "Password" else "down")
        assert f"{POINTER} {other}" in words(app)
        assert f"{POINTER} {at}" not in words(app)


async def test_a_second_sign_in_is_asked_for_first(home: Home) -> None:
    configure_upv(home)
    signed_in(home, "upv", Identity("ada-b"))
    app = make_app(home)
    async with running(app) as pilot:
        app.push_screen(AccountScreen("", node="upv"))
        await settle(pilot)
        await press(pilot, "i")
        assert "Sign in again?" in words(app)
        assert "ada-b is signed in." in words(app)
        await press(pilot, "enter")
        assert front(app) == "AccountScreen", "Enter alone leaves the sign-in that is there"
        await press(pilot, "i", "right", "enter")
        assert "How do you want to sign in to upv?" in words(app)


async def test_typing_replaces_what_stands_in_a_line_wherever_one_is_asked_for(
    home: Home,
) -> None:
    app, _ = dataset_app(home, published.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *published.TO_STEP_10, "m", "enter")
        entry = app.screen.query_one(Input)
        assert entry.value == "Lung screening 2024"
        await press(pilot, *"New")
        assert entry.value == "New"
    app = make_app(home)
    async with running(app) as pilot:
        app.push_screen(NameScreen(Draft(NODES[0])))
        await settle(pilot)
        entry = app.screen.query_one(Input)
        assert entry.value == "upv-2026-03-14"
        await press(pilot, *"ct")
        assert entry.value == "ct"


async def test_a_line_of_metadata_says_how_to_add_to_it(home: Home) -> None:
    app, _ = dataset_app(home, published.DRAFT)
    async with running(app) as pilot:
        await press(pilot, *published.TO_STEP_10, "m", "enter")
        assert "End adds to it" in words(app)
        await press(pilot, "end", *" b")
        assert app.screen.query_one(Input).value == "Lung screening 2024 b"
        await press(pilot, "escape", *["down"] * 7, "enter")
        assert app.screen.query_one(Input).value == ""
        assert "adds to it" not in words(app), "nothing stands there"


async def test_the_upload_asks_again_once_something_else_would_go(home: Home) -> None:
    _ready(home)
    workspace = home.workspace("lung")
    app = make_app(home, "lung")
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert "u sends the 60 instances; it asks first." in now(app)
        await press(pilot, "u", "right", "enter")
        # It ended before anything went; nothing else goes than what was agreed to.
        await until(pilot, lambda: "as you agreed" in now(app))
        assert "u sends the 60 instances, as you agreed." in now(app)
        await press(pilot, "u")
        assert front(app) == "UploadScreen"
        assert len(known(app).launched) == 2
        with Ledger.open(workspace.ledger) as ledger:
            ledger.write("UPDATE instance SET state = 'excluded' WHERE id = 1")
        await until(pilot, lambda: "it asks first" in now(app))
        await press(pilot, "u")
        assert "Send 59 instances" in words(app)
    assert len(known(app).launched) == 2


def _ready(home: Home) -> None:
    workspace = make_ledger(home, "lung")
    fill(workspace, [("CT", 60, 0, 0, 0)])
    set_runner(workspace, pid=None, exit_code=0)
