"""The ways to fill in a piece of metadata: a line, a text, one or several of a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from transfer.publication.values import Field
from tui.screens.dataset_limits import draw_left, limits_told
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

Values = tuple[str, ...]
Judge = Callable[[Values], Sequence[str]]
"""What is wrong with the values, a sentence each."""
_MARK: Final = 2


class FieldEntry(ModalScreen[Values | None]):
    """A field and the room that is left in it; gives its values, None when they went back. What
    the node would refuse is not taken: what was typed stays there to be put right."""

    CSS_PATH = "dataset_entry.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="dataset-entry.back"),
    ]

    def __init__(self, field: Field, values: Values, judge: Judge) -> None:
        super().__init__()
        self._field, self._values, self._judge = field, values, judge

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: wrapped(ink(plain(self._field.title), "bold"), width))
            yield Painted(partial(draw_help, self._field))
            yield from self.entry()
            yield Painted(id="left")
            yield Painted(id="refusal")
            yield Painted(lambda width: [with_keys(self.keys())])

    def entry(self) -> ComposeResult:
        """Where it is written."""
        yield from ()

    def keys(self) -> str:
        """What to press."""
        return "[Enter] takes it   [Esc] leaves it as it was"

    def written(self) -> Values:
        """What stands there now."""
        raise NotImplementedError

    def tell_left(self) -> None:
        """Say how much room is left."""
        values = self.written()
        self.query_one("#left", Painted).show(partial(draw_left, self._field, values))
        self.query_one("#refusal", Painted).show(lambda width: [])

    def take(self) -> None:
        """Take what is there, unless it would be refused."""
        values = self.written()
        faults = self._judge(values) if values else []
        if faults:
            text = " ".join(plain(fault) for fault in faults)
            self.query_one("#refusal", Painted).show(
                lambda width: wrapped(ink(text, "$bad"), width)
            )
            return
        self.dismiss(values)

    def action_back(self) -> None:
        self.dismiss(None)


class LineEntry(FieldEntry):
    """One line."""

    def entry(self) -> ComposeResult:
        entry = Input("".join(self._values[:1]), id="typed")
        entry.cursor_blink = False
        yield entry

    def keys(self) -> str:
        # All of it is marked: a key that slips takes a long line away until Esc.
        adds = "[End] adds to it   " if self._values else ""
        return f"[Enter] takes it   {adds}[Esc] leaves it as it was"

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self.tell_left()

    def written(self) -> Values:
        text = self.query_one(Input).value.strip()
        return (text,) if text else ()

    @on(Input.Changed)
    def _typing(self) -> None:
        self.tell_left()

    @on(Input.Submitted)
    def _taken(self) -> None:
        self.take()


class TextEntry(FieldEntry):
    """A text of several lines, or several words: one a line."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "take", "Take it", priority=True, id="dataset-entry.take"),
    ]

    def entry(self) -> ComposeResult:
        area = TextArea("\n".join(self._values), id="typed", show_line_numbers=False, compact=True)
        area.cursor_blink = False
        area.highlight_cursor_line = False
        yield area

    def keys(self) -> str:
        enter = "[Enter] next word" if self._field.kind == "words" else "[Enter] new line"
        return f"{enter}   [ctrl+s] takes it   [Esc] leaves it as it was"

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)
        self.tell_left()

    def written(self) -> Values:
        text = self.query_one(TextArea).text
        if self._field.kind == "words":
            return tuple(word for part in text.splitlines() if (word := part.strip()))
        text = "\n".join(part.rstrip() for part in text.splitlines()).strip()
        return (text,) if text else ()

    @on(TextArea.Changed)
    def _typing(self) -> None:
        self.tell_left()

    def action_take(self) -> None:
        self.take()


class SeveralEntry(FieldEntry):
    """Several values of a list, which what is typed makes shorter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False, priority=True, id="dataset-entry.up"),
        Binding("down", "step(1)", show=False, priority=True, id="dataset-entry.down"),
        Binding("ctrl+s", "take", "Take them", priority=True, id="dataset-entry.take-several"),
    ]

    def __init__(self, field: Field, values: Values, judge: Judge) -> None:
        super().__init__(field, values, judge)
        # What the node holds and does not offer any more is shown too, to be taken out.
        self._offered = [*field.allowed, *(v for v in values if v not in field.allowed)]
        self._chosen = set(values)

    def entry(self) -> ComposeResult:
        entry = Input(placeholder="type a part of it", id="typed")
        entry.cursor_blink = False
        yield entry
        yield Rows(id="choices", pick=None, empty=["Nothing here has that name."])

    def keys(self) -> str:
        return "[↑ ↓] choose   [Enter] marks it, or not   [ctrl+s] takes them   [Esc] back"

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show()
        self.tell_left()

    def written(self) -> Values:
        return tuple(value for value in self._offered if value in self._chosen)

    @on(Input.Changed)
    def _show(self) -> None:
        typed = self.query_one(Input).value.casefold().split()
        rows = self.query_one("#choices", Rows)
        rows.show(
            [
                Row(value, partial(_draw_choice, value, value in self._chosen))
                for value in self._offered
                if all(part in value.casefold() for part in typed)
            ]
        )

    @on(Input.Submitted)
    def _mark(self) -> None:
        key = self.query_one("#choices", Rows).key
        if key is not None:
            self._chosen ^= {key}
            self._show()
            self.tell_left()

    def action_step(self, by: int) -> None:
        self.query_one("#choices", Rows).action_step(by)

    def action_take(self) -> None:
        self.take()


def draw_help(field: Field, width: int) -> list[Content]:
    """What a field is for, and its limits."""
    found: list[Content] = []
    if field.help:
        found += wrapped(ink(plain(field.help)), width)
    return found + wrapped(ink(limits_told(field), "$muted"), width)


def _draw_choice(value: str, is_chosen: bool, width: int) -> list[Content]:
    mark = ("✓", "$good") if is_chosen else ("·", "$faint")
    return [line(cell(mark[0], _MARK, mark[1]), cell(plain(value), width - _MARK))]
