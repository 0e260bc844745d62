"""A page of what was read, written with one statement for each table.

Row by row every statement that fires a trigger has SQLite keep a way back for that statement alone,
which costs more than all the rest. The rows wait in temporary tables, in memory: what SQLite spills
to disk would lie outside the transfer's folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from transfer.ledger.connection import Ledger


class Judged(NamedTuple):
    """What a file turned out to be, as it stands in source_file."""

    row: int
    verdict: str
    kind: str
    reasons: str
    twin_of: int | None = None


class Arrived(NamedTuple):
    """An instance that is new to the ledger. `added_bytes`: what goes is that much longer than the
    file, or shorter."""

    file_row: int
    series_row: int
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    body_offset: int
    has_part10: bool
    is_deidentified: bool
    added_bytes: int
    traits_row: int
    person_row: int


@contextmanager
def waiting_tables(ledger: Ledger) -> Iterator[None]:
    """The tables that pages wait in, for the time of a scan; outside a transaction."""
    ledger.write("PRAGMA temp_store = MEMORY")
    ledger.write("CREATE TEMP TABLE walked (path, size_bytes, mtime_ns)")
    ledger.write(f"CREATE TEMP TABLE judged ({', '.join(Judged._fields)})")
    ledger.write(f"CREATE TEMP TABLE arrived ({', '.join(Arrived._fields)})")
    try:
        yield
    finally:
        # Temporary tables go when the way of storing them changes.
        ledger.write("PRAGMA temp_store = DEFAULT")


def write_walked(ledger: Ledger, files: Iterable[tuple[bytes, int, int]]) -> None:
    """Record files that are to be read, by path, size and time; inside a transaction."""
    ledger.write_many("INSERT INTO walked VALUES (?, ?, ?)", [*files])
    ledger.write(
        "INSERT INTO source_file (path, size_bytes, mtime_ns, generation)"
        " SELECT path, size_bytes, mtime_ns, 1 FROM walked WHERE true"
        " ON CONFLICT (path) DO UPDATE SET verdict = NULL, size_bytes = excluded.size_bytes,"
        " mtime_ns = excluded.mtime_ns"
    )
    ledger.write("DELETE FROM walked")


def write_judged(ledger: Ledger, page: list[Judged]) -> None:
    """Record what files turned out to be; inside a transaction."""
    ledger.write_many("INSERT INTO judged VALUES (?, ?, ?, ?, ?)", [*page])
    ledger.write(
        "INSERT INTO source_file"
        " (id, path, size_bytes, mtime_ns, generation, verdict, kind, reasons, twin_of)"
        " SELECT f.id, f.path, f.size_bytes, f.mtime_ns, f.generation, j.verdict, j.kind,"
        " j.reasons, j.twin_of FROM judged j CROSS JOIN source_file f ON f.id = j.row WHERE true"
        " ON CONFLICT (id) DO UPDATE SET verdict = excluded.verdict, kind = excluded.kind,"
        " reasons = excluded.reasons, twin_of = excluded.twin_of"
    )
    ledger.write("DELETE FROM judged")


def write_arrived(ledger: Ledger, page: list[Arrived]) -> None:
    """Add instances, ready to go; inside a transaction."""
    ledger.write_many(
        f"INSERT INTO arrived VALUES ({', '.join('?' * len(Arrived._fields))})",  # noqa: S608 - placeholders
        [*page],
    )
    ledger.write(
        "INSERT INTO instance (file_id, series_id, sop_instance_uid, sop_class_uid,"
        " transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state,"
        " file_bytes, file_mtime_ns, traits_id, person_id)"
        " SELECT f.id, a.series_row, a.sop_instance_uid, a.sop_class_uid, a.transfer_syntax_uid,"
        " a.body_offset, a.has_part10, a.is_deidentified, f.size_bytes + a.added_bytes, 'ready',"
        " f.size_bytes, f.mtime_ns, a.traits_row, a.person_row"
        " FROM arrived a CROSS JOIN source_file f ON f.id = a.file_row"
    )
    ledger.write("DELETE FROM arrived")
