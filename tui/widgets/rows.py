"""The one list: rows with a cursor, as many as there are, drawn when they come into view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.ink import POINTER, Draw, changed, line, strip_of

_MARGIN = 2
_WHOLE = 240


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a key that stays the same while its text changes, and how to draw it.

    The cursor steps over a row that is no choice; Enter does nothing on one that does not open.
    """

    key: str
    draw: Draw
    is_choice: bool = True
    opens: bool = True

    def has(self, words: Sequence[str]) -> bool:
        """Whether it can be chosen and holds all these words, in lower case, on whichever of its
        lines and however narrow the list is."""
        if not self.is_choice:
            return False
        text = " ".join(content.plain for content in self.draw(_WHOLE)).casefold()
        return all(word in text for word in words)


class Rows(ScrollView, can_focus=True):
    """Rows of `lines_per_row` lines each, walked with the arrow keys, taken with Enter.

    `gap` empty lines follow each row. `pick` is what Enter does in a word; the key line leaves it
    out where it is empty, and Enter is left to the screen where it is None.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"rows--cursor", "rows--cursor-blurred"}
    DEFAULT_CSS = """
    Rows {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .rows--cursor { background: $cursor-background; text-style: $cursor-text-style; }
        & > .rows--cursor-blurred { background: $background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Up", show=False, id="rows.up"),
        Binding("down", "step(1)", "Down", show=False, id="rows.down"),
        Binding("pageup", "leap(-1)", "Page up", show=False, id="rows.page-up"),
        Binding("pagedown", "leap(1)", "Page down", show=False, id="rows.page-down"),
        Binding("home", "edge(0)", "First", show=False, id="rows.first"),
        Binding("end", "edge(-1)", "Last", show=False, id="rows.last"),
        Binding("slash", "find", "Find", show=False, key_display="/", id="rows.find"),
    ]
    FINDS: ClassVar[bool] = True
    """Whether all that the list has is in its rows, so that it can be looked through."""

    cursor: reactive[int] = reactive(0)

    @dataclass
    class Picked(Message):
        """Enter was pressed on a row."""

        rows: Rows
        key: str

        @property
        def control(self) -> Rows:
            return self.rows

    @dataclass
    class Reached(Message):
        """The cursor came to a row."""

        rows: Rows
        key: str

        @property
        def control(self) -> Rows:
            return self.rows

    def __init__(
        self,
        *,
        id: str | None = None,
        lines_per_row: int = 1,
        gap: int = 0,
        empty: Sequence[str] = (),
        pick: str | None = "Open",
    ) -> None:
        super().__init__(id=id)
        self._lines_per_row = lines_per_row + gap
        self._gap = gap
        self._rows: list[Row] = []
        self._empty = tuple(empty)
        self._strips: dict[int, list[Strip]] = {}
        self._width = 0
        if pick is not None:
            self._bindings.bind("enter", "pick", pick, show=bool(pick))

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._rows[self.cursor].key if self.cursor < len(self._rows) else None

    @property
    def words(self) -> str:
        """All rows as text."""
        width = self._width or 76
        if not self._rows:
            return "\n".join(self._empty)
        return "\n".join(c.plain.rstrip() for row in self._rows for c in row.draw(width))

    def show(self, rows: Sequence[Row], empty: Sequence[str] | None = None) -> None:
        """Show these rows; the cursor stays on its key, only what changed is repainted."""
        key, had, opened = self.key, len(self._rows), self._opens()
        was_empty_text = self._empty
        self._rows = list(rows)
        if empty is not None:
            self._empty = tuple(empty)
        before, self._strips = self._strips, {}
        keys = [row.key for row in self._rows]
        if key in keys:
            self.set_reactive(Rows.cursor, keys.index(key))
        else:
            self.set_reactive(Rows.cursor, min(self.cursor, max(0, len(keys) - 1)))
        if len(keys) != had or (not keys and was_empty_text != self._empty):
            self._resize()
            self.refresh()
        elif not before:
            # Nothing to compare with: what is on the screen may be older than these rows.
            self.refresh()
        else:
            self._repaint(before)
        if opened != self._opens():
            self.refresh_bindings()
        if self.key != key and self.key is not None:
            self.post_message(self.Reached(self, self.key))

    def space(self, gap: int) -> None:
        """Leave so many lines empty after each row from now on."""
        if gap == self._gap:
            return
        self._lines_per_row += gap - self._gap
        self._gap = gap
        self._strips.clear()
        self._resize()
        self.refresh(layout=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "find":
            # A screen that searches in a way of its own has the key for that.
            own = "slash" in self.screen._bindings.key_to_bindings
            return self.FINDS and len(self._rows) > 1 and not own
        return self._opens() if action == "pick" else True

    def _opens(self) -> bool:
        return self.cursor < len(self._rows) and self._rows[self.cursor].opens

    def go_to(self, key: str) -> None:
        """Put the cursor on a row."""
        for index, row in enumerate(self._rows):
            if row.key == key:
                self.cursor = index
                # Rows that were shown just now have no place on the screen yet.
                self.call_after_refresh(self._follow)

    def _resize(self) -> None:
        height = max(
            len(self._rows) * self._lines_per_row, len(self._empty) if not self._rows else 0
        )
        self.virtual_size = Size(self.content_size.width, height)

    def _repaint(self, before: dict[int, list[Strip]]) -> None:
        # What is out of view is drawn when it comes into view: of a long list that was walked
        # through, hundreds of rows would be drawn here for nothing.
        first = round(self.scroll_offset.y) // self._lines_per_row
        last = first + self.content_size.height // self._lines_per_row + 1
        for index, old in before.items():
            if not first <= index <= last:
                continue
            new = self._strips_of(index)
            for n, (a, b) in enumerate(zip(old, new, strict=True)):
                y = index * self._lines_per_row + n - self.scroll_offset.y
                region = changed(a, b, y)
                if region is not None and 0 <= y < self.content_size.height:
                    self.refresh(region)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        if not self._rows:
            return max(1, len(self._empty))
        return len(self._rows) * self._lines_per_row

    def on_resize(self) -> None:
        self._strips.clear()
        self._resize()
        self.refresh()
        # What stands below may have taken the line that the cursor is on.
        self.call_after_refresh(self._follow)

    def on_focus(self) -> None:
        self._redraw_cursor()

    def on_blur(self) -> None:
        self._redraw_cursor()

    def _redraw_cursor(self) -> None:
        self._strips.pop(self.cursor, None)
        self.refresh_lines(self.cursor * self._lines_per_row, self._lines_per_row)

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def watch_cursor(self, before: int, after: int) -> None:
        for index in (before, after):
            self._strips.pop(index, None)
            self.refresh_lines(index * self._lines_per_row, self._lines_per_row)
        self._follow()
        self.refresh_bindings()
        if self.key is not None:
            self.post_message(self.Reached(self, self.key))

    def _follow(self) -> None:
        first = self.cursor
        # A heading stays in sight with what stands right below it.
        while 0 < first <= len(self._rows) and not self._rows[first - 1].is_choice:
            first -= 1
        top = first * self._lines_per_row
        height = (self.cursor - first + 1) * self._lines_per_row
        area = Region(0, top, max(1, self.content_size.width), height)
        self.scroll_to_region(area, animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        if width != self._width:
            self._width = width
            self._strips.clear()
        index, part = divmod(y + self.scroll_offset.y, self._lines_per_row)
        if index < len(self._rows):
            return self._strips_of(index)[part]
        if not self._rows and y < len(self._empty):
            return strip_of(self, line("  ", (self._empty[y], "$muted")), width)
        return Strip.blank(width, self.rich_style)

    def _strips_of(self, index: int) -> list[Strip]:
        if index not in self._strips:
            row = self._rows[index]
            at_cursor = index == self.cursor
            style = (
                ("rows--cursor" if self.has_focus else "rows--cursor-blurred") if at_cursor else ""
            )
            texts = self._lines_per_row - self._gap
            lines = list(row.draw(self._width - 2 * _MARGIN))[:texts]
            lines += [Content("")] * (texts - len(lines))
            self._strips[index] = [
                strip_of(
                    self,
                    line((_pointer(at_cursor and n == 0), "$key"), content),
                    self._width,
                    style,
                )
                for n, content in enumerate(lines)
            ] + [Strip.blank(self._width, self.visual_style.rich_style)] * self._gap
        return self._strips[index]

    def action_step(self, by: int) -> None:
        self._move(self.cursor + by, by)

    def action_leap(self, by: int) -> None:
        page = max(1, self.content_size.height // self._lines_per_row - 1)
        self._move(self.cursor + by * page, by)

    def action_edge(self, where: int) -> None:
        self._move(0 if where == 0 else len(self._rows) - 1, 1 if where == 0 else -1)

    def _move(self, target: int, by: int) -> None:
        target = min(max(0, target), len(self._rows) - 1)
        while 0 <= target < len(self._rows):
            if self._rows[target].is_choice:
                self.cursor = target
                return
            target += 1 if by > 0 else -1

    def action_find(self) -> None:
        from tui.screens.find import FindScreen

        self.app.push_screen(FindScreen(self))

    def action_pick(self) -> None:
        if self.key is not None:
            self.post_message(self.Picked(self, self.key))


def _pointer(here: bool) -> str:
    return f"{POINTER} " if here else "  "
