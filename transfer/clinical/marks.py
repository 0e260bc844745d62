"""Which cells of a table the rules found something in, and where the next one is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from transfer.ledger.clinical import ClinicalFile
from transfer.ledger.connection import Ledger
from transfer.quality.cells import WHOLE_ROW, read_cells

_WEIGHS: Final = ("block", "ask", "warn")
_BEYOND: Final = 1 << 20
_WORST: Final = {"block": 0, "ask": 1, "warn": 2, "info": 3}


@dataclass(frozen=True, slots=True)
class Mark:
    """One finding at one cell. `row` is the heading's for what is about a column or the table;
    `form` is how the value is written, `allowed` what may stand there."""

    rule: str
    severity: str
    standing: str
    row: int
    place: int
    message: str
    remedy: str
    form: str = ""
    allowed: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.standing == "open"

    @property
    def weight(self) -> tuple[bool, int]:
        """The lower, the sooner it is told."""
        return not self.is_open, _WORST.get(self.severity, 9)


def marks_of(ledger: Ledger, rows: Sequence[int]) -> list[Mark]:
    """Every mark in these rows, the heavier ones of a cell first."""
    found = [
        Mark(rule, severity, standing, int(key[1:]), place, message, remedy, form, allowed)
        for rule, severity, standing, key, message, remedy, cells in ledger.rows(
            "SELECT rule, severity, standing, key, message, remedy, cells FROM finding"
            " WHERE key IN (SELECT 'R' || value FROM json_each(?)) ORDER BY rule, key",
            json.dumps(list(rows)),
        )
        for place, form, allowed in read_cells(cells) or [(WHOLE_ROW, "", ())]
    ]
    return sorted(found, key=lambda mark: (mark.row, mark.place, mark.weight))


def next_mark(
    ledger: Ledger,
    file: ClinicalFile,
    row: int,
    column: int,
    *,
    order: Sequence[int] = (),
    backwards: bool = False,
) -> Mark | None:
    """The nearest open mark after a cell, or before it, that asks for something or is worth a look;
    None where there is none.

    `order` are the places of the columns as they stand side by side, where that is not from 0 on;
    `column` counts in it. What is about a whole row stands in the first column.
    """
    columns = {place: n for n, place in enumerate(order)}
    if found := _in_row(ledger, row, column, columns, backwards=backwards):
        return found
    first, last = file.heading_row, _last_row(ledger, file)
    low, high = (first, row - 1) if backwards else (row + 1, last)
    direction = "DESC" if backwards else "ASC"
    nearest = ledger.row(
        "SELECT CAST(substr(key, 2) AS INTEGER) AS at_row FROM finding"  # noqa: S608 - literals of ours
        " WHERE key >= 'R' AND key < 'S' AND standing = 'open'"
        f" AND severity IN {_WEIGHS} AND at_row BETWEEN ? AND ?"
        f" ORDER BY at_row {direction} LIMIT 1",
        low,
        high,
    )
    if nearest is None:
        return None
    edge = len(columns) + _BEYOND if backwards else -1
    return _in_row(ledger, int(nearest[0]), edge, columns, backwards=backwards)


def _in_row(
    ledger: Ledger, row: int, column: int, columns: Mapping[int, int], *, backwards: bool
) -> Mark | None:
    found = [
        (columns.get(mark.place, max(0, mark.place)), mark)
        for mark in marks_of(ledger, [row])
        if mark.is_open and mark.severity in _WEIGHS
    ]
    found.sort(key=lambda one: one[0], reverse=backwards)
    return next((mark for at, mark in found if (at < column if backwards else at > column)), None)


def _last_row(ledger: Ledger, file: ClinicalFile) -> int:
    return max(
        file.heading_row,
        ledger.number("SELECT ifnull(max(id), 0) FROM clinical_row WHERE file_id = ?", file.row),
    )


def count_marked(ledger: Ledger, file: ClinicalFile) -> int:
    """How many findings there are in a table that ask for something or are worth a look."""
    return ledger.number(
        "SELECT count(*) FROM finding WHERE key >= 'R' AND key < 'S' AND standing = 'open'"  # noqa: S608 - literals of ours
        f" AND severity IN {_WEIGHS} AND CAST(substr(key, 2) AS INTEGER) BETWEEN ? AND ?",
        file.heading_row,
        _last_row(ledger, file),
    )
