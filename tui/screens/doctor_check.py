"""One check of the doctor in full, over the screen."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from transfer.node import CheckResult
from tui.screens.doctor_drawing import draw_whole
from tui.widgets.chrome import with_keys
from tui.widgets.painted import Painted


class CheckScreen(ModalScreen[None]):
    """What it says, what to do, whom to ask, what was tried and what came back."""

    CSS_PATH = "doctor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "close", "Close", id="check.close"),
    ]

    def __init__(self, result: CheckResult) -> None:
        super().__init__()
        self._result = result

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Painted(partial(draw_whole, self._result))
            yield Painted(classes="gap")
            yield Painted(lambda width: [with_keys("[↑ ↓] moves   [Enter] closes this")])

    def action_close(self) -> None:
        self.dismiss()
