"""The one way to ask: a question over the screen, the harmless answer already chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from transfer.errors import UsageError
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, ink
from tui.widgets.painted import Painted


def _paragraphs(lines: Sequence[str]) -> Painted:
    return Painted(
        lambda width: [w for text in lines for w in wrapped(ink(plain(text) or " "), width)]
    )


class Answer(Button):
    """One of the answers; a pointer stands at the one that Enter gives, colours or not."""

    def __init__(self, words: str, *, id: str) -> None:
        self._words = words
        super().__init__(self._pointed(False), id=id, compact=True)

    def _pointed(self, here: bool) -> Content:
        return ink(f"{POINTER if here else ' '} {self._words}")

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.label = self._pointed(has_focus)


class Question(ModalScreen[bool]):
    """Yes or no. Escape and the focused button both mean no."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "no", "Back", id="question.back"),
        Binding("left,up", "app.focus_previous", "Other answer", show=False, id="question.left"),
        Binding("right,down", "app.focus_next", "Other answer", show=False, id="question.right"),
    ]

    def __init__(self, title: str, lines: Sequence[str], *, no: str, yes: str) -> None:
        super().__init__()
        self._title, self._lines, self._no, self._yes = title, lines, no, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink(plain(self._title), "bold")])
            yield Painted(classes="gap")
            yield _paragraphs(self._lines)
            with Horizontal(classes="answers"):
                yield Answer(self._no, id="no")
                yield Answer(self._yes, id="yes")
            yield Painted(lambda width: [with_keys("[← →] choose   [Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_no(self) -> None:
        self.dismiss(False)


class Ask(ModalScreen[str | None]):
    """One line of text from the operator; None means that they went back."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", id="ask.back")]

    def __init__(
        self,
        title: str,
        lines: Sequence[str],
        *,
        value: str = "",
        secret: bool = False,
        check: Callable[[str], object] = lambda text: None,
    ) -> None:
        super().__init__()
        self._title, self._lines, self._value = title, lines, value
        self._secret, self._check = secret, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink(plain(self._title), "bold")])
            yield Painted(classes="gap")
            yield _paragraphs(self._lines)
            entry = Input(self._value, password=self._secret)
            entry.cursor_blink = False
            yield entry
            yield Painted(id="refusal")
            yield Painted(lambda width: [with_keys("[Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        try:
            self._check(event.value)
        except UsageError as error:
            text = f"{error.what} {error.remedy}"
            self.query_one("#refusal", Painted).show(
                lambda width: wrapped(ink(plain(text), "$bad"), width)
            )
            return
        self.dismiss(event.value)

    def action_back(self) -> None:
        self.dismiss(None)
