"""Columns that stay here until a person says that they name nobody (TAB-05)."""

from __future__ import annotations

from collections.abc import Collection

from transfer.clinical.columns import Role, telling
from transfer.ledger.clinical import ClinicalColumn, ClinicalFile
from transfer.ledger.connection import Ledger
from transfer.quality.rules.telling import RULE

_HARMLESS = "harmless"


def staying_places(
    ledger: Ledger,
    file: ClinicalFile,
    columns: Collection[ClinicalColumn],
    found: Collection[tuple[int, int]],
) -> set[int]:
    """Places of a table's columns that may tell whose a row is, and that nobody answered for.

    `found` are those that the rule found when the table was judged. A heading that names a person
    counts without it, too: what was read since was perhaps not judged yet.
    """
    places = {place for of, place in found if of == file.row}
    answered = ledger.number(
        "SELECT EXISTS (SELECT 1 FROM settled WHERE rule = ? AND key = ? AND value = ?)",
        RULE,
        file.key,
        _HARMLESS,
    )
    if not answered:
        places |= {c.place for c in columns if c.role != Role.PATIENT and telling(c.heading)}
    return places
