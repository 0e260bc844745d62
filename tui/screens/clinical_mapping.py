"""Which column holds which attribute: what is known, what is proposed, what a person says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from tui import figures
from tui.clinical_mapping import Board, Mappings
from tui.judging import judge_later
from tui.page import Page
from tui.screens.clinical_mapping_asking import (
    ask_attribute,
    ask_order,
    ask_path,
    ask_person,
    ask_unit,
)
from tui.screens.clinical_mapping_drawing import (
    about,
    draw_column,
    draw_headings,
    draw_missing,
    legend,
    mapping_now,
    summary,
)
from tui.screens.findings_asking import ask_by
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from transfer.clinical.board import BoardColumn, Missing

_TICKS: Final = 40


class MappingScreen(Page):
    """A row for each column, then one for each attribute that no column holds."""

    CSS_PATH = "clinical_mapping.tcss"
    AUTO_FOCUS = "#columns"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "confirm_all", "Confirm all", id="mapping.confirm"),
        Binding("v", "values", "Values", id="mapping.values"),
        Binding("x", "leave_out", "Leave out", id="mapping.leave-out"),
        Binding("d", "declare", "Not available", id="mapping.declare"),
        Binding("u", "unit", "Unit", id="mapping.unit"),
        Binding("o", "order", "Date order", id="mapping.order"),
        Binding("z", "take_back", "Take back", id="mapping.take-back"),
        Binding("i", "originals", "Originals", id="mapping.originals"),
        Binding("s", "save", "Save", id="mapping.save"),
        Binding("l", "load", "Load", id="mapping.load"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._board: Board | None = None
        self._reveals = False
        self._is_changing = False
        self._has_changed = False
        self._done = ""
        self._ticks = 0

    @property
    def _engine(self) -> Mappings:
        return self.owner.source.mapping

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Painted(draw_headings, id="headings")
        yield Rows(id="columns", pick="Attribute", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "How a column is known", legend()

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self._is_changing:
            self._load()
        self._ticks += 1

    def _load(self) -> None:
        self.read("board", partial(self._engine.board, self._transfer), self._take, anew=True)

    def _take(self, board: Board) -> None:
        self._board = board
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        board = self._board
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "Clinical data", "Mapping"],
            line(("originals shown", "$warn")) if self._reveals else None,
        )
        self.query_one("#summary", Painted).show(partial(summary, board))
        rows: list[Row] = []
        tables = {column.table for column in board.columns} if board else set()
        for column in board.columns if board else ():
            shows_table = len(tables) > 1
            rows.append(Row(_key(column), partial(draw_column, column, self._reveals, shows_table)))
        for missing in board.missing if board else ():
            rows.append(Row(missing.role.value, partial(draw_missing, missing, True)))
        for missing in board.not_asked if board else ():
            rows.append(Row(missing.role.value, partial(draw_missing, missing, False), opens=False))
        empty = ["Reading…"] if board is None else ["No table has been read."]
        self.query_one("#columns", Rows).show(rows, empty)
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        column, missing = self._column(), self._missing()
        is_asked = self._board is not None and missing in self._board.missing
        self.query_one("#one", Painted).show(
            partial(about, column, missing, is_asked, self._reveals)
        )
        if self._is_changing:
            self.now.say(Now("Keeping it…", "Please wait a moment."))
            return
        now = mapping_now(self._board, column, missing)
        self.now.say(Now(self._done, now.press) if self._done else now)

    def _column(self) -> BoardColumn | None:
        key = self.query_one("#columns", Rows).key
        columns = self._board.columns if self._board else ()
        return next((column for column in columns if _key(column) == key), None)

    def _missing(self) -> Missing | None:
        key = self.query_one("#columns", Rows).key
        board = self._board
        missing = (*board.missing, *board.not_asked) if board else ()
        return next((one for one in missing if one.role.value == key), None)

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._done = ""
        self._tell()
        self.refresh_bindings()

    # Saying -------------------------------------------------------------------------------

    @on(Rows.Picked)
    def _picked(self) -> None:
        if not self._can_change():
            return
        if self._missing() is not None:
            self.action_declare()
        else:
            self._choose()

    @work(exclusive=True, group="question")
    async def _choose(self) -> None:
        column = self._column()
        chosen = await ask_attribute(self, column, self._reveals) if column else None
        person = await ask_person(self) if chosen is not None else None
        if column is None or chosen is None or person is None:
            return
        call = partial(self._engine.choose, self._transfer, column, chosen.role, person)
        self._change(call, f"{_first(column.told)}: {chosen.told}.")

    @work(exclusive=True, group="question")
    async def action_confirm_all(self) -> None:
        person = await ask_person(self)
        if person is None:
            return

        def told() -> str:
            done = self._engine.confirm_all(self._transfer, person)
            said = f"{figures.count(done.done, 'column')} confirmed"
            if done.asked:
                said += f"; {figures.count(done.asked, 'column')} to be looked at one by one"
            return f"{said}."

        self._change(told)

    def action_values(self) -> None:
        from tui.screens.clinical_terms import TermsScreen

        column = self._column()
        role = column.role if column and column.is_term else None
        self._has_changed = True
        self.app.push_screen(TermsScreen(self._transfer, role))

    @work(exclusive=True, group="question")
    async def action_leave_out(self) -> None:
        column = self._column()
        person = await ask_person(self) if column else None
        if column is None or person is None:
            return
        leaves = column.state != "left-out"
        call = partial(
            self._engine.leave_out, self._transfer, column.heading, person, is_left_out=leaves
        )
        what = "does not leave" if leaves else "leaves again"
        self._change(call, f"{_first(column.told)} {what}.")

    @work(exclusive=True, group="question")
    async def action_declare(self) -> None:
        missing = self._missing()
        if missing is None or not missing.is_declarable:
            return
        if missing.declared is not None:
            call = partial(self._engine.withdraw, self._transfer, missing.role)
            self._change(call, f"{missing.title} is asked for again.")
            return
        by = await ask_by(self, f"Why is {missing.title} not in the source?", needs_reason=True)
        if by is not None:
            self._change(
                partial(self._engine.declare, self._transfer, missing.role, by),
                f"{missing.title} is declared not available, for the whole dataset.",
            )

    @work(exclusive=True, group="question")
    async def action_unit(self) -> None:
        column = self._column()
        chosen = await ask_unit(self, column) if column else None
        person = await ask_person(self) if chosen is not None else None
        if column is None or chosen is None or person is None:
            return
        call = partial(self._engine.unit, self._transfer, column.heading, chosen, person)
        self._change(call, f"{_first(column.told)} counts in {chosen}.")

    @work(exclusive=True, group="question")
    async def action_order(self) -> None:
        column = self._column()
        chosen = await ask_order(self, column) if column else None
        person = await ask_person(self) if chosen is not None else None
        if column is None or chosen is None or person is None:
            return
        call = partial(self._engine.order, self._transfer, column.heading, chosen, person)
        first = "day" if chosen == "day-first" else "month"
        self._change(call, f"In {column.told} the {first} comes first.")

    def action_take_back(self) -> None:
        column = self._column()
        if column is not None:
            call = partial(self._engine.take_back, self._transfer, column.heading)
            self._change(call, f"What was said of {column.told} is forgotten.")

    @work(exclusive=True, group="question")
    async def action_save(self) -> None:
        path = await ask_path(
            self, "Save the mapping into which file?", f"{self._transfer}-mapping.toml"
        )
        if path is None:
            return

        def told() -> str:
            saved = self._engine.save(self._transfer, path)
            if saved.left_out:
                some = figures.count(saved.left_out, "word")
                return f"The mapping is saved, but {some} that may be a patient's own."
            return "The mapping is saved; another transfer can load it."

        self._change(told, changes=False)

    @work(exclusive=True, group="question")
    async def action_load(self) -> None:
        path = await ask_path(self, "Load a mapping from which file?", "")
        person = await ask_person(self) if path is not None else None
        if path is None or person is None:
            return

        def told() -> str:
            loaded = self._engine.load(self._transfer, path, person)
            said = f"{figures.count(loaded.columns, 'column')} taken from the file"
            if loaded.waiting:
                said += f"; {len(loaded.waiting):,} of them are not in this table"
            return f"{said}."

        self._change(told)

    def _change(
        self, call: Callable[[], str | None], done: str = "", *, changes: bool = True
    ) -> None:
        if self._is_changing:
            return
        self._is_changing, self._done = True, ""
        self._tell()

        def changed(told: str | None) -> None:
            self._is_changing = False
            self._has_changed = self._has_changed or changes
            self._done = told or done
            self._load()
            self._draw()

        self.read("change", call, changed)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "change":
            self._is_changing = False
            self._tell()
        super().stumbled(kind, error)

    def action_originals(self) -> None:
        self._reveals = not self._reveals
        self._draw()

    def action_back(self) -> None:
        if self._has_changed:
            judge_later(self.owner, self._transfer)
        super().action_back()

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset(
            {"confirm_all", "values", "leave_out", "declare", "unit", "order", "take_back",
             "save", "load"}
        )  # fmt: skip

    def _can_change(self) -> bool:
        return self._board is not None and not self._board.is_held and not self._is_changing

    def can(self, action: str) -> bool | None:
        column, missing, board = self._column(), self._missing(), self._board
        if board is None:
            return False
        if action in ("values", "save"):
            return bool(board.columns)
        if not self._can_change():
            return False
        return {
            "confirm_all": any(one.choice is not None for one in board.columns),
            "leave_out": column is not None and column.role != "patient",
            "declare": missing is not None and missing.is_declarable,
            "unit": column is not None and column.role in _COUNTED,
            "order": column is not None and bool(column.order),
            "take_back": column is not None and column.state in ("confirmed", "left-out"),
        }.get(action, True)


_COUNTED: Final = ("age", "age-at-diagnosis", "relative-day")


def _first(text: str) -> str:
    """As it begins a sentence; headings keep their own capitals."""
    return text[:1].upper() + text[1:]


def _key(column: BoardColumn) -> str:
    return f"{column.table} {column.place}"
