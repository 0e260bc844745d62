"""QR codes drawn with characters: whole, dark on light, and read by a decoder that is not ours."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import segno

from tests.tui.raster import decode, needs_decoder
from tui import qr

NODE = "https://eucaim-node.i3m.upv.es"
# What Keycloak gives for confirming a code (upv-node.md 3).
DEVICE = f"{NODE}/auth/realms/EUCAIM-NODE/device?user_code=ABCD-EFGH"


@contextmanager
def terminal(columns: int = 80, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A stream into a pseudo terminal of that width."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with open(slave, "w", encoding=encoding, closefd=False) as stream:
            yield stream
    finally:
        os.close(slave)
        os.close(master)


def test_a_code_is_the_one_that_the_library_makes() -> None:
    made = segno.make(DEVICE, error="l", micro=False)
    assert [list(row) for row in qr.modules_of(DEVICE)] == [
        [bool(module) for module in row] for row in made.matrix
    ]


def test_half_blocks_hold_two_rows_of_modules_each() -> None:
    assert qr.drawn([[True, False], [False, True]], 0) == ["▀▄"]
    assert qr.drawn([[True, True], [False, True]], 0, ink_is_dark=False) == ["▄ "]


def test_without_utf_8_a_module_is_two_characters_wide() -> None:
    assert qr.drawn([[True, False], [False, True]], 0, ascii=True) == ["##  ", "  ##"]


def test_around_a_code_the_paper_is_four_modules_wide() -> None:
    modules = qr.modules_of(NODE)
    lines = qr.drawn(modules, qr.MARGINS[0])
    assert lines[:2] == [" " * 33] * 2
    assert all(line.startswith("    ") and line.endswith("    ") for line in lines)
    assert qr.drawn(modules, qr.MARGINS[0], ink_is_dark=False)[0] == "█" * 33


@needs_decoder
@pytest.mark.parametrize("address", [NODE, DEVICE])
@pytest.mark.parametrize("margin", qr.MARGINS)
@pytest.mark.parametrize("ascii", [False, True], ids=["blocks", "ascii"])
def test_a_code_is_read_in_every_form(
    address: str, margin: int, ascii: bool, tmp_path: Path
) -> None:
    modules = qr.modules_of(address)
    on_light = qr.drawn(modules, margin, ascii)
    on_dark = qr.drawn(modules, margin, ascii, ink_is_dark=False)
    assert decode(on_light, tmp_path, on_light=True) == [address]
    assert decode(on_dark, tmp_path) == [address]


def test_the_address_of_a_code_to_confirm_fits_beside_words_at_80_by_24() -> None:
    assert qr.margin_for(qr.modules_of(DEVICE), 80 - 35, 24) == 4


def test_where_there_is_less_room_the_margin_gives_way_but_never_below_two() -> None:
    modules = qr.modules_of(DEVICE)
    assert qr.margin_for(modules, 45, 22) == 3
    assert qr.margin_for(modules, 41, 21) == 2
    assert qr.margin_for(modules, 41, 20) is None
    assert qr.margin_for(modules, 40, 24) is None


def test_a_text_that_no_code_can_hold_has_none() -> None:
    assert qr.modules_of("x" * 3000) == ()


@needs_decoder
@pytest.mark.parametrize("on_light", [False, True], ids=["dark", "light"])
@pytest.mark.parametrize("ascii", [False, True], ids=["blocks", "ascii"])
def test_on_a_terminal_with_colours_it_is_black_on_white_whatever_the_ground_is(
    on_light: bool, ascii: bool, tmp_path: Path
) -> None:
    with terminal(100) as stream:
        lines = qr.lines_for(DEVICE, stream, ascii, environ={"TERM": "xterm-256color"})
    assert decode(lines, tmp_path, on_light=on_light) == [DEVICE]
    # Nothing of it colours the prompt that comes next.
    assert all(line.endswith("\x1b[0m") for line in lines)


@needs_decoder
@pytest.mark.parametrize(
    ("environ", "on_light"),
    [
        ({"NO_COLOR": "1", "TERM": "xterm"}, False),
        ({"NO_COLOR": "1", "TERM": "xterm", "COLORFGBG": "15;0"}, False),
        ({"NO_COLOR": "1", "TERM": "xterm", "COLORFGBG": "0;default;15"}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_without_colours_the_ground_decides_what_is_drawn(
    environ: dict[str, str], on_light: bool, tmp_path: Path
) -> None:
    with terminal() as stream:
        lines = qr.lines_for(DEVICE, stream, environ=environ)
    assert "\x1b" not in "".join(lines)
    assert decode(lines, tmp_path, on_light=on_light) == [DEVICE]


def test_in_a_file_it_is_dark_ink_and_no_colour() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert qr.lines_for(NODE, stream) == qr.drawn(qr.modules_of(NODE), qr.MARGINS[0])


def test_a_stream_without_utf_8_gets_plain_characters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert "".join(qr.lines_for(NODE, stream)).isascii()


def test_on_a_terminal_that_is_too_narrow_nothing_is_drawn() -> None:
    with terminal(40) as stream:
        assert qr.lines_for(DEVICE, stream, environ={"TERM": "xterm"}) == []
        assert len(qr.lines_for(NODE, stream, environ={"TERM": "xterm"})) == 17
