"""CSV files of a report, written in parts that an office program and a mail can still hold."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from transfer.workspace import private_opener

LARGEST_BYTES: Final = 100_000_000
_PAGE: Final = 2000


def write_parts(
    folder: Path,
    stem: str,
    heading: Sequence[str],
    rows: Iterable[Sequence[object]],
    largest_bytes: int = LARGEST_BYTES,
) -> list[str]:
    """Write `stem-00001.csv` and so on (RFC 4180, UTF-8), each with the heading, none above
    `largest_bytes` unless one page of rows is. Returns their names, one at least."""
    writer = _Parts(folder, stem, heading, largest_bytes)
    page: list[Sequence[object]] = []
    try:
        for row in rows:
            page.append(row)
            if len(page) >= _PAGE:
                writer.write(page)
                page = []
        writer.write(page)
        return writer.close()
    except BaseException:
        writer.give_up()
        raise


class _Parts:
    def __init__(self, folder: Path, stem: str, heading: Sequence[str], largest: int) -> None:
        self._folder, self._stem, self._largest = folder, stem, largest
        self._heading = _lines([heading])
        self._names: list[str] = []
        self._open()

    def write(self, page: Sequence[Sequence[object]]) -> None:
        content = _lines(page)
        if self._written > len(self._heading) and self._written + len(content) > self._largest:
            self._end()
            self._open()
        self._written += self._file.write(content)

    def close(self) -> list[str]:
        self._end()
        return self._names

    def give_up(self) -> None:
        """Close what is open; the file is not whole."""
        self._file.close()

    def _open(self) -> None:
        name = f"{self._stem}-{len(self._names) + 1:05}.csv"
        self._names.append(name)
        self._file = open(self._folder / name, "xb", opener=private_opener)  # noqa: SIM115 - closed by `_end`
        self._written = self._file.write(self._heading)

    def _end(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
