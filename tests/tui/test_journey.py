"""The journey: the node's steps, and what of them this version carries out."""

from __future__ import annotations

import sqlite3
from contextlib import closing

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
    words,
)
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import (
    fill,
    held,
    make_done,
    make_failed,
    make_first_ledger,
    make_ledger,
    make_running,
    set_runner,
    set_state,
)
from transfer.errors import UsageError
from transfer.journey.steps import Journey, JourneyStep
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import last_place, read_steps
from transfer.values import StepState
from transfer.workspace import Home
from tui.widgets.rows import Rows


async def test_every_step_shows_its_number_title_and_state(home: Home) -> None:
    make_done(home)
    app = make_app(home, "breast-2023")
    async with running(app):
        lines = app.screen.query_one(Rows).words.splitlines()
    found = [line.strip() for line in lines]
    assert [line.split("  ")[0] for line in found] == ["4", "5", "6", "7", "8", "9", "10"]
    assert "✓ done" in found[4]
    assert "12 of 12 verified" in found[4]


async def test_a_step_that_is_not_built_says_so_and_does_not_open(home: Home) -> None:
    make_done(home)
    app = make_app(home, "breast-2023")
    async with running(app) as pilot:
        assert app.screen.query_one(Rows).key == "clinical"
        assert "Not carried out by this version yet." in words(app)
        assert "Do it as the text says, then record it." in now(app)
        assert "Open" not in keys(app)
        await press(pilot, "enter")
        assert front(app) == "JourneyScreen"
        await press(pilot, "up")
        assert "Open" in keys(app)


async def test_a_locked_step_says_what_has_to_come_first(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "down")
        assert app.screen.query_one(Rows).key == "clinical"
        assert "· locked" in words(app)
        assert "Only after the images are verified on the node." in now(app)
        assert "Record" not in keys(app)


async def test_the_first_time_it_opens_on_the_step_to_be_done_now(home: Home) -> None:
    make_first_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app):
        assert app.screen.query_one(Rows).key == "account"
        assert "Register, ask for the account, then sign in." in now(app)


async def test_closing_and_reopening_lands_on_the_same_step(home: Home) -> None:
    workspace = make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        assert app.screen.query_one(Rows).key == "images"
        await press(pilot, "up", "up")
        assert app.screen.query_one(Rows).key == "ticket"
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert last_place(ledger) == "ticket"
    again = make_app(home, "fresh")
    async with running(again):
        assert again.screen.query_one(Rows).key == "ticket"
        assert "[↑ ↓] to step 8, which is next.".replace("[", "").replace("]", "") in now(again)


async def test_looking_without_moving_keeps_no_place(home: Home) -> None:
    workspace = make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app):
        assert app.screen.query_one(Rows).key == "images"
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert last_place(ledger) == ""


async def test_a_held_ledger_holds_up_no_key_and_the_place_is_kept_once_it_is_free(
    home: Home,
) -> None:
    """Another program has a write under way: a backup, say."""
    workspace = make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        with closing(sqlite3.connect(workspace.ledger, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await pilot.press("up")
            await pilot.pause()
            assert app.screen.query_one(Rows).key == "tool"
            assert front(app) == "JourneyScreen"
            other.execute("ROLLBACK")
        await settle(pilot)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert last_place(ledger) == "tool"


async def test_what_waits_says_since_when_who_and_by_what_proof(home: Home) -> None:
    workspace = make_ledger(home, "fresh")
    set_state(
        workspace,
        "ticket",
        StepState.WAITING,
        "Ticket 4711 is with the helpdesk.",
        person="Ada Lovelace",
        evidence="ticket 4711",
        since_utc="2026-03-13T09:30:00.000Z",
    )
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "home", "down", "down")
        (row,) = [r for r in app.screen.query_one(Rows).words.splitlines() if "Ticket for" in r]
        assert "… waiting" in row
        assert "since 2026-03-13" in row
        said = " ".join(words(app).split())
        assert "Since 2026-03-13 09:30 UTC (24 h 00 min), by Ada Lovelace" in said
        assert "evidence: ticket 4711." in said
        assert "Record the answer when it comes." in now(app)


async def test_after_48_hours_the_row_the_text_and_the_strip_remind(home: Home) -> None:
    workspace = make_ledger(home, "fresh")
    set_state(
        workspace,
        "ticket",
        StepState.WAITING,
        "Sent.",
        person="Ada",
        since_utc="2026-03-12T08:00:00.000Z",
    )
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "home", "down", "down")
        assert "! no answer for 49 h" in app.screen.query_one(Rows).words
        assert "! No answer for 49 hours: reply in the ticket." in words(app)
        assert "Reply in the ticket. Record the answer when it comes." in now(app)
        await press(pilot, "escape")
        assert front(app) == "HomeScreen"
        assert "! step 6: no answer for 49 h" in words(app)


async def test_a_ticket_is_recorded_by_keys_with_day_number_and_name(home: Home) -> None:
    workspace = make_first_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "down", "r")
        assert front(app) == "Pick"
        await press(pilot, "enter")
        assert "after 48 hours you are reminded" in " ".join(words(app).split())
        await press(pilot, *["backspace"] * 10, *"2026-03-12", "enter")
        await press(pilot, *"HLP 4711", "enter")
        await press(pilot, *"Ada", "enter")
        assert front(app) == "JourneyScreen"
        (row,) = [r for r in app.screen.query_one(Rows).words.splitlines() if "Ticket for" in r]
        assert "… waiting" in row
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        ticket = read_steps(ledger)["ticket"]
    assert (ticket.state, ticket.person, ticket.evidence, ticket.since_utc) == (
        StepState.WAITING,
        "Ada",
        "HLP 4711",
        "2026-03-12T00:00:00.000Z",
    )


async def test_going_back_in_the_dialogue_records_nothing(home: Home) -> None:
    workspace = make_first_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "down", "r", "enter", "enter", "escape")
        assert front(app) == "JourneyScreen"
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        assert "ticket" not in read_steps(ledger)


async def test_what_the_program_settles_itself_cannot_be_recorded(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        assert app.screen.query_one(Rows).key == "images"
        assert "Record" not in keys(app)
        await press(pilot, "r")
        assert front(app) == "JourneyScreen"


async def test_a_running_transfer_is_shown_as_such_whatever_else_is_open(home: Home) -> None:
    workspace = make_running(home)
    set_state(workspace, "doctor", StepState.TODO)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "escape")
            assert app.screen.query_one(Rows).key == "images"
            assert "● running" in app.screen.query_one(Rows).words


async def test_a_text_that_is_longer_than_the_screen_is_read_on_by_keys(home: Home) -> None:
    make_first_ledger(home, "fresh")

    class Wordy(KnownSource):
        def journey(self, node: str) -> Journey:
            text = " ".join(f"word{n}" for n in range(300))
            return Journey("Node", (JourneyStep("account", 5, "Account", text, "", "login"),))

    app = FixedDayApp(home, "fresh", source=Wordy(home))
    async with running(app) as pilot:
        assert "PgDn Read on" in keys(app)
        assert app.screen.query_one("#about").scroll_y == 0
        await press(pilot, "pagedown")
        assert app.screen.query_one("#about").scroll_y > 0
        await press(pilot, "pageup")
        assert app.screen.query_one("#about").scroll_y == 0


async def test_the_text_and_the_address_of_the_chosen_step_are_shown(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "home", "down")
        assert app.screen.query_one(Rows).key == "account"
        assert "Register." in words(app)
        assert "https://node.example/" in words(app)


async def test_a_failed_upload_is_told_on_the_journey_too(home: Home) -> None:
    make_failed(home)
    app = make_app(home, "prostate-a")
    async with running(app):
        assert "✗ failed" in crumbs(app)
        assert "Some instances did not arrive." in now(app)
        assert "Failures" in keys(app)


async def test_what_was_answered_for_and_checked_is_blocked_no_more(home: Home) -> None:
    """The record of a blocked upload stands until the next one; what it says does not."""
    workspace = make_ledger(home, "fresh")
    fill(workspace, [("MR", 0, 0, 60, 0), ("MR", 40, 0, 0, 0)])
    set_state(workspace, "upload", StepState.BLOCKED, "40 of 100 instances did not arrive.")
    set_runner(workspace, pid=None, exit_code=0)
    app = make_app(home, "fresh")
    async with running(app):
        (images,) = [row for row in app.screen.query_one(Rows).words.splitlines() if "60 of" in row]
        assert "○ to do" in images
        assert "did not arrive" not in words(app)


async def test_a_node_that_left_the_configuration_leaves_the_images_reachable(home: Home) -> None:
    make_done(home)

    class Forgetful(KnownSource):
        def journey(self, node: str) -> Journey:
            raise UsageError("The node is not configured any more.", "Put it back.")

    app = FixedDayApp(home, "breast-2023", source=Forgetful(home))
    async with running(app) as pilot:
        assert "The node is not configured any more." in words(app)
        await press(pilot, "enter")
        assert front(app) == "UploadScreen"
