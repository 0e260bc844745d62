"""The last question before others see something: what happens, and a name typed to the letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from transfer.errors import UsageError
from transfer.legal.gate import refuse_unless_confirmed
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted

_LABEL = 14


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a person has to know before: what it is about, and the sentence. What cannot
    be taken back, or gives something away, is told loudly."""

    label: str
    text: str
    is_loud: bool = False


@dataclass(frozen=True, slots=True)
class Confirming:
    """What is confirmed by typing `name`. `takes` is what Enter does then, in words."""

    title: str
    told: Sequence[Told]
    name: str
    takes: str


class ConfirmScreen(ModalScreen[str | None]):
    """Gives what was typed once it is the name; None when they went back.

    Another name is refused here, so that Enter by habit sends nothing.
    """

    CSS_PATH = "dataset_confirm.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="dataset-confirm.back"),
        Binding("pagedown", "read_on(1)", show=False, priority=True, id="dataset-confirm.on"),
        Binding("pageup", "read_on(-1)", show=False, priority=True, id="dataset-confirm.up"),
    ]

    def __init__(self, confirming: Confirming) -> None:
        super().__init__()
        self._asked = confirming

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: wrapped(ink(plain(self._asked.title), "bold"), width))
            yield Painted(classes="gap")
            with VerticalScroll(id="told", can_focus=False):
                yield Painted(partial(draw_told, self._asked.told))
            yield Painted(classes="gap")
            yield Painted(self._draw_ask)
            entry = Input(id="typed")
            entry.cursor_blink = False
            yield entry
            yield Painted(id="refusal")
            yield Painted(id="keys")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        # Whether there is more to read is known once the text has its place.
        self.watch(self.query_one("#told"), "virtual_size", self._look_at_keys, init=False)
        self._draw_keys()

    def on_resize(self) -> None:
        self._look_at_keys()

    def _look_at_keys(self) -> None:
        self.call_after_refresh(self._draw_keys)

    def _draw_ask(self, width: int) -> list[Content]:
        name = line(
            ("Type this name, to the letter: ", "$muted"), (plain(self._asked.name), "bold")
        )
        return wrapped(name, width)

    def _draw_keys(self) -> None:
        more = "   [PgDn] reads on" if self.query_one("#told", VerticalScroll).max_scroll_y else ""
        keys = f"[Enter] {self._asked.takes}{more}   [Esc] leaves all as it is"
        self.query_one("#keys", Painted).show(lambda width: [with_keys(keys)])

    @on(Input.Changed)
    def _typing(self) -> None:
        self.query_one("#refusal", Painted).show(lambda width: [])

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        if not event.value:
            self._refuse("Nothing was typed, and nothing was changed.")
            return
        try:
            refuse_unless_confirmed(self._asked.name, event.value)
        except UsageError as error:
            self._refuse(f"{error.what} {error.remedy}")
            return
        self.dismiss(event.value)

    def _refuse(self, text: str) -> None:
        self.query_one("#refusal", Painted).show(
            lambda width: wrapped(ink(plain(text), "$bad"), width)
        )

    def action_read_on(self, by: int) -> None:
        told = self.query_one("#told", VerticalScroll)
        (told.scroll_page_down if by > 0 else told.scroll_page_up)(animate=False)

    def action_back(self) -> None:
        self.dismiss(None)


def draw_told(told: Sequence[Told], width: int) -> list[Content]:
    """Each label with its sentence beside it."""
    found: list[Content] = []
    for one in told:
        text = ink(plain(one.text, 4000), "bold $warn" if one.is_loud else "")
        for n, piece in enumerate(wrapped(text, max(20, width - _LABEL))):
            found.append(line(cell("" if n else one.label, _LABEL, "$muted"), piece))
    return found
