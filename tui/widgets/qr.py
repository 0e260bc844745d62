"""A QR code on a screen, and the words that stand there where it does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.content import Content

from tui.qr import MARGINS, PAPER, drawn, margin_for, modules_of, runs_of, size_of
from tui.widgets.ink import line
from tui.widgets.painted import Painted

# Whole modules in the colour of their own ground: letters that do not touch leave no gaps then.
_INK = "#000000 on #000000"


class QrCode(Painted):
    """The code of the first of some texts that fits into the room there is."""

    DEFAULT_CSS = """
    QrCode { width: auto; height: auto; }
    """

    def say(self, texts: Sequence[str], columns: int, lines: int, ascii: bool = False) -> str:
        """Draw the code in that room, or be gone: what is in the way then, in words."""
        self.display = False
        for text in texts:
            modules = modules_of(text)
            margin = margin_for(modules, columns, lines, ascii)
            if margin is not None:
                self.display = True
                self.styles.width = size_of(modules, margin, ascii)[0]
                self.show(partial(_code, tuple(drawn(modules, margin, ascii))))
                return ""
        return _too_large(texts[-1], (columns, lines), ascii) if texts else ""


def _code(rows: Sequence[str], width: int) -> list[Content]:
    return [
        line(*((text, _INK if is_ink else PAPER) for text, is_ink in runs_of(row))) for row in rows
    ]


def _too_large(text: str, room: tuple[int, int], ascii: bool) -> str:
    modules = modules_of(text)
    if not modules:
        return "The address is too long for a QR code."
    columns, lines = size_of(modules, MARGINS[-1], ascii)
    return (
        f"The QR code needs {columns} columns and {lines} lines; here are {room[0]} and {room[1]}:"
        " make the window larger, or its letters smaller."
    )
