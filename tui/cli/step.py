"""`step`: what a person records of a step of the journey, and how it came to where it is."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from transfer.errors import UsageError
from transfer.journey.recording import Said, record_by_hand, since_when, step_named
from transfer.journey.standing import Standing
from transfer.ledger.connection import Ledger
from transfer.ledger.steps import StepRecord, read_history
from transfer.status import read_status
from transfer.values import ExitCode, StepState
from transfer.workspace import Home, Workspace
from tui import figures
from tui.cli.output import print_json, say
from tui.journeys import Journeys, facts_told


def step_command(options: argparse.Namespace) -> int:
    """Record how far a step is, or show it."""
    home = Home.find()
    workspace = home.workspace(options.name)
    standing = _standing(home, workspace, options.step)
    if options.state is None:
        if options.by or options.evidence or options.since:
            raise UsageError(
                "A record needs the state that it is about.",
                "Add --state waiting, --state done or --state todo.",
            )
    else:
        said = Said(
            StepState(options.state),
            options.by or "",
            options.evidence or "",
            since_when(options.since or "", datetime.now(UTC)),
        )
        with Ledger.open(workspace.ledger) as ledger:
            record_by_hand(home, ledger, standing, said)
        standing = _standing(home, workspace, options.step)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        history = read_history(ledger, standing.step.engine or standing.step.id)
    _print(workspace.name, standing, history, as_json=options.json)
    return ExitCode.DONE


def _standing(home: Home, workspace: Workspace, word: str) -> Standing:
    return step_named(Journeys(home).look(read_status(workspace)).state, word)


def _print(name: str, standing: Standing, history: list[StepRecord], *, as_json: bool) -> None:
    if as_json:
        kept = [
            {
                "state": record.state.value,
                "detail": record.detail,
                "person": record.person,
                "evidence": record.evidence,
                "at": record.changed_at_utc,
            }
            for record in history
        ]
        print_json({"transfer": name, **standing.document(), "history": kept})
        return
    step = standing.step
    say(f"Step {step.number}, {step.title}: {standing.word}")
    for text in (
        standing.detail,
        facts_told(standing, datetime.now(UTC)),
        f"REMINDER: {standing.reminder}" if standing.reminder else "",
        standing.comes_first,
        standing.next,
        standing.command,
    ):
        if text:
            say(f"  {text}")
    for record in history:
        by = f", {record.person}" if record.person else ""
        evidence = f" ({record.evidence})" if record.evidence else ""
        say(
            f"  {figures.moment(record.changed_at_utc)}  {record.state.value}{by}{evidence}:"
            f" {record.detail}".rstrip(": ")
        )
