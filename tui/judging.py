"""Judging again in the background, once a person has left the screen on which they chose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from transfer.errors import LedgerDamaged, RunnerHeld
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from tui.app import TransferApp


def judge_anew(home: Home, name: str) -> None:
    """Let the rules look at everything again. Blocking; nothing where a runner is at work, which
    does so itself before anything is sent."""
    from transfer.quality.judging import rejudge

    workspace = Workspace(home.transfers / name)
    try:
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            rejudge(ledger)
    except (RunnerHeld, LedgerDamaged):
        # A runner judges itself; a ledger that cannot be read is told by the screen that reads it.
        return


def judge_later(app: TransferApp, name: str) -> None:
    """Start that and return at once."""
    app.run_worker(app.in_thread(partial(judge_anew, app.home, name)), group=f"read-judge-{name}")
