"""Every original identifier that the ledger holds of persons, with the key of the row behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from transfer.deid.look.tokens import tokens_of
from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_LEAST: Final = 5
_IDS: Final = frozenset(("patient ID", "other ID", "accession number", "order or visit number"))
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


def phrases(known: Known) -> Iterable[tuple[str, ...]]:
    """The words in a row by which an identifier cannot be taken for a count or a word of ours;
    none where it could."""
    tokens = tokens_of(known.text)
    letters = "".join(tokens)
    if known.kind in _IDS:
        has_digit = any(c.isdigit() for c in letters)
        if len(letters) >= _LEAST and (has_digit or len(tokens) > 1):
            return [tokens]
    elif known.kind == "name":
        named = tuple(token for token in tokens if len(token) > 1)
        if len(named) > 1:
            return [named[:2], named[1::-1], named, named[::-1]]
    elif known.kind in ("birth date", "phone number") and len(letters) >= _LEAST:
        return [tokens]
    return []


def stands_in(phrase: tuple[str, ...], tokens: tuple[str, ...]) -> bool:
    """Whether these words stand in a text, one behind the other."""
    n = len(phrase)
    return any(tokens[at : at + n] == phrase for at in range(len(tokens) - n + 1))
