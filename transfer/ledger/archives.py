"""Archives in the ledger: those still to be opened, and their members as source files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from transfer.ledger.connection import Ledger

NOT_READ: Final = "archive-not-read"
_UNREADABLE: Final = "unreadable-file"
_PAGE: Final = 1000
_GONE: Final = "The source file is no longer there. Put it back and scan again."


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as the walk saw it. `path` is relative to the source; `reasons` are what else
    is said of the file."""

    row: int
    path: bytes = field(repr=False)
    size_bytes: int
    mtime_ns: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeenMember:
    """A file in an archive; `path` as `transfer.members` makes it. `refusal` is why it will never
    be read, or empty."""

    path: bytes = field(repr=False)
    size_bytes: int
    refusal: str = ""


def archives_to_open(ledger: Ledger, after: int, page: int = 64) -> list[Archive]:
    """A page of archives whose members nobody has listed, or not to the end, by their rows."""
    return [
        Archive(row, path, size_bytes, mtime_ns, tuple(reasons.split(";")))
        for row, path, size_bytes, mtime_ns, reasons in ledger.rows(
            "SELECT id, path, size_bytes, mtime_ns, reasons FROM source_file"
            " WHERE kind = 'archive' AND id > ? AND verdict = 'rejected'"
            " AND (reasons = ? OR reasons LIKE ?) ORDER BY id LIMIT ?",
            after,
            NOT_READ,
            f"{NOT_READ};%",
            page,
        )
    ]


def record_members(ledger: Ledger, archive: Archive, members: Sequence[SeenMember]) -> None:
    """Record a page of members. One that is there already and has not changed keeps what is known
    of it; so does, page by page, what an interrupted listing had recorded."""
    with ledger.transaction(durable=False):
        ledger.write(
            "INSERT OR REPLACE INTO archive VALUES (?, ?, ?)",
            archive.row,
            archive.size_bytes,
            archive.mtime_ns,
        )
        ledger.write_many(
            """
            INSERT INTO source_file (path, size_bytes, mtime_ns, generation, container_id)
            SELECT ?1, ?2, ?3, generation, id FROM source_file WHERE id = ?4
            ON CONFLICT (path) DO UPDATE SET generation = excluded.generation,
              verdict = CASE WHEN size_bytes = ?2 AND mtime_ns = ?3 AND verdict <> 'missing'
                AND reasons NOT IN ('unreadable-file', 'reader-died') THEN verdict END,
              size_bytes = ?2, mtime_ns = ?3
            """,
            [(m.path, m.size_bytes, archive.mtime_ns, archive.row) for m in members],
        )
        ledger.write_many(
            "UPDATE source_file SET verdict = 'rejected', kind = 'unread', reasons = ?"
            " WHERE path = ?",
            [(m.refusal, m.path) for m in members if m.refusal],
        )


def close_archive(
    ledger: Ledger, archive: Archive, verdict: Literal["companion", "rejected"], reason: str
) -> None:
    """Record that all of an archive that can be listed is listed."""
    others = [one for one in archive.reasons if one not in (NOT_READ, "archive")]
    if reason == _UNREADABLE:
        others = []  # By that alone the next scan knows that it has to look again.
    with ledger.transaction():
        ledger.write(
            "UPDATE source_file SET verdict = ?, reasons = ? WHERE id = ?",
            verdict,
            ";".join([reason, *others]),
            archive.row,
        )


def put_away_members(ledger: Ledger) -> None:
    """Take the members of archives that are gone or have changed for missing, until the archive
    is opened again. Their unsent instances cannot go, those of open requests aside."""
    changed = ledger.rows(
        "SELECT a.file_id FROM archive a JOIN source_file f ON f.id = a.file_id"
        " WHERE f.verdict IS NULL OR f.verdict = 'missing' OR f.kind <> 'archive'"
        " OR (f.size_bytes, f.mtime_ns) <> (a.size_bytes, a.mtime_ns)"
    )
    for (archive,) in changed:
        last = 0
        while rows := ledger.rows(
            "SELECT id FROM source_file WHERE container_id = ? AND id > ? ORDER BY id LIMIT ?",
            archive,
            last,
            _PAGE,
        ):
            last = rows[-1][0]
            _put_away(ledger, rows)
        with ledger.transaction():
            ledger.write("DELETE FROM archive WHERE file_id = ?", archive)


def _put_away(ledger: Ledger, rows: list[tuple[object, ...]]) -> None:
    with ledger.transaction():
        ledger.write_many(
            "UPDATE instance SET state = 'failed', reason = ?, cause = ''"
            " WHERE file_id = ? AND (state = 'ready' OR cause <> '' AND state = 'failed')"
            " AND NOT EXISTS"
            " (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
            [(_GONE, row) for (row,) in rows],
        )
        ledger.write_many(
            "UPDATE source_file SET verdict = 'missing', reasons = 'no-longer-there'"
            " WHERE id = ? AND verdict IS NOT 'missing'",
            rows,
        )
