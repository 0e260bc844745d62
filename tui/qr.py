"""QR codes drawn with characters: in half blocks, or in `##` and blanks where there is no UTF-8.

A code is dark on light, with a light margin around it: phones and their kin rarely read one that
is the other way round (ISO/IEC 18004 asks for a margin of four modules; two are read as well).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TextIO

Modules = Sequence[Sequence[bool]]
"""A code row by row, without its margin; True is dark."""

MARGINS = (4, 3, 2)
"""Margins in modules, the one to prefer first."""
PAPER = "#000000 on #ffffff"
"""The style of a code on a screen: the paper is light, whatever the theme is."""

# Black on white by the oldest numbers, which every terminal with colours knows.
_SGR_PAPER, _SGR_INK, _SGR_END = "\x1b[30;47m", "\x1b[30;40m", "\x1b[0m"
_HALVES = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
_RUNS = re.compile(r"(?P<ink>[#█]+)|[^#█]+")
# The last of COLORFGBG's numbers, where a terminal tells it: grey and white.
_LIGHT_GROUNDS = ("7", "15")


@lru_cache(maxsize=64)
def modules_of(text: str) -> Modules:
    """The code of a text, the smallest there is for it; empty where the text is too long.

    Not a Micro QR code, which few phones read.
    """
    import segno

    try:
        made = segno.make(text, error="l", micro=False)
    except ValueError:
        return ()
    return tuple(tuple(bool(module) for module in row) for row in made.matrix)


def size_of(modules: Modules, margin: int, ascii: bool = False) -> tuple[int, int]:
    """How many columns and lines the drawing takes."""
    side = len(modules) + 2 * margin
    return (2 * side, side) if ascii else (side, (side + 1) // 2)


def margin_for(modules: Modules, columns: int, lines: int, ascii: bool = False) -> int | None:
    """The widest margin with which it fits; None where it does not fit at all."""
    for margin in MARGINS if modules else ():
        wide, high = size_of(modules, margin, ascii)
        if wide <= columns and high <= lines:
            return margin
    return None


def drawn(
    modules: Modules, margin: int = 4, ascii: bool = False, *, ink_is_dark: bool = True
) -> list[str]:
    """The lines of a code. `ink_is_dark` is False where characters come out light on dark: there
    the paper is what is drawn."""
    side = len(modules)

    def has_ink(y: int, x: int) -> bool:
        inside = 0 <= y < side and 0 <= x < side
        return (inside and modules[y][x]) == ink_is_dark

    across = range(-margin, side + margin)
    if ascii:
        return ["".join("##" if has_ink(y, x) else "  " for x in across) for y in across]
    return [
        "".join(_HALVES[has_ink(y, x), has_ink(y + 1, x)] for x in across)
        for y in range(-margin, side + margin, 2)
    ]


def runs_of(line: str) -> list[tuple[str, bool]]:
    """A line in pieces, each with whether it is nothing but ink: whole modules, whose ground may
    have the colour of the ink as well, so that characters that do not touch leave no gaps."""
    return [(found[0], found["ink"] is not None) for found in _RUNS.finditer(line)]


def lines_for(
    text: str, stream: TextIO, ascii: bool = False, *, environ: Mapping[str, str] = os.environ
) -> list[str]:
    """The code of a text as it can be printed there; no line at all where it does not fit.

    On a terminal it is black on white by colours; without colours what is drawn depends on the
    terminal's ground, taken for dark unless COLORFGBG says otherwise.
    """
    ascii = ascii or not _has_utf8(stream)
    modules = modules_of(text)
    if not stream.isatty():
        return drawn(modules, MARGINS[0], ascii) if modules else []
    margin = margin_for(modules, _columns(stream), 1 << 16, ascii)
    if margin is None:
        return []
    if environ.get("NO_COLOR") or environ.get("TERM", "dumb") == "dumb":
        on_light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_GROUNDS
        return drawn(modules, margin, ascii, ink_is_dark=on_light)
    return [
        "".join(f"{_SGR_INK if is_ink else _SGR_PAPER}{text}" for text, is_ink in runs_of(line))
        + _SGR_END
        for line in drawn(modules, margin, ascii)
    ]


def _has_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"


def _columns(stream: TextIO) -> int:
    try:
        # A terminal that does not tell its size says 0.
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
