"""A failure over whatever screen it happened on."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui.widgets.chrome import with_keys
from tui.widgets.failure import Trouble, failure_lines
from tui.widgets.painted import Painted


class FailureScreen(ModalScreen[None]):
    """What happened, what it means for the data, what to do next; any of Enter, Esc closes."""

    CSS_PATH = "failure.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "close", "Close", id="failure.close"),
        Binding("escape", "close", "Close", show=False, id="failure.back"),
    ]

    def __init__(self, trouble: Trouble) -> None:
        super().__init__()
        self.trouble = trouble

    def compose(self) -> ComposeResult:
        with Vertical(classes="box trouble"):
            yield Painted(lambda width: failure_lines(self.trouble, width))
            yield Painted(classes="gap")
            yield Painted(lambda width: [with_keys("[Enter] closes this")])

    def action_close(self) -> None:
        self.dismiss()
