"""Where the original pixels are read from: an open file, or the inflated text of a deflated one."""

from __future__ import annotations

import os
from typing import Final, TypeAlias

from transfer.deid.pixels.image import NotBlanked

Source: TypeAlias = int | bytes
"""A file descriptor, read by position; or `Header.inflated`, into which stretches count then."""

CHUNK_BYTES: Final = 1 << 20
CUT_SHORT: Final = "The pixel data end before their last frame."


def read_exactly(source: Source, offset: int, length: int) -> bytearray:
    """The bytes at a position.

    Raises:
        NotBlanked: there are fewer.
        OSError: the disk.
    """
    if isinstance(source, bytes):
        found = bytearray(source[offset : offset + length])
    else:
        found = bytearray()
        while len(found) < length:
            more = os.pread(source, length - len(found), offset + len(found))
            if not more:
                break
            found += more
    if len(found) != length:
        raise NotBlanked(CUT_SHORT)
    return found
