"""Subjects of a dataset and patients of a transfer: who is who, by the name that the node knows."""

from __future__ import annotations

from collections.abc import Set

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies


class Subjects:
    """Looks patients up by the ledger's indexes; holds nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._renames = de_identifies(read_order(ledger))
        self.can_tell = not self._renames or ledger.names.has_seal
        """Whether a name can be told from a stranger's: not without the cohort's key."""

    def row_of(self, name: str) -> int:
        """The row of the patient who is known by this name; 0 for a stranger."""
        if self._renames:
            from transfer.deid.keys.seal import PATIENT_ID

            sealed = self._ledger.names.seal.close(name, PATIENT_ID)
            return self._ledger.number(
                "SELECT id FROM patient WHERE pseudonym = ? ORDER BY id LIMIT 1", sealed
            )
        return self._ledger.number("SELECT id FROM patient WHERE original_id = ?", name)

    def is_twin_of(self, patient: int, seen: Set[int]) -> bool:
        """Whether this patient goes under the same name as one of those."""
        return any(
            row in seen
            for (row,) in self._ledger.rows(
                "SELECT o.id FROM patient p JOIN patient o ON o.pseudonym = p.pseudonym"
                " WHERE p.id = ? LIMIT 50",
                patient,
            )
        )

    def shown(self, patient: int) -> str:
        """By the pseudonym, or by row key where the files went as they are: then the name is the
        one of the source."""
        if not self._renames:
            return f"P{patient}"
        row = self._ledger.row("SELECT pseudonym FROM patient WHERE id = ?", patient)
        return self._ledger.names.pseudonym(row[0] if row else None) or f"P{patient}"
