"""What waits for others: since when, and the reminder after 48 hours (rule HLP-03)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journey.standings import SENT, journey_at, put, step_at
from transfer.accounts import asked_for, ran_out
from transfer.values import StepState
from transfer.workspace import Home, Workspace

ALMOST = timedelta(hours=47, minutes=59)
DUE = timedelta(hours=48)


@pytest.fixture
def sent(first: Workspace) -> Workspace:
    """The ticket went out; nobody has answered."""
    put(first, "ticket", StepState.WAITING, "Sent.", person="Ada", evidence="4711", since_utc=SENT)
    return first


def test_nobody_is_reminded_before_48_hours_are_over(home: Home, sent: Workspace) -> None:
    ticket = step_at(home, sent, "ticket", ALMOST)
    assert ticket.state is StepState.WAITING
    assert ticket.since_utc == SENT
    assert (ticket.reminder, ticket.reminder_short) == ("", "")


def test_after_48_hours_the_ticket_is_to_be_answered_in(home: Home, sent: Workspace) -> None:
    ticket = step_at(home, sent, "ticket", DUE)
    assert ticket.reminder == "No answer for 48 hours: reply in the ticket."
    assert ticket.reminder_short == "no answer for 48 h"


def test_the_reminder_counts_whole_hours(home: Home, sent: Workspace) -> None:
    ticket = step_at(home, sent, "ticket", timedelta(days=9, hours=1, minutes=59))
    assert ticket.reminder == "No answer for 217 hours: reply in the ticket."


def test_an_answer_ends_the_reminder(home: Home, sent: Workspace) -> None:
    put(sent, "ticket", StepState.DONE, "Answered.", person="Ada", evidence="4711")
    assert step_at(home, sent, "ticket", timedelta(days=9)).reminder == ""


def test_a_reply_by_hand_begins_the_waiting_anew(home: Home, sent: Workspace) -> None:
    put(
        sent,
        "ticket",
        StepState.WAITING,
        "Replied.",
        person="Ada",
        evidence="4711",
        since_utc="2026-03-14T08:00:00.000Z",
    )
    assert step_at(home, sent, "ticket", timedelta(hours=95)).reminder == ""
    assert step_at(home, sent, "ticket", timedelta(hours=96)).reminder != ""


def test_an_account_that_was_asked_for_is_asked_for_again(home: Home, first: Workspace) -> None:
    asked_for(home, "upv", "Ada", "Asked for.", since_utc=SENT)
    assert step_at(home, first, "account", ALMOST).reminder == ""
    account = step_at(home, first, "account", DUE)
    assert account.state is StepState.WAITING
    assert account.reminder == ("No answer for 48 hours: ask the node's support, or open a ticket.")


def test_a_sign_in_that_ran_out_waits_for_nobody_else(home: Home, first: Workspace) -> None:
    """It is the operator's own move, so there is nobody to be reminded of."""
    ran_out(home, "upv", "The sign-in has run out.")
    account = step_at(home, first, "account", timedelta(days=900))
    assert account.state is StepState.WAITING
    assert not account.waits_for_others
    assert account.reminder == ""


def test_what_waits_does_not_hold_up_the_look_at_later_steps(home: Home, sent: Workspace) -> None:
    asked_for(home, "upv", "Ada", "Asked for.", since_utc=SENT)
    journey = journey_at(home, sent, DUE)
    assert journey.to_do is not None
    assert journey.to_do.step.id == "tool"
    assert [s.step.id for s in journey.reminders] == ["account", "ticket"]


def test_once_all_else_is_done_the_waiting_step_is_where_one_is(
    home: Home, sent: Workspace
) -> None:
    for step in ("login", "doctor", "upload", "clinical", "dataset"):
        put(sent, step, StepState.DONE)
    to_do = journey_at(home, sent).to_do
    assert to_do is not None
    assert to_do.step.id == "ticket"


def test_a_time_that_cannot_be_read_reminds_of_nothing(home: Home, first: Workspace) -> None:
    put(first, "ticket", StepState.WAITING, person="Ada", since_utc="some day")
    assert step_at(home, first, "ticket", timedelta(days=900)).reminder == ""
