"""A table of any length: headings on top, the first column in its place, a cursor on one cell.

Whoever shows it holds the part around the cursor, and adds to it when the grid asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.widgets.ink import POINTER, cell, ink, line
from tui.widgets.painted import Painted

HEADING: Final = 0
"""The number of the line of headings, which the cursor reaches as it does a row."""
_NARROWEST, _WIDEST = 6, 24
_FIRST_WIDEST = 18
_POINTER, _SIGN, _GAP = 2, 1, 1
_LEAST = 12
_ROOM_FOR_ROWS = 2
_NEAR = 20


@dataclass(frozen=True, slots=True)
class Sign:
    """A mark of one character beside a cell, a row's number or a heading."""

    glyph: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class GridColumn:
    """A column: its heading, and what stands below that."""

    title: str
    below: str = ""
    sign: Sign | None = None


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row by its key; `number` is the one that people know it by. `sign` is about all of it."""

    key: int
    number: int
    cells: Sequence[str]
    sign: Sign | None = None
    signs: Mapping[int, Sign] = field(default_factory=dict)
    style: str = ""


class Grid(Painted, can_focus=True):
    """Columns and rows, walked with the arrow keys. Every text given to it is harmless already."""

    DEFAULT_CSS = """
    Grid { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False, id="grid.up"),
        Binding("down", "step(1)", show=False, id="grid.down"),
        Binding("left", "side(-1)", show=False, id="grid.left"),
        Binding("right", "side(1)", show=False, id="grid.right"),
        Binding("pageup", "leap(-1)", show=False, id="grid.page-up"),
        Binding("pagedown", "leap(1)", show=False, id="grid.page-down"),
        Binding("tab", "turn(1)", show=False, id="grid.page-right"),
        Binding("shift+tab", "turn(-1)", show=False, id="grid.page-left"),
        Binding("home", "edge(0)", show=False, id="grid.first"),
        Binding("end", "edge(-1)", show=False, id="grid.last"),
    ]

    @dataclass
    class Reached(Message):
        """The cursor came to another cell."""

        grid: Grid

    @dataclass
    class Wanted(Message):
        """Rows before the first or after the last one that is here are wanted soon; with `is_end`
        the first or the last of all."""

        grid: Grid
        is_after: bool
        is_end: bool = False

    def __init__(self, *, id: str | None = None, empty: str = "") -> None:
        super().__init__(self._lines, id=id)
        self._columns: Sequence[GridColumn] = ()
        self._rows: Sequence[GridRow] = ()
        self._widths: list[int] = []
        self._empty = empty
        self._has_top = True
        self._row = 0
        self._top = 0
        self._left = 1
        self.column = 0

    # What is shown ------------------------------------------------------------------------

    def put(
        self,
        columns: Sequence[GridColumn],
        rows: Sequence[GridRow],
        *,
        has_top: bool,
        empty: str = "",
    ) -> None:
        """Show these rows; the cursor stays on its row and where that is on the screen. `has_top`:
        no row stands before them."""
        key, on_screen = self.key, self._row - self._top
        is_first = not self._columns
        self._columns, self._rows, self._has_top, self._empty = columns, rows, has_top, empty
        self.column = min(self.column, max(0, len(columns) - 1))
        places = {row.key: place for place, row in enumerate(rows, 1)}
        if key is not None and key in places:
            self._row = places[key]
        else:
            self._row = min(1 if is_first else self._row, len(rows))
        self._row = max(self._row, 0 if has_top else min(1, len(rows)))
        self._top = max(0, self._row - on_screen)
        self._widths = [self._width_of(n) for n in range(len(columns))]
        self._follow()
        self.redraw()

    @property
    def key(self) -> int | None:
        """The key of the row at the cursor; `HEADING` at the headings, None where nothing is."""
        if not self._columns:
            return None
        return HEADING if self._row == 0 else self._rows[self._row - 1].key

    @property
    def shown_columns(self) -> tuple[int, int]:
        """The first and the last column in sight beside the first of all, counted from 1."""
        seen = self._in_sight(self._room())
        return (seen[0] + 1, seen[-1] + 1) if seen else (1, 1)

    def go_to(self, key: int, column: int) -> bool:
        """Put the cursor on a cell; False where its row is not here."""
        places = {row.key: place for place, row in enumerate(self._rows, 1)}
        if key == HEADING and self._has_top:
            places[HEADING] = 0
        if key not in places:
            return False
        self.column = min(max(0, column), max(0, len(self._columns) - 1))
        self._row = places[key]
        self._moved()
        return True

    def redraw(self) -> None:
        """Repaint what changed."""
        if self._drawn is None:
            self.refresh()
        else:
            self.show(self._lines)

    def on_resize(self) -> None:
        self._follow()
        self._drawn = None
        self.refresh()

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    # Moving -------------------------------------------------------------------------------

    def action_step(self, by: int) -> None:
        self._go_row(self._row + by)

    def action_leap(self, by: int) -> None:
        self._go_row(self._row + by * max(1, self._height() - 1))

    def action_side(self, by: int) -> None:
        self._go_column(self.column + by)

    def action_turn(self, by: int) -> None:
        first, last = self.shown_columns
        self._go_column(last if by > 0 else max(0, first - 1 - max(1, last - first)))

    def action_edge(self, where: int) -> None:
        self.post_message(self.Wanted(self, where != 0, is_end=True))

    def to_edge(self, where: int) -> None:
        """Put the cursor on the first or on the last row that is here."""
        self._go_row(min(1, len(self._rows)) if where == 0 else len(self._rows))

    def _go_row(self, target: int) -> None:
        least = 0 if self._has_top else 1
        self._row = max(min(target, len(self._rows)), min(least, len(self._rows)))
        if self._row > len(self._rows) - _NEAR:
            self.post_message(self.Wanted(self, True))
        elif self._row < _NEAR and not self._has_top:
            self.post_message(self.Wanted(self, False))
        self._moved()

    def _go_column(self, target: int) -> None:
        self.column = min(max(0, target), max(0, len(self._columns) - 1))
        self._moved()

    def _moved(self) -> None:
        self._follow()
        self.redraw()
        self.post_message(self.Reached(self))

    def _follow(self) -> None:
        """Scroll as little as brings the cursor into sight."""
        height = self._height()
        row = max(1, self._row)
        top = min(self._top, row - 1)
        top = max(top, row - height)
        self._top = max(0, min(top, max(0, len(self._rows) - height)))
        if not self._columns or self.column == 0:
            self._left = 1 if self.column == 0 else self._left
            return
        self._left = min(self._left, self.column)
        while self._left < self.column and self.column not in self._whole(self._room()):
            self._left += 1

    # Drawing ------------------------------------------------------------------------------

    def _height(self) -> int:
        return max(1, (self.size.height or 12) - _ROOM_FOR_ROWS)

    def _room(self) -> int:
        """Cells for the columns beside the first one."""
        first = self._widths[0] if self._widths else 0
        return (self.size.width or 80) - 2 * _POINTER - self._digits() - 2 * _SIGN - first - _GAP

    def _digits(self) -> int:
        return len(str(self._rows[-1].number)) + 1 if self._rows else 2

    def _width_of(self, n: int) -> int:
        column = self._columns[n]
        longest = max(
            [cell_len(column.title), cell_len(column.below)]
            + [cell_len(row.cells[n]) for row in self._rows if n < len(row.cells)]
        )
        return max(_NARROWEST, min(longest, _FIRST_WIDEST if n == 0 else _WIDEST))

    def _in_sight(self, room: int) -> list[int]:
        """The columns that are drawn, the last one perhaps in part."""
        return [n for n, _ in self._cut(room)]

    def _whole(self, room: int) -> list[int]:
        return [n for n, width in self._cut(room) if width == self._widths[n]]

    def _cut(self, room: int) -> list[tuple[int, int]]:
        """Column and width of what is drawn beside the first column."""
        found: list[tuple[int, int]] = []
        for n in range(self._left, len(self._columns)):
            room -= _GAP + _SIGN
            if room < min(self._widths[n], _LEAST) and found:
                break
            found.append((n, max(1, min(self._widths[n], room))))
            room -= self._widths[n]
            if room <= 0:
                break
        return found

    def _lines(self, width: int) -> list[Content]:
        # Always as many lines, so that a line is compared with the one that stood there before.
        found = self._filled()
        return [*found, *[Content("")] * (self._height() + _ROOM_FOR_ROWS - len(found))]

    def _filled(self) -> list[Content]:
        if not self._columns:
            return [ink(self._empty, "$muted")]
        cut = [(0, self._widths[0]), *self._cut(self._room())]
        found = [self._titles(cut), self._belows(cut)]
        height = self._height()
        shown = self._rows[self._top : self._top + height]
        found += [self._row_line(self._top + n, row, cut) for n, row in enumerate(shown, 1)]
        if not self._rows:
            found.append(ink(f"  {self._empty}", "$muted"))
        return found

    def _titles(self, cut: Sequence[tuple[int, int]]) -> Content:
        at = self._row == 0
        parts = [line((POINTER if at else " ", "$key"), " " * (self._digits() + 2))]
        for n, width in cut:
            column = self._columns[n]
            sign = column.sign or Sign(" ")
            title = cell(column.title, width, "bold")
            if at and n == self.column:
                title = ink(title.plain, self._cursor_style("bold"))
            parts += [ink(sign.glyph, sign.style), title, ink(" ")]
        return line(*parts)

    def _belows(self, cut: Sequence[tuple[int, int]]) -> Content:
        parts: list[Content] = [ink(" " * (self._digits() + 3))]
        for n, width in cut:
            parts += [ink(" "), cell(self._columns[n].below, width, "$muted"), ink(" ")]
        last = cut[-1][0]
        more = "…" if last < len(self._columns) - 1 or cut[-1][1] < self._widths[last] else ""
        return line(*parts, (more, "$key"))

    def _row_line(self, place: int, row: GridRow, cut: Sequence[tuple[int, int]]) -> Content:
        at = place == self._row
        sign = row.sign or Sign(" ")
        parts = [
            line((f"{POINTER} " if at else "  ", "$key")),
            cell(str(row.number), self._digits() - 1, "" if at else "$muted", align="right"),
            ink(" "),
            ink(sign.glyph, sign.style),
        ]
        for n, width in cut:
            text = row.cells[n] if n < len(row.cells) else ""
            mark = row.signs.get(n) or Sign(" ")
            shown = cell(text, width, row.style)
            if at and n == self.column:
                # All of it, blanks too: an empty cell has a cursor as well.
                shown = ink(shown.plain, self._cursor_style(row.style))
            parts += [ink(mark.glyph, mark.style), shown, ink(" ")]
        return line(*parts)

    def _cursor_style(self, style: str) -> str:
        # Seen without colours too: two things swapped are swapped in black and white as well.
        return "reverse bold" if self.has_focus else f"{style} underline".strip()
