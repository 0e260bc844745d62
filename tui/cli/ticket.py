"""`ticket`: what the helpdesk is asked for; composed, handed over or sent, and followed."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from transfer.errors import UsageError
from transfer.journey.recording import since_when
from transfer.ledger.tickets import Ticket, TicketState
from transfer.tickets import TicketCase
from transfer.values import ExitCode
from transfer.workspace import Home
from tui import figures
from tui.cli.output import answering, columns, print_json, say, tell
from tui.ticketing import Desk, Ticketing

_STATES = {
    TicketState.DRAFT: "written, not sent",
    TicketState.SENDING: "sent; the helpdesk's answer got lost",
    TicketState.OPEN: "waiting for an answer",
    TicketState.ANSWERED: "answered",
    TicketState.SETTLED: "done",
}


def ticket_command(options: argparse.Namespace) -> int:
    """Do what the options say, then show the ticket."""
    home = Home.find()
    name = home.workspace(options.name).name
    desk = Ticketing(home)
    if options.list_cases:
        _list_cases(desk.look(name, searches=False), options)
        return ExitCode.DONE
    case = desk.look(name, options.case or "", searches=False).case.key
    if options.set:
        desk.fill_in(name, case, dict(_pair(text) for text in options.set))
    acted = _act(desk, name, case, options)
    if acted and not options.json:
        return ExitCode.DONE
    shown = desk.look(name, case)
    if options.json:
        print_json(_document(shown))
    if not acted:
        desk.checked(shown)
        if not options.json:
            _print(shown)
    return ExitCode.DONE


def _act(desk: Ticketing, name: str, case: str, options: argparse.Namespace) -> bool:
    """Carry out what was asked for beyond showing; whether there was anything."""
    person = options.by or ""
    if options.attach and not options.send:
        raise UsageError("Attachments go with a ticket that is sent.", "Add --send.")
    if options.not_needed:
        desk.not_needed(name, person, options.reason or "")
        _told(options, "Recorded: no ticket is needed.")
    elif options.number:
        sent_at = since_when(options.sent_on or "", datetime.now(UTC))
        ticket = desk.record_number(name, case, options.number, person, sent_at)
        _told(options, *_lines(ticket))
    elif options.send:
        ticket = desk.send(name, case, options.attach, person)
        _told(options, *_lines(ticket))
    elif options.out:
        desk.save(name, case, options.out)
        _told(options, f"Saved: {options.out}")
        tell("Bring it to the helpdesk, then record its number with --number N --by PERSON.")
    elif not (options.answer or options.done or options.refresh):
        return False
    if options.answer or options.done:
        answer = options.answer or ""
        ticket = desk.record_answer(name, case, answer, person, is_settled=options.done)
        _told(options, *_lines(ticket))
    elif options.refresh:
        found = desk.refresh(name)
        for ticket in found:
            _told(options, *_lines(ticket))
        if not found:
            tell("The helpdesk knows no open ticket of this transfer under this account.")
    return True


def _told(options: argparse.Namespace, *lines: str) -> None:
    for line in lines:
        if not options.json:
            say(line)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise UsageError("That fills in no field.", 'Write it as --set name="Lung screening".')
    return key.strip(), value


def _lines(ticket: Ticket) -> list[str]:
    """A ticket as it stands, for people."""
    number = f"Ticket {ticket.number}" if ticket.number else "Ticket without a number"
    state = _STATES[ticket.state]
    if ticket.desk_state:
        state += f" (the helpdesk: {ticket.desk_state})"
    found = [f"{number}, {ticket.title}: {state}"]
    if ticket.sent_at_utc:
        found.append(f"  sent {figures.moment(ticket.sent_at_utc)} to {ticket.group}")
    if ticket.url:
        found.append(f"  {ticket.url}")
    if ticket.answer:
        found.append(f"  answered {figures.moment(ticket.answered_at_utc)}:")
        found += [f"    {line}" for line in ticket.answer.splitlines() if line.strip()]
    return found


def _print(desk: Desk) -> None:
    from adapters.helpdesk.compose import as_plain_text

    with answering():
        for line in as_plain_text(desk.text).splitlines():
            say(line)
    tell("")
    if desk.case.note:
        tell(desk.case.note.replace("NAME", desk.transfer))
    if desk.proposed:
        labels = [field.label for field in desk.case.fields if field.key in desk.proposed]
        tell(f"Filled in by this program, see that it is right: {', '.join(labels)}.")
    for ticket in (t for t in desk.tickets if t.case == desk.case.key and t.is_out):
        for line in _lines(ticket):
            tell(line)
    if desk.is_out:
        tell(f"Ask what became of it: eucaim-transfer ticket {desk.transfer} --refresh")
        return
    this = f"eucaim-transfer ticket {desk.transfer} --case {desk.case.key}"
    tell(f"Paste it into a new ticket at {desk.url}")
    if desk.without_account:
        tell(f"(without an account there: {desk.without_account}),")
    tell(f"then record its number: {this} --number N --by PERSON")
    how = "send it" if desk.has_token else "store a token (eucaim-transfer login helpdesk), then"
    tell(f"Or {how}: {this} --send")


def _list_cases(desk: Desk, options: argparse.Namespace) -> None:
    with answering():
        if options.json:
            cases = [
                {
                    "case": case.key,
                    "step": case.step,
                    "what": case.what,
                    "title": case.title,
                    "group": case.group,
                    "fallback_group": case.fallback_group,
                    "fields": [
                        {"field": one.key, "label": one.label, "required": one.is_required}
                        for one in case.fields
                    ],
                }
                for case in desk.cases
            ]
            print_json({"transfer": desk.transfer, "node": desk.node, "cases": cases})
            return
        for row in columns(_cells(desk.cases)):
            say(row.rstrip())


def _cells(cases: Sequence[TicketCase]) -> list[tuple[str, ...]]:
    heads = ("case", "for", "title", "group")
    return [heads, *((case.key, case.what, case.title, case.group) for case in cases)]


def _document(desk: Desk) -> dict[str, Any]:
    return {
        "transfer": desk.transfer,
        "node": desk.node,
        "case": desk.case.key,
        "title": desk.text.title,
        "group": desk.text.group,
        "fallback_group": desk.text.fallback_group,
        "body": desk.text.body if desk.is_ready else None,
        "reference": desk.text.reference,
        "fields": dict(desk.values),
        "proposed": sorted(desk.proposed),
        "faults": [{"field": fault.key, "message": fault.sentence} for fault in desk.faults],
        "patient_data": [{"field": one.where, "kind": str(one.kind)} for one in desk.told],
        "helpdesk": {"url": desk.url, "has_token": desk.has_token},
        "tickets": [_ticket_document(ticket) for ticket in desk.tickets],
        "state": desk.step.state.value if desk.step else "todo",
        "since": desk.step.since_utc if desk.step else None,
    }


def _ticket_document(ticket: Ticket) -> dict[str, Any]:
    kept = asdict(ticket)
    return {**kept, "state": ticket.state.value}
