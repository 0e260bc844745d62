"""The clinical table as it was read, with what the rules found in its cells."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import UsageError
from tui.clinical_table import LAST, ClinicalTables, TableLook, TablePart
from tui.page import Page
from tui.screens.clinical_table_drawing import (
    about_cell,
    grid_columns,
    grid_row,
    heading_line,
    legend,
    mark_at,
)
from tui.screens.question import Ask
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.grid import HEADING, Grid
from tui.widgets.ink import line
from tui.widgets.painted import Painted

if TYPE_CHECKING:
    from transfer.clinical.marks import Mark
    from transfer.clinical.preview import PreviewColumn, PreviewRow

_MOST_HELD: Final = 400
_MOST_MARKS: Final = 20_000


class TableScreen(Page):
    """Rows and columns with a cursor; below them the cell in full and what was found there."""

    CSS_PATH = "clinical_table.tcss"
    AUTO_FOCUS = "#grid"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "find(1)", "Next finding", id="table.next"),
        Binding("N,p", "find(-1)", "Previous", key_display="p", id="table.previous"),
        Binding("i", "originals", "Originals", id="table.originals"),
        Binding("g", "row", "Go to row", id="table.row"),
        Binding("w", "other", "Other table", id="table.other"),
        Binding("f", "findings", "Findings", id="table.findings"),
    ]

    def __init__(self, transfer: str, number: int = 1) -> None:
        super().__init__()
        self._transfer = transfer
        self._number = number
        self._look: TableLook | None = None
        self._has_looked = False
        self._rows: list[PreviewRow] = []
        self._marks: dict[tuple[int, int], list[Mark]] = {}
        self._has_before = self._has_after = False
        self._reveals = False
        self._note = ""
        self._note_at: tuple[int | None, int] = (None, 0)
        # What a read began for: what the operator has asked for since counts more.
        self._turn = 0
        self._bound_for: tuple[int, int] | None = None

    @property
    def _engine(self) -> ClinicalTables:
        return self.owner.source.tables

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Grid(id="grid", empty="Reading…")
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._open()
        self._draw()

    def on_screen_resume(self) -> None:
        # Something may have been answered, or another table chosen, on the screen above.
        if self._has_looked:
            self._open()

    @property
    def rows_held(self) -> list[PreviewRow]:
        """The rows that are here now, of however many the table has."""
        return self._rows

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "Marks in a table", legend()

    # Reading ------------------------------------------------------------------------------

    def _open(self) -> None:
        self.read("look", partial(self._engine.look, self._transfer, self._number), self._take_look)

    def _take_look(self, look: TableLook | None) -> None:
        before, self._look, self._has_looked = self._look, look, True
        if look is None:
            self._rows = []
            self._draw()
            return
        if before and self._rows and before.file.row == look.file.row:
            row = self.query_one("#grid", Grid).key or look.file.heading_row
            # Whoever was on the way somewhere comes there.
            self._around(*(self._bound_for or (row, self._place())))
        else:
            self._from_top()

    def _from_top(self) -> None:
        look = self._look
        if look is not None:
            call = partial(self._engine.after, row=look.file.heading_row)
            self._fetch(call, self._replace)

    def _fetch(
        self,
        call: Callable[..., TablePart],
        arrived: Callable[[TablePart], None],
    ) -> None:
        self._turn += 1
        turn, look, reveals = self._turn, self._look, self._reveals
        if look is None:
            return

        def take(part: TablePart) -> None:
            if turn == self._turn:
                arrived(part)

        self.read(f"rows-{turn}", lambda: call(self._transfer, look, reveals=reveals), take)

    def _replace(self, part: TablePart) -> None:
        self._rows = list(part.rows)
        self._marks.clear()
        self._keep(part)
        self._has_before, self._has_after = part.has_before, part.has_after
        self._draw()

    def _keep(self, part: TablePart) -> None:
        if len(self._marks) > _MOST_MARKS:
            self._marks.clear()
        for key in {(mark.row, mark.place) for mark in part.marks}:
            self._marks[key] = [m for m in part.marks if (m.row, m.place) == key]

    def _append(self, part: TablePart) -> None:
        self._rows += part.rows
        self._keep(part)
        self._has_after = part.has_after
        if len(self._rows) > _MOST_HELD:
            self._rows = self._rows[-_MOST_HELD:]
            self._has_before = True
        self._draw()

    def _prepend(self, part: TablePart) -> None:
        self._rows = [*part.rows, *self._rows]
        self._keep(part)
        self._has_before = part.has_before
        if len(self._rows) > _MOST_HELD:
            self._rows = self._rows[:_MOST_HELD]
            self._has_after = True
        self._draw()

    @on(Grid.Wanted)
    def _more(self, event: Grid.Wanted) -> None:
        if self._look is None:
            return
        if event.is_end:
            self._to_end(event.is_after)
        elif event.is_after and self._has_after:
            self._fetch(partial(self._engine.after, row=self._rows[-1].row), self._append)
        elif not event.is_after and self._has_before:
            self._fetch(partial(self._engine.before, row=self._rows[0].row), self._prepend)

    def _to_end(self, is_after: bool) -> None:
        grid = self.query_one("#grid", Grid)

        def arrived(part: TablePart) -> None:
            self._replace(part)
            grid.to_edge(-1 if is_after else 0)

        if is_after and self._has_after:
            self._fetch(partial(self._engine.before, row=LAST), arrived)
        elif not is_after and self._has_before and self._look:
            self._fetch(partial(self._engine.after, row=self._look.file.heading_row), arrived)
        else:
            grid.to_edge(-1 if is_after else 0)

    def _around(self, row: int, place: int) -> None:
        """Go to a cell, wherever it is."""
        look = self._look
        if look is None:
            return
        grid = self.query_one("#grid", Grid)
        is_heading = row <= look.file.heading_row
        key = HEADING if is_heading else row
        self._bound_for = row, place

        def arrived(part: TablePart) -> None:
            self._bound_for = None
            self._replace(part)
            if not grid.go_to(key, self._column_of(place)):
                grid.to_edge(0)

        if is_heading:
            self._fetch(partial(self._engine.after, row=look.file.heading_row), arrived)
        else:
            self._fetch(partial(self._engine.around, row=row), arrived)

    # Drawing ------------------------------------------------------------------------------

    @property
    def _columns(self) -> list[PreviewColumn]:
        return self._look.shown if self._look else []

    def _draw(self) -> None:
        look, columns = self._look, self._columns
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "Clinical data", "Table"],
            line(("originals shown", "$warn")) if self._reveals else None,
        )
        heading = look.file.heading_row if look else 0
        self.query_one("#grid", Grid).put(
            grid_columns(columns, self._marks, heading, self._reveals),
            [grid_row(row, columns, self._marks) for row in self._rows],
            has_top=not self._has_before,
            empty=self._empty(),
        )
        self._tell()
        self.refresh_bindings()

    def _empty(self) -> str:
        if not self._has_looked:
            return "  Reading…"
        if self._look is None:
            return "  No table has been read. Step 9 says why, and takes another one with o."
        return "The table has no rows below its heading."

    def _tell(self) -> None:
        look = self._look
        grid = self.query_one("#grid", Grid)
        shown = grid.shown_columns
        self.query_one("#summary", Painted).show(partial(heading_line, look, shown))
        row, column = self._row(), self._column()
        marks = self._here()
        self.query_one("#one", Painted).show(partial(about_cell, row, column, marks, self._reveals))
        self.now.say(self._now(marks))

    def _now(self, marks: list[Mark]) -> Now:
        if not self._has_looked:
            return Now("Reading the table…", "[Esc] goes back.")
        if self._look is None:
            return Now("There is no table to look at.", "[Esc] goes back.")
        masked = "[i] hides originals." if self._reveals else "[i] shows originals."
        press = f"[n] next finding.   [← ↑ ↓ →] cells.   [Tab] columns.   {masked}"
        if self._note:
            return Now(self._note, press)
        if not self._look.marked:
            return Now("The rules found nothing in this table.", press)
        if marks and marks[0].is_open:
            return Now("Something was found here; it is told above.", press)
        return Now("A mark beside a cell says that something was found there.", press)

    def _row(self) -> PreviewRow | None:
        key = self.query_one("#grid", Grid).key
        return next((row for row in self._rows if row.row == key), None)

    def _column(self) -> PreviewColumn | None:
        columns, at = self._columns, self.query_one("#grid", Grid).column
        return columns[at] if at < len(columns) else None

    def _place(self) -> int:
        column = self._column()
        return column.place if column else 0

    def _column_of(self, place: int) -> int:
        return next((n for n, c in enumerate(self._columns) if c.place == place), 0)

    def _here(self) -> list[Mark]:
        """What was found at the cursor: in the cell, its row, its column, the whole table."""
        look = self._look
        if look is None:
            return []
        row = self.query_one("#grid", Grid).key
        at = look.file.heading_row if row in (None, HEADING) else row
        return mark_at(self._marks, at or 0, self._place(), look.file.heading_row)

    # Acting -------------------------------------------------------------------------------

    @on(Grid.Reached)
    def _reached(self) -> None:
        grid = self.query_one("#grid", Grid)
        if (grid.key, grid.column) != self._note_at:
            self._note = ""
        self._tell()

    def action_find(self, by: int) -> None:
        look = self._look
        if look is None:
            return
        grid = self.query_one("#grid", Grid)
        row = look.file.heading_row if grid.key in (None, HEADING) else grid.key
        call = partial(
            self._engine.next_mark,
            self._transfer,
            look,
            row or 0,
            grid.column,
            backwards=by < 0,
        )
        self.read("find", call, partial(self._found, by))

    def _found(self, by: int, found: tuple[Mark | None, bool]) -> None:
        mark, is_over_the_end = found
        if mark is None:
            self._say("There is no finding in this table that asks for anything.")
            return
        heading = self._look.file.heading_row if self._look else 0
        key, column = HEADING if mark.row <= heading else mark.row, self._column_of(mark.place)
        self._note = ""
        if is_over_the_end:
            self._note = f"It goes on from the {'top' if by > 0 else 'end'} of the table."
            self._note_at = key, column
        if not self.query_one("#grid", Grid).go_to(key, column):
            self._around(mark.row, mark.place)

    def _say(self, note: str) -> None:
        grid = self.query_one("#grid", Grid)
        self._note, self._note_at = note, (grid.key, grid.column)
        self._tell()

    def action_originals(self) -> None:
        self._reveals = not self._reveals
        row = self.query_one("#grid", Grid).key
        if self._look is not None:
            self._around(row or self._look.file.heading_row, self._place())

    @work(exclusive=True, group="question")
    async def action_row(self) -> None:
        look = self._look
        if look is None:
            return
        last = look.file.data_rows + 1
        text = await self.app.push_screen_wait(
            Ask(
                "Go to which row?",
                [f"The number that a spreadsheet shows, 2 to {last:,}, or a key such as R12."],
                check=_row_number,
            )
        )
        if text:
            is_key = text.strip()[:1] in "Rr"
            n = _row_number(text)
            self._around(n if is_key else look.file.heading_row + n - 1, self._place())

    def action_other(self) -> None:
        if self._look is not None and self._look.tables > 1:
            self._number = self._look.number % self._look.tables + 1
            self._open()

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self._transfer))

    def live_actions(self) -> frozenset[str]:
        return frozenset({"find", "originals", "row", "other"})

    def can(self, action: str) -> bool | None:
        if self._look is None:
            return False
        return self._look.tables > 1 if action == "other" else True


def _row_number(text: str) -> int:
    digits = text.strip().lstrip("Rr").replace(",", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 12):
        raise UsageError("That is no row.", "Type a number, or a key such as R12.")
    return int(digits)
