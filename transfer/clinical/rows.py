"""What every form of table gives: a heading, then rows of text, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MOST_COLUMNS: Final = 4096
MOST_ROWS: Final = 5_000_000
MOST_CHARACTERS: Final = 1024 * 1024
"""Of one row; what a person typed is far below all three."""


class Row(NamedTuple):
    """One row. `number` is the one that a spreadsheet shows, the heading being row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(slots=True)
class Table:
    """A table that is being read. `notes` are complete once `rows` are exhausted.

    `headings` are as they are written. Nothing of a table is ever executed or shown: a cell that
    begins like a formula is text.
    """

    form: str
    headings: tuple[str, ...]
    rows: Iterator[Row] = field(repr=False)
    notes: set[str] = field(default_factory=set)
    sheet: str = ""


class TableProblem(Exception):
    """A table cannot be read; `code` is one of `transfer.clinical.notes.PROBLEMS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def checked(row: Row) -> Row:
    """The same row.

    Raises:
        TableProblem: it is larger than any row that a person made.
    """
    if row.number > MOST_ROWS:
        raise TableProblem("too-many-rows")
    if len(row.cells) > MOST_COLUMNS:
        raise TableProblem("too-many-columns")
    if sum(map(len, row.cells)) > MOST_CHARACTERS:
        raise TableProblem("row-too-long")
    return row
