"""A PNG file of 8 bits, with the three chunks that it must have and not one that holds text."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_GREY, _COLOUR = 0, 2
_LEVEL: Final = 3


def png_of(picture: np.ndarray[Any, Any]) -> bytes:
    """The file of a picture of unsigned bytes: rows and columns, or with three colours as well.

    Source: PNG specification (W3C, third edition), sections 7.1 and 11.2.
    """
    import numpy as np

    rows, columns = picture.shape[:2]
    kind = _COLOUR if picture.ndim == 3 else _GREY
    lines = np.ascontiguousarray(picture, np.uint8).reshape(rows, -1)
    # Before each line stands the way in which it is filtered: 0, not at all.
    packed = zlib.compress(np.insert(lines, 0, 0, axis=1).tobytes(), _LEVEL)
    head = struct.pack(">LLBBBBB", columns, rows, 8, kind, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">L", len(data)) + body + struct.pack(">L", zlib.crc32(body))
