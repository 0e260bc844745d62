"""What the table of contents of an archive says, entry by entry, for zips and tars alike."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from transfer.members import Member
from transfer.scan.reasons import Reason

_READ_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Listed:
    """One file in an archive; `refusal` is the reason why it will never be read, or empty."""

    member: Member
    refusal: Reason | None = None


class ArchiveRefused(Exception):
    """The archive cannot be read, or not further; what was listed before that stands."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def damaged() -> ArchiveRefused:
    """The archive is cut, or says what cannot be."""
    return ArchiveRefused(Reason.ARCHIVE_DAMAGED)


class Pages:
    """A part of an open file, from front to back, a block at a time."""

    def __init__(self, fd: int, start: int, end: int) -> None:
        self._fd = fd
        self._next = start
        self._end = end
        self._block = b""
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes of the part were not taken."""
        return self._end - self._next + len(self._block) - self._at

    def take(self, count: int) -> bytes:
        """Exactly `count` bytes.

        Raises:
            ArchiveRefused: the part ends before.
            OSError: the disk.
        """
        while len(self._block) - self._at < count:
            piece = os.pread(self._fd, min(_READ_BYTES, self._end - self._next), self._next)
            if not piece:
                raise damaged()
            self._next += len(piece)
            self._block, self._at = self._block[self._at :] + piece, 0
        taken = self._block[self._at : self._at + count]
        self._at += count
        return taken
