"""Source files in the ledger: what the walk saw, and what is still to be read.

While a scan runs others read and a runner's neighbours write: every transaction here is a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from transfer.ledger.arrivals import write_walked
from transfer.ledger.connection import Ledger
from transfer.ledger.presence import Presence
from transfer.ledger.selection_terms import LAST_WORD_ON_FILE
from transfer.scan.walk import Entry

# Fewer than SQLite takes in any version that we meet (999).
_ASKED: Final = 500
_PAGE: Final = 500
_MAY_BE_BACK: Final = "('unreadable-file', 'reader-died')"
_IS_WANTED: Final = f"{LAST_WORD_ON_FILE} IS NOT 'exclude'"
_GONE: Final = "The source file is no longer there. Put it back and scan again."


def begin_walk(ledger: Ledger) -> Presence:
    """What a walk that starts now notes its files in."""
    return Presence(ledger.number("SELECT max(id) FROM source_file"))


def record_seen(ledger: Ledger, files: Sequence[Entry], presence: Presence) -> None:
    """Record files of a walk. A file with a new size or time, one that was missing and one that
    could not be read and that nobody left out are to be read again; all others keep what is known
    of them, and cost no write."""
    fresh = list(_fresh(ledger, files, presence)) if presence.last_row else files
    if not fresh:
        return
    refused = [(f.refusal, f.path) for f in fresh if f.refusal]
    with ledger.transaction(durable=False):
        write_walked(ledger, (file[:3] for file in fresh))
        ledger.write_many(
            "UPDATE source_file SET verdict = 'rejected', kind = 'unread', reasons = ?"
            " WHERE path = ?",
            [*refused],
        )


def _fresh(ledger: Ledger, files: Sequence[Entry], presence: Presence) -> Iterator[Entry]:
    """The files that are new or changed, or that have to be looked at again."""
    for start in range(0, len(files), _ASKED):
        asked = files[start : start + _ASKED]
        known = {
            found[0]: found
            for found in ledger.rows(
                "SELECT path, id, size_bytes, mtime_ns, CASE WHEN verdict IS NULL THEN ''"  # noqa: S608 - placeholders
                f" WHEN verdict = 'missing' OR reasons IN {_MAY_BE_BACK} AND {_IS_WANTED}"
                " THEN 'again' WHEN kind = 'unread' THEN reasons ELSE '' END FROM source_file f"
                f" WHERE path IN ({','.join('?' * len(asked))})",
                *[file.path for file in asked],
            )
        }
        for file in asked:
            found = known.get(file.path)
            if found is not None:
                presence.met(found[1])
                if found[2:] == file[1:]:
                    continue
            yield file


def record_missing(ledger: Ledger, presence: Presence) -> int:
    """Mark files that this walk did not meet; their unsent instances cannot go, those of open
    requests aside. Members of archives are met by whoever opens these.

    Returns:
        How many files were there before and are not now.
    """
    count = 0
    for rows in _pages(_unmet(ledger, presence)):
        count += len(rows)
        with ledger.transaction():
            ledger.write_many(
                "UPDATE instance SET state = 'failed', reason = ?, cause = ''"
                " WHERE file_id = ? AND (state = 'ready' OR cause <> '' AND state = 'failed')"
                " AND NOT EXISTS"
                " (SELECT 1 FROM batch b WHERE b.id = batch_id AND b.state = 'sending')",
                [(_GONE, row) for row in rows],
            )
            ledger.write_many(
                "UPDATE source_file SET verdict = 'missing', reasons = 'no-longer-there'"
                " WHERE id = ?",
                [(row,) for row in rows],
            )
    return count


def _unmet(ledger: Ledger, presence: Presence) -> Iterator[int]:
    for first, last in presence.doubtful():
        for (row,) in ledger.rows(
            "SELECT id FROM source_file WHERE id BETWEEN ? AND ? AND container_id IS NULL"
            " AND verdict IS NOT 'missing'",
            first,
            last,
        ):
            if not presence.was_met(row):
                yield row


def prepare_reading(ledger: Ledger) -> None:
    """Take back what was known of files that are to be read again.

    Their unsent instances go, for the file may be another instance now; so do the verdicts of
    duplicates whose first file is gone or is read again, for one of them may go in its place.
    Instances that were sent, or whose request is open, stay as they are. An instance that failed
    after an earlier scan read its file anew is no longer in that file, and goes too.
    """
    if not ledger.row("SELECT 1 FROM instance LIMIT 1"):
        return
    _drop_instances(ledger, _replaced(ledger))
    for rows in _pages(_widowed(ledger)):
        with ledger.transaction():
            ledger.write_many(
                "UPDATE source_file SET verdict = NULL, twin_of = NULL WHERE id = ?",
                [(row,) for row in rows],
            )
    for page in _pages(row for row, _ in unread_files(ledger)):
        found = ledger.rows(
            "SELECT i.id FROM instance i WHERE i.state IN ('ready', 'failed', 'excluded')"  # noqa: S608 - placeholders
            f" AND i.file_id IN ({','.join('?' * len(page))}) AND NOT EXISTS"
            " (SELECT 1 FROM batch b WHERE b.id = i.batch_id AND b.state = 'sending')",
            *page,
        )
        _drop_instances(ledger, (row for (row,) in found))


def _drop_instances(ledger: Ledger, rows: Iterable[int]) -> None:
    for page in _pages(rows):
        with ledger.transaction():
            # What a person said of their Series was not said of what comes in their place.
            ledger.write_many(
                "DELETE FROM settled WHERE key ="
                " (SELECT 'E' || series_id FROM instance WHERE id = ?)",
                [(row,) for row in page],
            )
            ledger.write_many("DELETE FROM instance WHERE id = ?", [(row,) for row in page])


def _replaced(ledger: Ledger) -> Iterator[int]:
    """Failed instances whose file is another one by now."""
    last = 0
    while found := ledger.rows(
        "SELECT i.id FROM instance i JOIN source_file f ON f.id = i.file_id"
        " WHERE i.state = 'failed' AND i.id > ? AND f.verdict IS NOT 'missing'"
        " AND (f.size_bytes <> i.file_bytes OR f.mtime_ns <> i.file_mtime_ns)"
        " ORDER BY i.id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from (row for (row,) in found)
        last = found[-1][0]


def _widowed(ledger: Ledger) -> Iterator[int]:
    """Duplicates of a file that is gone or is to be read."""
    last = b""
    while found := ledger.rows(
        "SELECT d.id, d.path FROM source_file d JOIN source_file f ON f.id = d.twin_of"
        " WHERE d.verdict = 'duplicate' AND d.path > ?"
        " AND (f.verdict IS NULL OR f.verdict = 'missing') ORDER BY d.path LIMIT ?",
        last,
        _PAGE,
    ):
        yield from (row for row, _ in found)
        last = found[-1][1]


def _pages(rows: Iterable[int]) -> Iterator[list[int]]:
    going = iter(rows)
    while page := list(islice(going, _ASKED)):
        yield page


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
    """How many files and folders could not be read, but those that a person left out; what they
    hold is not known."""
    return ledger.number(
        "SELECT count(*) FROM source_file f WHERE verdict = 'rejected'"  # noqa: S608 - literals of ours
        f" AND reasons IN ('unreadable-folder', 'unreadable-file', 'reader-died') AND {_IS_WANTED}"
    )


def count_unread(ledger: Ledger) -> int:
    """How many files nobody has read yet."""
    return ledger.number("SELECT sum(n) FROM file_tally WHERE verdict = 'unread'")
