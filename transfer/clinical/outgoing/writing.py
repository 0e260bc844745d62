"""Tables as files: RFC 4180 in UTF-8. The same ledger gives the same bytes.

Data for a node are never altered: a cell that a spreadsheet would take for a formula (`-12`) is a
relative day.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Final

from transfer.clinical.outgoing.table import Outgoing, OutgoingTable

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: rows besides the heading, digests in hex, size in bytes."""

    rows: int
    sha256: str
    md5: str
    size_bytes: int


def write_csv(out: Outgoing, table: OutgoingTable, target: BinaryIO) -> Written:
    """Write a table as CSV: comma, CRLF, a heading, no byte-order mark.

    Raises:
        OSError: the disk.
    """
    sink = _Sink(target)
    heading = tuple(column.heading for column in table.columns)
    rows = sink.pages(_csv(page) for page in _pages(_with_heading(out, table, heading)))
    return sink.written(rows - 1)


def _with_heading(
    out: Outgoing, table: OutgoingTable, heading: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    yield heading
    for row in out.rows(table):
        yield row.cells


def _pages(rows: Iterator[tuple[str, ...]]) -> Iterator[list[tuple[str, ...]]]:
    while page := list(islice(rows, _PAGE)):
        yield page


def _csv(page: list[tuple[str, ...]]) -> tuple[int, str]:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(page)
    return len(page), text.getvalue()


class _Sink:
    """The file, and what is known of it in the end."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._sha256 = hashlib.sha256()
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size_bytes = 0

    def pages(self, pages: Iterable[tuple[int, str]]) -> int:
        total = 0
        for rows, text in pages:
            total += rows
            self.text(text)
        return total

    def text(self, text: str) -> None:
        # A lone surrogate, which only a damaged JSON file makes, is no text of any encoding.
        raw = text.encode("utf-8", "replace")
        self._sha256.update(raw)
        self._md5.update(raw)
        self._size_bytes += len(raw)
        self._target.write(raw)

    def written(self, rows: int) -> Written:
        return Written(rows, self._sha256.hexdigest(), self._md5.hexdigest(), self._size_bytes)
