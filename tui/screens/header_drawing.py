"""How a header is drawn: one line an element, and the whole of the chosen one below."""

from __future__ import annotations

from textual.content import Content

from transfer.review.outline import Kind, Outline, Place
from transfer.review.telling import Entry
from tui.screens.review_drawing import MASK
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line

_GLYPH, _TAG, _VR = 2, 11, 4
_NARROW_NAME, _WIDE_NAME = 28, 40
_WIDE = 104
_STEP, _INDENT_LIMIT = 2, 14
_FULL_LINES = 5


def draw_place(
    outline: Outline, place: Place, is_open: bool, shows_originals: bool, width: int
) -> list[Content]:
    """One line of the outline."""
    if place.kind is Kind.BEFORE:
        return [ink(f"↑ {place.within:,} lines before: Enter", "$muted")]
    if place.kind is Kind.AFTER:
        return [ink(f"↓ {place.within:,} lines more: Enter", "$muted")]
    entry = outline.tell(place)
    indent = min(_STEP * place.depth, _INDENT_LIMIT)
    glyph = cell(("▾" if is_open else "▸") if place.opens else "", _GLYPH, "$key")
    name = (_WIDE_NAME if width >= _WIDE else _NARROW_NAME) - indent
    head = line(" " * indent, glyph)
    room = max(8, width - indent - _GLYPH - _TAG - _VR - name)
    if place.kind is Kind.ITEM:
        told = cell(f"item {place.path[-1]:,}", _TAG + _VR + name)
        return [line(head, told, cell(entry.value, room, "$muted"))]
    tag = place.path[-1]
    return [
        line(
            head,
            cell(f"{tag >> 16:04X},{tag & 0xFFFF:04X}", _TAG, "$muted"),
            cell(plain(entry.vr), _VR, "$muted"),
            cell(cell(_name(entry), name - 2), name),
            cell(_value(entry, shows_originals), room),
        )
    ]


def draw_chosen(
    outline: Outline | None, place: Place | None, shows_originals: bool, width: int
) -> list[Content]:
    """The chosen element in full: where it stands, whose it is, and its value."""
    if outline is None or place is None or place.element is None:
        return []
    entry = outline.tell(place)
    found = [Content(""), line((f"{entry.where} {_name(entry)}", "bold"), f"  {plain(entry.vr)}")]
    if entry.creator:
        found.append(line(("private, by  ", "$muted"), plain(entry.creator)))
    if entry.is_masked and not shows_originals:
        return [*found, line(MASK, ("  i shows it", "$muted"))]
    value = ink(plain(entry.value)) if entry.value else ink("empty", "$muted")
    return [*found, *wrapped(value, width)[:_FULL_LINES]]


def _name(entry: Entry) -> str:
    if entry.name:
        return plain(entry.name)
    return f"Private, {plain(entry.creator)}" if entry.creator else "Private"


def _value(entry: Entry, shows_originals: bool) -> Content:
    if entry.is_masked and not shows_originals:
        return ink(MASK, "$muted")
    return ink(plain(entry.value))
