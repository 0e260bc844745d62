"""Bytes of one file, read by position, never more than a bounded number of them."""

from __future__ import annotations

import os
import zlib
from typing import Final, Protocol

BLOCK_BYTES: Final = 16 * 1024
HEADER_LIMIT_BYTES: Final = 64 * 1024 * 1024
INFLATE_LIMIT_BYTES: Final = 512 * 1024 * 1024


class TooMuch(Exception):
    """The header goes on for longer than we are willing to read."""


class BrokenStream(Exception):
    """A deflate stream is damaged, or ends before its end."""


class Source(Protocol):
    """Positions count from the source's own beginning and must not go back by more than a value."""

    def peek(self, position: int, count: int) -> bytes:
        """Up to `count` bytes (a few blocks at most) there; fewer only at the end.

        Raises:
            TooMuch: the budget is spent.
            OSError: the disk.
        """
        ...

    def glance(self, position: int, count: int) -> bytes:
        """As `peek`, without reading ahead: for hopping over long values."""
        ...

    def window(self, position: int) -> tuple[bytes, int]:
        """The bytes at hand, and where among them the position is; at least 12 bytes follow it
        unless the end is near. Raises as `peek`."""
        ...

    def reaches(self, end: int) -> bool:
        """Whether the source has at least `end` bytes. Raises as `peek`."""
        ...

    def is_whole(self) -> bool:
        """False when the container of the bytes (a deflated stream) broke off."""
        ...


class FileSource:
    """An open file descriptor, which stays the caller's to close; the file begins at its byte
    `base`."""

    __slots__ = ("_at", "_block", "_budget", "base", "fd", "size_bytes")

    def __init__(
        self, fd: int, size_bytes: int, budget: int = HEADER_LIMIT_BYTES, base: int = 0
    ) -> None:
        self.size_bytes = size_bytes
        self.fd = fd
        self.base = base
        self._budget = budget
        self._at = 0
        self._block = b""

    def peek(self, position: int, count: int) -> bytes:
        start = position - self._at
        if start < 0 or start + count > len(self._block):
            if start >= 0 and self._at + len(self._block) >= self.size_bytes:
                return self._block[start : start + count]  # the end of the file is in hand
            self._block = self._read(position, max(count, BLOCK_BYTES))
            self._at, start = position, 0
        return self._block[start : start + count]

    def glance(self, position: int, count: int) -> bytes:
        return self._read(position, count)

    def window(self, position: int) -> tuple[bytes, int]:
        self.peek(position, 12)
        return self._block, position - self._at

    def reaches(self, end: int) -> bool:
        return end <= self.size_bytes

    def is_whole(self) -> bool:
        return True

    def _read(self, position: int, count: int) -> bytes:
        pieces: list[bytes] = []
        # Behind a member of an archive the next one lies.
        count = min(count, self.size_bytes - position)
        while count > 0:
            piece = os.pread(self.fd, count, position + self.base)
            if not piece:
                # The file shrank while we looked: what it has now is what it has.
                self.size_bytes = position
                break
            pieces.append(piece)
            position += len(piece)
            count -= len(piece)
            self._budget -= len(piece)
        if self._budget < 0:
            raise TooMuch
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class InflatedSource:
    """The data set of a deflated file, inflated piece by piece and forgotten behind us.

    PS3.5 section A.5: a bare deflate stream (RFC 1951) from the end of the file meta information
    to the end of the file.
    """

    __slots__ = ("_at", "_block", "_fed", "_file", "_inflater", "_limit", "_pending")

    def __init__(self, file: FileSource, start: int, limit: int = INFLATE_LIMIT_BYTES) -> None:
        self._file = file
        self._fed = start
        self._limit = limit
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._pending = b""
        self._at = 0
        self._block = b""

    def peek(self, position: int, count: int) -> bytes:
        while self._at + len(self._block) < position + count:
            piece = self._next()
            if not piece:
                break
            drop = min(max(position - self._at, 0), len(self._block))
            self._block = self._block[drop:] + piece
            self._at += drop
        start = position - self._at
        return self._block[start : start + count] if start >= 0 else b""

    def glance(self, position: int, count: int) -> bytes:
        return self.peek(position, count)

    def window(self, position: int) -> tuple[bytes, int]:
        self.peek(position, 12)
        return self._block, position - self._at

    def reaches(self, end: int) -> bool:
        return end <= 0 or bool(self.peek(end - 1, 1))

    def is_whole(self) -> bool:
        return self._inflater.eof

    def _next(self) -> bytes:
        while not self._inflater.eof:
            packed = self._pending or self._file.glance(self._fed, BLOCK_BYTES)
            if not self._pending:
                self._fed += len(packed)
            try:
                piece = self._inflater.decompress(packed, 4 * BLOCK_BYTES)
            except zlib.error:
                return b""
            self._pending = self._inflater.unconsumed_tail
            if piece:
                if self._at + len(self._block) + len(piece) > self._limit:
                    raise TooMuch
                return piece
            if not packed:
                return b""
        return b""


class MemorySource:
    """Bytes that are held already."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    def peek(self, position: int, count: int) -> bytes:
        return self._content[position : position + count]

    def glance(self, position: int, count: int) -> bytes:
        return self.peek(position, count)

    def window(self, position: int) -> tuple[bytes, int]:
        return self._content, position

    def reaches(self, end: int) -> bool:
        return end <= len(self._content)

    def is_whole(self) -> bool:
        return True


def inflated(file: FileSource, start: int, limit_bytes: int) -> bytes:
    """The whole data set of a deflated file; what follows the stream counts as padding.

    Raises:
        BrokenStream: the stream is damaged or cut.
        TooMuch: it unpacks to more than `limit_bytes`.
        OSError: the disk.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pieces: list[bytes] = []
    packed = b""
    try:
        while not inflater.eof:
            if not packed:
                packed = file.glance(start, BLOCK_BYTES)
                start += len(packed)
            is_end = not packed
            piece = inflater.decompress(packed, 4 * BLOCK_BYTES)
            packed = inflater.unconsumed_tail
            if is_end and not piece and not inflater.eof:
                raise BrokenStream
            limit_bytes -= len(piece)
            if limit_bytes < 0:
                raise TooMuch
            pieces.append(piece)
    except zlib.error:
        raise BrokenStream from None
    return b"".join(pieces)
