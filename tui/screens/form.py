"""A page of fields to fill in, one line each: what is wrong with one stands below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import Input

from transfer.errors import TransferError
from tui.page import Page
from tui.screens.question import Question
from tui.screens.walk import PathInput, PathSuggester
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, cell, ink, line
from tui.widgets.painted import Painted

_LABEL = 22


@dataclass(frozen=True, slots=True)
class Field:
    """One line. `check` raises ValueError with what is wrong, in a few words ("lies in the
    future"). A `is_path` is completed as in a shell."""

    key: str
    label: str
    hint: str
    value: str = ""
    check: Callable[[str], object] = lambda text: None
    is_path: bool = False


class FormPage(Page):
    """What all forms have; each says its fields, and what is done with them.

    Enter takes a field and goes to the next; on the last one it takes the form.
    """

    CSS_PATH = "form.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", "Field above", show=False, id="form.up"),
        Binding("down", "app.focus_next", "Field below", show=False, id="form.down"),
    ]

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__()
        self._fields = tuple(fields)
        self._is_taking = False

    def trail(self) -> list[str]:
        """The crumbs."""
        raise NotImplementedError

    def about(self, width: int) -> list[Content]:
        """What stands above the fields."""
        raise NotImplementedError

    def does(self) -> str:
        """What Enter on the last field does, in a word or two: "records it"."""
        raise NotImplementedError

    def take(self, values: Mapping[str, str]) -> None:
        """All fields are as they may be. `begin` does what takes time."""
        raise NotImplementedError

    def left(self, field: Field, value: str) -> None:
        """A field was left with a value that may be."""

    def body(self) -> ComposeResult:
        yield Painted(self.about, id="about")
        with VerticalScroll(id="fields", can_focus=False):
            for field in self._fields:
                with Horizontal(classes="line"):
                    yield Painted(
                        partial(_draw_label, field, False), id=f"label-{field.key}", classes="label"
                    )
                    yield self._entry(field)
                yield Painted(partial(_draw_note, field, "", ""), id=f"note-{field.key}")

    def _entry(self, field: Field) -> Input:
        made = (
            PathInput(field.value, id=field.key, suggester=PathSuggester(self, files=True))
            if field.is_path
            else Input(field.value, id=field.key)
        )
        made.cursor_blink = False
        return made

    def on_mount(self) -> None:
        self.crumbs.say(self.trail())
        self._tell()

    # What stands there --------------------------------------------------------------------

    def values(self) -> dict[str, str]:
        """What is typed, blanks at the ends taken away."""
        return {field.key: self._input(field.key).value.strip() for field in self._fields}

    def note(self, key: str, text: str, style: str = "$muted") -> None:
        """Say something below a field; nothing brings its hint back."""
        note = self.query_one(f"#note-{key}", Painted)
        note.show(partial(_draw_note, self._field(key), text, style))

    def _input(self, key: str) -> Input:
        return self.query_one(f"#{key}", Input)

    def _field(self, key: str) -> Field:
        return next(field for field in self._fields if field.key == key)

    # Walking through ----------------------------------------------------------------------

    @on(DescendantFocus)
    def _came(self) -> None:
        for field in self._fields:
            has_focus = self.focused is not None and self.focused.id == field.key
            label = self.query_one(f"#label-{field.key}", Painted)
            label.show(partial(_draw_label, field, has_focus))
        self._tell()

    def _tell(self) -> None:
        if self._is_taking:
            return
        at = self.focused.id if self.focused else None
        if at == self._fields[-1].key:
            press = f"[Enter] {self.does()}.   [↑] field above.   [Esc] goes back."
        else:
            press = "[Enter] next field.   [↑ ↓] other fields.   [Esc] goes back."
        field = next((one for one in self._fields if one.key == at), self._fields[0])
        self.now.say(Now(f"{field.label}: {field.hint}.", press))

    @on(Input.Blurred)
    def _blurred(self, event: Input.Blurred) -> None:
        field = self._field(event.input.id or "")
        if self._is_good(field) and not self._is_taking:
            self.left(field, event.input.value.strip())

    def _is_good(self, field: Field) -> bool:
        try:
            field.check(self._input(field.key).value.strip())
        except ValueError as error:
            self.note(field.key, f"✗ {field.label} {error}.", "$bad")
            return False
        self.note(field.key, "")
        return True

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._is_taking:
            return
        field = self._field(event.input.id or "")
        if field is not self._fields[-1]:
            if self._is_good(field):
                self.focus_next()
            return
        wrong = [one for one in self._fields if not self._is_good(one)]
        if wrong:
            self._input(wrong[0].key).focus()
            return
        self.take(self.values())

    # Taking -------------------------------------------------------------------------------

    def begin(self, busy: str, call: Callable[[], object]) -> None:
        """Do what the form is for, in a thread; the page closes once it is done."""
        self._is_taking = True
        self.now.say(Now(busy, "Please wait."))
        self.read("take", call, self.taken)

    def taken(self, done: object) -> None:
        """It is done."""
        self.dismiss()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._is_taking = False
        self._tell()
        super().stumbled(kind, error)

    def action_back(self) -> None:
        if self.values() == {field.key: field.value.strip() for field in self._fields}:
            self.dismiss()
        else:
            self._ask_to_leave()

    @work(exclusive=True, group="question")
    async def _ask_to_leave(self) -> None:
        lines = ["What was typed here is gone then; nothing was recorded."]
        if await self.app.push_screen_wait(
            Question("Go back without it?", lines, no="Stay here", yes="Go back")
        ):
            self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._is_taking and action == "back":
            return False
        return super().check_action(action, parameters)


def _draw_label(field: Field, has_focus: bool, width: int) -> list[Content]:
    mark, style = (POINTER, "bold") if has_focus else (" ", "")
    return [line((f"{mark} ", "$key"), cell(field.label, width - 2, style))]


def _draw_note(field: Field, text: str, style: str, width: int) -> list[Content]:
    if not text:
        return [line(" " * _LABEL, cell(ink(field.hint, "$muted"), width - _LABEL))]
    return [line("  ", piece) for piece in wrapped(ink(plain(text), style), width - 2)]
