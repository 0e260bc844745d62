"""A person's choice, carried out: instances, volumes, figures and findings follow at once."""

from __future__ import annotations

from collections.abc import Callable

from transfer.ledger.connection import Ledger
from transfer.ledger.selection import apply_selection
from transfer.quality.judging import rejudge
from transfer.volumes.fate import settle_fates


def select_anew(ledger: Ledger, told: Callable[[float], None] = lambda part: None) -> int:
    """Apply the rules in force and judge again; how many instances changed. Blocking. `told` hears
    which part is done, 0 to 1; the judging comes after it."""
    changed = apply_selection(ledger, told)
    settle_fates(ledger)
    told(1.0)
    rejudge(ledger)
    return changed
