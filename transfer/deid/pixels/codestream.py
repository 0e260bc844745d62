"""What a compressed frame says of its own size, before a decoder believes it.

A decoder allocates what the frame asks for, not what the header promised; so both must agree first.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_SOC_SIZ: Final = b"\xff\x4f\xff\x51"
_BOXES_LIMIT_BYTES: Final = 1 << 16
_NO_FRAME_HEADERS: Final = frozenset((0xC4, 0xC8, 0xCC))
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))


class Size(NamedTuple):
    rows: int
    columns: int
    samples: int


def size_of_frame(frame: bytes) -> Size | None:
    """The size in a JPEG, JPEG-LS (ITU-T T.81 B.2.2, T.87 C.2.2) or JPEG 2000 (T.800 A.5.1)
    stream; None where it has none."""
    if frame[:2] == b"\xff\xd8":
        return _jpeg(frame)
    at = frame.find(_SOC_SIZ, 0, _BOXES_LIMIT_BYTES)
    if at < 0 or len(frame) < at + 42:
        return None
    right, bottom, left, top = struct.unpack_from(">4L", frame, at + 8)
    (samples,) = struct.unpack_from(">H", frame, at + 40)
    return Size(bottom - top, right - left, samples)


def _jpeg(frame: bytes) -> Size | None:
    at = 2
    while at + 4 <= len(frame):
        if frame[at] != 0xFF:
            return None
        marker = frame[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        is_frame_header = 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME_HEADERS
        if (is_frame_header or marker == 0xF7) and at + 10 <= len(frame):
            rows, columns, samples = struct.unpack_from(">HHB", frame, at + 5)
            return Size(rows, columns, samples)
        (length,) = struct.unpack_from(">H", frame, at + 2)
        if length < 2:
            return None
        at += 2 + length
    return None
