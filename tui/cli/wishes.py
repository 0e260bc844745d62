"""`pause`, `resume`, `stop`, `limit`: rows that the runner reads."""

from __future__ import annotations

import argparse

from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, read_control, set_wish
from transfer.ledger.holder import is_held
from transfer.runner.settings import utc_clock
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.cli.output import say
from tui.limiting import Limits


def _wish(options: argparse.Namespace, wish: Wish, said: str) -> int:
    workspace: Workspace = Home.find().workspace(options.name)
    if not is_held(workspace.lock):
        raise UsageError(
            "No runner works on this transfer.",
            f"Start one with: eucaim-transfer upload {workspace.name}",
        )
    with Ledger.open(workspace.ledger) as ledger:
        set_wish(ledger, wish)
    say(said)
    return ExitCode.DONE


def pause_command(options: argparse.Namespace) -> int:
    """Take up no new request."""
    return _wish(options, Wish.PAUSE, "Pausing: requests under way are finished first.")


def resume_command(options: argparse.Namespace) -> int:
    """Go on after a pause."""
    return _wish(options, Wish.RUN, "Going on.")


def stop_command(options: argparse.Namespace) -> int:
    """End the runner in good order."""
    return _wish(options, Wish.STOP, "Stopping: requests under way are finished first.")


def limit_command(options: argparse.Namespace) -> int:
    """Limit the bandwidth of a running transfer, or of its next run."""
    home = Home.find()
    workspace = home.workspace(options.name)
    limits = Limits(home, utc_clock)
    limits.order(workspace, options.rate)
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        told = limits.standing(read_control(ledger)).told
    say(f"{told[0].upper()}{told[1:]}.")
    return ExitCode.DONE
