"""`select`: what goes and what does not, as rules in their order."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.scanned import is_scanned
from transfer.ledger.selection import (
    SelectionRule,
    add_rule,
    count_unmatched,
    remove_rule,
    selection_rules,
)
from transfer.ledger.selection_terms import LISTED
from transfer.selecting import select_anew
from transfer.status import Status, read_status
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import answering, print_json, say
from tui.figures import count

_LONGEST_LINE = 1024


def select_command(options: argparse.Namespace) -> int:
    """Change the rules in the order of the command line, apply them, and show what goes."""
    workspace = Home.find().workspace(options.name)
    missed: dict[int, int] = {}
    if options.steps or options.remove or options.clear:
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            missed = _change(ledger, options)
            select_anew(ledger)
    elif options.by or options.reason:
        raise UsageError("A person's word needs a choice.", "Say what goes: --exclude E1 for one.")
    _show(workspace, missed, as_json=options.json)
    return ExitCode.DONE


def _change(ledger: Ledger, options: argparse.Namespace) -> dict[int, int]:
    """All changes or none; how many entries of each new list are nobody's here."""
    if options.steps and not is_scanned(ledger):
        raise UsageError(
            "The source has not been scanned to its end, so that nothing can be chosen yet.",
            "Scan it first: eucaim-transfer scan NAME",
        )
    known = {rule.id for rule in selection_rules(ledger)}
    for wanted in options.remove:
        if wanted not in known:
            raise UsageError(
                f"There is no selection rule {wanted}.",
                "See those in force with: eucaim-transfer select NAME",
            )
    added: list[int] = []
    try:
        for action, subject, value in options.steps:
            added.append(_add(ledger, options, action, subject, value))
    except BaseException:
        for rule in added:
            remove_rule(ledger, rule)
        raise
    for rule in known if options.clear else options.remove:
        remove_rule(ledger, rule)
    return {rule: count_unmatched(ledger, rule) for rule in added}


def _add(ledger: Ledger, options: argparse.Namespace, action: str, subject: str, value: str) -> int:
    said = {"person": (options.by or "").strip(), "reason": (options.reason or "").strip()}
    if subject not in LISTED:
        return add_rule(ledger, action, subject, value, **said)  # type: ignore[arg-type]
    with _opened(Path(value)) as file:
        # The name of a list may tell who is in it.
        return add_rule(
            ledger,
            action,  # type: ignore[arg-type]
            subject,  # type: ignore[arg-type]
            "a list",
            items=_lines(file),
            **said,
        )


@contextmanager
def _opened(path: Path) -> Iterator[IO[str]]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            yield file
    except (OSError, ValueError) as error:
        raise UsageError(
            "A list cannot be read.", "Give a text file in UTF-8 with one entry a line."
        ) from error


def _lines(file: IO[str]) -> Iterator[str]:
    while line := file.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            raise ValueError
        yield line


def _show(workspace: Workspace, missed: dict[int, int], *, as_json: bool) -> None:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        rules = selection_rules(ledger)
        status = read_status(workspace, ledger)
    n, goes = status.census.instances, status.goes
    with answering():
        if as_json:
            print_json(
                {
                    "rules": [{**asdict(rule), "unmatched": missed.get(rule.id)} for rule in rules],
                    "patients": goes.patients,
                    "studies": goes.studies,
                    "series": goes.series,
                    "instances": asdict(n),
                }
            )
            return
        for rule in rules:
            say(_told(rule))
            if missed.get(rule.id):
                say(f"       {missed[rule.id]:,} of its entries match nothing in this transfer.")
        if not rules:
            say("No selection: everything that was found goes.")
        say(_figures(status))


def _told(rule: SelectionRule) -> str:
    size = f", {count(rule.items, 'entry', 'entries')}" if rule.subject in LISTED else ""
    size = size or (f", {count(rule.items, 'key')}" if rule.subject == "finding" else "")
    who = f" by {rule.person}" if rule.person else ""
    why = f": {rule.reason}" if rule.reason else ""
    return f"{rule.id:>5}  {rule.action} {rule.subject} {rule.value}{size}{who}{why}"


def _figures(status: Status) -> str:
    n, goes = status.census.instances, status.goes
    return (
        f"Goes: {count(goes.patients, 'patient')}, {count(goes.studies, 'study', 'studies')},"
        f" {goes.series:,} series, {count(n.ready, 'instance')};"
        f" {count(n.excluded, 'instance')} left out."
    )
