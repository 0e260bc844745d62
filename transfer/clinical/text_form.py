"""Tables of text: CSV and its kin, in whatever dialect they were saved."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transfer.clinical.dialect import (
    SAMPLE_CHARACTERS,
    Dialect,
    LineTooLong,
    dialect_of,
    lines_of,
)
from transfer.clinical.encoding import Encoded
from transfer.clinical.rows import Row, Table, TableProblem, checked

# Whatever is named separates, but what stands in values or around them.
_SEPARATOR_LINE: Final = re.compile(r"\"?sep=([^\w\"'\r\n])\"?(?:\r\n|\r|\n)", re.IGNORECASE)
# Three digits behind it may be thousands.
_DECIMAL_COMMA: Final = re.compile(r"[-+]?\d{1,9},(?!\d{3}$)\d{1,9}")
_NOTES: Final = {";": "semicolon", "\t": "tab", "|": "bar"}


def read_text_table(path: Path, encoded: Encoded) -> Table:
    """Open a table of text. The file is closed with its rows.

    Raises:
        TableProblem: it is empty or cannot be read; also while rows are read.
        OSError: the disk.
    """
    with path.open(encoding=encoded.codec, errors="replace", newline="") as text:
        sample = text.read(SAMPLE_CHARACTERS)
    skipped, dialect = _dialect(sample)
    notes = {note for note in (encoded.note, _NOTES.get(dialect.delimiter, "")) if note}
    if dialect.quotechar == "'":
        notes.add("single-quotes")
    if skipped:
        notes.add("separator-line")
    table = Table("csv", (), iter(()), notes)
    rows = _rows(path, encoded.codec, dialect, skipped, notes)
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            table.headings = row.cells
            table.rows = rows
            return table
    raise TableProblem("empty")


def _dialect(sample: str) -> tuple[int, Dialect]:
    """How many characters name the separator before the heading, and the dialect."""
    named = _SEPARATOR_LINE.match(sample)
    if named is None:
        return 0, dialect_of(sample)
    told = dialect_of(sample[named.end() :])
    return named.end(), Dialect(named[1], told.quotechar)


def _rows(path: Path, codec: str, dialect: Dialect, skipped: int, notes: set[str]) -> Iterator[Row]:
    with path.open(encoding=codec, errors="replace", newline="") as text:
        text.read(skipped)
        yield from _numbered(text, dialect, notes)


def _numbered(text: io.TextIOBase, dialect: Dialect, notes: set[str]) -> Iterator[Row]:
    reader = csv.reader(
        lines_of(text), delimiter=dialect.delimiter, quotechar=dialect.quotechar, strict=False
    )
    blank, number = 0, 0
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cell.strip() for cell in cells):
                blank += 1
                continue
            if blank:
                # Those at the end of a file are nobody's.
                notes.add("blank-rows")
                blank = 0
            if any(map(_DECIMAL_COMMA.fullmatch, cells)):
                notes.add("decimal-comma")
            yield checked(Row(number, tuple(cells)))
    except csv.Error as error:
        raise TableProblem("unreadable-text") from error
    except LineTooLong as error:
        raise TableProblem("row-too-long") from error
