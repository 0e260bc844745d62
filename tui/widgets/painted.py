"""A few lines of text that repaint only what changed in them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.ink import Draw, changed, strip_of


class Painted(Widget):
    """Lines drawn by a function of the width; showing the same again costs nothing."""

    DEFAULT_CSS = """
    Painted { height: auto; }
    """

    def __init__(
        self, draw: Draw | None = None, *, id: str | None = None, classes: str = ""
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._draw: Draw = draw or (lambda width: ())
        self._drawn: list[Content] | None = None
        # Of the lines that came into view; the others cost nothing.
        self._strips: dict[int, Strip] = {}
        self._width = 0

    def show(self, draw: Draw) -> None:
        """Show what `draw` makes; repaint the difference to what is shown."""
        before, self._draw = self._draw, draw
        old = self._drawn
        if old is None:
            # Not on the screen yet, or under another one: there is nothing to compare but text.
            width = self._width or 80
            if not _same(before(width), draw(width)):
                self.refresh(layout=True)
            return
        new = self._drawn = list(draw(self._width))
        if len(new) != len(old):
            self._strips.clear()
            self.refresh(layout=True)
            return
        regions = []
        for y, shown in list(self._strips.items()):
            if new[y].is_same(old[y]):
                continue
            strip = self._strips[y] = strip_of(self, new[y], self._width)
            if (region := changed(shown, strip, y)) is not None:
                regions.append(region)
        if regions:
            self.refresh(*regions)

    @property
    def words(self) -> str:
        """What is shown, as text."""
        return "\n".join(content.plain.rstrip() for content in self._draw(self._width or 80))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._draw(width))

    def notify_style_update(self) -> None:
        self._drawn = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if self._drawn is None or width != self._width:
            self._width, self._drawn = width, list(self._draw(width))
            self._strips.clear()
        if y >= len(self._drawn):
            return Strip.blank(width, self.rich_style)
        if y not in self._strips:
            self._strips[y] = strip_of(self, self._drawn[y], width)
        return self._strips[y]


def _same(before: Sequence[Content], after: Sequence[Content]) -> bool:
    return len(before) == len(after) and all(
        a.is_same(b) for a, b in zip(before, after, strict=True)
    )
