"""Type-ahead in a list: one line at the foot of the screen, and the cursor goes along."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input
from textual.worker import Worker, WorkerCancelled

from tui.widgets.chrome import with_keys
from tui.widgets.ink import ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Rows

_AT_ONCE = 200


class FindScreen(ModalScreen[None]):
    """The cursor of the list below goes to the next row that has every word which is typed; Enter
    leaves it there, Esc puts it back."""

    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="find.back"),
        Binding("down", "again(1)", show=False, priority=True, id="find.next"),
        Binding("up", "again(-1)", show=False, priority=True, id="find.last"),
    ]

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows, self._from = rows, rows.key
        self._under_way: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="line"):
            entry = Input(placeholder="type a part of what the row says", id="typed")
            entry.cursor_blink = False
            yield entry
            yield Painted(lambda width: [ink("")], id="said")
            keys = "[↓ ↑] next, last   [Enter] stays there   [Esc] back"
            yield Painted(lambda width: [with_keys(keys)])

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self) -> None:
        self._seek(self._index_of(self._from), 1)

    @on(Input.Submitted)
    async def _take(self) -> None:
        # What was typed in one go with Enter has not been looked for yet.
        if self._under_way is not None:
            with suppress(WorkerCancelled):
                await self._under_way.wait()
        self.dismiss(None)

    def action_again(self, by: int) -> None:
        self._seek(self._rows.cursor + by, by)

    def action_back(self) -> None:
        if self._from is not None:
            self._rows.go_to(self._from)
        self.dismiss(None)

    def _index_of(self, key: str | None) -> int:
        """Where a row is now; the list may have changed since."""
        return next((n for n, row in enumerate(self._rows.rows) if row.key == key), 0)

    def _seek(self, start: int, by: int) -> None:
        words = self.query_one(Input).value.casefold().split()
        self._under_way = self._go(words, start, by)

    @work(exclusive=True, group="find")
    async def _go(self, words: list[str], start: int, by: int) -> None:
        found = await self._found(words, start, by) if words else self._from
        said = "" if found is not None else "No row has that."
        self.query_one("#said", Painted).show(lambda width: [ink(said, "$warn")])
        if found is not None:
            self._rows.go_to(found)

    async def _found(self, words: list[str], start: int, by: int) -> str | None:
        """The key of the first row that has the words, among the rows as they are at the start."""
        rows = list(self._rows.rows)
        for n in range(len(rows)):
            row = rows[(start + by * n) % len(rows)]
            if row.has(words):
                return row.key
            # Drawing rows takes time, and what is typed next must not wait for it.
            if n % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
        return None
