"""The journey: the node's steps, and what of them this version carries out."""

from __future__ import annotations

from tests.tui.driving import (
    FixedDayApp,
    KnownSource,
    crumbs,
    keys,
    make_app,
    now,
    press,
    running,
    words,
)
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import (
    fill,
    make_done,
    make_failed,
    make_ledger,
    set_runner,
    set_state,
)
from transfer.errors import UsageError
from transfer.journey.steps import Journey
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
        assert "Open" in keys(app)
        await press(pilot, "home")
        assert "Open" in keys(app)
        await press(pilot, "end")
        assert "not built yet" in words(app)
        assert "This step is done outside this program for now" in now(app)
        assert "Open" not in keys(app)
        await press(pilot, "enter")
        assert front(app) == "JourneyScreen"


async def test_the_text_and_the_address_of_the_chosen_step_are_shown(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "home", "down")
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
