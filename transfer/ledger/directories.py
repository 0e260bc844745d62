"""Indexes of media (DICOMDIR) in the ledger, and what each names that is not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.ledger.connection import Ledger

_PAGE: Final = 2000
_COUNTED: Final = "directories counted"


@dataclass(frozen=True, slots=True)
class Directory:
    """An index; `container` is the row of the archive that it lies in. `path` is relative to the
    source."""

    row: int
    path: bytes = field(repr=False)
    container: int | None


def is_counted(ledger: Ledger) -> bool:
    """Whether no file came or went since all indexes were read."""
    return ledger.row("SELECT 1 FROM setting WHERE name = ?", _COUNTED) is not None


def forget_count(ledger: Ledger) -> None:
    """Say that files came or went."""
    with ledger.transaction(durable=False):
        ledger.write("DELETE FROM setting WHERE name = ?", _COUNTED)


def record_count(ledger: Ledger) -> None:
    """Say that all indexes were read."""
    with ledger.transaction(durable=False):
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '')", _COUNTED)


def directories_to_read(ledger: Ledger, after: int, page: int = 64) -> list[Directory]:
    """A page of indexes that are there, by their rows."""
    return [
        Directory(*row)
        for row in ledger.rows(
            "SELECT id, path, container_id FROM source_file WHERE kind = 'dicomdir'"
            " AND id > ? AND verdict IS NOT 'missing' ORDER BY id LIMIT ?",
            after,
            page,
        )
    ]


def files_beside(ledger: Ledger, directory: Directory) -> Iterator[bytes]:
    """The paths of all files in the folder of an index and below, or in its archive."""
    if directory.container is not None:
        yield from _members(ledger, directory.container)
        return
    folder = os.path.dirname(directory.path)
    # What lies in a folder sorts between its name with a slash and with what follows a slash.
    last, end = (folder + b"/", folder + b"0") if folder else (b"", None)
    while True:
        page = ledger.rows(
            "SELECT path FROM source_file WHERE path > ?1 AND (?2 IS NULL OR path < ?2)"
            " AND container_id IS NULL AND verdict IS NOT 'missing' ORDER BY path LIMIT ?3",
            last,
            end,
            _PAGE,
        )
        yield from (path for (path,) in page)
        if len(page) < _PAGE:
            return
        last = page[-1][0]


def _members(ledger: Ledger, container: int) -> Iterator[bytes]:
    last = 0
    while page := ledger.rows(
        "SELECT path, id FROM source_file WHERE container_id = ? AND id > ?"
        " AND verdict IS NOT 'missing' ORDER BY id LIMIT ?",
        container,
        last,
        _PAGE,
    ):
        yield from (path for path, _ in page)
        last = page[-1][1]


def record_directory(ledger: Ledger, directory: Directory, named: int, absent: int) -> None:
    """Record how many files an index names, and how many of them are not there."""
    with ledger.transaction(durable=False):
        ledger.write(
            "INSERT OR REPLACE INTO directory VALUES (?, ?, ?)", directory.row, named, absent
        )


def incomplete_directories(ledger: Ledger) -> Iterator[tuple[int, int, int]]:
    """Row of each index that names what is not there, how many files it names, and how many of
    them are absent."""
    last = 0
    while page := ledger.rows(
        "SELECT d.file_id, d.named, d.absent FROM directory d"
        " JOIN source_file f ON f.id = d.file_id WHERE d.absent > 0 AND d.file_id > ?"
        " AND f.kind = 'dicomdir' AND f.verdict IS NOT 'missing' ORDER BY d.file_id LIMIT ?",
        last,
        _PAGE,
    ):
        yield from page
        last = page[-1][0]
