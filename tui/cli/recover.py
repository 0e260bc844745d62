"""`recover`: a damaged ledger looked at, put back from its copy, or made anew."""

from __future__ import annotations

import argparse
from typing import Any, Final

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Word, record_word
from transfer.ledger.regained import Regained, is_seen
from transfer.recovering.look import Look, look_at
from transfer.recovering.rebuild import Rebuilt, rebuild
from transfer.recovering.restore import restore
from transfer.sentences import listed
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say
from tui.figures import moment
from tui.recovering import aside_told, kept_told, refuse_sound, regained_told

_AGAIN: Final = {
    "words": "waivers of single patients or places",
    "answers": "answers to findings",
    "selection": "selection rules that name rows",
    "mends": "mends",
    "timepoints": "timepoints of studies",
}


def recover_command(options: argparse.Namespace) -> int:
    """Look at the ledger, or do what was asked about it."""
    home = Home.find()
    workspace = home.workspace(options.name)
    if options.go_on:
        return _go_on(workspace, options)
    if options.from_backup:
        return _restore(workspace, options)
    if options.rebuild:
        return _rebuild(workspace, options)
    look = look_at(workspace)
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, **look.document()})
        else:
            for line in _told(workspace, look):
                say(line)
    return ExitCode.DONE if look.is_sound else ExitCode.USAGE


def _told(workspace: Workspace, look: Look) -> list[str]:
    name = workspace.name
    kept = kept_told(look)
    if look.is_sound:
        lines = ["The ledger is whole: every page and index of it was looked at.", kept]
        if look.backup_at_utc:
            lines.append(f"Its copy is of {moment(look.backup_at_utc)}, and whole.")
        if look.waits_for_a_look:
            lines.append("It was put back; nothing goes until a person has looked at what is to go")
            lines.append(f"(select {name}) and said so: recover {name} --go-on --by PERSON")
        return lines
    lines = [
        f"The ledger is damaged. {look.flaw}",
        "What it means: the source is untouched, and what was sent stays on the node. Nothing is"
        " sent before the ledger is back.",
        kept,
    ]
    if look.backup_at_utc:
        return [
            *lines,
            f"Its copy of {moment(look.backup_at_utc)} is whole."
            " What happened since, the node tells.",
            f"  what to do: eucaim-transfer recover {name} --from-backup",
        ]
    return [
        *lines,
        "There is no copy of it that is whole.",
        f"  what to do: eucaim-transfer recover {name} --rebuild",
    ]


def _restore(workspace: Workspace, options: argparse.Namespace) -> int:
    refuse_sound(workspace)
    found = restore(workspace)
    lines = ["The ledger is back, from its copy.", *regained_told(found)]
    return _end(workspace, options, lines, _document(found))


def _rebuild(workspace: Workspace, options: argparse.Namespace) -> int:
    refuse_sound(workspace)
    made = rebuild(workspace)
    lines = ["The ledger was made anew.", *regained_told(made.regained), *_lost_told(made)]
    document = _document(made.regained) | {"again": dict(made.again), "lost": list(made.lost)}
    return _end(workspace, options, lines, document)


def _lost_told(made: Rebuilt) -> list[str]:
    lines = [
        "Not to be had again: the history of requests, findings and answers of the node. The source"
        " is scanned anew, and the node is asked what it has."
    ]
    again = [
        f"{_AGAIN[kind]} ({n if n is not None else 'how many cannot be told'})"
        for kind, n in made.again.items()
        if n != 0
    ]
    if again:
        lines.append(f"To be given again: {listed(again, 9)}.")
    if made.lost:
        lines.append(f"Could not be read: {', '.join(made.lost)}.")
    return lines


def _end(
    workspace: Workspace, options: argparse.Namespace, lines: list[str], document: dict[str, Any]
) -> int:
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, **document})
        else:
            for line in lines:
                say(line)
            say(aside_told())
            say(f"  what to do: eucaim-transfer upload {workspace.name} (the node is asked first)")
    return ExitCode.DONE


def _document(found: Regained) -> dict[str, Any]:
    return {
        "words": found.words,
        "legal": found.legal,
        "said_again": found.again,
        "waits_for_a_look": found.is_chosen,
    }


def _go_on(workspace: Workspace, options: argparse.Namespace) -> int:
    person, reason = (options.by or "").strip(), (options.reason or "").strip()
    if not person or not reason:
        raise UsageError(
            "That what is to go was looked at needs a person who answers for it, and a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    with Ledger.open(workspace.ledger) as ledger:
        record_word(ledger, Word("recover", "looked at", person, reason))
        is_seen(ledger)
    with answering():
        if options.json:
            print_json({"transfer": workspace.name, "waits_for_a_look": False})
        else:
            say(f"Recorded. Go on with: eucaim-transfer upload {workspace.name}")
    return ExitCode.DONE
