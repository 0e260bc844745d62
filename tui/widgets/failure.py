"""The one way to fail: what happened, what it means for the data, what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content

from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.ink import ink, line
from tui.widgets.painted import Painted


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure in the operator's words. `press` is ours: in it `[key]` marks a key."""

    what: str
    data: str
    remedy: str
    press: str = ""


class FailurePanel(Painted):
    """A panel that is only there when something is wrong."""

    DEFAULT_CSS = """
    FailurePanel {
        display: none;
        height: auto;
    }
    FailurePanel.-shown { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._trouble: Trouble | None = None

    def say(self, trouble: Trouble | None) -> None:
        """Show a failure, or nothing."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        self.set_class(trouble is not None, "-shown")
        if trouble is not None:
            self.show(lambda width: [*_barred(failure_lines(trouble, width - 2)), Content("")])


def _barred(lines: list[Content]) -> list[Content]:
    return [line(("▌ ", "$bad"), content) for content in lines]


def failure_lines(trouble: Trouble, width: int) -> list[Content]:
    """The panel's lines, wrapped."""
    found: list[Content] = []
    room = max(20, width - 7)
    for label, content in (
        ("✗", ink(plain(trouble.what), "bold $bad")),
        ("Data", ink(plain(trouble.data))),
        (
            "Next",
            line(with_keys(trouble.press), " " if trouble.press else "", plain(trouble.remedy)),
        ),
    ):
        for index, piece in enumerate(wrapped(content, room)):
            shown = label if index == 0 else ""
            style = "bold $bad" if label == "✗" else "$muted"
            found.append(line((f"{shown:<6}", style), piece))
    return found


def wrapped(content: Content, width: int) -> list[Content]:
    """A text over as many lines as it needs."""
    return list(content.wrap(width))
