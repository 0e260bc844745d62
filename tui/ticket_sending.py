"""Bringing a ticket to the helpdesk and asking after it, each step recorded as it is taken."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.helpdesk.zammad import Attachment, Helpdesk
from transfer.errors import NodeError
from transfer.ledger.connection import Ledger
from transfer.ledger.tickets import (
    Ticket,
    TicketState,
    begin_sending,
    record_answer,
    record_sent,
    take_back,
)
from transfer.tickets import DeskTicket, TicketCase, TicketText


async def bring(
    desk: Helpdesk,
    ledger: Ledger,
    case: TicketCase,
    text: TicketText,
    attachments: Sequence[Attachment],
) -> DeskTicket:
    """The ticket at the helpdesk: the one that is there under the text's reference, else a new
    one. The intention is recorded before the first byte goes.

    Raises:
        NodeError: it is not known to be there.
    """
    try:
        there = await desk.look_up(text)
        begin_sending(ledger, case, text)
        if there is not None:
            return there
        try:
            return await desk.open_ticket(text, attachments)
        except NodeError as lost:
            if not lost.reached_node:
                take_back(ledger, text.reference)
            raise
    finally:
        await desk.aclose()


async def follow(desk: Helpdesk, ledger: Ledger, due: Sequence[Ticket]) -> Sequence[Ticket]:
    """What became of tickets; those that the helpdesk knows, as they are now.

    Raises:
        NodeError: it cannot be asked.
    """
    found = []
    try:
        for ticket in due:
            key = await _find(desk, ticket)
            if key is not None:
                found.append(_record(ledger, ticket, await desk.follow(key)))
    finally:
        await desk.aclose()
    return found


async def _find(desk: Helpdesk, ticket: Ticket) -> int | None:
    if ticket.desk_id is not None:
        return ticket.desk_id
    text = TicketText(ticket.case, ticket.title, ticket.group, "", ticket.body, ticket.reference)
    there = await desk.look_up(text, ticket.number)
    return there.id if there else None


def _record(ledger: Ledger, ticket: Ticket, now: DeskTicket) -> Ticket:
    if ticket.desk_id is None:
        record_sent(
            ledger,
            ticket.reference,
            number=now.number,
            how="sent" if ticket.state is TicketState.SENDING else "by-hand",
            desk=now,
            sent_at_utc=ticket.sent_at_utc or now.created_at_utc,
        )
    last = now.answers[-1] if now.answers else None
    return record_answer(
        ledger,
        ticket.reference,
        answer=last.text if last else "",
        is_settled=now.is_closed,
        desk_state=now.state,
        answered_at_utc=last.at_utc if last else "",
        replied_at_utc=now.replied_at_utc,
    )
