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
        self._strips: list[Strip] | None = None
        self._width = 0

    def show(self, draw: Draw) -> None:
        """Show what `draw` makes; repaint the difference to what is shown."""
        before, self._draw = self._draw, draw
        old = self._strips
        if old is None:
            # Not on the screen yet, or under another one: there is nothing to compare but text.
            width = self._width or 80
            if not _same(before(width), draw(width)):
                self.refresh(layout=True)
            return
        new = self._make(self._width)
        self._strips = new
        if len(new) != len(old):
            self.refresh(layout=True)
            return
        regions = [
            region
            for y, (a, b) in enumerate(zip(old, new, strict=True))
            if (region := changed(a, b, y)) is not None
        ]
        if regions:
            self.refresh(*regions)

    @property
    def words(self) -> str:
        """What is shown, as text."""
        return "\n".join(content.plain.rstrip() for content in self._draw(self._width or 80))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._draw(width))

    def notify_style_update(self) -> None:
        self._strips = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if self._strips is None or width != self._width:
            self._width = width
            self._strips = self._make(width)
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(width, self.rich_style)

    def _make(self, width: int) -> list[Strip]:
        return [strip_of(self, content, width) for content in self._draw(width)]


def _same(before: Sequence[Content], after: Sequence[Content]) -> bool:
    return len(before) == len(after) and all(
        a.is_same(b) for a, b in zip(before, after, strict=True)
    )
