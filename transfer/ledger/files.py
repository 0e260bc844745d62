"""Source files in the ledger: what the walk saw, and what is still to be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transfer.ledger.connection import Ledger


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that the walk met; `refusal` is why it will never be read, or empty."""

    path: bytes
    size_bytes: int
    mtime_ns: int
    refusal: str = ""


def next_generation(ledger: Ledger) -> int:
    """The number of the walk that starts now: one more than any before."""
    return ledger.number("SELECT max(generation) FROM source_file") + 1


def record_seen(ledger: Ledger, files: Sequence[SeenFile], generation: int) -> None:
    """Record files of a walk. A file with a new size or time, one that was missing and one that
    could not be read are to be read again; all others keep what is known of them."""
    with ledger.transaction(durable=False):
        ledger.write_many(
            """
            INSERT INTO source_file (path, size_bytes, mtime_ns, generation)
            VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (path) DO UPDATE SET generation = ?4,
              verdict = CASE WHEN size_bytes = ?2 AND mtime_ns = ?3 AND verdict <> 'missing'
                AND reasons NOT IN ('unreadable-file', 'reader-died') THEN verdict END,
              size_bytes = ?2, mtime_ns = ?3
            """,
            [(f.path, f.size_bytes, f.mtime_ns, generation) for f in files],
        )
        refused = [(f"{f.refusal}", f.path) for f in files if f.refusal]
        ledger.write_many(
            "UPDATE source_file SET verdict = 'rejected', kind = 'unread', reasons = ?"
            " WHERE path = ?",
            [*refused],
        )


def record_missing(ledger: Ledger, generation: int) -> int:
    """Mark files that this walk did not meet; their unsent instances cannot go, those of open
    requests aside. Members of archives are met by whoever opens these.

    Returns:
        How many files were there before and are not now.
    """
    with ledger.transaction():
        ledger.write(
            "UPDATE instance SET state = 'failed', reason = ?, cause = ''"
            " WHERE (state = 'ready' OR cause <> '' AND state = 'failed') AND file_id IN"
            " (SELECT id FROM source_file WHERE generation < ? AND container_id IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
            "The source file is no longer there. Put it back and scan again.",
            generation,
        )
        ledger.write(
            "UPDATE source_file SET verdict = 'missing', reasons = 'no-longer-there'"
            " WHERE generation < ? AND container_id IS NULL AND verdict IS NOT 'missing'",
            generation,
        )
        return ledger.number("SELECT changes()")


def prepare_reading(ledger: Ledger) -> None:
    """Take back what was known of files that are to be read again.

    Their unsent instances go, for the file may be another instance now; so do the verdicts of
    duplicates whose first file is gone or is read again, for one of them may go in its place.
    Instances that were sent, or whose request is open, stay as they are. An instance that failed
    after an earlier scan read its file anew is no longer in that file, and goes too.
    """
    with ledger.transaction():
        ledger.write(
            "DELETE FROM instance WHERE state = 'failed' AND EXISTS (SELECT 1 FROM source_file f"
            " WHERE f.id = file_id AND f.verdict IS NOT 'missing'"
            " AND (f.size_bytes <> file_bytes OR f.mtime_ns <> file_mtime_ns))"
        )
        ledger.write(
            "UPDATE source_file SET verdict = NULL, twin_of = NULL WHERE verdict = 'duplicate'"
            " AND twin_of IN (SELECT id FROM source_file"
            " WHERE verdict IS NULL OR verdict = 'missing')"
        )
        ledger.write(
            "DELETE FROM instance WHERE state IN ('ready', 'failed')"
            " AND file_id IN (SELECT id FROM source_file WHERE verdict IS NULL)"
            " AND NOT EXISTS (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')"
        )


def unread_files(ledger: Ledger, page: int = 512) -> Iterator[tuple[int, bytes]]:
    """Row id and path of each file that nobody has read yet, in the order of the paths."""
    last = b""
    while True:
        found = ledger.rows(
            "SELECT id, path FROM source_file WHERE verdict IS NULL AND path > ?"
            " ORDER BY path LIMIT ?",
            last,
            page,
        )
        yield from found
        if len(found) < page:
            return
        last = found[-1][1]


def count_unreadable(ledger: Ledger) -> int:
    """How many files and folders could not be read; what they hold is not known."""
    return ledger.number(
        "SELECT count(*) FROM source_file WHERE verdict = 'rejected'"
        " AND reasons IN ('unreadable-folder', 'unreadable-file', 'reader-died')"
    )


def count_unread(ledger: Ledger) -> int:
    """How many files nobody has read yet."""
    return ledger.number("SELECT sum(n) FROM file_tally WHERE verdict = 'unread'")
