"""One fact on a page: its name in a column of its own, its text beside it on as many lines."""

from __future__ import annotations

from textual.content import Content

from tui.widgets.failure import wrapped
from tui.widgets.ink import cell, line


def labelled(name: str, content: Content, width: int, label: int) -> list[Content]:
    """`label` is how many columns the name has of the whole `width`."""
    pieces = wrapped(content, width - label)
    return [line(cell("" if n else name, label, "$muted"), one) for n, one in enumerate(pieces)]
