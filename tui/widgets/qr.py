"""A QR code on a screen, and the words that stand there where it does not fit."""

from __future__ import annotations

import re
from functools import partial

from textual.content import Content

from tui.qr import MARGINS, PAPER, drawn, margin_for, modules_of, size_of
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink, line
from tui.widgets.painted import Painted

# `##` in the colour of its own ground: whole modules, and still readable as text.
_INK = "#000000 on #000000"
_RUNS = re.compile(r"#+| +")


class QrCode(Painted):
    """The code of the first of some texts that fits into the room there is."""

    DEFAULT_CSS = """
    QrCode { width: auto; height: auto; }
    """

    def say(self, texts: tuple[str, ...], columns: int, lines: int, ascii: bool = False) -> bool:
        """Draw the code in that room; whether there was a text for which it sufficed."""
        for text in texts:
            modules = modules_of(text)
            margin = margin_for(modules, columns, lines, ascii)
            if margin is not None:
                self.styles.width = size_of(modules, margin, ascii)[0]
                self.show(partial(_code, tuple(drawn(modules, margin, ascii))))
                return True
        self.styles.width = min(columns, 36)
        self.show(partial(_too_large, texts[-1] if texts else "", (columns, lines), ascii))
        return False


def _code(rows: tuple[str, ...], width: int) -> list[Content]:
    return [
        line(*(_run(piece) for piece in _RUNS.findall(row))) if "##" in row else ink(row, PAPER)
        for row in rows
    ]


def _run(piece: str) -> Content:
    return ink(piece, _INK if piece.startswith("#") else PAPER)


def _too_large(text: str, room: tuple[int, int], ascii: bool, width: int) -> list[Content]:
    modules = modules_of(text)
    if not modules:
        return wrapped(ink("This address is too long for a QR code.", "$muted"), width)
    columns, lines = size_of(modules, MARGINS[-1], ascii)
    return wrapped(
        ink(
            f"The QR code needs {columns} columns and {lines} lines here; there are {room[0]} and"
            f" {room[1]}. Make the window larger or its letters smaller.",
            "$muted",
        ),
        width,
    )
