"""Help: the keys of the screen one came from, and what the state words mean."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen

from tui.page import Page
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted

_KEY = 15


class HelpScreen(ModalScreen[None]):
    """Everything one can press on the screen below, in the words of the key line."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,enter", "close", "Close", id="help.close"),
    ]

    def __init__(self, below: Screen[object]) -> None:
        super().__init__()
        keys: dict[str, tuple[str, str]] = {}
        for _, binding, _, tooltip in below.active_bindings.values():
            if binding.description and (binding.show or binding.action == "quit"):
                shown = below.app.get_key_display(binding)
                keys.setdefault(binding.action, (shown, tooltip or binding.description))
        self._marks = below.legend() if isinstance(below, Page) else None
        self._keys = [
            *keys.values(),
            ("↑ ↓ PgUp PgDn", "Move in a list"),
            *([("/", "Find in the list by what is typed")] if _finds(below) else ()),
            *([("Tab", "Next field")] if len(below.focus_chain) > 1 else ()),
        ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box"):
            yield Painted(self._lines)

    def _lines(self, width: int) -> list[Content]:
        lines = [line(("Keys on this screen", "bold"))]
        lines += [line(cell(key, _KEY, "bold $key"), text) for key, text in self._keys]
        if self._marks is not None:
            title, marks = self._marks
            lines += [Content(""), line((title, "bold"))]
            room = max(_KEY, *(cell_len(mark) + 1 for mark, _ in marks))
            for mark, meaning in marks:
                pieces = wrapped(ink(meaning, "$muted"), width - room)
                lines += [
                    line(cell("" if n else mark, room), piece) for n, piece in enumerate(pieces)
                ]
        lines += [Content(""), line(("Leaving", "bold"))]
        for text in _LEAVING:
            lines += wrapped(ink(text), width)
        return [*lines, Content(""), with_keys("[Esc] closes this")]

    def action_close(self) -> None:
        self.dismiss()


def _finds(below: Screen[object]) -> bool:
    found = below.active_bindings.get("slash")
    return found is not None and found.enabled and found.binding.action == "find"


_LEAVING = (
    "ctrl+q leaves these screens. A runner is a process of its own: it goes on when you leave, "
    "when the line drops, and when you open the screens again you see it live.",
    "Where the system ends all processes at log-out (KillUserProcesses), the runner ends too; "
    "once 'loginctl enable-linger' has been run for this account it does not.",
)
