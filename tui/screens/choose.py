"""One of many, found by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_APART, _LEAST = 3, 20


class Choose(ModalScreen[str | None]):
    """A list that what is typed makes shorter; gives the word of what was taken, None when they
    went back. Each choice: its word, its text, and what is said beside it."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="choose.back"),
        Binding("up", "step(-1)", show=False, priority=True, id="choose.up"),
        Binding("down", "step(1)", show=False, priority=True, id="choose.down"),
        Binding("pageup", "leap(-1)", show=False, priority=True, id="choose.page-up"),
        Binding("pagedown", "leap(1)", show=False, priority=True, id="choose.page-down"),
    ]

    def __init__(
        self, title: str, lines: Sequence[str], choices: Sequence[tuple[str, str, str]]
    ) -> None:
        super().__init__()
        self._title, self._texts, self._choices = title, lines, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: wrapped(ink(plain(self._title), "bold"), width))
            yield Painted(self._told)
            entry = Input(placeholder="type a part of it", id="typed")
            entry.cursor_blink = False
            yield entry
            yield Rows(id="choices", pick=None, empty=["Nothing here has that name."])
            yield Painted(classes="gap")
            yield Painted(lambda width: [with_keys("[↑ ↓] choose   [Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        self._narrow()
        self.query_one("#typed", Input).focus()

    def _told(self, width: int) -> list[Content]:
        return [piece for text in self._texts for piece in wrapped(ink(plain(text)), width)]

    @on(Input.Changed)
    def _narrow(self) -> None:
        typed = self.query_one("#typed", Input).value.casefold().split()
        rows = self.query_one("#choices", Rows)
        longest = max((cell_len(text) for _, text, _ in self._choices), default=0)
        rows.show(
            [
                Row(word, partial(_draw, text, beside, longest + _APART))
                for word, text, beside in self._choices
                if all(part in f"{text} {beside}".casefold() for part in typed)
            ]
        )
        rows.action_edge(0)

    @on(Input.Submitted)
    def _take(self) -> None:
        rows = self.query_one("#choices", Rows)
        if rows.key is not None:
            self.dismiss(rows.key)

    def action_step(self, by: int) -> None:
        self.query_one("#choices", Rows).action_step(by)

    def action_leap(self, by: int) -> None:
        self.query_one("#choices", Rows).action_leap(by)

    def action_back(self) -> None:
        self.dismiss(None)


def _draw(text: str, beside: str, column: int, width: int) -> list[Content]:
    room = min(column, max(_LEAST, width * 2 // 3)) if beside else width
    return [
        line(cell(cell(plain(text), room - 1), room), cell(plain(beside), width - room, "$muted"))
    ]
