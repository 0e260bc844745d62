"""Whether an instance has the pixel data that its header promises, without reading them."""

from __future__ import annotations

import struct
from typing import Final

from transfer.scan.elements import UNDEFINED, Element, Encoding, Outline
from transfer.scan.reasons import Reason
from transfer.scan.source import Source, TooMuch

SAMPLES: Final = 0x00280002
PHOTOMETRIC: Final = 0x00280004
FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS: Final = 0x00280100
GEOMETRY: Final = frozenset((SAMPLES, PHOTOMETRIC, FRAMES, ROWS, COLUMNS, BITS))

FRAGMENT_LIMIT: Final = 1_000_000
_NATIVE: Final = frozenset(
    (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    )
)
_FLOAT_BITS: Final = {0x7FE00008: 32, 0x7FE00009: 64}


class _Unreadable(Exception):
    """A value that should be a number is none."""


def number_of_frames(found: Outline) -> int:
    """NumberOfFrames (0028,0008); 1 where it is absent or makes no sense."""
    try:
        return max(_number(found, FRAMES, True) or 1, 1)
    except _Unreadable:
        return 1


def judge_pixels(
    source: Source, found: Outline, encoding: Encoding, transfer_syntax: str
) -> list[Reason]:
    """What is wrong with the pixel data of a data set whose header is whole.

    An object without Rows (0028,0010) describes no image and needs none: SR, RT plans, waveforms.
    """
    reasons: list[Reason] = []
    expected = None
    try:
        expected = _expected_bytes(found, encoding.is_little)
    except _Unreadable:
        reasons.append(Reason.BAD_GEOMETRY)
    pixels = found.pixels
    if pixels is None:
        return [*reasons, Reason.NO_PIXELS] if ROWS in found.values else reasons
    try:
        if pixels.length == UNDEFINED:
            finding = _judge_fragments(source, pixels, encoding)
        else:
            finding = _judge_length(source, pixels, expected, transfer_syntax in _NATIVE)
    except TooMuch:
        finding = Reason.PIXELS_UNCHECKED
    return [*reasons, finding] if finding else reasons


def _judge_length(
    source: Source, pixels: Element, expected: tuple[int, int] | None, is_native: bool
) -> Reason | None:
    if not source.reaches(pixels.value_at + pixels.length):
        return Reason.PIXELS_SHORT
    if expected is None or not is_native:
        return None
    least, most = expected
    if pixels.length < least:
        return Reason.PIXELS_SHORT
    return Reason.PIXELS_LONG if pixels.length > most + most % 2 else None


def _judge_fragments(source: Source, pixels: Element, encoding: Encoding) -> Reason | None:
    """Hop over the fragments of encapsulated pixel data (PS3.5 section A.4)."""
    at = pixels.value_at
    order = "<" if encoding.is_little else ">"
    for _ in range(FRAGMENT_LIMIT):
        head = source.glance(at, 8)
        if len(head) < 8:
            return Reason.PIXELS_UNTERMINATED
        group, number, length = struct.unpack(f"{order}HHL", head)
        if (group, number) == (0xFFFE, 0xE0DD):
            return None
        if (group, number) != (0xFFFE, 0xE000):
            return Reason.PIXELS_UNTERMINATED
        at += 8 + length
        if not source.reaches(at):
            return Reason.PIXELS_SHORT
    return Reason.PIXELS_UNCHECKED


def _expected_bytes(found: Outline, is_little: bool) -> tuple[int, int] | None:
    """The least and the most bytes that native pixel data may have (PS3.3 section C.7.6.3).

    With chrominance halved (YBR_FULL_422) two of three samples are kept; some writers keep all.
    """
    rows = _number(found, ROWS, is_little)
    columns = _number(found, COLUMNS, is_little)
    bits = _number(found, BITS, is_little)
    samples = _number(found, SAMPLES, is_little) or 1
    frames = max(_number(found, FRAMES, is_little) or 1, 1)
    if found.pixels is not None:
        bits = _FLOAT_BITS.get(found.pixels.tag, bits)
    if not rows or not columns or not bits:
        return None
    most = (rows * columns * samples * bits * frames + 7) // 8
    photometric = found.values.get(PHOTOMETRIC, (b"", b""))[1]
    is_halved = samples == 3 and b"_422" in photometric
    return (most // 3 * 2 if is_halved else most), most


def _number(found: Outline, tag: int, is_little: bool) -> int | None:
    """An unsigned short or an integer string; None where absent or empty.

    Raises:
        _Unreadable: it is neither.
    """
    vr, raw = found.values.get(tag, (b"", b""))
    if not raw:
        return None
    if tag != FRAMES and vr not in (b"IS", b"DS"):
        if len(raw) != 2:
            raise _Unreadable
        return int.from_bytes(raw, "little" if is_little else "big")
    text = raw.decode("ascii", "replace").strip(" \0")
    if not text:
        return None
    try:
        number = float(text)
        return int(number)
    except (ValueError, OverflowError):
        raise _Unreadable from None
