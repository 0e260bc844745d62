"""`check`: what stands in the way of a transfer, and a person's word on it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from transfer.errors import TransferError, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import group_findings, read_findings
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.originals import originals_of
from transfer.ledger.selection import apply_selection
from transfer.ledger.set_aside import set_aside
from transfer.prepare.method import IDENTIFIER_RULE
from transfer.quality.answers import Said, checked, read_answers, say_all, unknown_keys
from transfer.quality.cells import read_cells
from transfer.quality.dimensions import dimensions
from transfer.quality.engine_words import release_found
from transfer.quality.pixels import look_for_equal_pixels
from transfer.quality.rules import BY_ID
from transfer.runner.run import Until
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace, make_folder
from tui.cli.output import answering, print_json, say, tell
from tui.cli.runs import ended, run_telling
from tui.cli.told import findings_told

_FINDINGS = 10_000
_ROUNDS = 8
"""How often answers may lead to something new that they answer as well."""


def check_command(options: argparse.Namespace) -> int:
    """Find what stands in the way, before anything goes, and record words on it."""
    home = Home.find()
    workspace = home.workspace(options.name)
    words = _words(options)
    if options.waive == IDENTIFIER_RULE:
        _release(workspace, options)
    code = check_with(home, workspace, words)
    if options.pixels and code in (ExitCode.DONE, ExitCode.BLOCKED):
        _look_at_pixels(workspace)
        _carry_out(workspace, words)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        groups = [group for group in group_findings(ledger) if group.standing == "open"]
        if options.out is not None:
            _export(ledger, workspace, options)
        with answering():
            if options.json:
                print_json(_document(ledger, workspace.name, identifiers=options.identifiers))
            else:
                for line in findings_told(
                    ledger,
                    workspace.name,
                    is_blocked=code == ExitCode.BLOCKED,
                    identifiers=options.identifiers,
                ):
                    say(line)
        strange = unknown_keys(ledger, words)
    if code not in (ExitCode.DONE, ExitCode.BLOCKED):
        return ended(workspace, code)
    if strange:
        rule, key = strange[0]
        raise UsageError(
            f"{rule} found nothing at {key[:40]}.",
            f"See what it found with: eucaim-transfer check {workspace.name}",
        )
    stands = any(g.severity == "block" or _is_question(g.rule, g.severity) for g in groups)
    return ExitCode.BLOCKED if stands else ended(workspace, code)


def _is_question(rule: str, severity: str) -> bool:
    return severity == "ask" and rule in BY_ID


def check_with(home: Home, workspace: Workspace, words: Sequence[Said]) -> int:
    """Check, and carry out these words on what stands open before and after, until they change
    nothing any more; the exit code of the last run."""
    _carry_out(workspace, words)
    for _ in range(_ROUNDS):
        code = run_telling(home, workspace, Until.CHECK)
        if code not in (ExitCode.DONE, ExitCode.BLOCKED) or not _carry_out(workspace, words):
            break
    return code


def _carry_out(workspace: Workspace, words: Sequence[Said]) -> int:
    if not words:
        return 0
    with Ledger.open(workspace.ledger) as ledger, kept_from_runners(workspace.lock, ledger):
        changed = say_all(ledger, words)
        if changed:
            apply_selection(ledger)
    return changed


def _look_at_pixels(workspace: Workspace) -> None:
    tell("Comparing the pixel data of all images. This reads the whole source once.")
    with Ledger.open(workspace.ledger) as ledger, kept_from_runners(workspace.lock, ledger):
        n = look_for_equal_pixels(ledger, max(1, os.cpu_count() or 2))
    tell(f"{n:,} images hold the same picture as another one.")


def _words(options: argparse.Namespace) -> list[Said]:
    """What the command line says; what it says of the last look is carried out apart."""
    person, reason = ((word or "").strip() for word in (options.by, options.reason))
    keys = tuple(options.key) if options.key else None
    said: list[Said] = []
    if options.waive:
        word = checked(Said(options.waive, "", person, reason, keys))
        if options.waive != IDENTIFIER_RULE:
            said.append(word)
    for given in options.answer:
        rule, is_pair, choice = given.partition("=")
        if not is_pair or not choice:
            raise UsageError(
                "An answer names a rule and a choice.", "Give it as --answer RULE=CHOICE."
            )
        said.append(checked(Said(rule, choice, person, reason, keys)))
    if options.element and options.waive != IDENTIFIER_RULE:
        raise UsageError(f"--element belongs to {IDENTIFIER_RULE}.", "Leave it out here.")
    if not said and not options.waive and (person or reason or keys):
        raise UsageError(
            "A person's word needs a rule.", "Name it: --waive RULE or --answer RULE=CHOICE."
        )
    if options.answers is not None:
        said += read_answers(options.answers)
    return said


def _release(workspace: Workspace, options: argparse.Namespace) -> None:
    keys = tuple(options.key) if options.key else None
    with Ledger.open(workspace.ledger) as ledger:
        if not release_found(
            ledger, options.by.strip(), options.reason.strip(), keys=keys, element=options.element
        ):
            raise UsageError(
                "No original identifier was found there, so there is nothing to answer for.",
                "See what was found with: eucaim-transfer check NAME",
            )


def _document(ledger: Ledger, transfer: str, *, identifiers: bool) -> dict[str, Any]:
    """The `check --json` document: what stands open, and what was set aside."""
    counts = dict.fromkeys(("block", "ask", "warn", "info"), 0)
    for group in group_findings(ledger):
        if group.standing == "open":
            counts[group.severity] += group.findings
    return {
        "findings": [
            {
                **asdict(finding),
                "cells": [
                    {"column": cell.place + 1, "form": cell.form, "allowed": cell.allowed}
                    for cell in read_cells(finding.cells)
                ],
                "remedy": finding.remedy.replace("NAME", transfer),
                **({"originals": originals_of(ledger, finding.key)} if identifiers else {}),
            }
            for finding in read_findings(ledger, _FINDINGS)
        ],
        "counts": counts,
        "set_aside": [asdict(one) for one in set_aside(ledger)],
        "dimensions": [asdict(line) for line in dimensions(ledger)],
    }


def _export(ledger: Ledger, workspace: Workspace, options: argparse.Namespace) -> None:
    from transfer.quality.export import write_findings

    make_folder(options.out)
    try:
        write_findings(ledger, options.out, workspace.name, identifiers=options.identifiers)
    except OSError as error:
        raise TransferError(
            f"The findings could not be written: {error.strerror}.",
            "Name a folder that this account may write to, with space in it.",
        ) from error
