"""The scan and upload screens: what they say, and what their keys ask of the runner."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.tui.driving import (
    FixedDayApp,
    KnownSource,
    crumbs,
    keys,
    known,
    make_app,
    now,
    press,
    running,
    until,
    words,
)
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import (
    SENDING,
    fill,
    find,
    find_unread,
    held,
    leave_out,
    make_done,
    make_failed,
    make_ledger,
    make_running,
    set_progress,
    set_runner,
)
from transfer.errors import RunnerHeld
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Control, Wish, read_control
from transfer.ledger.findings import Finding
from transfer.ledger.order import last_word
from transfer.ledger.progress import Progress
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.limiting import Limits
from tui.source import Launch, Until
from tui.widgets.painted import Painted


def _control(workspace: Workspace) -> Control:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return read_control(ledger)


async def test_a_running_upload_shows_amounts_rate_and_time_left(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            said = words(app)
            strip = now(app)
    assert "254 of 412 sent  ·  161 verified" in said
    assert "48.2 MB/s  ·  about 2 min left  ·  2 retries" in said
    assert "no limit  ·  runner 4123 on archive-03" in said
    assert "3 running requests" in said
    assert "You may leave with ctrl+q: the transfer goes on." in strip


async def test_requests_that_end_leave_their_rows_so_that_the_screen_is_not_painted_anew(
    home: Home,
) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            lanes = app.screen.query_one("#lanes", Painted)
            assert lanes.size.height == 5
            set_progress(workspace, replace(SENDING, lanes=SENDING.lanes[:1]))
            await until(pilot, lambda: "1 running request" in lanes.words)
            assert lanes.size.height == 5


async def test_no_time_left_is_told_before_the_total_is_known(home: Home) -> None:
    workspace = make_running(home)
    set_progress(workspace, Progress(phase="send", rate_bps=1e6, eta_s=None))
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            assert " left" not in words(app)
            assert now(app).startswith("Sending.\n")


async def test_p_pauses_and_r_resumes(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            assert "Pause" in keys(app)
            await press(pilot, "p")
            assert _control(workspace).wish is Wish.PAUSE
            assert "‖ pausing" in crumbs(app)
            assert "Resume" in keys(app)
            await press(pilot, "r")
            assert _control(workspace).wish is Wish.RUN
            assert "● running" in crumbs(app)


async def test_stop_asks_first_and_enter_alone_stops_nothing(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "s", "enter")
            assert _control(workspace).wish is Wish.RUN
            await press(pilot, "s", "escape")
            assert _control(workspace).wish is Wish.RUN
            await press(pilot, "s", "right", "enter")
            assert _control(workspace).wish is Wish.STOP


@pytest.mark.parametrize(
    ("typed", "bytes_per_s"), [("5M", 5_000_000), ("500K", 500_000), ("none", None)]
)
async def test_l_limits_the_rate(home: Home, typed: str, bytes_per_s: int | None) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "l", *typed, "enter")
    assert _control(workspace).bytes_per_s == bytes_per_s


_OFFICE = '[bandwidth]\n"mon-fri 08:00-18:00" = "20 Mbit/s"\n'
_NIGHT = datetime(2026, 11, 27, 17, 30, tzinfo=UTC)
_DAY = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)


def _at(app: TransferApp, moment: datetime) -> None:
    """Friday in Madrid: 16:30 UTC is half past five in the afternoon there."""
    app.source.limits = Limits(app.source.home, lambda: moment, ZoneInfo("Europe/Madrid"))


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        (_DAY, "limit 20 Mbit/s (2.50 MB/s) until 18:00, then no limit"),
        (_NIGHT, "no limit until Mon 08:00, then 20 Mbit/s"),
    ],
)
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_the_limit_of_the_hour_is_shown_with_its_end_and_what_comes_then(
    home: Home, moment: datetime, told: str, size: tuple[int, int]
) -> None:
    workspace = make_running(home)
    (home.config_folder / "config.toml").write_text(_OFFICE)
    app = make_app(home, "lung-2024")
    _at(app, moment)
    with held(workspace):
        async with running(app, size) as pilot:
            await until(pilot, lambda: told in words(app))


async def test_a_limit_set_by_key_ends_with_the_hour_and_the_schedule_can_be_had_back(
    home: Home,
) -> None:
    workspace = make_running(home)
    (home.config_folder / "config.toml").write_text(_OFFICE)
    app = make_app(home, "lung-2024")
    _at(app, _DAY)
    with held(workspace):
        async with running(app) as pilot:
            await until(pilot, lambda: "until 18:00" in words(app))
            await press(pilot, "l")
            said = words(app)
            assert "It holds from now on until 18:00." in " ".join(said.split())
            assert "mon-fri 08:00-18:00: 20 Mbit/s" in said
            await press(pilot, *"none", "enter")
            own = "no limit, set by hand, until 18:00, then no limit"
            await until(pilot, lambda: own in words(app))
            ends = datetime(2026, 11, 27, 17, 0, tzinfo=UTC)
            assert _control(workspace) == Control(limit_until=ends)
            await press(pilot, "l", *"schedule", "enter")
            await until(pilot, lambda: "limit 20 Mbit/s (2.50 MB/s) until 18:00" in words(app))
    assert _control(workspace) == Control()


async def test_a_changed_schedule_is_shown_and_one_that_cannot_be_used_too(home: Home) -> None:
    workspace = make_running(home)
    config = home.config_folder / "config.toml"
    config.write_text(_OFFICE)
    app = make_app(home, "lung-2024")
    _at(app, _DAY)
    with held(workspace):
        async with running(app) as pilot:
            await until(pilot, lambda: "20 Mbit/s" in words(app))
            config.write_text(_OFFICE.replace("20 Mbit", "100 Mbit"))
            await until(pilot, lambda: "limit 100 Mbit/s (12.5 MB/s)" in words(app))
            config.write_text(_OFFICE.replace('"20 Mbit/s"', "soon"))
            await until(pilot, lambda: "the limits read before hold" in words(app))
            assert "limit 100 Mbit/s (12.5 MB/s)" in words(app)
            await press(pilot, "l")
            assert "it is not valid TOML" in " ".join(words(app).split())


async def test_under_a_limit_that_will_be_lifted_the_time_left_is_the_longest(home: Home) -> None:
    workspace = make_running(home)
    set_progress(workspace, replace(SENDING, rate_bps=2.5e6, eta_s=7200.0))
    (home.config_folder / "config.toml").write_text(_OFFICE)
    app = make_app(home, "lung-2024")
    _at(app, _DAY)
    with held(workspace):
        async with running(app) as pilot:
            await until(pilot, lambda: "at most 2 h 00 min left" in words(app))
            assert "Sending. At most 2 h 00 min left." in now(app)


async def test_what_keeps_a_request_from_going_is_said_while_it_is_tried_again(home: Home) -> None:
    workspace = make_running(home)
    note = "The node is busy (503)."
    set_progress(workspace, replace(SENDING, note=note, rate_bps=0.0, eta_s=None))
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            assert f"! {note} It is tried again." in words(app)


@pytest.mark.parametrize(
    ("lanes", "most", "heading"),
    [(3, 8, "3 running requests, at most 8"), (3, 3, "3 running requests\n")],
)
async def test_how_many_requests_run_is_told_in_few_words(
    home: Home, lanes: int, most: int, heading: str
) -> None:
    workspace = make_running(home)
    set_progress(
        workspace,
        replace(SENDING, lanes=SENDING.lanes[:lanes], requests_allowed=lanes, requests_most=most),
    )
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app):
            assert heading in app.screen.query_one("#lanes", Painted).words + "\n"


@pytest.mark.parametrize(("size", "rows"), [((80, 24), 0), ((120, 40), 3), ((200, 50), 3)])
async def test_where_there_is_room_the_rate_of_the_last_minutes_is_drawn(
    home: Home, size: tuple[int, int], rows: int
) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app, size):
            drawn = app.screen.query_one("#chart", Painted).words.splitlines()[1:]
    assert len(drawn) == rows
    if rows:
        assert drawn[0].startswith("last 24 s, at most 49.0 MB/s")
        assert "█" in drawn[-1]


async def test_a_rate_that_is_none_is_refused_in_place(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "l", *"fast", "enter")
            assert "That is not a rate this program can keep." in words(app)
            await press(pilot, "escape")
            assert front(app) == "UploadScreen"
    assert _control(workspace).bytes_per_s is None


async def test_leaving_does_not_touch_the_runner(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await pilot.press("ctrl+q")
    assert _control(workspace).wish is Wish.RUN


async def test_a_whole_transfer_gets_a_clear_verdict(home: Home) -> None:
    make_done(home)
    app = make_app(home, "breast-2023")
    async with running(app) as pilot:
        await press(pilot, "up", "enter")
        assert front(app) == "UploadScreen"
        assert "All 12 SOP Instances are on the node, each one listed by it." in words(app)
        assert "Start" not in keys(app)


async def test_failures_are_one_key_away_and_can_be_sent_again(home: Home) -> None:
    make_failed(home)
    app = make_app(home, "prostate-a")
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert "f shows what failed and why; u tries again." in words(app)
        await press(pilot, "f")
        assert front(app) == "ProblemsScreen"
        assert "The SOP Class is not supported by the node." in words(app)
        assert "1.2.3." not in words(app)
        await press(pilot, "i")
        assert "1.2.3.2.1.98" in words(app)
        await press(pilot, "u")
        assert front(app) == "UploadScreen"
    assert known(app).launched == [("prostate-a", "upload", None)]


async def test_the_first_sending_asks_and_its_harmless_answer_sends_nothing(home: Home) -> None:
    workspace = make_ledger(home, "ready")
    fill(workspace, [("CT", 20, 0, 0, 0)])
    set_runner(workspace, pid=None, exit_code=0)
    app = make_app(home, "ready")
    async with running(app) as pilot:
        await press(pilot, "enter", "u")
        assert "Send 20 instances to upv?" in words(app)
        await press(pilot, "enter")
        assert known(app).launched == []
        await press(pilot, "u", "right", "enter")
    assert known(app).launched == [("ready", "upload", None)]


async def test_a_runner_that_cannot_start_says_what_and_what_next(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    known(app).refusal = RunnerHeld("Another runner works on this transfer.", "Stop it first.")
    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        assert front(app) == "FailureScreen"
        assert "Another runner works on this transfer." in words(app)
        assert "Nothing is wrong: the other runner goes on." in words(app)
        assert "Stop it first." in words(app)


async def test_a_runner_that_was_killed_is_told_apart_from_one_that_ended(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert "! stopped" in crumbs(app)
        assert "The runner ended without a word" in words(app)
        assert "u goes on where it stopped." in words(app)
    assert _control(workspace).wish is Wish.RUN


async def test_reading_starts_with_enter_and_sends_nothing(home: Home) -> None:
    make_ledger(home, "fresh")
    app = make_app(home, "fresh")
    async with running(app) as pilot:
        await press(pilot, "enter")
        assert front(app) == "ScanScreen"
        assert "Only headers are read; nothing is sent." in now(app)
        await press(pilot, "enter")
    assert known(app).launched == [("fresh", "scan", None)]


async def test_the_scan_counts_files_and_names_every_reason(home: Home) -> None:
    workspace = make_ledger(home, "scanning")
    fill(workspace, [("CT", 30, 0, 0, 0)])
    find_unread(workspace, 100)
    leave_out(
        workspace,
        [
            (b"SURNAME^GIVEN/notes.txt", "rejected", "other", "not-dicom"),
            (b"again.dcm", "duplicate", "instance", "duplicate-identical"),
        ],
    )
    set_runner(workspace, pid=77, exit_code=None)
    set_progress(workspace, Progress(phase="scan", done=32, total=132))
    app = make_app(home, "scanning")
    with held(workspace):
        async with running(app) as pilot:
            assert front(app) == "ScanScreen"
            assert "32 of 132 files read" in words(app)
            assert "This is no DICOM object" in words(app)
            assert "SURNAME" not in words(app)
            await press(pilot, "i")
            assert "SURNAME^GIVEN/notes.txt" in words(app)
            await press(pilot, "escape", "enter")
            assert "SURNAME" not in words(app)


async def test_whoever_watches_the_reading_is_taken_on_to_the_sending(home: Home) -> None:
    workspace = make_running(home)
    set_progress(workspace, Progress(phase="scan", done=10, total=412))
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            assert front(app) == "ScanScreen"
            set_progress(workspace, Progress(phase="send", done=10, total=412))
            async with asyncio.timeout(5):
                while front(app) != "UploadScreen":
                    await pilot.pause(0.05)


async def test_a_node_that_lists_nothing_lets_a_named_person_count(home: Home) -> None:
    workspace = make_ledger(home, "counted")
    fill(workspace, [("CT", 0, 20, 0, 0)])
    set_runner(workspace, pid=None, exit_code=3, message="20 were acknowledged.")
    find(
        workspace,
        Finding("UNVERIFIABLE", "ask", "dataset", "all", "20 were acknowledged.", "Count them."),
    )
    app = make_app(home, "counted")
    async with running(app) as pilot:
        await press(pilot, "enter", "a", *"20", "enter", *"Ada B", "enter")
    with Ledger.open(workspace.ledger) as ledger:
        word = last_word(ledger, "counted-on-node")
    assert word is not None
    assert (word.value, word.person) == ("20", "Ada B")
    assert known(app).launched == [("counted", "verify", None)]


async def test_while_the_runner_starts_the_screen_says_so(home: Home) -> None:
    make_ledger(home, "fresh")
    release, launched = threading.Event(), threading.Event()

    class Slow(KnownSource):
        def launch(self, name: str, until: Until, password: str | None) -> Launch:
            release.wait(10)
            launch = super().launch(name, until, password)
            launched.set()
            return launch

    app = FixedDayApp(home, "fresh", source=Slow(home))
    async with running(app) as pilot:
        await press(pilot, "enter")
        try:
            await pilot.press("enter")
            await pilot.pause(0.6)
            assert "Starting to read" in now(app)
            assert "Go on" not in keys(app)
            await pilot.press("escape")
            await pilot.pause(0.1)
            assert front(app) == "JourneyScreen"
        finally:
            release.set()
    # The thread that launches is not waited for by the app that ends.
    assert await asyncio.to_thread(launched.wait, 10)
    assert known(app).launched == [("fresh", "scan", None)]
