"""Whether a text is a patient's own: a Patient ID or a name that the ledger knows.

Asked before a value or a heading is kept in a mapping, which may be given to others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from transfer.clinical.columns import bare
from transfer.clinical.likeness import likeness
from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_SHORTEST: Final = 3
"""Fewer characters name nobody: a sex of `1` is no Patient ID `1`."""


def identifying(ledger: Ledger, texts: Collection[str]) -> frozenset[str]:
    """Those of the texts that are a Patient ID of the images or of a table, however it is spelt, or
    a patient's name, whole or one part of it."""
    asked = {text for text in texts if len(bare(text)) >= _SHORTEST}
    found = {text for text in asked if _is_patient_id(ledger, text)}
    by_name: dict[str, set[str]] = {}
    for text in asked - found:
        by_name.setdefault(_as_name(text), set()).add(text)
    if by_name:
        for name in _names(ledger):
            found |= by_name.get(_as_name(name), set())
            for part in name.replace("^", " ").replace(",", " ").split():
                found |= by_name.get(bare(part), set())
    return frozenset(found)


def _is_patient_id(ledger: Ledger, text: str) -> bool:
    like = likeness(text)
    return bool(
        ledger.number(
            "SELECT EXISTS (SELECT 1 FROM patient WHERE original_id = ?1)"
            " OR EXISTS (SELECT 1 FROM patient_likeness WHERE likeness = ?2 AND ?2 <> '')"
            " OR EXISTS (SELECT 1 FROM clinical_row WHERE patient = ?1)"
            " OR EXISTS (SELECT 1 FROM clinical_row WHERE likeness = ?2 AND ?2 <> '')"
            " OR EXISTS (SELECT 1 FROM study WHERE study_uid = ?1)",
            text.strip(),
            like,
        )
    )


def _as_name(text: str) -> str:
    """A name whose parts come in any order."""
    words = text.replace("^", " ").replace(",", " ").replace("=", " ").split()
    return "".join(sorted(filter(None, map(bare, words))))


def _names(ledger: Ledger) -> Iterator[str]:
    for table, column in (("patient", "original_name"), ("person", "name")):
        after = 0
        while page := ledger.rows(
            f"SELECT id, {column} FROM {table} WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608 - literals of ours
            after,
            _PAGE,
        ):
            yield from (name for _, name in page if name)
            after = page[-1][0]
