"""A list of which only the part around the cursor is loaded; the rest is asked for in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.message import Message

from tui.widgets.rows import Row, Rows


class Window(Rows):
    """Rows out of a list that may be of any length: whoever shows them adds at one end what was
    asked for and drops as much at the other. How much there is in all no scroll bar can say."""

    DEFAULT_CSS = """
    Window { scrollbar-size-vertical: 0; }
    """

    FINDS = False

    @dataclass
    class Edge(Message):
        """The first row of all is wanted, or with `is_last` the last one."""

        rows: Window
        is_last: bool

        @property
        def control(self) -> Window:
            return self.rows

    def slide(self, rows: Sequence[Row], empty: Sequence[str] | None = None) -> None:
        """Show these rows; what stands at the cursor stays where it is on the screen."""
        key, line = self.key, self.cursor - round(self.scroll_offset.y)
        self.show(rows, empty)
        if key is not None and self.key == key:
            self.scroll_to(y=self.cursor - line, animate=False, force=True, immediate=True)
        else:
            self._follow()

    def action_edge(self, where: int) -> None:
        self.post_message(self.Edge(self, where != 0))
