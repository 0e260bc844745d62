"""Two more ways to ask and to tell over a screen: one of several, and something to note down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class Pick(ModalScreen[str | None]):
    """One of several, by its word; None means that they went back."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", id="pick.back")]

    def __init__(
        self, title: str, lines: Sequence[str], choices: Sequence[tuple[str, str]]
    ) -> None:
        super().__init__()
        self._title, self._lines, self._choices = title, lines, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: wrapped(ink(plain(self._title), "bold"), width))
            yield Painted(classes="gap")
            yield Painted(partial(_paragraphs, self._lines))
            yield Painted(classes="gap")
            yield Rows(id="choices", pick="Take")
            yield Painted(classes="gap")
            yield Painted(lambda width: [with_keys("[↑ ↓] choose   [Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        rows = self.query_one("#choices", Rows)
        rows.show([Row(word, partial(_draw_choice, text)) for word, text in self._choices])
        rows.focus()

    @on(Rows.Picked)
    def _take(self, event: Rows.Picked) -> None:
        self.dismiss(event.key)

    def action_back(self) -> None:
        self.dismiss(None)


class Note(ModalScreen[None]):
    """Something that was done and is to be noted down: a path, for one, in full."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", "Close", id="note.close")
    ]

    def __init__(self, title: str, lines: Sequence[str]) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: wrapped(ink(plain(self._title), "bold"), width))
            yield Painted(classes="gap")
            yield Painted(partial(_paragraphs, self._lines))
            yield Painted(classes="gap")
            yield Painted(lambda width: [with_keys("[Enter] closes this")])

    def action_close(self) -> None:
        self.dismiss()


def _paragraphs(lines: Sequence[str], width: int) -> list[Content]:
    return [piece for text in lines for piece in wrapped(ink(plain(text) or " "), width)]


def _draw_choice(text: str, width: int) -> list[Content]:
    return [line(cell(plain(text), width))]
