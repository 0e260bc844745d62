"""What a picture of a screen must hold up to, whatever it shows: text that stands out from its
ground, and no text that is cut without a sign."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

from rich.cells import cell_len
from textual.app import App
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui.screens.help import HelpScreen
from tui.widgets.painted import Painted

LEAST_CONTRAST: Final = 4.5
"""WCAG 2.2, 1.4.3, level AA."""
_CELL: Final = (12.2, 24.4)
"""Of a cell in the pictures, in their units: width and height."""
_FIRST_LINE: Final = 1.5
_BASELINE: Final = 18.5
_INK = re.compile(r"\.(?P<name>terminal\S*-r\d+) \{ fill: (?P<colour>#[0-9a-f]{6})")
_GROUND = re.compile(
    r'<rect fill="(?P<colour>#[0-9a-f]{6})" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" '
    r'width="(?P<width>[\d.]+)" height="24.65"'
)
_TEXT = re.compile(
    r'<text (?:xml:space="preserve" )?class="(?P<ink>terminal\S*-r\d+)" x="(?P<x>[\d.]+)" '
    r'y="(?P<y>[\d.]+)"[^>]*>(?P<text>[^<]*)</text>'
)


@dataclass(frozen=True, slots=True)
class Faint:
    """A piece of text that is hard to read, and how hard."""

    text: str
    ink: str
    ground: str
    contrast: float


def contrast(one: Color, other: Color) -> float:
    """Between 1 and 21 (WCAG 2.2, contrast ratio)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def faint_texts(picture: str, within: Region) -> list[Faint]:
    """Every text in a part of an exported picture below `LEAST_CONTRAST`, one for each pair of
    colours.

    Lines, dots and bars are no text: what they say stands beside them in words.
    """
    inks = {found["name"]: found["colour"] for found in _INK.finditer(picture)}
    grounds: dict[tuple[int, int], str] = {}
    for found in _GROUND.finditer(picture):
        row = round((float(found["y"]) - _FIRST_LINE) / _CELL[1])
        first, wide = (round(float(found[part]) / _CELL[0]) for part in ("x", "width"))
        grounds.update(((row, column), found["colour"]) for column in range(first, first + wide))
    seen = {}
    for found in _TEXT.finditer(picture):
        row, column = _place(found)
        for character in unescape(found["text"]):
            if character.isalnum() and within.contains(column, row):
                ink, ground = inks[found["ink"]], grounds[row, column]
                ratio = contrast(Color.parse(ink), Color.parse(ground))
                if ratio < LEAST_CONTRAST:
                    text = unescape(found["text"]).strip()
                    seen[ink, ground] = Faint(text, ink, ground, round(ratio, 2))
            column += cell_len(character)
    return list(seen.values())


def rows_of(picture: str) -> list[str]:
    """The text of an exported picture, line by line."""
    rows: dict[int, str] = {}
    for found in _TEXT.finditer(picture):
        row, column = _place(found)
        rows[row] = rows.get(row, "").ljust(column) + unescape(found["text"]).replace("\xa0", " ")
    return [rows.get(row, "") for row in range(max(rows, default=-1) + 1)]


def _place(found: re.Match[str]) -> tuple[int, int]:
    row = round((float(found["y"]) - _FIRST_LINE - _BASELINE) / _CELL[1])
    return row, round(float(found["x"]) / _CELL[0])


async def look_over(pilot: Pilot[Any], themes: Sequence[str]) -> None:
    """Holds the screen up to both, in the theme that it has and in these others. It is left in its
    own."""
    app = pilot.app
    cut = cut_texts(app)
    assert cut == [], "\n".join(cut)
    own = app.theme
    for theme in (*themes, own):
        if app.theme != theme:
            app.theme = theme
            await pilot.pause()
        assert faint_texts(app.export_screenshot(), in_use(app)) == [], theme


async def help_opens_and_closes(pilot: Pilot[Any]) -> None:
    """`?` tells the keys of a page and comes back to it. A question tells its keys itself."""
    page = pilot.app.screen
    if isinstance(page, ModalScreen) or isinstance(pilot.app.focused, Input | TextArea):
        return
    await pilot.press("question_mark")
    assert isinstance(pilot.app.screen, HelpScreen)
    assert not cut_texts(pilot.app)
    await pilot.press("escape")
    assert pilot.app.screen is page


def in_use(app: App[Any]) -> Region:
    """Where keys go: what a question stands on is dimmed on purpose."""
    if isinstance(app.screen, ModalScreen):
        return Region.from_union([child.region for child in app.screen.children if child.display])
    return app.screen.region


def cut_texts(app: App[Any]) -> list[str]:
    """Every text of the topmost screen of which a part is shown without a sign that more follows:
    lines that a widget has no room for where nothing scrolls, and hints longer than their field.

    In its width no line can be cut so: `tui.widgets.ink.strip_of` puts an ellipsis.
    """
    found = []
    for widget in app.screen.walk_children(Widget):
        if not widget.is_on_screen or not widget.display:
            continue
        if isinstance(widget, Painted):
            lines = widget.words.split("\n")
            if len(lines) > _shown_lines(widget) and any(line.strip() for line in lines):
                found.append(f"{widget!r}: {lines[_shown_lines(widget) :]}")
        elif (
            isinstance(widget, Input)
            and not widget.value
            and cell_len(str(widget.placeholder)) > widget.content_size.width
        ):
            found.append(f"{widget!r}: {widget.placeholder}")
    return found


def _shown_lines(widget: Widget) -> int:
    """How many lines can be brought into sight."""
    lines = widget.content_size.height
    for parent in widget.ancestors:
        if not isinstance(parent, Widget) or parent.show_vertical_scrollbar:
            return lines
        if parent.content_region.height:
            lines = min(lines, parent.content_region.bottom - widget.region.y)
    return lines
