"""What headers say to the rules, kept once for all instances that say the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger

_WINDOW: Final = 2000
_FINGERPRINT: Final = "traits"


class TraitsGroup(NamedTuple):
    """Instances of one Series in one state that say the same, in the file and as they leave.

    `out_traits` is None where what leaves was not made yet, or is the file as it is.
    """

    series: int
    traits: int | None
    out_traits: int | None
    state: str
    n: int
    example: int


def traits_row(ledger: Ledger, document: str) -> int:
    """The row of a document, added where it is new; to be called inside a transaction."""
    found = ledger.row("SELECT id FROM traits WHERE document = ?", document)
    if found:
        return int(found[0])
    return ledger.write("INSERT INTO traits (document) VALUES (?)", document)


def traits_document(ledger: Ledger, row: int) -> str:
    """The document of a row; empty where there is none."""
    found = ledger.row("SELECT document FROM traits WHERE id = ?", row)
    return str(found[0]) if found else ""


def traits_groups(ledger: Ledger) -> Iterator[TraitsGroup]:
    """Everything that headers say, Series by Series; memory does not grow with the cohort."""
    last = ledger.number("SELECT max(id) FROM series")
    for low in range(0, last + 1, _WINDOW):
        for row in ledger.rows(
            "SELECT series_id, traits_id, out_traits_id, state, count(*), min(id) FROM instance"
            " WHERE series_id BETWEEN ? AND ?"
            " GROUP BY series_id, traits_id, out_traits_id, state",
            low,
            low + _WINDOW - 1,
        ):
            yield TraitsGroup(*row)


def traits_fingerprint(ledger: Ledger) -> str:
    """Of which attributes the kept traits are; empty in a ledger that has none."""
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _FINGERPRINT)
    return str(found[0]) if found else ""


def record_traits_fingerprint(ledger: Ledger, fingerprint: str) -> None:
    """Record of which attributes the traits are that are kept from now on."""
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _FINGERPRINT, fingerprint)
