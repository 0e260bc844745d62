"""How a ticket is drawn: where it stands, its fields, its text, and what now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from textual.content import Content

from transfer.journey.recorded import REPLY
from transfer.journey.standing import no_answer
from transfer.journey.waiting import hours_since, overdue_h
from transfer.ledger.telling import Told
from transfer.ledger.tickets import STEP, Ticket, TicketState
from transfer.tickets import TicketField
from transfer.values import StepState
from tui import figures
from tui.text import plain
from tui.ticketing import Desk
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, dotted_lines, ink, line
from tui.widgets.link import linked

_MARK, _LABEL, _ROOMY = 2, 35, 62
STANDING = {
    TicketState.DRAFT: "to do",
    TicketState.SENDING: "waiting",
    TicketState.OPEN: "waiting",
    TicketState.ANSWERED: "to do",
    TicketState.SETTLED: "done",
}


def standing_word(desk: Desk) -> str:
    """How far the case is, as the journey says it."""
    if desk.case.step == STEP and desk.step and desk.step.state is StepState.DONE:
        return "done"
    return STANDING[desk.ticket.state] if desk.ticket else "to do"


def draw_about(desk: Desk, now: datetime, width: int) -> list[Content]:
    """Title and group to the letter, then where the ticket stands."""
    other = f", else {desk.case.fallback_group}" if desk.case.fallback_group else ""
    found = [
        cell(ink(desk.case.title, "bold"), width),
        line(("Group ", "$muted"), desk.case.group, (other, "$muted")),
    ]
    found += dotted_lines(_standing(desk, now), width)
    if desk.case.note and not desk.is_out:
        found += wrapped(ink(desk.case.note.replace("NAME", desk.transfer), "$muted"), width)
    return [*found, Content("")]


def _standing(desk: Desk, now: datetime) -> list[str | Content]:
    ticket = desk.ticket
    address = ticket.url if ticket and ticket.url else desk.url
    where = linked(address, address)
    if desk.case.step == STEP and desk.step and desk.step.state is StepState.DONE:
        said = line(("✓ ", "$good"), plain(desk.step.detail))
        return [said] if ticket is None or not ticket.url else [said, where]
    if ticket is None or ticket.state is TicketState.DRAFT:
        taken = {"copied": "copied, not sent", "saved": "saved, not sent"}
        word = taken.get(ticket.how, "not sent") if ticket else "not sent"
        return [line(("○ ", "$muted"), word), where]
    if ticket.state is TicketState.SENDING:
        return [line(("… ", "$warn"), "sent, but the helpdesk's answer got lost")]
    sent = f"{_named(ticket)}, sent {_when(ticket.sent_at_utc, now)}"
    if ticket.state is TicketState.SETTLED:
        return [line(("✓ ", "$good"), _named(ticket), " is done"), where]
    word = "answered" if ticket.state is TicketState.ANSWERED else "no answer yet"
    return [line(("… ", "$warn"), sent), word, where]


def _named(ticket: Ticket) -> str:
    return f"ticket {plain(ticket.number, 24)}" if ticket.number else "ticket without a number"


def _when(utc: str, now: datetime) -> str:
    """What was recorded by its day alone is told in days."""
    day, _, clock = utc.partition("T")
    if not clock.startswith("00:00:00"):
        return _ago(utc, now)
    days = (now.date() - date.fromisoformat(day)).days
    return {0: "today", 1: "yesterday"}.get(days, f"{days:,} days ago")


def _ago(utc: str, now: datetime) -> str:
    hours = hours_since(utc, now)
    return f"{figures.span(hours * 3600)} ago" if hours else "just now"


def draw_field(
    field: TicketField, value: str, fault: str, told: str, is_proposed: bool, width: int
) -> list[Content]:
    """One field: what it is, what stands in it, and whether that may go."""
    label = _LABEL if width >= _ROOMY else width // 2
    room = width - _MARK - label
    mark, style = ("·", "$faint")
    shown: Content = cell(ink(field.hint or "may stay empty", "$muted"), room)
    if value:
        mark, style = ("✗", "$bad") if fault or told else ("✓", "$good")
        text, note = ink(plain(value)), " (proposed)"
        has_room = is_proposed and text.cell_length + len(note) <= room
        shown = line(text, (note if has_room else "", "$muted"))
    elif field.is_required:
        mark, style = ("○", "$warn")
        shown = line(("missing", "$warn"), (f"  {field.hint}" if field.hint else "", "$muted"))
    name = cell(cell(ink(field.label), label - 1), label)
    return [line(cell(mark, _MARK, style), name, cell(shown, room))]


def draw_text(desk: Desk, width: int) -> list[Content]:
    """The text as it would go; below a ticket that was answered, the answer."""
    ticket = desk.ticket
    found: list[Content] = []
    if ticket is not None and ticket.answer:
        when = figures.moment(ticket.answered_at_utc) if ticket.answered_at_utc else ""
        found.append(line(("The answer", "bold"), (f"  {when}", "$muted")))
        found += _paragraphs(ticket.answer, width)
        found += [Content(""), line(("What was asked", "bold"))]
    body = ticket.body if ticket is not None and desk.is_out else desk.text.body
    return found + _paragraphs(body, width)


def _paragraphs(text: str, width: int) -> list[Content]:
    return [
        piece for part in text.splitlines() for piece in wrapped(ink(plain(part) or " "), width)
    ]


def ticket_now(
    desk: Desk, told: Sequence[str], now: datetime, *, field: str, searches: bool
) -> Now:
    """What now; `field` is the one at the cursor."""
    ticket = desk.ticket
    is_step = desk.case.step == STEP
    if is_step and desk.step and desk.step.state is StepState.DONE:
        return Now("This step is done.", "[Esc] goes back.")
    if ticket is not None and ticket.state is TicketState.ANSWERED:
        press = "[a] records that it is there.   Else reply in the ticket, on the web page."
        return Now("The helpdesk has answered; the answer stands below.", press)
    if ticket is not None and ticket.state is TicketState.OPEN:
        asks = "[f] asks what became of it.   " if desk.has_token else ""
        press = f"{asks}[a] records the answer."
        late = no_answer(overdue_h(ticket.sent_at_utc, now), REPLY)
        if late:
            return Now(late, press, "bold $warn")
        return Now("The helpdesk answers within 48 hours, by mail and in the ticket.", press)
    if ticket is not None and ticket.state is TicketState.SENDING:
        press = "[s] sends it again: it is looked for first, and not opened twice."
        return Now("Whether the ticket is there is not known.", press, "bold $warn")
    if told:
        press = "[Enter] changes it. Use keys (P1, S2) or counts in its place."
        return Now(told[0], press, "bold $bad")
    if desk.faults:
        at_cursor = next((f.sentence for f in desk.faults if f.key == field), "")
        fields = figures.count(len(desk.faults), "field needs", "fields need")
        said = at_cursor or f"{fields} something yet: each is marked with ○ or ✗."
        return Now(said, "[Enter] fills in the field at the cursor.   [k] another ticket.")
    if searches:
        return Now("The text is being searched for patient data…", "[Esc] goes back.")
    if desk.has_token:
        return Now("The text is ready.", "[s] sends it.   [c] copies it.   [w] saves it.")
    press = "[c] copies it, [w] saves it; once it is sent, [n] records its number."
    return Now("The text is ready to be brought to the helpdesk.", press)


def told_sentences(told: Sequence[Told]) -> list[str]:
    """What the text tells of patients, without telling it again."""
    from adapters.helpdesk.compose import told_sentence

    return [told_sentence(one) for one in told]
