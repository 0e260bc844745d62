"""Home: all transfers, whatever state each is in."""

from __future__ import annotations

import asyncio
import threading

from tests.faults.damaging import ruin_header
from tests.tui.driving import KnownSource, crumbs, keys, make_app, now, press, running, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import held, make_done, make_failed, make_ledger, make_running
from transfer.ledger.backup import keep_backup
from transfer.ledger.connection import Ledger
from transfer.workspace import Home
from tui.app import TransferApp
from tui.source import Glance
from tui.widgets.rows import Rows


async def test_an_empty_home_says_what_the_first_step_is(home: Home) -> None:
    app = make_app(home)
    async with running(app):
        assert "No transfer yet." in now(app)
        assert "Press n to make the first one." in now(app)
        assert "New transfer" in keys(app)
        assert "Open" not in keys(app)


async def test_each_transfer_shows_its_state_as_a_word_and_a_glyph(home: Home) -> None:
    make_done(home)
    make_failed(home)
    make_ledger(home, "colon-pilot")
    running_one = make_running(home)
    app = make_app(home)
    with held(running_one):
        async with running(app):
            said = words(app)
    for name, state in (
        ("breast-2023", "✓ images sent"),
        ("prostate-a", "✗ failed"),
        ("colon-pilot", "○ to do"),
        ("lung-2024", "● running"),
    ):
        line = next(line for line in said.splitlines() if name in line)
        assert state in line
    assert "161 of 412 verified · to upv · 48.2 MB/s" in said


async def test_a_broken_ledger_says_so_in_its_row_and_leaves_the_others_alone(home: Home) -> None:
    make_done(home)
    broken = home.transfers / "a-broken-one"
    broken.mkdir(mode=0o700)
    (broken / "ledger.sqlite").write_bytes(b"this is no ledger" * 100)
    app = make_app(home)
    async with running(app) as pilot:
        assert "✗ unreadable" in words(app)
        assert "✓ images sent" in words(app)
        await press(pilot, "enter")
        assert front(app) == "FailureScreen"
        assert "recover a-broken-one" in words(app)


async def test_a_damaged_ledger_is_put_back_from_its_copy_by_a_key_once_that_is_confirmed(
    home: Home,
) -> None:
    workspace = make_done(home)
    with Ledger.open(workspace.ledger) as ledger:
        keep_backup(ledger)
    ruin_header(workspace.ledger)
    app = make_app(home)
    async with running(app) as pilot:
        assert "Recover" in keys(app)
        await press(pilot, "r")
        assert front(app) == "Question"
        assert f"recover {workspace.name} --rebuild" in " ".join(words(app).split())
        await press(pilot, "enter")
        assert "✗ unreadable" in words(app), "the harmless answer is the one in front"
        await press(pilot, "r", "right", "enter")
        assert "The ledger is back, from its copy." in words(app)
        assert "ledger.damaged.sqlite" in words(app)
        await press(pilot, "enter")
        assert "✓ images sent" in words(app)
        assert "Recover" not in keys(app)


async def test_without_a_copy_the_key_shows_the_command_that_makes_the_ledger_anew(
    home: Home,
) -> None:
    workspace = make_done(home)
    ruin_header(workspace.ledger)
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "r")
        assert front(app) == "Note"
        assert "There is no copy of this ledger that is whole." in words(app)
        assert f"recover {workspace.name} --rebuild" in " ".join(words(app).split())
        await press(pilot, "enter")
        assert "✗ unreadable" in words(app)


async def test_a_transfer_that_can_be_read_has_nothing_to_recover(home: Home) -> None:
    make_done(home)
    app = make_app(home)
    async with running(app) as pilot:
        assert "Recover" not in keys(app)
        await press(pilot, "r")
        assert front(app) == "HomeScreen"


async def test_a_ledger_of_the_wrong_shape_does_not_end_the_app(home: Home) -> None:
    """A file that SQLite can open but that holds nonsense, as after a failed restore."""
    workspace = make_ledger(home, "odd")
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE progress SET document = '{\"no_such_field\": 1}'")
    app = make_app(home)
    async with running(app):
        assert "✗ unreadable" in words(app)


async def test_a_ledger_that_does_not_answer_holds_up_neither_keys_nor_other_rows(
    home: Home,
) -> None:
    """Somebody's backup holds a lock: the read of that one hangs, everything else goes on."""
    make_done(home, "b-done")
    make_ledger(home, "a-held")
    release = threading.Event()

    class SlowSource(KnownSource):
        def glance(self, name: str) -> Glance:
            if name == "a-held":
                release.wait(10)
            return super().glance(name)

    app = TransferApp(home, source=SlowSource(home))
    async with app.run_test(size=(80, 24)) as pilot:
        try:
            async with asyncio.timeout(5):
                while "✓ images sent" not in words(app):
                    await pilot.pause()
                assert "… reading" in words(app)
                await pilot.press("down")
                await pilot.pause()
            assert app.screen.query_one(Rows).key == "b-done"
        finally:
            release.set()


async def test_enter_opens_the_journey_of_a_transfer_at_rest(home: Home) -> None:
    make_done(home)
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert front(app) == "JourneyScreen"
        await press(pilot, "escape")
        assert front(app) == "HomeScreen"


async def test_enter_opens_the_live_upload_of_a_running_transfer(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home)
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "enter")
            assert front(app) == "UploadScreen"
            assert "● running" in crumbs(app)
            await press(pilot, "escape")
            assert front(app) == "JourneyScreen"


async def test_a_transfer_made_elsewhere_appears_by_itself(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        make_ledger(home, "made-by-cron")
        async with asyncio.timeout(10):
            while "made-by-cron" not in words(app):
                await pilot.pause(0.05)
        assert "1 transfer" in crumbs(app)


async def test_the_app_opens_on_the_transfer_that_was_named(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            assert front(app) == "UploadScreen"
