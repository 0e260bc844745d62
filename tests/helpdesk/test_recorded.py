"""What is kept of tickets, and how step 6 moves with them (rule HLP-03)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpdesk.bench import text_of, transfer_with_patients
from transfer.ledger.connection import Ledger
from transfer.ledger.order import last_word
from transfer.ledger.steps import StepRecord, read_step
from transfer.ledger.tickets import (
    TicketState,
    all_tickets,
    begin_sending,
    keep_fields,
    kept_fields,
    newest_ticket,
    record_answer,
    record_handed_over,
    record_not_needed,
    record_sent,
    reference_of,
    take_back,
)
from transfer.tickets import DeskTicket, TicketCase
from transfer.values import StepState

CASE = TicketCase("project", "ticket", "the project", "T", "Reference nodes", "Support", ())
TOOL = TicketCase("tool", "tool", "trouble", "T", "Reference nodes", "Support", ())
SENT = DeskTicket(7, "22007", "https://desk/#7", "T", "Support", "new")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with transfer_with_patients(tmp_path) as opened:
        yield opened


def step(ledger: Ledger) -> StepRecord:
    found = read_step(ledger, "ticket")
    assert found is not None
    return found


def open_one(ledger: Ledger) -> str:
    reference = begin_sending(ledger, CASE, text_of()).reference
    record_sent(ledger, reference, number="22007", how="sent", desk=SENT, person="Ada Lund")
    return reference


def test_the_step_waits_from_the_day_the_ticket_was_sent(ledger: Ledger) -> None:
    begin_sending(ledger, CASE, text_of())
    record_sent(
        ledger,
        "ET-AAAAAAAAAA",
        number="22007",
        how="by-hand",
        person="Ada Lund",
        sent_at_utc="2026-03-12T08:00:00.000Z",
    )
    found = step(ledger)
    assert (found.state, found.since_utc) == (StepState.WAITING, "2026-03-12T08:00:00.000Z")
    assert (found.evidence, found.person) == ("ticket 22007", "Ada Lund")


def test_number_group_and_address_are_those_of_the_helpdesk(ledger: Ledger) -> None:
    open_one(ledger)
    ticket = newest_ticket(ledger, "project")
    assert ticket is not None
    assert (ticket.number, ticket.group, ticket.url) == ("22007", "Support", "https://desk/#7")
    assert ticket.body == text_of().body


def test_an_answer_makes_it_the_operators_turn(ledger: Ledger) -> None:
    record_answer(ledger, open_one(ledger), answer="Which subprojects?")
    found = step(ledger)
    assert found.state is StepState.TODO
    assert "read it" in found.detail
    assert found.evidence == "ticket 22007"


def test_a_reply_makes_it_wait_again_from_then_on(ledger: Ledger) -> None:
    reference = open_one(ledger)
    record_answer(ledger, reference, answer="Which subprojects?")
    record_answer(
        ledger,
        reference,
        answer="Which subprojects?",
        replied_at_utc="2026-03-14T08:00:00.000Z",
    )
    found = step(ledger)
    assert (found.state, found.since_utc) == (StepState.WAITING, "2026-03-14T08:00:00.000Z")


def test_a_closed_ticket_ends_the_step(ledger: Ledger) -> None:
    record_answer(ledger, open_one(ledger), answer="It is there.", is_settled=True)
    found = step(ledger)
    assert (found.state, found.evidence) == (StepState.DONE, "ticket 22007")


def test_the_same_answer_asked_for_again_changes_nothing(ledger: Ledger) -> None:
    reference = open_one(ledger)
    first = record_answer(
        ledger, reference, answer="There.", answered_at_utc="2026-03-12T08:00:00.000Z"
    )
    again = record_answer(
        ledger, reference, answer="There.", answered_at_utc="2026-03-13T08:00:00.000Z"
    )
    assert again.answered_at_utc == first.answered_at_utc == "2026-03-12T08:00:00.000Z"


def test_what_a_person_recorded_of_the_step_stands_until_there_is_news(ledger: Ledger) -> None:
    reference = open_one(ledger)
    record_answer(ledger, reference, answer="There.")
    from transfer.ledger.steps import set_step

    set_step(ledger, "ticket", StepState.DONE, "Done.", person="Ada Lund")
    record_answer(ledger, reference, answer="There.")
    assert step(ledger).state is StepState.DONE


def test_a_text_that_was_copied_is_not_sent_yet(ledger: Ledger) -> None:
    record_handed_over(ledger, CASE, text_of(), "copied")
    found = step(ledger)
    assert found.state is StepState.TODO
    assert "record the ticket's number" in found.detail


def test_copying_the_text_again_does_not_undo_that_it_was_sent(ledger: Ledger) -> None:
    open_one(ledger)
    ticket = record_handed_over(ledger, CASE, text_of(body="another text"), "copied")
    assert (ticket.state, ticket.body) == (TicketState.OPEN, text_of().body)
    assert step(ledger).state is StepState.WAITING


def test_a_ticket_whose_answer_got_lost_is_neither_sent_nor_forgotten(ledger: Ledger) -> None:
    begin_sending(ledger, CASE, text_of())
    (ticket,) = all_tickets(ledger)
    assert ticket.state is TicketState.SENDING
    assert read_step(ledger, "ticket") is None


def test_one_that_certainly_is_not_there_is_a_draft_again(ledger: Ledger) -> None:
    begin_sending(ledger, CASE, text_of())
    take_back(ledger, "ET-AAAAAAAAAA")
    (ticket,) = all_tickets(ledger)
    assert ticket.state is TicketState.DRAFT


def test_a_ticket_of_another_step_moves_no_step(ledger: Ledger) -> None:
    begin_sending(ledger, TOOL, text_of(case="tool"))
    record_sent(ledger, "ET-AAAAAAAAAA", number="22008", how="sent", desk=SENT)
    assert read_step(ledger, "ticket") is None
    assert read_step(ledger, "tool") is None


def test_that_no_ticket_is_needed_is_a_persons_word(ledger: Ledger) -> None:
    record_not_needed(ledger, "Ada Lund", "The project is there since 2024.")
    found = step(ledger)
    assert (found.state, found.person) == (StepState.DONE, "Ada Lund")
    assert "The project is there since 2024." in found.detail
    word = last_word(ledger, "ticket")
    assert word is not None
    assert (word.value, word.person) == ("not-needed", "Ada Lund")


def test_a_reference_stays_until_its_ticket_is_settled(ledger: Ledger) -> None:
    first = reference_of(ledger, "project")
    assert first == reference_of(ledger, "project")
    assert first != reference_of(ledger, "tool")
    begin_sending(ledger, CASE, text_of(first))
    assert reference_of(ledger, "project") == first
    record_sent(ledger, first, number="1", how="sent")
    record_answer(ledger, first, is_settled=True)
    assert reference_of(ledger, "project") != first


def test_what_was_filled_in_is_kept_and_what_was_taken_out_stays_out(ledger: Ledger) -> None:
    keep_fields(ledger, {"name": "Lung", "volume": "3 patients"})
    keep_fields(ledger, {"volume": ""})
    assert kept_fields(ledger) == {"name": "Lung", "volume": ""}
