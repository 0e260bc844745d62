"""How the form of metadata is drawn: its fields, the one at the cursor in full, and what now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from transfer.publication.standing import Fault
from transfer.publication.values import Field
from tui import figures
from tui.datasets import Form
from tui.screens.dataset_limits import limits_told, room_word
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, ink, line

_MARK, _TITLE, _ROOM = 2, 26, 14
_LINES: Final = 6
_FIXED: Final = "It is fixed since others can see the dataset."
_NOT_NOW: Final = "The node does not let this account change it now."


def draw_field(form: Form, field: Field, width: int) -> list[Content]:
    """One field in a line: how it stands, its values, and the room left in it."""
    values = form.values(field.key)
    mark, style = _mark(form, field)
    titles = titles_width(form, width)
    room = width - _MARK - titles - _ROOM
    fault = form.fault(field.key)
    if fault and values:
        shown = ink(sentence(fault), "$bad")
    elif values:
        shown = ink(_short(values, 400), "" if field.is_editable else "$muted")
    elif fault:
        shown = ink("missing" if fault.severity == "block" else "empty; better filled in", "$warn")
    else:
        shown = ink("may stay empty" if field.is_editable else "empty", "$muted")
    right = room_word(field, values) if field.is_editable else "not editable"
    return [
        line(
            cell(mark, _MARK, style),
            cell(cell(plain(field.title), titles - 1), titles),
            cell(cell(shown, room - 1), room),
            cell(right, _ROOM, "$muted", align="right"),
        )
    ]


def titles_width(form: Form, width: int) -> int:
    """Columns for the titles: those that begin alike have to be told apart."""
    longest = max((cell_len(plain(field.title)) for field in form.fields), default=0)
    return min(max(_TITLE, longest + 2), width // 2)


def _mark(form: Form, field: Field) -> tuple[str, str]:
    fault = form.fault(field.key)
    if fault and form.values(field.key):
        return "✗", "$bad"
    if fault:
        return ("○" if fault.severity == "block" else "!", "$warn")
    if field.key in form.changed:
        return "+", "$key"
    if not field.is_editable:
        return "=", "$faint"
    return ("✓", "$good") if form.values(field.key) else ("·", "$faint")


def _short(values: Sequence[str], limit: int) -> str:
    return "; ".join(plain(value.replace("\n", " "), limit) for value in values)


def about_field(form: Form | None, field: Field | None, width: int) -> list[Content]:
    """The field at the cursor: its values, then what is wrong, or its help and limits."""
    if form is None or field is None:
        return []
    found: list[Content] = [Content("")]
    values = form.values(field.key)
    room = width - _MARK - titles_width(form, width) - _ROOM - 1
    if values and cell_len(_short(values, 400)) > room:
        found += _cut(wrapped(ink(_short(values, 1200)), width), 3)
    fault = form.fault(field.key)
    if fault:
        found += wrapped(ink(sentence(fault), "$bad" if values else "$warn"), width)
    if not field.is_editable:
        found += wrapped(ink(why_not(form, field), "$muted"), width)
        return found[: _LINES + 1]
    if field.help:
        found += wrapped(ink(plain(field.help)), width)
    found += wrapped(ink(limits_told(field), "$muted"), width)
    return found[: _LINES + 1]


def _cut(lines: list[Content], most: int) -> list[Content]:
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], line(lines[most - 1].rstrip(), "…")]


def sentence(fault: Fault) -> str:
    """What is wrong, as a sentence."""
    text = plain(fault.text, 400)
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def why_not(form: Form, field: Field) -> str:
    """Why a field cannot be changed."""
    return _FIXED if field.is_fixed_later and form.is_shown else _NOT_NOW


def metadata_now(form: Form, field: Field | None) -> Now:
    """What is asked of the operator, and the keys for it."""
    change = "[Enter] changes the field." if field and field.is_editable else "[↑ ↓] other fields."
    if form.blocking:
        n = figures.count(len(form.blocking), "field is", "fields are")
        return Now(f"{n} not yet as the node wants it.", f"[n] goes to the next.   {change}")
    if form.changed and form.is_on_node:
        n = figures.count(len(form.changed), "field is", "fields are")
        return Now(
            f"{n} filled in here, and not yet on the node.", f"[s] saves it there.   {change}"
        )
    if form.changed:
        return Now(
            "It is kept with the transfer, and goes to the node with the dataset.",
            f"{change}   [Esc] goes back.",
        )
    if not form.fields:
        return Now("Nothing can be filled in here.", "[Esc] goes back.")
    if not any(one.is_editable for one in form.fields):
        return Now("The node lets nothing be changed now.", "[Esc] goes back.")
    where = "Everything here stands on the node." if form.is_on_node else "Nothing is missing."
    return Now(where, f"{change}   [Esc] goes back.")
