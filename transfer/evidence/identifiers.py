"""Every original identifier that the ledger holds of persons, with the key of the row behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_SOURCES: Final = (
    ("patient", "'P' || id, 'patient ID', original_id"),
    ("patient", "'P' || id, 'name', original_name"),
    ("person", "'P' || patient_id, 'name', name"),
    ("person", "'P' || patient_id, 'birth date', birth_date"),
    ("clinical_row", "'R' || id, 'patient ID', patient"),
)


class Known(NamedTuple):
    """One identifier; `kind` in the words of the last look."""

    key: str
    kind: str
    text: str


def everybody(ledger: Ledger) -> Iterator[Known]:
    """All of them, page by page; the same text may come several times."""
    for table, columns in _SOURCES:
        after = 0
        while page := ledger.rows(
            f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - literals of ours
            after,
            _PAGE,
        ):
            yield from (Known(key, kind, str(text)) for _, key, kind, text in page if text)
            after = page[-1][0]
    last: tuple[int, str, str] = (0, "", "")
    while page := ledger.rows(
        "SELECT patient_id, kind, text FROM patient_fact WHERE (patient_id, kind, text) > (?, ?, ?)"
        " ORDER BY patient_id, kind, text LIMIT ?",
        *last,
        _PAGE,
    ):
        yield from (Known(f"P{patient}", kind, text) for patient, kind, text in page)
        last = page[-1]
