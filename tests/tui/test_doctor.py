"""The doctor on the screen: live, grouped, the first cure at once; by keys alone."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from tests.tui.doctored import (
    FAILED,
    GOOD,
    INSPECTED,
    LOGOUT,
    MACHINE,
    WARNED,
    make_doctored,
)
from tests.tui.driving import crumbs, keys, make_app, now, press, running, settle, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import make_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import StepRecord, read_step
from transfer.machine.question import Question
from transfer.node import CheckResult
from transfer.values import ExitCode, StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.doctoring import Finding, Part
from tui.screens.doctor import DoctorScreen
from tui.widgets.rows import Rows

NAME = "lung-2024"


def rows_of(app: TransferApp) -> list[str]:
    """The list as it reads, blanks drawn together."""
    return [
        " ".join(row.split()) for row in app.screen.query_one("#checks", Rows).words.splitlines()
    ]


def step_of(home: Home) -> StepRecord | None:
    with Ledger.open(home.workspace(NAME).ledger, read_only=True) as ledger:
        return read_step(ledger, "doctor")


async def open_doctor(app: TransferApp, pilot: Pilot[Any]) -> None:
    """As the journey does it."""
    await app.push_screen(DoctorScreen(NAME))
    await settle(pilot)


async def test_from_home_one_key_looks_at_this_machine(home: Home) -> None:
    app, doctoring = make_doctored(home, MACHINE)
    async with running(app) as pilot:
        assert "d Doctor" in keys(app)
        await press(pilot, "d")
        assert front(app) == "DoctorScreen"
        assert doctoring.asked == [("", "")]
        assert "✓ This machine can do the job." in words(app)
        assert now(app).splitlines()[0] == "This machine can do the job."
        assert "✓ ready" in crumbs(app)
        assert rows_of(app)[:2] == ["This machine 7 of 7 good", "✓ good Python 3.11.7."]


async def test_a_node_can_be_looked_at_before_there_is_any_transfer(home: Home) -> None:
    app, doctoring = make_doctored(home, MACHINE, GOOD)
    async with running(app) as pilot:
        await press(pilot, "d")
        assert "n looks at a node as well." in now(app)
        await press(pilot, "n")
        assert front(app) == "Pick"
        await press(pilot, "down", "enter")
        assert doctoring.asked == [("", ""), ("", "orthanc")]
        assert "This machine can do the job; upv is ready." in words(app)


async def test_step_7_of_the_journey_opens_the_doctor(home: Home) -> None:
    make_ledger(home, NAME)
    app, doctoring = make_doctored(home, GOOD, transfer=NAME)
    async with running(app) as pilot:
        app.screen.query_one("#steps", Rows).go_to("tool")
        await settle(pilot)
        await press(pilot, "enter")
        assert front(app) == "DoctorScreen"
        assert doctoring.asked == [(NAME, "")]
        assert NAME in crumbs(app)
        await press(pilot, "escape")
        assert front(app) == "JourneyScreen"


async def test_checks_stand_in_groups_in_the_order_of_the_way(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, GOOD)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        headings = [row for row in rows_of(app) if row.endswith(" good") and " of " in row]
        assert headings == [
            "This machine 7 of 7 good",
            "The configuration of upv 1 of 1 good",
            "The way to upv 2 of 2 good",
            "The account on upv 2 of 2 good",
        ]
        assert now(app).splitlines() == [
            "This machine can do the job; upv is ready.",
            "Esc goes back to the journey.",
        ]


async def test_checks_appear_while_the_round_goes_on(home: Home) -> None:
    app, doctoring = make_doctored(home, GOOD, held_back=3)
    async with running(app) as pilot:
        await pilot.press("d")
        async with asyncio.timeout(10):
            while len(rows_of(app)) < 5:
                await pilot.pause()
        assert rows_of(app)[-2:] == ["✓ good TLS 1.3 is there (OpenSSL 3.0.19 27 Jan 2026).",
                                     "● asking"]  # fmt: skip
        assert "● looking" in crumbs(app)
        assert now(app).splitlines()[0] == "Nothing is sent and nothing is changed."
        assert "Again" not in keys(app)
        doctoring.go_on.set()
        await settle(pilot)
        assert "● asking" not in rows_of(app)
        assert "r Again" in keys(app)


async def test_where_only_the_sign_in_is_missing_one_key_goes_to_it(home: Home) -> None:
    make_ledger(home, NAME)
    refused = CheckResult(
        "sign-in",
        "fail",
        "Nobody is signed in to this node.",
        "Run eucaim-transfer login upv.",
        ExitCode.SIGN_IN,
    )
    *before, _ = GOOD
    app, _ = make_doctored(home, [*before, Finding(Part.ACCOUNT, refused)])
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        assert now(app).splitlines()[0] == "First: Nobody is signed in to this node."
        assert "i goes to the sign-in." in now(app)
        await press(pilot, "i")
        assert front(app) == "AccountScreen"


async def test_leaving_ends_the_round(home: Home) -> None:
    app, doctoring = make_doctored(home, GOOD, held_back=3)
    async with running(app) as pilot:
        await pilot.press("d")
        async with asyncio.timeout(10):
            while not doctoring.begun:
                await pilot.pause()
        await pilot.press("escape")
        await settle(pilot)
        assert front(app) == "HomeScreen"
        assert doctoring.go_on.is_set()


async def test_the_first_cure_stands_in_what_now_and_the_cursor_at_its_check(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, FAILED)
    async with running(app, (120, 40)) as pilot:
        await open_doctor(app, pilot)
        assert "✗ 1 to mend" in crumbs(app)
        assert "✗ 1 thing to mend before a transfer can go." in words(app)
        assert now(app).startswith("First: Ask for this address to be left out of inspection")
        key = app.screen.query_one("#checks", Rows).key
        assert key == str(FAILED.index(INSPECTED))
        below = words(app)
        assert "Ask: your network's administrator" in below


async def test_enter_shows_all_there_is_of_a_check(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, FAILED)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        await press(pilot, "enter")
        assert front(app) == "CheckScreen"
        told = " ".join(words(app).split())
        for text in (
            "A proxy of your network, not the node, answers with TLS 1.2.",
            "What to do Ask for this address to be left out of inspection; the node itself speaks"
            " TLS 1.3, and nothing is sent over less.",
            "Whom to ask your network's administrator",
            "What was tried TLS handshake with the node's address, port 443.",
            "What came back TLSv1.2; certificate by Example Web Gateway",
        ):
            assert text in told
        await press(pilot, "enter")
        assert front(app) == "DoctorScreen"


async def test_warnings_alone_leave_it_green_and_are_shown_first(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, WARNED)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        assert "✓ ready" in crumbs(app)
        assert "1 to look at" in words(app)
        assert app.screen.query_one("#checks", Rows).key == str(WARNED.index(LOGOUT))
        assert "loginctl enable-linger" in words(app)


async def test_what_this_host_does_not_tell_is_not_called_good(home: Home) -> None:
    untold = Question("time-sync", "Asked.").unknown("Whether NTP is on cannot be told here.")
    app, _ = make_doctored(home, [*MACHINE, Finding(Part.MACHINE, untold)])
    async with running(app, (100, 30)) as pilot:
        await press(pilot, "d")
        assert "7 good  ·  1 unknown" in words(app)
        rows = rows_of(app)
        assert rows[0] == "This machine 7 of 8 good"
        assert rows[-1] == "· unknown time sync Whether NTP is on cannot be told here."
        assert "✓ ready" in crumbs(app)
        await press(pilot, "end", "enter")
        assert words(app).splitlines()[0].split()[:2] == ["·", "unknown"]


async def test_r_looks_again_and_what_was_mended_is_good(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, FAILED, GOOD)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        assert "✗ 1 to mend" in crumbs(app)
        await press(pilot, "r")
        assert "✓ ready" in crumbs(app)
        assert [row for row in rows_of(app) if row.startswith("✗")] == []


async def test_a_cursor_that_a_person_moved_stays_where_it_is(home: Home) -> None:
    app, doctoring = make_doctored(home, FAILED, held_back=5)
    async with running(app) as pilot:
        await pilot.press("d")
        async with asyncio.timeout(10):
            while len(rows_of(app)) < 7:
                await pilot.pause()
        await pilot.press("home")
        doctoring.go_on.set()
        await settle(pilot)
        assert app.screen.query_one("#checks", Rows).key == "0"


async def test_what_it_came_to_is_kept_with_the_transfer(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, FAILED, GOOD)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        failed = step_of(home)
        assert failed is not None
        assert (failed.state, failed.detail) == (
            StepState.BLOCKED,
            "A proxy of your network, not the node, answers with TLS 1.2.",
        )
        assert failed.evidence.startswith("11 checks on ")
        await press(pilot, "r")
        good = step_of(home)
        assert good is not None
        assert (good.state, good.detail) == (
            StepState.DONE,
            "This machine and the node are ready.",
        )


async def test_w_writes_the_report_and_says_where(home: Home) -> None:
    make_ledger(home, NAME)
    app, doctoring = make_doctored(home, FAILED)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        await press(pilot, "w")
        assert front(app) == "Note"
        assert "doctor.json" in words(app)
        assert len(doctoring.reports) == 1
        assert doctoring.reports[0].verdict.exit_code == 6


async def test_t_opens_the_ticket_for_trouble_with_the_tool(home: Home) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, FAILED)
    async with running(app) as pilot:
        await open_doctor(app, pilot)
        await press(pilot, "t")
        assert front(app) == "TicketScreen"
        assert "rouble" in words(app)


async def test_without_a_transfer_there_is_no_ticket(home: Home) -> None:
    app, _ = make_doctored(home, FAILED)
    async with running(app) as pilot:
        await press(pilot, "d", "t")
        assert front(app) == "DoctorScreen"


async def test_the_real_doctor_looks_at_the_real_machine_and_writes_a_real_report(
    home: Home,
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "d")
        rows = rows_of(app)
        assert len(rows) > 20
        assert rows[1].startswith("✓ good Python 3.")
        await press(pilot, "w")
        report = home.root / "doctor.json"
        assert report.stat().st_mode & 0o777 == 0o600
        assert '"part": "machine"' in report.read_text()


class SnapCompare(Protocol):
    """What the snapshot plugin hands over."""

    def __call__(self, app: TransferApp, **options: Any) -> bool: ...


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("findings", "pressed"),
    [
        (GOOD, ()),
        (WARNED, ()),
        (FAILED, ()),
        (FAILED, ("enter",)),
        (FAILED, ("w",)),
    ],
    ids=["good", "warned", "failed", "check", "report"],
)
def test_the_doctor_looks_as_it_did(
    findings: tuple[Finding, ...],
    pressed: tuple[str, ...],
    size: tuple[int, int],
    home: Home,
    snap_compare: SnapCompare,
) -> None:
    make_ledger(home, NAME)
    app, _ = make_doctored(home, findings)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await open_doctor(app, pilot)
        await press(pilot, *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_a_round_under_way_looks_as_it_did(
    size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    app, _ = make_doctored(home, GOOD, held_back=9)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await pilot.press("d")
        async with asyncio.timeout(10):
            while len(rows_of(app)) < 13:
                await pilot.pause()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=go)
