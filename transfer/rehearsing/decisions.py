"""What persons decided about a transfer, as one digest for each kind of decision.

Two ledgers with the same digest go the same way; a digest that differs says what was changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from transfer.ledger.connection import Ledger

_DECISIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "source folder": ("SELECT source FROM transfer",),
    "node and destination": ("SELECT node, destination FROM transfer",),
    "SITE ID": ("SELECT ifnull(site_id, '') FROM transfer",),
    "method of de-identification": (
        "SELECT ifnull(deid, '') FROM transfer",
        "SELECT role, sha256 FROM method_file ORDER BY role",
    ),
    "selection": (
        "SELECT id, action, subject, value FROM selection_rule ORDER BY id",
        "SELECT rule_id, text FROM selection_item ORDER BY rule_id, text",
    ),
    "answers and waivers": (
        "SELECT rule, key, standing, value FROM settled ORDER BY rule, key",
    ),
    "mends": (
        "SELECT id, kind, value, undone_word_id IS NULL FROM mend ORDER BY id",
        "SELECT series_id, mend_id FROM mend_series ORDER BY series_id, mend_id",
    ),
    "clinical table": (
        "SELECT ifnull(clinical, '') FROM transfer",
        "SELECT sheet, sha256 FROM clinical_file ORDER BY id",
    ),
    "mapping of the clinical table": (
        "SELECT heading, role, date_order, unit, is_left_out FROM mapped_column ORDER BY heading",
        "SELECT role, value, term FROM mapped_term ORDER BY role, value",
        "SELECT role FROM declared ORDER BY role",
        "SELECT patient FROM clinical_kept_back ORDER BY patient",
    ),
    "timepoints": (
        "SELECT study_id, episode, number, place FROM timepoint ORDER BY study_id",
    ),
}  # fmt: skip


def decisions(ledger: Ledger) -> dict[str, str]:
    """The SHA-256 of each kind of decision, by its name in words."""
    return {name: _digest(ledger, queries) for name, queries in _DECISIONS.items()}


def _digest(ledger: Ledger, queries: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for query in queries:
        found.update(b"\x02")
        for row in ledger.each(query):
            found.update(repr(row).encode("utf-8", "surrogateescape"))
    return found.hexdigest()
