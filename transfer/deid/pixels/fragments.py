"""The frames of encapsulated pixel data, found by hopping over fragments (PS3.5 section A.4)."""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from transfer.deid.model import Stretch
from transfer.deid.pixels.image import NotBlanked
from transfer.deid.pixels.source import read_exactly

_ITEM: Final = (0xFFFE, 0xE000)
_END: Final = (0xFFFE, 0xE0DD)
_FRAGMENT_LIMIT: Final = 1_000_000
_STARTS: Final = (b"\xff\xd8", b"\xff\x4f", b"\0\0")  # JPEG and JPEG-LS, JPEG 2000, its box form
_BROKEN: Final = "The fragments of the pixel data are damaged."
_UNCLEAR: Final = "The frames of the pixel data cannot be told apart."


class Fragments:
    """Where the fragments of each frame lie, without their bytes.

    Raises:
        NotBlanked: the fragments are damaged or cannot be divided into that many frames.
        OSError: the disk.
    """

    def __init__(self, fd: int, stretch: Stretch, frames: int) -> None:
        self._fd = fd
        self._at, self._lengths = array("Q"), array("Q")
        table = self._hop(stretch)
        self._firsts = self._divide(frames, table)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """First fragment and the one after the last, for each frame."""
        firsts = self._firsts
        return zip(firsts, [*firsts[1:], len(self._at)], strict=True)

    def size_bytes(self, first: int, stop: int) -> int:
        return sum(self._lengths[first:stop])

    def read(self, first: int, stop: int) -> bytes:
        """The encoded bytes of a frame."""
        parts = zip(self._at[first:stop], self._lengths[first:stop], strict=True)
        return b"".join(bytes(read_exactly(self._fd, at, length)) for at, length in parts)

    def _hop(self, stretch: Stretch) -> bytes:
        at, end = stretch
        end += at
        table = None
        while True:
            if at + 8 > end:
                raise NotBlanked(_BROKEN)
            group, number, length = struct.unpack("<HHL", read_exactly(self._fd, at, 8))
            at += 8
            if (group, number) == _END:
                break
            if (group, number) != _ITEM or at + length > end:
                raise NotBlanked(_BROKEN)
            if table is None:
                if length > 4 * _FRAGMENT_LIMIT:
                    raise NotBlanked(_BROKEN)
                table = bytes(read_exactly(self._fd, at, length))
            else:
                self._at.append(at)
                self._lengths.append(length)
            at += length
            if len(self._at) > _FRAGMENT_LIMIT:
                raise NotBlanked("The pixel data have more fragments than this program takes.")
        if not self._at:
            raise NotBlanked(_BROKEN)
        return table or b""

    def _divide(self, frames: int, table: bytes) -> list[int]:
        """The first fragment of each frame."""
        count = len(self._at)
        if count < frames:
            raise NotBlanked("The pixel data have fewer frames than the header tells.")
        if frames == 1:
            return [0]
        if count == frames:
            return list(range(count))
        if len(table) == 4 * frames:
            return self._by_table(struct.unpack(f"<{frames}L", table))
        firsts = [n for n in range(count) if self._begins_a_frame(n)]
        if len(firsts) != frames or firsts[0] != 0:
            raise NotBlanked(_UNCLEAR)
        return firsts

    def _by_table(self, offsets: tuple[int, ...]) -> list[int]:
        base = self._at[0]
        firsts: list[int] = []
        for offset in offsets:
            first = bisect_left(self._at, base + offset)
            is_there = first < len(self._at) and self._at[first] == base + offset
            if not is_there or (firsts and first <= firsts[-1]):
                raise NotBlanked(_UNCLEAR)
            firsts.append(first)
        if firsts[0] != 0:
            raise NotBlanked(_UNCLEAR)
        return firsts

    def _begins_a_frame(self, number: int) -> bool:
        if self._lengths[number] < 2:
            return False
        return bytes(read_exactly(self._fd, self._at[number], 2)) in _STARTS
