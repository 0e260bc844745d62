"""What a terminal shows, as a picture: for decoders of QR codes, which know nothing of us."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

needs_decoder = pytest.mark.skipif(
    shutil.which("zbarimg") is None,
    reason="zbarimg is not installed: apt-get install zbar-tools",
)

_SGR = re.compile(r"\x1b\[([0-9;]*)m")
_OTHER = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-Za-ln-z]")
_CUBE = (0, 95, 135, 175, 215, 255)
_GREYS_16 = (0, 60, 120, 100, 40, 80, 140, 190, 90, 110, 180, 200, 110, 140, 220, 255)
_SCALE = 4


def decode(lines: Sequence[str], folder: Path, *, on_light: bool = False) -> list[str]:
    """Every QR code in lines as a terminal gets them, colours included, read by zbar. `on_light`:
    the terminal's own ground is white and its ink black."""
    ink, ground = (0, 255) if on_light else (200, 0)
    rows: list[list[int]] = []
    for line in lines:
        cells = list(_cells(line, ink, ground))
        rows.append([_half(cell, 0) for cell in cells])
        rows.append([_half(cell, 1) for cell in cells])
    width = max(len(row) for row in rows)
    picture = b"".join(
        bytes(grey for grey in (*row, *[ground] * (width - len(row))) for _ in range(_SCALE))
        * _SCALE
        for row in rows
    )
    file = folder / "screen.pgm"
    size = f"{width * _SCALE} {len(rows) * _SCALE}"
    file.write_bytes(f"P5 {size} 255\n".encode() + picture)
    found = subprocess.run(
        ["zbarimg", "--quiet", "--raw", str(file)], capture_output=True, text=True, check=False
    )
    return found.stdout.splitlines()


def _half(cell: tuple[str, int, int], half: int) -> int:
    character, ink, ground = cell
    covered = {"█": (1, 1), "#": (1, 1), "▀": (1, 0), "▄": (0, 1)}.get(character, (0, 0))
    return ink if covered[half] else ground


def _cells(line: str, ink: int, ground: int) -> Iterator[tuple[str, int, int]]:
    here = (ink, ground)
    line = _OTHER.sub("", line)
    at = 0
    for found in [*_SGR.finditer(line), None]:
        for character in line[at : found.start() if found else len(line)]:
            yield (character, *here)
        if found:
            here = _after(found[1], here, (ink, ground))
            at = found.end()


def _after(codes: str, here: tuple[int, int], plain: tuple[int, int]) -> tuple[int, int]:
    """Ink and ground after a change of colours (ECMA-48 8.3.117)."""
    ink, ground = here
    numbers = [int(code or 0) for code in codes.split(";")]
    while numbers:
        code = numbers.pop(0)
        if code == 0:
            ink, ground = plain
        elif code in (38, 48):
            grey = _extended(numbers)
            ink, ground = (grey, ground) if code == 38 else (ink, grey)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            ink = _GREYS_16[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            ground = _GREYS_16[code - 40 if code < 100 else code - 92]
        elif code == 39:
            ink = plain[0]
        elif code == 49:
            ground = plain[1]
    return ink, ground


def _extended(numbers: list[int]) -> int:
    if numbers.pop(0) == 2:
        parts = [numbers.pop(0) for _ in range(3)]
        return sum(parts) // 3
    index = numbers.pop(0)
    if index < 16:
        return _GREYS_16[index]
    if index >= 232:
        return 8 + 10 * (index - 232)
    index -= 16
    return (_CUBE[index // 36] + _CUBE[index // 6 % 6] + _CUBE[index % 6]) // 3
