"""Zip read front to back as Java's `java.util.zip.ZipInputStream` does it (Java 17).

XNAT reads uploads this way and never sees the central directory, so that archives which every
other tool opens are refused: a reader on top of Python's `zipfile` would hide that.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import IO

_LOCAL, _DESCRIPTOR = 0x04034B50, 0x08074B50
_STORED, _DEFLATED = 0, 8
_ZIP64_FROM = 0xFFFFFFFF
_PIECE = 256 * 1024


class BadZip(Exception):
    """What Java throws as a ZipException or EOFException, in its words."""


class JavaZip:
    """The entries of an archive in order; each has to be read to its end before the next."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def entries(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Name and content of each entry, directories left out.

        Ends at the first bytes that are no local header, even when they are the first.

        Raises:
            BadZip: from here or from within the content.
        """
        while True:
            raw = self._file.read(30)
            if len(raw) < 30 or struct.unpack_from("<L", raw)[0] != _LOCAL:
                return
            flags, method = struct.unpack_from("<HH", raw, 6)
            crc, packed, size, name_length, extra_length = struct.unpack_from("<LLLHH", raw, 14)
            name = self._name(name_length)
            extra = self._exactly(extra_length)
            if flags & 1:
                raise BadZip("encrypted ZIP entry not supported")
            has_descriptor = bool(flags & 8)
            if has_descriptor and method != _DEFLATED:
                raise BadZip("only DEFLATED entries can have EXT descriptor")
            if not has_descriptor:
                packed, size = _zip64(extra, packed, size)
            if method == _STORED:
                content = self._stored(size, crc)
            elif method == _DEFLATED:
                content = self._deflated(None if has_descriptor else (crc, packed, size))
            else:
                raise BadZip("invalid compression method")
            if name.endswith("/"):
                for _ in content:
                    pass
                continue
            yield name, content
            for _ in content:
                pass

    def _stored(self, size: int, crc: int) -> Iterator[bytes]:
        seen = 0
        left = size
        while left > 0:
            data = self._file.read(min(left, _PIECE))
            if not data:
                raise BadZip("unexpected EOF")
            left -= len(data)
            seen = zlib.crc32(data, seen)
            yield data
        if size > 0 and seen != crc:
            raise BadZip(f"invalid entry CRC (expected 0x{crc:x} but got 0x{seen:x})")

    def _deflated(self, declared: tuple[int, int, int] | None) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        crc = written = read = 0
        while not inflater.eof:
            fresh = self._file.read(_PIECE)
            if not fresh:
                raise BadZip("Unexpected end of ZLIB input stream")
            read += len(fresh)
            pending = fresh
            while pending and not inflater.eof:
                try:
                    data = inflater.decompress(pending, _PIECE)
                except zlib.error as error:
                    raise BadZip(str(error)) from error
                pending = inflater.unconsumed_tail
                crc = zlib.crc32(data, crc)
                written += len(data)
                yield data
        behind = len(inflater.unused_data)
        self._file.seek(-behind, 1)
        read -= behind
        expected = declared or self._descriptor(written, read)
        if expected[2] != written:
            raise BadZip(f"invalid entry size (expected {expected[2]} but got {written} bytes)")
        if expected[1] != read:
            raise BadZip(
                f"invalid entry compressed size (expected {expected[1]} but got {read} bytes)"
            )
        if expected[0] != crc:
            raise BadZip(f"invalid entry CRC (expected 0x{expected[0]:x} but got 0x{crc:x})")

    def _descriptor(self, written: int, read: int) -> tuple[int, int, int]:
        """CRC, compressed size and size behind the data; 64 bits wide only for large entries."""
        layout = "<LQQ" if max(written, read) > _ZIP64_FROM else "<LLL"
        raw = self._exactly(4)
        if struct.unpack("<L", raw)[0] == _DESCRIPTOR:
            raw = b""
        raw += self._exactly(struct.calcsize(layout) - len(raw))
        crc, packed, size = struct.unpack(layout, raw)
        return crc, packed, size

    def _name(self, length: int) -> str:
        try:
            return self._exactly(length).decode()
        except UnicodeDecodeError as error:
            raise BadZip("malformed input in an entry name") from error

    def _exactly(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) < count:
            raise BadZip("Unexpected end of ZIP input stream")
        return data


def _zip64(extra: bytes, packed: int, size: int) -> tuple[int, int]:
    """Compressed size and size; a whole Zip64 field in the local header beats the header."""
    at = 0
    while at + 4 <= len(extra):
        tag, length = struct.unpack_from("<HH", extra, at)
        if at + 4 + length > len(extra):
            break
        if tag == 1 and length >= 16:
            size, packed = struct.unpack_from("<qq", extra, at + 4)
        at += 4 + length
    return packed, size
