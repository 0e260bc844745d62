"""Step 6: the ticket's fields, its text, how it goes to the helpdesk, and what comes back."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from adapters.sandbox.helpdesk import CUSTOMER
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.tui import driving
from tests.tui.driving import crumbs, happened, keys, make_app, now, running, settle, until, words
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import fill, make_first_ledger
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import StepRecord, read_step
from transfer.ledger.tickets import (
    all_tickets,
    begin_sending,
    keep_fields,
    kept_fields,
    newest_ticket,
    record_answer,
    record_sent,
)
from transfer.tickets import TicketCase, TicketText
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.app import TransferApp
from tui.screens.ticket import TicketScreen
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

NAME = "lung-2024"
SIZES = [(80, 24), (120, 40)]
# What is needed, in the form of a UPV project.
_FILLED = ("enter", "Lung", "enter", "down", "enter", "ada-l", "enter")
_ADA = ("Ada", "enter")
_KEYS = frozenset(
    {"enter", "escape", "up", "down", "left", "right", "home", "end", "ctrl+k", "backspace"}
)


@pytest.fixture
def transfer(home: Home) -> Workspace:
    return make_transfer(home)


def make_transfer(home: Home) -> Workspace:
    """Somebody's first transfer, its folder read; made on a day that does not change, since the
    reference of its ticket follows from that."""
    workspace = make_first_ledger(home, NAME)
    fill(workspace, [("CT", 120, 0, 0, 0), ("PT", 40, 0, 0, 0)])
    with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
        ledger.write("UPDATE transfer SET created_at_utc = '2026-03-01T08:00:00.000Z'")
    return workspace


@pytest.fixture
def desk(home: Home) -> Iterator[Sandbox]:
    """A helpdesk that the home knows, and whose token it has."""
    with in_thread(Options(auth="none")) as sandbox:
        config = f'[helpdesk]\nurl = "{sandbox.helpdesk_url}"\nca_file = "{sandbox.ca_file}"\n'
        (home.root / "config.toml").write_text(config)
        SecretStore(home.root).put("helpdesk.token", CUSTOMER.token)
        yield sandbox


def kept(workspace: Workspace) -> dict[str, str]:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        return kept_fields(ledger)


def step(workspace: Workspace) -> StepRecord:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        found = read_step(ledger, "ticket")
    assert found is not None
    return found


async def press(pilot: Pilot[Any], *entries: str) -> None:
    """Press keys; an entry that is no key's name is typed letter by letter."""
    for entry in entries:
        if entry in _KEYS or len(entry) == 1:
            await driving.press(pilot, entry)
        else:
            await pilot.press(*entry)
            await settle(pilot)


async def show(app: TransferApp, pilot: Pilot[int], case: str = "") -> None:
    app.push_screen(TicketScreen(NAME, case))
    await settle(pilot)


def fields(app: TransferApp) -> list[str]:
    """The rows of the form, single blanks between words."""
    return [" ".join(x.split()) for x in app.screen.query_one("#fields", Rows).words.splitlines()]


def preview(app: TransferApp) -> str:
    return app.screen.query_one("#preview", Painted).words


def about(app: TransferApp) -> str:
    return app.screen.query_one("#about", Painted).words


async def test_step_6_of_the_journey_opens_the_ticket(home: Home, transfer: Workspace) -> None:
    app = make_app(home, NAME)
    async with running(app) as pilot:
        await press(pilot, "home", "down", "down", "enter")
        assert front(app) == "TicketScreen"


@pytest.mark.parametrize("size", SIZES)
async def test_title_group_and_fallback_stand_on_top_to_the_letter(
    home: Home, transfer: Workspace, size: tuple[int, int]
) -> None:
    app = make_app(home)
    async with running(app, size) as pilot:
        await show(app, pilot)
        lines = about(app).splitlines()
        assert lines[0] == "Create a data ingestion imaging biobank"
        assert lines[1] == "Group Reference nodes, else Technical support team"
        assert "not sent" in lines[2]
        assert "https://help.cancerimage.eu" in lines[2]


async def test_what_is_needed_is_marked_and_said(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        assert fields(app)[0] == "○ Name of the biobank missing as people are to know it"
        assert fields(app)[1].startswith("○ EUCAIM username of who manages it missing")
        assert now(app).startswith("Name of the biobank is missing. What is the biobank called?")
        await press(pilot, "down")
        said = now(app).splitlines()[0]
        assert said == "EUCAIM username of who manages it is missing.", "in whole sentences"
        await press(pilot, "down")
        assert "2 fields need something yet" in now(app)
        assert "Copy" not in keys(app)


async def test_the_text_follows_what_is_filled_in(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED)
        assert fields(app)[:2] == [
            "✓ Name of the biobank Lung",
            "✓ EUCAIM username of who manages it ada-l",
        ]
        assert "Name of the biobank: Lung" in preview(app)
        assert "EUCAIM username of who manages it: ada-l" in preview(app)
        assert "ready to be brought to the helpdesk" in now(app)
        assert "Copy" in keys(app)
        assert "Send" not in keys(app)


async def test_a_username_of_another_form_is_refused_where_it_is_typed(
    home: Home, transfer: Workspace
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, "down", "enter", "Ada", "enter")
        assert front(app) == "Ask"
        assert "must have 3 to 24 characters" in " ".join(words(app).split())
        await press(pilot, "escape")
        assert front(app) == "TicketScreen"
        assert fields(app)[1].startswith("○")


async def test_counts_of_the_transfer_are_proposed_and_can_be_taken_out(
    home: Home, transfer: Workspace
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        assert fields(app)[-1].startswith("✓ Expected volume 2 patients, 2 studies")
        assert "Expected volume: 2 patients, 2 studies" in preview(app)
        await press(pilot, "end", "enter", "home", "ctrl+k", "enter")
        assert fields(app)[-1].startswith("· Expected volume")
        assert "Expected volume" not in preview(app)


async def test_what_is_filled_in_is_shown_though_a_look_was_under_way(
    home: Home, transfer: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That look began before; no later one of the clock comes to help."""
    monkeypatch.setattr("tui.screens.ticket._LOOK_TICKS", 1 << 40)
    app = make_app(home)
    began, go_on = threading.Event(), threading.Event()
    async with running(app) as pilot:
        await show(app, pilot)
        ticketing = app.source.ticketing
        look = ticketing.look

        def slow(*words: Any, **named: Any) -> Any:
            desk = look(*words, **named)
            began.set()
            assert go_on.wait(30)
            return desk

        monkeypatch.setattr(ticketing, "look", slow)
        screen = app.screen
        assert isinstance(screen, TicketScreen)
        screen.on_screen_resume()
        await happened(pilot, began.is_set)
        monkeypatch.setattr(ticketing, "look", look)
        await pilot.press("enter", *"Lung", "enter")
        await happened(pilot, lambda: kept(transfer) == {"name": "Lung"})
        go_on.set()
        await until(pilot, lambda: "✓ Name of the biobank Lung" in fields(app))


async def test_patient_data_are_found_while_one_writes(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED)
        await press(pilot, *["down"] * 4, "enter", "as in ORIGINAL-1", "enter")
        await until(pilot, lambda: any("✗" in row for row in fields(app)))
        row = next(row for row in fields(app) if "Description" in row)
        assert row.startswith("✗ Description")
        assert now(app).startswith("Description holds a patient ID of this transfer.")
        assert "ORIGINAL-1" not in now(app)
        assert "Copy" not in keys(app)


async def test_the_text_is_copied_and_not_yet_sent(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED, "c")
        assert app.clipboard.startswith(
            "Title: Create a data ingestion imaging biobank\n"
            "Group: Reference nodes (if it is not offered: Technical support team)\n\n"
        )
        assert "Name of the biobank: Lung\n" in app.clipboard
        assert "copied, not sent" in about(app)
    assert step(transfer).state is StepState.TODO


async def test_the_text_is_saved_for_its_owner_alone(
    home: Home, transfer: Workspace, tmp_path: Path
) -> None:
    app = make_app(home)
    file = tmp_path / "t.txt"
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED, "w")
        await press(pilot, "home", "ctrl+k", str(file), "enter")
        assert front(app) == "Note"
        assert str(file) in "".join(words(app).split())
        await press(pilot, "enter")
        assert "saved, not sent" in about(app)
    assert "Name of the biobank: Lung" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_the_number_of_a_ticket_sent_by_hand_is_recorded(
    home: Home, transfer: Workspace
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED, "n", "22001", "enter")
        await press(pilot, "home", "ctrl+k", "2026-03-12", "enter", *_ADA)
        assert "ticket 22001" in about(app)
        assert "no answer yet" in about(app)
        assert "… waiting" in crumbs(app)
    found = step(transfer)
    assert (found.state, found.person) == (StepState.WAITING, "Ada")
    assert (found.since_utc, found.evidence) == ("2026-03-12T00:00:00.000Z", "ticket 22001")


async def test_a_ticket_is_sent_answered_and_done(
    home: Home, transfer: Workspace, desk: Sandbox
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED)
        assert "The text is ready." in now(app)
        await press(pilot, "s", *_ADA)
        (held,) = desk.helpdesk.tickets()
        assert f"ticket {held['number']}" in about(app)
        assert "Send" not in keys(app)

        desk.helpdesk.answer(held["number"], "<p>Which [b]subprojects[/b]?\x1b[31m</p>")
        await press(pilot, "f")
        assert "The helpdesk has answered" in now(app)
        assert "Which [b]subprojects[/b]?" in preview(app)
        assert "\x1b" not in preview(app)
        assert "What was asked" in preview(app)

        desk.helpdesk.answer(held["number"], "It is there.", state="closed")
        await press(pilot, "f")
        assert "This step is done." in now(app)
        assert "✓ done" in crumbs(app)
    assert step(transfer).state is StepState.DONE


async def test_the_doctors_report_goes_along_where_a_person_wants_it(
    home: Home, transfer: Workspace, desk: Sandbox
) -> None:
    (transfer.folder / "doctor.json").write_text('{"checks": []}')
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot, "tool")
        await press(pilot, "enter", "The upload stops", "enter", "s")
        assert front(app) == "Pick"
        await press(pilot, "enter", *_ADA)
    (held,) = desk.helpdesk.tickets()
    assert held["title"] == "Trouble with eucaim-transfer"
    assert [one["filename"] for one in held["articles"][0]["attachments"]] == ["tool-1.json"]


async def test_a_helpdesk_that_refuses_is_told_and_the_text_stays(
    home: Home, transfer: Workspace, desk: Sandbox
) -> None:
    desk.helpdesk.takes_tokens = False
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, *_FILLED, "s", *_ADA)
        assert front(app) == "FailureScreen"
        assert "does not let this token do that" in " ".join(words(app).split())
        await press(pilot, "enter")
        assert front(app) == "TicketScreen"
        assert "The text is ready." in now(app)
    assert desk.helpdesk.tickets() == []


async def test_an_answer_by_mail_is_recorded_by_a_person(home: Home, transfer: Workspace) -> None:
    send(transfer, "2026-03-12T08:00:00.000Z")
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, "a", "LUNG-A", "enter", "right", "enter", *_ADA)
        assert "✓ done" in crumbs(app)
    with Ledger.open(transfer.ledger, read_only=True) as ledger:
        ticket = newest_ticket(ledger, "project")
    assert ticket is not None
    assert (ticket.answer, ticket.person) == ("LUNG-A", "Ada")


async def test_after_48_hours_without_an_answer_it_reminds(home: Home, transfer: Workspace) -> None:
    send(transfer, "2026-03-01T08:00:00.000Z")
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        assert "hours: reply in the ticket." in now(app)


async def test_where_no_ticket_is_needed_a_person_says_so(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, "x", "It is there", "enter", *_ADA)
        assert "✓ done" in crumbs(app)
    assert step(transfer).state is StepState.DONE
    assert step(transfer).person == "Ada"


async def test_another_ticket_is_chosen_by_what_it_is_for(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        await press(pilot, "k", "down", "down", "down", "enter")
        assert about(app).splitlines()[0] == "Trouble with eucaim-transfer"
        assert fields(app)[0].startswith("○ What happens missing")
        assert "Not needed" not in keys(app)


async def test_a_case_can_be_opened_from_elsewhere(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot, "site-id")
        assert "Group dashboard" in about(app)


async def test_escape_from_a_question_changes_nothing(home: Home, transfer: Workspace) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        for key in ("enter", "n", "x", "k"):
            await press(pilot, key, "escape")
            assert front(app) == "TicketScreen"
    with Ledger.open(transfer.ledger, read_only=True) as ledger:
        assert all_tickets(ledger) == []
        assert read_step(ledger, "ticket") is None


async def test_a_node_that_is_not_configured_any_more_is_said_on_the_page(home: Home) -> None:
    make_first_ledger(home, NAME, node="gone")
    app = make_app(home)
    async with running(app) as pilot:
        await show(app, pilot)
        assert "There is no node profile of that name." in words(app)
        assert "cannot be shown" in now(app)


# How it looks -------------------------------------------------------------------------------

_CASE = TicketCase("project", "ticket", "", "", "Reference nodes", "Technical support team", ())


def send(workspace: Workspace, at_utc: str, answer: str = "") -> None:
    """A ticket that went out by hand."""
    text = TicketText(
        "project",
        "Create a data ingestion imaging biobank",
        "Reference nodes",
        "Technical support team",
        "Please create this imaging biobank.\n\nName of the biobank: Lung screening\n",
        "ET-AAAAAAAAAA",
    )
    with Ledger.open(workspace.ledger) as ledger:
        keep_fields(ledger, {"name": "Lung screening", "username": "ada-l"})
        begin_sending(ledger, _CASE, text)
        record_sent(
            ledger,
            text.reference,
            number="22001",
            how="by-hand",
            person="Ada Lund",
            sent_at_utc=at_utc,
        )
        if answer:
            record_answer(ledger, text.reference, answer=answer, answered_at_utc=at_utc)


def _empty(workspace: Workspace) -> None:
    return


def _ready(workspace: Workspace) -> None:
    values = {
        "name": "Lung screening of three hospitals",
        "username": "ada-l",
        "code": "LUNG-ES",
        "subprojects": "Screening, Follow-up",
    }
    with Ledger.open(workspace.ledger) as ledger:
        keep_fields(ledger, values)


def _told(workspace: Workspace) -> None:
    _ready(workspace)
    with Ledger.open(workspace.ledger) as ledger:
        keep_fields(ledger, {"description": "as with ORIGINAL-1"})


def _waiting(workspace: Workspace) -> None:
    send(workspace, "2026-03-14T06:00:00.000Z")


def _answered(workspace: Workspace) -> None:
    answer = "Dear Ada,\n\nwhich subprojects do you need?\n\nThe technical support team"
    send(workspace, "2026-03-13T06:00:00.000Z", answer)


class SnapCompare(Protocol):
    """What the snapshot plugin hands over."""

    def __call__(self, app: TransferApp, **options: Any) -> bool: ...


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("prepare", "pressed"),
    [
        (_empty, ()),
        (_empty, ("enter",)),
        (_ready, ("down", "down")),
        (_told, ()),
        (_waiting, ()),
        (_answered, ()),
        (_empty, ("k",)),
    ],
    ids=["empty", "field", "ready", "patient-data", "waiting", "answered", "cases"],
)
def test_the_ticket_looks_as_it_did(
    prepare: Any,
    pressed: tuple[str, ...],
    size: tuple[int, int],
    home: Home,
    snap_compare: SnapCompare,
) -> None:
    prepare(make_transfer(home))
    app = make_app(home)

    async def go(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await show(app, pilot)
        await press(pilot, *pressed)

    assert snap_compare(app, terminal_size=size, run_before=go)
