"""Instances whose traits are those that earlier rules read, or that never had any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from transfer.ledger.connection import Ledger

# Of which attributes the traits are that are being read, and up to which instance they are.
_WANTED: Final = "traits being read"
_DONE: Final = "traits read up to"
_PAGE: Final = 500


class Renewed(NamedTuple):
    """What the file of an instance says now; what names another instance says nothing of it."""

    row: int
    sop_instance_uid: str
    traits_row: int | None
    person_row: int | None


def begin_renewal(ledger: Ledger, fingerprint: str) -> None:
    """Begin to renew all traits, or go on where an interrupted renewal of the same stopped."""
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _WANTED)
    if found == (fingerprint,):
        return
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _WANTED, fingerprint)
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '0')", _DONE)


def _done(ledger: Ledger) -> int:
    found = ledger.row("SELECT value FROM setting WHERE name = ?", _DONE)
    return int(found[0]) if found else 0


def count_outdated(ledger: Ledger) -> int:
    """How many instances are still to be looked at."""
    return ledger.number("SELECT count(*) FROM instance WHERE id > ?", _done(ledger))


def outdated_instances(ledger: Ledger) -> Iterator[tuple[int, bytes]]:
    """Row, and path of its file, of each instance still to be looked at whose file is the one that
    it was read from. What the others said is forgotten on the way: it cannot be asked again."""
    last = _done(ledger)
    while found := ledger.rows(
        "SELECT i.id, f.path, f.verdict = 'instance' AND f.size_bytes = i.file_bytes"
        " AND f.mtime_ns = i.file_mtime_ns FROM instance i JOIN source_file f ON f.id = i.file_id"
        " WHERE i.id > ? ORDER BY i.id LIMIT ?",
        last,
        _PAGE,
    ):
        lost: list[tuple[object, ...]] = [(row,) for row, _, is_there in found if not is_there]
        if lost:
            with ledger.transaction(durable=False):
                ledger.write_many(
                    "UPDATE instance SET traits_id = NULL, out_traits_id = NULL WHERE id = ?", lost
                )
        yield from ((row, path) for row, path, is_there in found if is_there)
        last = found[-1][0]


def write_renewed(ledger: Ledger, page: Sequence[Renewed]) -> None:
    """Record what instances say now, one at least, in the order of the rows; inside a transaction.

    What leaves was judged by earlier rules too: where it can be made again, it will be.
    """
    ledger.write_many(
        "UPDATE instance SET traits_id = iif(sop_instance_uid = ?2, ?3, NULL),"
        " person_id = iif(sop_instance_uid = ?2, ?4, NULL), out_traits_id = NULL WHERE id = ?1",
        [*page],
    )
    ledger.write_many(
        "UPDATE instance SET head_sha256 = NULL WHERE id = ? AND state = 'ready' AND NOT EXISTS"
        " (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
        [(one.row,) for one in page],
    )
    ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _DONE, str(page[-1].row))
