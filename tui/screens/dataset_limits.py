"""A field's limits in words, and how much room is left in it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from transfer.publication.values import Field
from tui import figures
from tui.widgets.ink import line

_NEAR = 0.9


def length_of(values: Sequence[str]) -> int:
    """The longest of the values, in characters: that is what a limit is about."""
    return max((len(value) for value in values), default=0)


def limits_told(field: Field) -> str:
    """What may stand in a field."""
    each = " each" if field.kind == "words" else ""
    parts = ["Needed before others see it." if field.is_needed else "It may stay empty."]
    if field.kind == "choice":
        parts.append(f"One of {len(field.allowed)}.")
    elif field.kind == "choices":
        parts.append(f"Any of {len(field.allowed)}.")
    elif field.most is not None:
        least = f"{field.least:,} to " if field.least else "At most "
        parts.append(f"{least}{field.most:,} characters{each}.")
    elif field.least:
        parts.append(f"At least {figures.count(field.least, 'character')}{each}.")
    else:
        parts.append("Of any length.")
    if field.is_fixed_later:
        parts.append("It cannot be changed once others see it.")
    return " ".join(parts)


def draw_left(field: Field, values: Sequence[str], width: int) -> list[Content]:
    """How much room is left, while somebody writes."""
    if field.kind in ("choice", "choices"):
        return [line((f"{len(values)} of {len(field.allowed)} marked", "$muted"))]
    used = length_of(values)
    many = f"{figures.count(len(values), 'word')}  ·  " if field.kind == "words" else ""
    if field.most is not None and used > field.most:
        over = figures.count(used - field.most, "character")
        return [line((many, "$muted"), (f"✗ {over} too many", "bold $bad"))]
    if 0 < used < field.least:
        lack = figures.count(field.least - used, "character")
        return [line((many, "$muted"), (f"○ {lack} too few", "bold $warn"))]
    if field.most is None:
        return [line((f"{many}{figures.count(used, 'character')}", "$muted"))]
    left = f"{figures.count(field.most - used, 'character')} left"
    return [line((many, "$muted"), (left, "$warn" if used > _NEAR * field.most else "$muted"))]


def room_word(field: Field, values: Sequence[str]) -> str:
    """The same in few letters, for the list of fields: `231 left`, `12 too many`."""
    used = length_of(values)
    if field.kind in ("choice", "choices"):
        return f"{len(values)} of {len(field.allowed)}"
    if field.most is None:
        return f"{used:,} long" if used else ""
    if used > field.most:
        return f"{used - field.most:,} too many"
    return f"{field.most - used:,} left"
