"""Counts and lists in sentences for people."""

from __future__ import annotations

from collections.abc import Sequence


def count(n: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 file`, `1,204 files`."""
    return f"{n:,} {one if n == 1 else (many or one + 's')}"


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
