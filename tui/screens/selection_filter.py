"""What of the tree is shown: two fields over the screen."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink
from tui.widgets.painted import Painted


class FilterScreen(ModalScreen[tuple[str, str] | None]):
    """Words and modalities to look for; None means that the operator went back."""

    CSS_PATH = ["question.tcss", "selection.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="filter.back"),
        Binding("down", "app.focus_next", show=False, id="filter.next"),
        Binding("up", "app.focus_previous", show=False, id="filter.last"),
    ]

    def __init__(self, text: str, modalities: str, reveals: bool) -> None:
        super().__init__()
        self._text, self._modalities, self._reveals = text, modalities, reveals

    def compose(self) -> ComposeResult:
        where = "description, body part or modality"
        if self._reveals:
            where = "description, body part, modality or Patient ID"
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink("Show only what has", "bold")])
            yield Painted(lambda width: [ink(f"these words, in {where}")], classes="label")
            yield self._field("text", self._text)
            yield Painted(lambda width: [ink("and one of these modalities")], classes="label")
            yield self._field("modalities", self._modalities, "CT, MR")
            told = "A key, as P12, S3 or E7, leads to it. Both empty show all."
            yield Painted(lambda width: [*wrapped(ink(told, "$muted"), width), Content("")])
            yield Painted(lambda width: [with_keys("[↑ ↓] field   [Enter] takes it   [Esc] back")])

    def _field(self, name: str, value: str, hint: str = "") -> Input:
        entry = Input(value, id=name, placeholder=hint)
        entry.cursor_blink = False
        return entry

    def on_mount(self) -> None:
        self.query_one("#text").focus()

    @on(Input.Submitted)
    def _take(self) -> None:
        text, modalities = self.query_one("#text", Input), self.query_one("#modalities", Input)
        self.dismiss((text.value.strip(), modalities.value.strip()))

    def action_back(self) -> None:
        self.dismiss(None)
