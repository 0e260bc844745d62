"""Counts, sizes and lists in sentences for people."""

from __future__ import annotations

from collections.abc import Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 file`, `1,204 files`."""
    return f"{n:,} {one if n == 1 else (many or one + 's')}"


def listed(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first names, and how many more there are; another sign stands `between` those that hold
    commas themselves."""
    shown = between.join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def size(size_bytes: float) -> str:
    """A size in decimal units with three figures: `1.24 GB`."""
    value = float(size_bytes)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    if unit == "B":
        return f"{value:.0f} B"
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} {unit}"
