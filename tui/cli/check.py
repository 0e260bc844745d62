"""`check`: what stands in the way of a transfer, and a person's word on it."""

from __future__ import annotations

import argparse
import re
from collections import Counter
from dataclasses import asdict

from transfer.deid.rewrite import Cause
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, read_findings
from transfer.ledger.prepared import hits_by_patient
from transfer.ledger.waivers import ALL, release, waive
from transfer.prepare.findings import SKIP_RULE
from transfer.prepare.method import IDENTIFIER_RULE
from transfer.runner.gate import RULE as MARK_RULE
from transfer.runner.run import Until
from transfer.values import ExitCode
from transfer.workspace import Home
from tui.cli.output import answering, print_json, say
from tui.cli.runs import ended, run_telling

_FINDINGS = 10_000
_ELEMENT = re.compile(r"\(?([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)?")
_WAIVABLE = (MARK_RULE, IDENTIFIER_RULE, SKIP_RULE)


def check_command(options: argparse.Namespace) -> int:
    """Find what stands in the way, before anything goes; with `--waive`, record a word first."""
    home = Home.find()
    workspace = home.workspace(options.name)
    if options.waive:
        with Ledger.open(workspace.ledger) as ledger:
            _waive(ledger, options)
    elif options.by or options.reason or options.element or options.key:
        raise UsageError("A person's word needs a rule.", "Name the rule: --waive RULE.")
    code = run_telling(home, workspace, Until.CHECK)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        findings = read_findings(ledger, _FINDINGS)
    with answering():
        _print(workspace.name, findings, as_json=options.json)
    if code not in (ExitCode.DONE, ExitCode.BLOCKED):
        return ended(workspace, code)
    if code == ExitCode.BLOCKED or any(f.severity == "block" for f in findings):
        return ExitCode.BLOCKED
    return ExitCode.DONE


def _print(transfer: str, findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        counts = Counter(f.severity for f in findings)
        print_json(
            {
                "findings": [asdict(f) for f in findings],
                "counts": {s: counts[s] for s in ("block", "ask", "warn", "info")},
            }
        )
        return
    for f in findings:
        say(f"{f.severity:<5}  {f.rule}  {f.key}: {f.message}")
        say(f"       what to do: {f.remedy.replace('NAME', transfer)}")
    if not findings:
        say("Nothing stands in the way.")


def _waive(ledger: Ledger, options: argparse.Namespace) -> None:
    person, reason = ((word or "").strip() for word in (options.by, options.reason))
    if not (person and reason):
        raise UsageError(
            "A finding is waived by a named person, with a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    if options.waive not in _WAIVABLE:
        raise UsageError(
            "No person's word changes anything about that rule.",
            f"Rules that can be waived: {', '.join(_WAIVABLE)}.",
        )
    if options.waive != IDENTIFIER_RULE:
        if options.element or options.key:
            raise UsageError(
                f"--element and --key belong to {IDENTIFIER_RULE}.", "Leave them out here."
            )
        waive(ledger, options.waive, ALL, person, reason)
        return
    for patient, places in _released_by(ledger, options):
        for place in places:
            release(ledger, IDENTIFIER_RULE, patient, place, person, reason)


def _released_by(ledger: Ledger, options: argparse.Namespace) -> list[tuple[int, list[str]]]:
    """What the word is about: only what was found, and is known to whoever gives it."""
    found = hits_by_patient(ledger, Cause.IDENTIFIER)
    wanted = options.key and options.key.upper()
    hits = {row: places for row, places in found.items() if wanted in (None, f"P{row}")}
    if options.element:
        tag = _ELEMENT.fullmatch(options.element)
        if not tag:
            raise UsageError("That is no element.", "Give it as GGGG,EEEE: 0008,103E for one.")
        element = f"{tag[1].upper()},{tag[2].upper()}"
        hits = {
            row: [element]
            for row, places in hits.items()
            if any(place.endswith(f"({element})") for place in places)
        }
    if not hits:
        raise UsageError(
            "No original identifier was found there, so there is nothing to answer for.",
            f"See what was found with: eucaim-transfer check {options.name}",
        )
    return sorted(hits.items())
