"""How the review draws an element: one line before and after, and the whole of it below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from transfer.review.contrast import Difference
from transfer.review.lines import Change, Line, Value
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, cell, ink, line

MASK = "•••••"
WIDE = 104
_WITH_RULE = 150
# A UID has up to 64 characters (PS3.5 section 9.1).
_UID = 66
_WIDE_NAME = 34
_GLYPHS = {
    Change.KEPT: ("=", "$muted"),
    Change.CHANGED: ("~", "$key"),
    Change.EMPTIED: ("○", "$key"),
    Change.REMOVED: ("-", "$warn"),
    Change.ADDED: ("+", "$good"),
}
_WORD, _TAG, _NARROW_NAME = 11, 11, 24


def legend() -> list[tuple[str, str]]:
    """Glyph and word of each change, and what it means."""
    meanings = {
        Change.KEPT: "leaves as it came",
        Change.CHANGED: "leaves with another value",
        Change.EMPTIED: "leaves without a value",
        Change.REMOVED: "does not leave",
        Change.ADDED: "was not in the file",
    }
    return [(f"{_GLYPHS[change][0]} {change}", text) for change, text in meanings.items()]


def tabs(names: Sequence[tuple[str, str]], chosen: str, width: int) -> list[Content]:
    """The views that the arrow keys lead through; the chosen one stands in brackets."""
    parts: list[Content] = []
    for key, text in names:
        parts.append(
            line(("[", "$key"), (text, "bold"), ("]", "$key"))
            if key == chosen
            else line(" ", (text, "$muted"), " ")
        )
    return [line(*[piece for part in parts for piece in (part, " ")]).truncate(width)]


def text_of(value: Value | None, *, reveals: bool) -> str:
    """A value as it may be shown."""
    if value is None:
        return ""
    if value.is_original and not reveals:
        return MASK if value.text else ""
    return plain(value.text)


def draw_heading(left: str, right: str, width: int) -> list[Content]:
    """The names of the columns, on a wide screen."""
    if width < WIDE:
        return []
    name, one, two, rule = _columns(width)
    return [
        line(
            cell("", _WORD + _TAG + name),
            cell(left, one, "$muted"),
            cell(right, two, "$muted"),
            cell("rule", rule, "$muted"),
        )
    ]


def draw_line(entry: Line, reveals: bool, width: int) -> list[Content]:
    """One element in one line: side by side where there is room, else before → after."""
    glyph, style = ("✗", "$bad") if entry.hit else _GLYPHS[entry.change]
    word = "found" if entry.hit else entry.change.value
    before = text_of(entry.before, reveals=reveals)
    after = text_of(entry.after, reveals=reveals)
    head = cell(line((f"{glyph} {word}", style)), _WORD)
    if width >= WIDE:
        return [_side_by_side(head, entry, before, after, width)]
    name = _NARROW_NAME
    room = max(8, width - _WORD - _TAG - name)
    if entry.change is Change.KEPT:
        told: Content = ink(after)
    elif entry.change in (Change.REMOVED, Change.EMPTIED):
        told = ink(before, "$muted")
    elif entry.change is Change.ADDED:
        told = ink(after)
    else:
        told = line((before[: max(5, room // 3)], "$muted"), (" → ", "$muted"), after)
    return [line(head, _tag(entry), _name(entry, name), cell(told, room))]


def draw_difference(entry: Difference, reveals: bool, width: int) -> list[Content]:
    """One element that two methods treat differently: what each makes of it."""
    mine, other = entry.values
    one = _outcome(entry.mine, text_of(mine, reveals=reveals))
    two = _outcome(entry.other, text_of(other, reveals=reveals))
    head = cell(line(("≠ differs", "$key")), _WORD)
    if width >= WIDE:
        return [_side_by_side(head, entry.line, one, two, width)]
    room = max(8, width - _WORD - _TAG - _NARROW_NAME)
    half = (room - 3) // 2
    told = line(cell(one, half), (" │ ", "$faint"), cell(two, room - half - 3))
    return [line(head, _tag(entry.line), _name(entry.line, _NARROW_NAME), told)]


def draw_whole(entry: Line | None, reveals: bool, width: int) -> list[Content]:
    """The chosen element in full: where, both values, and the rule."""
    if entry is None:
        return []
    facts = [
        ("before", _full(entry.before, reveals, "not in the file")),
        ("after", _full(entry.after, reveals, "does not leave")),
    ]
    if entry.hit:
        facts.append(("found", ink(f"the patient's {entry.hit}, by the last look", "$bad")))
    facts.append(("rule", ink(plain(entry.rule) or "none: left as it is", "$muted")))
    return _facts(entry, facts, width)


def draw_whole_difference(
    entry: Difference | None, names: tuple[str, str], reveals: bool, width: int
) -> list[Content]:
    """The chosen difference in full, with both rules."""
    if entry is None:
        return []
    facts: list[tuple[str, Content]] = []
    for name, found, value in zip(names, (entry.mine, entry.other), entry.values, strict=True):
        what = _outcome(found, text_of(value, reveals=reveals))
        rule = f"  {plain(found.rule)}" if found and found.rule else ""
        facts.append((name, line(what, (rule, "$muted"))))
    return _facts(entry.line, facts, width)


def _facts(entry: Line, facts: Sequence[tuple[str, Content]], width: int) -> list[Content]:
    found = [Content(""), line((plain(f"{entry.where} {entry.keyword}"), "bold"), f"  {entry.vr}")]
    label = max(8, *(len(name) + 2 for name, _ in facts))
    for name, content in facts:
        for index, piece in enumerate(wrapped(content, max(20, width - label))[:2]):
            found.append(line(cell(name if index == 0 else "", label, "$muted"), piece))
    return found


def _full(value: Value | None, reveals: bool, absent: str) -> Content:
    if value is None:
        return ink(absent, "$muted")
    if value.is_original and not reveals and value.text:
        return line(MASK, ("  i shows it", "$muted"))
    return ink(plain(value.text)) if value.text else ink("empty", "$muted")


def _outcome(found: Line | None, text: str) -> str:
    if found is None or found.after is None:
        return "removed" if found else "absent"
    return text or "empty"


def _columns(width: int) -> tuple[int, int, int, int]:
    """Widths of name, before, after and rule on a wide screen."""
    room = width - _WORD - _TAG - _WIDE_NAME
    if width < _WITH_RULE:
        return _WIDE_NAME, room // 3, room - room // 3, 0
    rest = room - _UID
    return _WIDE_NAME, rest // 2, _UID, rest - rest // 2


def _side_by_side(head: Content, entry: Line, left: str, right: str, width: int) -> Content:
    name, one, two, rule = _columns(width)
    return line(
        head,
        _tag(entry),
        _name(entry, name),
        cell(cell(left, one - 2, "$muted"), one),
        cell(cell(right, two - 2), two),
        cell(plain(entry.rule), rule, "$muted"),
    )


def _tag(entry: Line) -> Content:
    tag = entry.path[-1]
    return cell(f"{tag >> 16:04X},{tag & 0xFFFF:04X}", _TAG, "$muted")


def _name(entry: Line, width: int) -> Content:
    inner = f"{'  ' * (entry.depth - 1)}{entry.path[-2]}{POINTER} " if entry.depth else ""
    return cell(cell(f"{inner}{plain(entry.keyword)}", width - 2), width)
