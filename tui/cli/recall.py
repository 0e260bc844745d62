"""`recall`: what went out of one patient, where it lies, and the ticket that withdraws it."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from functools import partial
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.recall.listing import document, instance_document, may_name, write_list
from transfer.recall.sent import Sent
from transfer.recall.who import Alike, FoundBy, has_sealed
from transfer.recall.withdrawal import subject_key, went_told
from transfer.sentences import count
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.output import answering, harmless_json, say, tell
from tui.figures import moment
from tui.recalling import WithdrawalTicket, recall

_LONGEST: Final = 1024
_MOST_LINES: Final = 50


def recall_command(options: argparse.Namespace) -> int:
    """Look for the one who is named, tell all that went, and compose the ticket."""
    home = Home.find()
    workspace = home.workspace(options.name)
    name = options.patient if options.patient != "-" else _asked()
    if options.csv is not None and options.csv.expanduser().exists():
        raise UsageError(
            "The file for the list exists already; nothing was looked up.", "Name a new file."
        )
    with Ledger.open(workspace.ledger) as ledger:
        meant = FoundBy(options.meant) if options.meant else None
        names = partial(_open_names, options=options)
        found = recall(home, workspace, ledger, name, meant, names)
        sent, ticket = found.sent, found.ticket
        if found.lost:
            tell(f"The node's own labels cannot be told: {found.lost}")
        lines = 0
        if options.csv is not None:
            lines = write_list(ledger, sent, options.csv, identifiers=options.identifiers)
        with answering():
            if options.json:
                _print_json(ledger, sent, ticket, identifiers=options.identifiers)
            else:
                _print(sent, ticket, options)
        if options.csv is not None:
            tell(f"The list of {count(lines, 'line')} lies in {options.csv}.")
    return ExitCode.DONE


def _asked() -> str:
    """A name that does not stand on the command line."""
    if sys.stdin.isatty():
        return getpass.getpass("Patient ID or pseudonym (it is not shown): ")
    return sys.stdin.readline(_LONGEST + 1).rstrip("\r\n")


def _open_names(ledger: Ledger, options: argparse.Namespace) -> None:
    """With the cohort's key, where names are sealed; a passphrase is asked for at a terminal."""
    if not has_sealed(ledger):
        return
    from transfer.deid.keys.seal import Seal
    from transfer.ledger.identity import Names
    from tui.cli.desk import Desk as KeyDesk

    ledger.names = Names(Seal(KeyDesk.of(options.name).key(options.present_file).text))


def _print_json(
    ledger: Ledger, sent: Sent, ticket: WithdrawalTicket | None, *, identifiers: bool
) -> None:
    """One document; the instances, which may be many, are written as they are read."""
    head = document(ledger, sent, identifiers=identifiers)
    head["ticket"] = ticket.document() if ticket else None
    text = json.dumps(head, ensure_ascii=False, separators=(", ", ": "))
    print(f'{harmless_json(text.removesuffix("}"))}, "instances": [', end="")
    between = ""
    for one in instance_document(ledger, sent, identifiers=identifiers):
        line = json.dumps(one, ensure_ascii=False, separators=(", ", ": "))
        print(f"{between}{harmless_json(line)}", end="")
        between = ", "
    print("]}", flush=True)


def _print(sent: Sent, ticket: WithdrawalTicket | None, options: argparse.Namespace) -> None:
    names = may_name(sent, identifiers=options.identifiers)
    for line in _who_told(sent, names=names):
        say(line)
    if not sent.is_anything_out:
        say("Nothing of them went out: there is nothing to withdraw from the node.")
    else:
        say(f"  went         {went_told(sent)}")
        say(f"  to           {sent.order.node} {sent.order.destination}".rstrip())
        if sent.dataset is not None:
            of = sent.dataset
            pids = "".join(f", {name} {pid}" for name, pid in of.pids.items() if pid)
            say(f"  dataset      {of.name or of.id} ({of.id}), {of.stage}{pids}")
    for line in (*_studies_told(sent, names=names), *_rest_told(sent)):
        say(line)
    for line in _stays_told(sent):
        say(line)
    _print_ticket(ticket, options.name)


def _who_told(sent: Sent, *, names: bool) -> list[str]:
    who = sent.who
    meant = ", ".join(who.keys) or subject_key(sent)
    how = {
        FoundBy.PATIENT_ID: "found by the Patient ID",
        FoundBy.PSEUDONYM: "found by the pseudonym",
        FoundBy.TABLE_ID: "found by the Patient ID of the clinical table",
    }[who.found_by]
    if who.found_by is FoundBy.TABLE_ID and who.patients:
        how += ", which a person's word links with the images"
    lines = [f"{meant}, {how}."]
    if names and sent.subjects:
        lines.append(f"  subject      {', '.join(sent.subjects)}")
    elif sent.is_anything_out:
        lines.append("  subject      as in the files, which went as they are (--identifiers)")
    if len(who.patients) > 1:
        lines.append(
            f"  {count(len(who.patients), 'patient')} of the source went under that one name."
        )
    if sent.sharing:
        lines.append(
            f"  Under the same name went also {', '.join(sent.sharing)}, who is somebody else:"
            " have the Studies below removed, not the subject."
        )
    lines += [
        f"  {one.key} looks alike but for {_differs(one)}; it is not taken." for one in who.alike
    ]
    if who.alike_in_all > len(who.alike):
        lines.append(f"  {who.alike_in_all - len(who.alike):,} more look alike.")
    return lines


def _differs(one: Alike) -> str:
    return ", ".join(one.differs_in)


def _studies_told(sent: Sent, *, names: bool) -> list[str]:
    lines = []
    for study in sent.studies[:_MOST_LINES]:
        session = f" {study.called.session}" if names and study.called.session else ""
        fates = ", ".join(f"{study.fates[f]:,} {f}" for f in sorted(study.fates, reverse=True))
        lines.append(f"  S{study.row}{session}  {study.ref.study_uid}")
        when = f", sent {moment(study.first_sent_utc)}" if study.first_sent_utc else ""
        seen = f", seen there {moment(study.last_verified_utc)}" if study.last_verified_utc else ""
        lines.append(
            f"      {count(len(study.series), 'Series', 'Series')}, instances: {fates}{when}{seen}"
        )
    if len(sent.studies) > _MOST_LINES:
        lines.append(f"  and {len(sent.studies) - _MOST_LINES:,} more: --csv FILE lists everything")
    return lines


def _rest_told(sent: Sent) -> list[str]:
    lines = [f"  F{volume.volume.file}  NIfTI volume, {volume.state}" for volume in sent.volumes]
    lines += [
        f"  P{item.patient}  clinical data of the subject, {item.state}" for item in sent.items
    ]
    lines += [
        f"  {file.name}  holds the lines of all subjects, {file.state}" for file in sent.files
    ]
    if sent.row_count:
        keys = ", ".join(f"R{row.row}" for row in sent.rows[:10])
        more = f" ({keys}{' …' if len(sent.rows) > 10 else ''})" if keys else ""
        lines.append(f"  {count(sent.row_count, 'row')} of clinical tables{more}")
    return lines


def _stays_told(sent: Sent) -> list[str]:
    words = {
        "ready": "not sent",
        "failed": "failed",
        "excluded": "left out",
        "kept-back": "kept back",
        "not-sent": "not sent",
        "nothing-went": "of which nothing went",
    }
    return [
        f"  stayed here  {kind}: "
        + ", ".join(f"{n:,} {words.get(why, why)}" for why, n in counted.items())
        for kind, counted in sent.stays.items()
    ]


def _print_ticket(ticket: WithdrawalTicket | None, name: str) -> None:
    if ticket is None:
        return
    if ticket.desk is None or ticket.why_not:
        tell(f"The ticket cannot be composed: {ticket.why_not}")
        return
    from adapters.helpdesk.compose import as_plain_text

    say("")
    for line in as_plain_text(ticket.desk.text).splitlines():
        say(line)
    this = f"eucaim-transfer ticket {name} --case {ticket.case}"
    if ticket.desk.is_out:
        tell("That ticket is at the helpdesk; ask what became of it with:")
        tell(f"{this} --refresh")
    else:
        tell(f"Send it: {this} --send; or bring it there, then: {this} --number N --by PERSON")
