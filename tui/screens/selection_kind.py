"""Which kind of rule to add: a list over the screen."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.screens.selection_rules import KINDS, Kind
from tui.widgets.chrome import with_keys
from tui.widgets.ink import cell, ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class KindScreen(ModalScreen[Kind | None]):
    """The kinds of rules; None means that the operator went back."""

    CSS_PATH = ["question.tcss", "selection.tcss"]  # noqa: RUF012 - as Textual declares it
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", id="kind.back")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink("What goes?", "bold")])
            yield Painted(classes="gap")
            yield Rows(id="rows")
            yield Painted(lambda width: [with_keys("[↑ ↓] choose   [Enter] takes it   [Esc] back")])

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.show([Row(str(number), partial(_draw, kind)) for number, kind in enumerate(KINDS)])
        rows.focus()

    @on(Rows.Picked)
    def _take(self, event: Rows.Picked) -> None:
        self.dismiss(KINDS[int(event.key)])

    def action_back(self) -> None:
        self.dismiss(None)


def _draw(kind: Kind, width: int) -> list[Content]:
    return [cell(kind.text, width)]
