"""Which source files a walk met: one bit a row, so that an unchanged file costs no write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

CHUNK: Final = 8192


class Presence:
    """Rows that were there when the walk began and were met by it; what the walk adds itself is
    not asked for."""

    def __init__(self, last_row: int) -> None:
        self.last_row = last_row
        # A chunk is whole bytes, since 8 divides it.
        self._bits = bytearray((last_row // CHUNK + 1) * CHUNK // 8)

    def met(self, row: int) -> None:
        """Note a row; one that is newer than the walk needs no note."""
        if row <= self.last_row:
            self._bits[row >> 3] |= 1 << (row & 7)

    def was_met(self, row: int) -> bool:
        return row > self.last_row or bool(self._bits[row >> 3] >> (row & 7) & 1)

    def doubtful(self) -> Iterator[tuple[int, int]]:
        """First and last row of each stretch in which some row was not met, or is none."""
        full = b"\xff" * (CHUNK // 8)
        for first in range(0, self.last_row + 1, CHUNK):
            if self._bits[first >> 3 : (first + CHUNK) >> 3] != full:
                yield first, min(first + CHUNK - 1, self.last_row)
