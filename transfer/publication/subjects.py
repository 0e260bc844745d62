"""Subjects of an index and patients of a transfer: who is who, by the name they went under."""

from __future__ import annotations

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies


class Subjects:
    """Looks patients up by the ledger's indexes; holds nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._renames = de_identifies(read_order(ledger))

    def row_of(self, name: str) -> int:
        """The row of the patient who is known by this name; 0 for a stranger.

        Raises:
            UsageError: the cohort's key is not at hand.
        """
        if self._renames:
            from transfer.deid.keys.seal import PATIENT_ID

            sealed = self._ledger.names.seal.close(name, PATIENT_ID)
            return self._ledger.number(
                "SELECT id FROM patient WHERE pseudonym = ? ORDER BY id LIMIT 1", sealed
            )
        return self._ledger.number("SELECT id FROM patient WHERE original_id = ?", name)
