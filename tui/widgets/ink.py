"""Putting a line together: cells of fixed width, bars, states, and what changed in a line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from tui import figures

Draw = Callable[[int], Sequence[Content]]
"""Makes the lines of something for a width in cells."""

POINTER = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_SPARKS = "▁▂▃▄▅▆▇█"
_KEPT_VALUES = 60


def ink(text: str, style: str = "") -> Content:
    """Text as it is, never as markup."""
    return Content.styled(text, style) if style else Content(text)


def cell(
    text: str | Content, width: int, style: str = "", align: Literal["left", "right"] = "left"
) -> Content:
    """Text cut (with an ellipsis) or padded to exactly `width` cells."""
    content = ink(text, style) if isinstance(text, str) else text
    if width <= 0:
        return Content("")
    content = content.truncate(width, ellipsis=True)
    gap = width - content.cell_length
    return content.pad_left(gap) if align == "right" else content.pad_right(gap)


def line(*parts: str | Content | tuple[str, str]) -> Content:
    """Parts one after the other; a tuple is text and style."""
    return Content("").join(
        ink(*part) if isinstance(part, tuple) else ink(part) if isinstance(part, str) else part
        for part in parts
    )


def dotted(parts: Sequence[str | Content | tuple[str, str]]) -> Content:
    """Facts in a row with a dot between them; empty ones are left out."""
    found = [content for part in parts if (content := line(part))]
    return ink("  ·  ", "$faint").join(found)


def dotted_lines(parts: Sequence[str | Content | tuple[str, str]], width: int) -> list[Content]:
    """Facts as `dotted` puts them, over as many lines as they need; none is broken that fits."""
    found: list[list[Content]] = [[]]
    for part in parts:
        content = line(part)
        if not content:
            continue
        if found[-1] and dotted([*found[-1], content]).cell_length > width:
            found.append([])
        found[-1].append(content)
    return [piece for row in found for piece in dotted(row).wrap(width)]


def bar(part: float, width: int, style: str = "$key") -> Content:
    """A bar that reads without colour: a thick line for what is done, a thin one for the rest."""
    filled = width if part >= 1 else min(width - 1, int(part * width)) if width > 0 else 0
    return line(("━" * filled, style), ("─" * (width - filled), "$faint"))


def share_and_bar(part: float, width: int, style: str = "$key") -> Content:
    """A percentage and its bar, `width` cells in all.

    The number stands first because it changes oftener than the bar does, and Textual repaints a
    line from its left edge to the last cell that changed.
    """
    return line(
        cell(figures.percent(part), 5, "bold", align="right"), "  ", bar(part, width - 7, style)
    )


def sparks(values: Sequence[float], width: int) -> Content:
    """The latest values as a row of little columns, scaled to the largest shown."""
    latest = list(values)[-width:]
    top = max(latest, default=0.0)
    if top <= 0:
        return cell("", width)
    steps = len(_SPARKS) - 1
    text = "".join(_SPARKS[min(steps, round(v / top * steps))] for v in latest)
    return cell(text, width, "$muted", align="right")


def columns(values: Sequence[float], width: int, rows: int) -> list[Content]:
    """The latest values as columns over several lines, the newest at the right, scaled to the
    largest shown; as wide as all that are kept leave room for."""
    broad = max(1, width // _KEPT_VALUES)
    latest = list(values)[-(width // broad) :]
    top = max(latest, default=0.0)
    steps = len(_SPARKS)
    heights = [round(v / top * rows * steps) if top > 0 else 0 for v in latest]
    found = []
    for row in reversed(range(rows)):
        parts = (min(steps, max(0, height - row * steps)) for height in heights)
        text = "".join((_SPARKS[part - 1] if part else " ") * broad for part in parts)
        found.append(cell(text, width, "$muted", align="right"))
    return found


def strip_of(widget: Widget, content: Content, width: int, style_class: str = "") -> Strip:
    """One line of a widget, padded to the width."""
    style = widget.get_visual_style(style_class) if style_class else widget.visual_style
    cut = content.truncate(width, ellipsis=True)
    strips = Visual.to_strips(widget, cut, width, 1, style, apply_selection=False, pad=True)
    if not strips:
        return Strip.blank(width, style.rich_style)
    return Strip([Segment(s.text, _noteless(s.style)) for s in strips[0]], width)


def _noteless(style: Style | None) -> Style | None:
    """Textual notes in each style which text it came from, for selecting with a mouse. There is no
    mouse here, and the notes make cells that look the same compare as different."""
    if style is None:
        return None
    bare = style.clear_meta_and_links()
    return bare.update_link(style.link) if style.link else bare


def changed(before: Strip, after: Strip, y: int) -> Region | None:
    """The stretch of line `y` that differs, None where nothing does.

    A line on a slow connection costs what is repainted: a counter that ticks need not bring
    its whole row along.
    """
    if before == after:
        return None
    old, new = _cells(before), _cells(after)
    if len(old) != len(new):
        return Region(0, y, max(before.cell_length, after.cell_length), 1)
    start = next((i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a != b), None)
    if start is None:
        return None
    end = next(i for i in range(len(old), 0, -1) if old[i - 1] != new[i - 1])
    return Region(start, y, end - start, 1)


def _cells(strip: Strip) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for text, style, *_ in strip:
        for character in text:
            found.extend([(character, style)] * cell_len(character))
    return found
