"""The scan and upload screens: what they say, and what their keys ask of the runner."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

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
    assert "48.2 MB/s  ·  about 2 min left  ·  no limit  ·  2 retries" in said
    assert "runner 4123 on archive-03" in said
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
