"""A person's choice, carried out: instances, figures and findings follow at once."""

from __future__ import annotations

from transfer.ledger.connection import Ledger
from transfer.ledger.selection import apply_selection
from transfer.quality.judging import rejudge


def select_anew(ledger: Ledger) -> int:
    """Apply the rules in force and judge again; how many instances changed. Blocking."""
    changed = apply_selection(ledger)
    rejudge(ledger)
    return changed
