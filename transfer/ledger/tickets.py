"""Tickets of a transfer: what was written to the helpdesk, how it went there, what came back.

Those of step 6 also move that step: it waits from the day the ticket was sent, it is the
operator's turn again once the helpdesk has answered, and it is done when the ticket is closed or
a person says so (rule HLP-03).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transfer.clock import utc_now
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, read_order, record_word
from transfer.ledger.steps import read_step, set_step
from transfer.tickets import DeskTicket, TicketCase, TicketText
from transfer.values import StepState

STEP: Final = "ticket"
"""The step that waits for a ticket; tickets of other steps are recorded and wait for nobody."""
_COLUMNS: Final = (
    "step, case_key, reference, state, how, title, group_name, body, number, desk_id, desk_state,"
    " url, person, made_at_utc, sent_at_utc, answered_at_utc, answer"
)


class TicketState(StrEnum):
    """How far a ticket is. `SENDING`: it may be at the helpdesk, no answer told; it is looked for
    before it is sent again. `SETTLED`: nothing more is expected of it."""

    DRAFT = "draft"
    SENDING = "sending"
    OPEN = "open"
    ANSWERED = "answered"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket. `answer` is the helpdesk's text or a person's account of it: untrusted.

    `number` is what the helpdesk calls it, `desk_id` its key there, None where that is not known.
    """

    step: str
    case: str
    reference: str
    state: TicketState
    how: str
    title: str
    group: str
    body: str
    number: str = ""
    desk_id: int | None = None
    desk_state: str = ""
    url: str = ""
    person: str = ""
    made_at_utc: str = ""
    sent_at_utc: str = ""
    answered_at_utc: str = ""
    answer: str = ""

    @property
    def is_out(self) -> bool:
        """It is at the helpdesk, or may be."""
        return self.state is not TicketState.DRAFT


def reference_of(ledger: Ledger, case: str) -> str:
    """What the next ticket of a case is known by: the same until one is settled, in no other
    transfer, and nothing of the transfer can be read out of it."""
    order = read_order(ledger)
    settled = ledger.number(
        "SELECT count(*) FROM ticket WHERE case_key = ? AND state = ?", case, TicketState.SETTLED
    )
    said = f"{order.name}\0{order.created_at_utc}\0{order.node}\0{case}\0{settled}"
    digest = hashlib.sha256(said.encode("utf-8", "surrogateescape")).digest()
    return f"ET-{base64.b32encode(digest).decode()[:10]}"


def kept_fields(ledger: Ledger) -> dict[str, str]:
    """What was filled in so far."""
    return dict(ledger.rows("SELECT key, value FROM ticket_field ORDER BY key"))


def keep_fields(ledger: Ledger, values: Mapping[str, str]) -> None:
    """Keep what was filled in. An empty text is kept too: it was taken out on purpose."""
    with ledger.transaction():
        ledger.write_many(
            "INSERT INTO ticket_field VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET"
            " value = excluded.value",
            list(values.items()),
        )


def all_tickets(ledger: Ledger) -> list[Ticket]:
    """Every ticket of the transfer, oldest first."""
    rows = ledger.rows(f"SELECT {_COLUMNS} FROM ticket ORDER BY id")  # noqa: S608 - our own words
    return [_ticket(row) for row in rows]


def newest_ticket(ledger: Ledger, case: str) -> Ticket | None:
    """The newest ticket of a case."""
    row = ledger.row(
        f"SELECT {_COLUMNS} FROM ticket WHERE case_key = ? ORDER BY id DESC LIMIT 1",  # noqa: S608 - our own words
        case,
    )
    return _ticket(row) if row else None


def _ticket(row: tuple[object, ...]) -> Ticket:
    step, case, reference, state, *rest = row
    return Ticket(str(step), str(case), str(reference), TicketState(str(state)), *rest)  # type: ignore[arg-type]


def _by_reference(ledger: Ledger, reference: str) -> Ticket:
    row = ledger.row(f"SELECT {_COLUMNS} FROM ticket WHERE reference = ?", reference)  # noqa: S608 - our own words
    assert row is not None, "whoever asks has just written it"
    return _ticket(row)


def record_handed_over(ledger: Ledger, case: TicketCase, text: TicketText, how: str) -> Ticket:
    """Record that a person took the text (`copied`, `saved`) to bring it to the helpdesk. One
    that is out already stays as it is."""
    ticket = _write(ledger, case, text, TicketState.DRAFT, how)
    step = read_step(ledger, STEP)
    is_open = step is None or step.state is StepState.TODO
    if ticket.state is TicketState.DRAFT and case.step == STEP and is_open:
        told = "The text was copied" if how == "copied" else "The text was saved"
        detail = f"{told}; record the ticket's number once it is sent."
        set_step(ledger, STEP, StepState.TODO, detail)
    return ticket


def begin_sending(ledger: Ledger, case: TicketCase, text: TicketText) -> Ticket:
    """Record that a ticket is about to be sent, before the first byte of it is."""
    return _write(ledger, case, text, TicketState.SENDING, "sent")


def take_back(ledger: Ledger, reference: str) -> None:
    """Record that the helpdesk certainly has no such ticket."""
    with ledger.transaction():
        ledger.write(
            "UPDATE ticket SET state = ? WHERE reference = ? AND state = ?",
            TicketState.DRAFT,
            reference,
            TicketState.SENDING,
        )


def _write(
    ledger: Ledger, case: TicketCase, text: TicketText, state: TicketState, how: str
) -> Ticket:
    with ledger.transaction():
        # What may be at the helpdesk already is not made a draft again, nor given another text.
        ledger.write(
            "INSERT INTO ticket (step, case_key, reference, state, how, title, group_name, body,"
            " sha256, made_at_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (reference) DO UPDATE SET state = excluded.state, how = excluded.how,"
            " title = excluded.title, group_name = excluded.group_name, body = excluded.body,"
            " sha256 = excluded.sha256, made_at_utc = excluded.made_at_utc"
            " WHERE ticket.state = 'draft'",
            case.step,
            text.case,
            text.reference,
            state,
            how,
            text.title,
            text.group,
            text.body,
            hashlib.sha256(text.body.encode()).hexdigest(),
            utc_now(),
        )
    return _by_reference(ledger, text.reference)


def record_sent(
    ledger: Ledger,
    reference: str,
    *,
    number: str,
    how: str,
    desk: DeskTicket | None = None,
    person: str = "",
    sent_at_utc: str = "",
) -> Ticket:
    """Record that a ticket is at the helpdesk, under which number, since when."""
    before = _by_reference(ledger, reference)
    sent_at = sent_at_utc or before.sent_at_utc or utc_now()
    with ledger.transaction():
        ledger.write(
            "UPDATE ticket SET state = ?, how = ?, number = ?, desk_id = ?, desk_state = ?,"
            " url = ?, group_name = ?, person = ?, sent_at_utc = ? WHERE reference = ?",
            before.state if before.answered_at_utc else TicketState.OPEN,
            how,
            number,
            desk.id if desk else before.desk_id,
            desk.state if desk else before.desk_state,
            desk.url if desk else before.url,
            desk.group if desk and desk.group else before.group,
            person or before.person,
            sent_at,
            reference,
        )
        ledger.record_event("ticket", f"Ticket {number} is at the helpdesk.")
    after = _by_reference(ledger, reference)
    _move_step(ledger, after)
    return after


def record_answer(
    ledger: Ledger,
    reference: str,
    *,
    answer: str = "",
    is_settled: bool = False,
    desk_state: str = "",
    person: str = "",
    answered_at_utc: str = "",
    replied_at_utc: str = "",
) -> Ticket:
    """Record what the helpdesk answered. `is_settled`: the ticket is closed, or a person says that
    what it asked for is there. `replied_at_utc`: a person wrote after that answer, so that the
    helpdesk is waited for again."""
    before = _by_reference(ledger, reference)
    state = TicketState.SETTLED if is_settled else before.state
    if answer and not is_settled:
        state = TicketState.OPEN if replied_at_utc else TicketState.ANSWERED
    is_news = bool(answer) and answer != before.answer
    with ledger.transaction():
        ledger.write(
            "UPDATE ticket SET state = ?, desk_state = ?, answer = ?, answered_at_utc = ?,"
            " person = ? WHERE reference = ?",
            state,
            desk_state or before.desk_state,
            answer or before.answer,
            (answered_at_utc or utc_now()) if is_news else before.answered_at_utc,
            person or before.person,
            reference,
        )
        if is_news:
            ledger.record_event("ticket", f"Ticket {before.number} was answered.")
    after = _by_reference(ledger, reference)
    # What a person recorded of the step meanwhile stands until there is news.
    if is_news or after.state is not before.state:
        _move_step(ledger, after, replied_at_utc)
    return after


def record_not_needed(ledger: Ledger, person: str, reason: str) -> None:
    """Record a person's word that step 6 needs no ticket: the project is there already."""
    record_word(ledger, Word(STEP, "not-needed", person, reason))
    set_step(
        ledger,
        STEP,
        StepState.DONE,
        f"No ticket is needed: {reason}",
        person=person,
        evidence="a person's word",
    )


def _move_step(ledger: Ledger, ticket: Ticket, replied_at_utc: str = "") -> None:
    if ticket.step != STEP:
        return
    number = f"Ticket {ticket.number}" if ticket.number else "The ticket"
    since = ""
    if ticket.state is TicketState.OPEN:
        state, since = StepState.WAITING, replied_at_utc or ticket.sent_at_utc
        detail = f"{number} is with the helpdesk, group {ticket.group}."
    elif ticket.state is TicketState.ANSWERED:
        # Now it is the operator's turn: the answer may be a question.
        state = StepState.TODO
        detail = f"{number} is answered: read it, then record it as done or reply in the ticket."
    elif ticket.state is TicketState.SETTLED:
        state, detail = StepState.DONE, f"{number} is done."
    else:
        return
    set_step(
        ledger,
        STEP,
        state,
        detail,
        person=ticket.person,
        evidence=f"ticket {ticket.number}" if ticket.number else "",
        since_utc=since,
    )
