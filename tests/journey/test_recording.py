"""What a person records by hand, what the program does not take from anybody, and the history."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.journey.standings import SENT, put, step_at
from tests.tui.ledgers import make_done
from transfer.accounts import read_account
from transfer.errors import StepBlocked, UsageError
from transfer.journey.recording import Said, record_by_hand, since_when, states_by_hand
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import last_place, read_history, remember_place
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.journeys import Journeys

NOW = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


def _record(home: Home, workspace: Workspace, step: str, said: Said) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        record_by_hand(home, ledger, step_at(home, workspace, step), said)


def test_a_sent_ticket_is_recorded_with_number_person_and_day(home: Home, first: Workspace) -> None:
    _record(home, first, "ticket", Said(StepState.WAITING, "Ada", "HLP 4711", SENT))
    ticket = step_at(home, first, "ticket")
    assert ticket.state is StepState.WAITING
    assert (ticket.person, ticket.evidence, ticket.since_utc) == ("Ada", "HLP 4711", SENT)


def test_an_account_that_was_asked_for_stands_in_the_home(home: Home, first: Workspace) -> None:
    _record(home, first, "account", Said(StepState.WAITING, "Ada", "a mail", SENT))
    account = read_account(home, "upv")
    assert (account.state, account.person, account.since_utc) == (StepState.WAITING, "Ada", SENT)


@pytest.mark.parametrize("step", ["images", "deidentify"])
def test_what_the_program_settles_itself_is_not_taken_from_anybody(
    home: Home, first: Workspace, step: str
) -> None:
    with pytest.raises(UsageError, match="settled by this program itself"):
        _record(home, first, step, Said(StepState.DONE, "Ada"))
    assert states_by_hand(step_at(home, first, step)) == ()


def test_that_the_account_works_is_seen_by_signing_in(home: Home, first: Workspace) -> None:
    with pytest.raises(UsageError, match="seen by signing in"):
        _record(home, first, "account", Said(StepState.DONE, "Ada"))


def test_clinical_data_cannot_be_recorded_before_the_images_are_verified(
    home: Home, first: Workspace
) -> None:
    with pytest.raises(StepBlocked, match="after the images are verified"):
        _record(home, first, "clinical", Said(StepState.DONE, "Ada"))


def test_what_was_done_elsewhere_is_recorded_once_its_turn_has_come(home: Home) -> None:
    workspace = make_done(home)
    _record(home, workspace, "clinical", Said(StepState.DONE, "Ada", "images alone"))
    clinical = step_at(home, workspace, "clinical")
    assert (clinical.state, clinical.detail) == (StepState.DONE, "Done, says Ada.")


def test_a_record_without_a_person_is_refused(home: Home, first: Workspace) -> None:
    with pytest.raises(UsageError, match="needs the person"):
        _record(home, first, "ticket", Said(StepState.WAITING, "  "))


def test_a_name_or_evidence_without_end_is_refused(home: Home, first: Workspace) -> None:
    with pytest.raises(UsageError, match="too long"):
        _record(home, first, "ticket", Said(StepState.WAITING, "A" * 81))
    with pytest.raises(UsageError, match="too long"):
        _record(home, first, "ticket", Said(StepState.WAITING, "Ada", "1" * 201))


def test_a_day_is_that_day_in_utc() -> None:
    assert since_when("2026-03-12", NOW) == "2026-03-12T00:00:00.000Z"
    assert since_when("2026-03-12T09:30", NOW) == "2026-03-12T09:30:00.000Z"
    assert since_when("2026-03-12T09:30+01:00", NOW) == "2026-03-12T08:30:00.000Z"
    assert since_when(" ", NOW) == ""


def test_a_day_that_began_earlier_in_the_east_is_no_later_than_now() -> None:
    late = datetime(2026, 3, 14, 22, 0, tzinfo=UTC)
    assert since_when("2026-03-15", late) == "2026-03-14T22:00:00.000Z"


@pytest.mark.parametrize("text", ["2026-03-15T00:00", "tomorrow", "12.3.2026", "2027-01-01"])
def test_no_day_in_the_past_is_refused(text: str) -> None:
    early = datetime(2026, 3, 14, 8, 0, tzinfo=UTC)
    with pytest.raises(UsageError, match="no day in the past"):
        since_when(text, early)


def test_the_history_keeps_how_a_step_came_to_where_it_is(home: Home, first: Workspace) -> None:
    _record(home, first, "ticket", Said(StepState.WAITING, "Ada", "4711", SENT))
    _record(home, first, "ticket", Said(StepState.DONE, "Grace", "4711"))
    with Ledger.open(first.ledger, read_only=True) as ledger:
        history = read_history(ledger, "ticket")
    assert [(r.state.value, r.person, r.evidence) for r in history] == [
        ("waiting", "Ada", "4711"),
        ("done", "Grace", "4711"),
    ]


def test_saying_the_same_again_adds_nothing_to_the_history(home: Home, first: Workspace) -> None:
    for _ in range(2):
        put(first, "ticket", StepState.WAITING, "Sent.", person="Ada", since_utc=SENT)
    with Ledger.open(first.ledger, read_only=True) as ledger:
        assert len(read_history(ledger, "ticket")) == 1


def test_the_time_a_state_began_is_kept_for_as_long_as_it_holds(first: Workspace) -> None:
    put(first, "ticket", StepState.WAITING, "Sent.", since_utc=SENT)
    put(first, "ticket", StepState.WAITING, "Still with the helpdesk.")
    with Ledger.open(first.ledger, read_only=True) as ledger:
        rows = ledger.rows("SELECT since_utc, detail FROM step WHERE id = 'ticket'")
    assert rows == [(SENT, "Still with the helpdesk.")]


def test_the_last_place_is_kept(first: Workspace) -> None:
    with Ledger.open(first.ledger) as ledger:
        assert last_place(ledger) == ""
        remember_place(ledger, "ticket")
        remember_place(ledger, "tool")
    with Ledger.open(first.ledger, read_only=True) as ledger:
        assert last_place(ledger) == "tool"


def test_a_ledger_that_refuses_just_forgets_the_place(home: Home, first: Workspace) -> None:
    first.ledger.write_bytes(b"no ledger" * 99)
    Journeys(home).remember(first.name, "ticket")
    assert first.ledger.read_bytes() == b"no ledger" * 99


@pytest.mark.parametrize("person", ["this program", "Eucaim-Transfer"])
def test_nobody_records_in_the_programs_own_name(home: Home, first: Workspace, person: str) -> None:
    """Whoever reads the history has to see that a person vouched."""
    with pytest.raises(UsageError, match="a person's word"):
        _record(home, first, "tool", Said(StepState.DONE, person, "12 checks"))


@pytest.mark.parametrize("text", ["Ada\x1b]0;x\x07", "Ada\nDone by the program", "Ada\u202e"])
def test_a_record_stands_on_one_line_that_can_be_seen(
    home: Home, first: Workspace, text: str
) -> None:
    with pytest.raises(UsageError, match="a control character"):
        _record(home, first, "tool", Said(StepState.DONE, text))
    with pytest.raises(UsageError, match="a control character"):
        _record(home, first, "tool", Said(StepState.DONE, "Ada", text))
