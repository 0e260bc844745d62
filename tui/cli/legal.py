"""`legal`: the legal record of a transfer, shown, taken over, taken back and proved."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from transfer.errors import StepBlocked, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.legal.entries import TITLES, LegalEntry
from transfer.legal.gate import locked
from transfer.legal.proving import prove
from transfer.legal.record_file import Record, read_record
from transfer.legal.recording import fill_with_sandbox, take_record, withdraw_entry
from transfer.legal.standing import LegalStanding, read_legal
from transfer.legal.template import template
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.legal_told import made_up_told, standing_told
from tui.cli.output import answering, print_json, refuse, say, tell
from tui.figures import count
from tui.nodes import is_sandbox_node


def legal_command(options: argparse.Namespace) -> int:
    """Do what the options say, then show the record; exit code 3 for as long as it locks
    publishing."""
    if options.template:
        if options.json:
            raise UsageError("The form is TOML, not JSON.", "Leave --json out.")
        with answering():
            print(template(), end="", flush=True)
        return ExitCode.DONE
    if not options.name:
        raise UsageError("Which transfer is it about?", "Give its name: eucaim-transfer legal NAME")
    _refuse_idle(options)
    home = Home.find()
    workspace = home.workspace(options.name)
    if options.prove:
        return _prove(workspace, options.prove, as_json=options.json)
    is_sandbox_node = _is_sandbox_node(home, workspace)
    now = datetime.now(UTC)
    record = Record(())
    if options.record:
        record = read_record(options.record, now, options.by or "")
    changed: list[LegalEntry] = []
    if options.withdraw is not None or record.entries or options.sandbox:
        with Ledger.open(workspace.ledger) as ledger:
            if options.sandbox:
                changed = fill_with_sandbox(ledger, now, is_sandbox_node=is_sandbox_node)
            elif options.withdraw is None:
                changed = take_record(ledger, record, is_sandbox_node=is_sandbox_node)
            else:
                person, reason = options.by or "", options.reason or ""
                changed = [withdraw_entry(ledger, options.withdraw, person, reason)]
    return _show(workspace, is_sandbox_node, options, changed, record.left_out)


def _refuse_idle(options: argparse.Namespace) -> None:
    if options.by is not None and not (options.record or options.withdraw is not None):
        raise UsageError("Nothing is said that a person could vouch for.", "Leave --by out.")
    if options.reason is not None and options.withdraw is None:
        raise UsageError("A reason belongs to what is withdrawn.", "Add --withdraw WHAT.")


def _is_sandbox_node(home: Home, workspace: Workspace) -> bool:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        node = read_order(ledger).node
    return is_sandbox_node(home, node)


def _show(
    workspace: Workspace,
    is_sandbox_node: bool,
    options: argparse.Namespace,
    changed: list[LegalEntry],
    left_out: tuple[str, ...],
) -> int:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        standing = read_legal(ledger, is_sandbox_node=is_sandbox_node)
    is_action = bool(options.record or options.sandbox) or options.withdraw is not None
    with answering():
        if options.json:
            print_json(_document(workspace.name, standing, changed, left_out))
        else:
            if options.sandbox:
                for line in made_up_told(standing, changed):
                    say(line)
            elif is_action:
                say(_changed_told(changed))
            for line in standing_told(workspace.name, standing):
                say(line)
    refusal = _refusal(standing, left_out)
    return refuse(refusal, workspace.name) if refusal else ExitCode.DONE


def _refusal(standing: LegalStanding, left_out: tuple[str, ...]) -> StepBlocked | None:
    """Why the exit code is 3: every gap, and what a record said too little of to be kept."""
    if not left_out:
        return locked(standing.gaps) if standing.gaps else None
    told = f"Not recorded: {'; '.join(left_out)}."
    gaps = " ".join(gap.message for gap in standing.gaps)
    return StepBlocked(
        f"{gaps} {told}".strip(), "Fill in what is missing, then record the file again."
    )


def _changed_told(changed: list[LegalEntry]) -> str:
    if not changed:
        return "Nothing new was recorded."
    return f"{count(len(changed), 'entry', 'entries')} recorded; what was said before is kept."


def _document(
    name: str, standing: LegalStanding, changed: list[LegalEntry], left_out: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "transfer": name,
        **standing.document(),
        "changed": [str(entry.what) for entry in changed],
        "left_out": list(left_out),
    }


def _prove(workspace: Workspace, document: Path, *, as_json: bool) -> int:
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        proof = prove(ledger, document)
    current, earlier = (
        [str(entry.what) for entry in part] for part in (proof.current, proof.earlier)
    )
    if as_json:
        with answering():
            print_json(
                {
                    "transfer": workspace.name,
                    "sha256": proof.sha256,
                    "is_proved": bool(current),
                    "current": current,
                    "earlier": earlier,
                }
            )
    else:
        with answering():
            say(f"SHA-256 {proof.sha256}")
            for entry in proof.current:
                say(f"It is the document of: {TITLES[entry.what]}.")
            for entry in proof.earlier:
                at = entry.recorded_at_utc[:10]
                say(
                    f"It was the document recorded on {at}, which counts no more:"
                    f" {TITLES[entry.what]}."
                )
    if current:
        return ExitCode.DONE
    tell("eucaim-transfer: This is not a document that the legal record rests on now.")
    tell("  what to do: Find the document with the recorded digest, or record this one.")
    return ExitCode.BLOCKED
