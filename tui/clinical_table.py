"""A clinical table as the screens look at it, a part at a time. Everything here blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from transfer.clinical.columns import Role
from transfer.clinical.preview import (
    PAGE,
    PreviewColumn,
    PreviewRow,
    page_after,
    page_before,
    preview_columns,
    preview_rows,
)
from transfer.ledger.clinical import ClinicalFile, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import Names
from transfer.ledger.mapping import read_mapping
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from transfer.clinical.marks import Mark

_BEFORE: Final = 20
LAST: Final = 1 << 62
"""Behind every row."""


@dataclass(frozen=True, slots=True)
class TableLook:
    """One table, its columns and how much the rules found in it; `number` of `tables`, from 1."""

    file: ClinicalFile
    columns: tuple[PreviewColumn, ...]
    marked: int
    number: int
    tables: int

    @property
    def shown(self) -> list[PreviewColumn]:
        """The columns as they stand on the screen: the Patient ID first, which stays in sight."""
        return sorted(self.columns, key=lambda one: (one.role is not Role.PATIENT, one.place))


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows that follow one another, with the marks in them and, where it is among them, in the
    heading. `has_before` and `has_after`: the table goes on."""

    rows: tuple[PreviewRow, ...]
    marks: tuple[Mark, ...]
    has_before: bool
    has_after: bool


class ClinicalTables:
    """The tables of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._names: dict[str, Names] = {}

    def look(self, name: str, number: int) -> TableLook | None:
        """The table of that number; None where there is none that was read."""
        from transfer.clinical.marks import count_marked
        from transfer.quality.rules.telling import telling_columns

        with self._reading(name) as ledger:
            files = readable(ledger)
            if not files:
                return None
            number = max(1, min(number, len(files)))
            file = files[number - 1]
            telling = {place for row, place in telling_columns(ledger) if row == file.row}
            columns = preview_columns(ledger, file, telling | _left_out(ledger, file))
            return TableLook(file, tuple(columns), count_marked(ledger, file), number, len(files))

    def after(self, name: str, look: TableLook, row: int, *, reveals: bool) -> TablePart:
        """What follows a row; the heading's row for the first rows of all."""
        with self._reading(name) as ledger:
            stored = page_after(ledger, look.file, row, PAGE + 1)
            part = stored[:PAGE]
            has_before = row > look.file.heading_row
            return self._part(name, ledger, look, part, reveals, has_before, len(stored) > PAGE)

    def before(self, name: str, look: TableLook, row: int, *, reveals: bool) -> TablePart:
        """What goes before a row; `LAST` for the last rows of all."""
        with self._reading(name) as ledger:
            stored = page_before(ledger, look.file, row, PAGE + 1)
            part = stored[-PAGE:]
            return self._part(name, ledger, look, part, reveals, len(stored) > PAGE, row < LAST)

    def around(self, name: str, look: TableLook, row: int, *, reveals: bool) -> TablePart:
        """The rows around one."""
        with self._reading(name) as ledger:
            earlier = page_before(ledger, look.file, row, _BEFORE + 1)
            stored = page_after(ledger, look.file, row - 1, PAGE + 1)
            part = [*earlier[-_BEFORE:], *stored[:PAGE]]
            return self._part(
                name, ledger, look, part, reveals, len(earlier) > _BEFORE, len(stored) > PAGE
            )

    def next_mark(
        self, name: str, look: TableLook, row: int, column: int, *, backwards: bool
    ) -> tuple[Mark | None, bool]:
        """The nearest finding after a cell, or before it, and whether that was gone on with at the
        other end of the table; none where the table has none."""
        from transfer.clinical.marks import next_mark

        order = [column.place for column in look.shown]
        with self._reading(name) as ledger:
            find = partial(next_mark, ledger, look.file, order=order, backwards=backwards)
            found = find(row, column)
            return (found, False) if found else (find(LAST if backwards else 0, 0), True)

    def _part(
        self,
        name: str,
        ledger: Ledger,
        look: TableLook,
        stored: Sequence[object],
        reveals: bool,
        has_before: bool,
        has_after: bool,
    ) -> TablePart:
        from transfer.clinical.marks import marks_of

        if name not in self._names:
            from tui.choosing import names_of

            self._names[name] = names_of(self._home, ledger)
        rows = preview_rows(
            ledger, look.file, look.columns, stored, self._names[name], reveals=reveals
        )
        keys = [row.row for row in rows]
        marks = marks_of(ledger, [look.file.heading_row, *keys])
        return TablePart(tuple(rows), tuple(marks), has_before, has_after)

    def _reading(self, name: str) -> Ledger:
        return Ledger.open(Workspace(self._home.transfers / name).ledger, read_only=True)


def readable(ledger: Ledger) -> list[ClinicalFile]:
    """The tables that were read to their end."""
    return [file for file in clinical_files(ledger) if file.sha256 and not file.problem]


def _left_out(ledger: Ledger, file: ClinicalFile) -> set[int]:
    mapping = read_mapping(ledger)
    return {
        column.place
        for column in preview_columns(ledger, file)
        if (said := mapping.column(column.heading)) is not None and said.is_left_out
    }
