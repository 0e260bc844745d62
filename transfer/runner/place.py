"""The runner's place: taken in a ledger that is whole, and what is kept when it is given up."""

from __future__ import annotations

from transfer.ledger.backup import keep_backup
from transfer.ledger.batches import doubt_planned
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import Holder, asks_first, doubt_is_over
from transfer.ledger.kept_words import is_behind, keep_words
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.regained import regain
from transfer.ledger.soundness import demand_sound
from transfer.runner.settings import Until
from transfer.runner.stop import Stop
from transfer.workspace import Workspace


def take_place(ledger: Ledger, workspace: Workspace, until: Until) -> Holder:
    """Take the runner's place in a ledger that is whole, with the words that it lacks.

    Raises:
        LedgerDamaged: it is not whole.
        RunnerHeld: another runner has the place.
    """
    demand_sound(ledger)
    holder = Holder.take(workspace.lock, ledger, until.value)
    try:
        if is_behind(ledger):
            regain(ledger)
        keep_words(ledger)
    except BaseException:
        holder.drop()
        raise
    return holder


def let_go(ledger: Ledger, holder: Holder, code: int, what: str, remedy: str) -> None:
    """Give the place up, and say how it ended."""
    write_progress(ledger, Progress())
    holder.release(ledger, code, what, remedy)


def doubt_if_older(ledger: Ledger) -> None:
    """What a ledger that was put back does not know of may have gone: the node tells."""
    if asks_first(ledger):
        doubt_planned(ledger)
        doubt_is_over(ledger)


def keep_state(ledger: Ledger, stop: Stop) -> None:
    """A step ended: what the ledger holds now is its last good state."""
    keep_backup(ledger, should_stop=stop)
