"""One NIfTI image from its first byte to its last: is it whole, and does text hide in it?

The image leaves as it is, but for the header of its gzip stream (RFC 1952 section 2.3), which
names the original file and its time: a bare one goes in its place.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transfer.scan.nifti import HEADER_BYTES, NiftiHeader, read_nifti_header

BARE_GZIP: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""No name, no comment, no time, no system."""

READ_BYTES: Final = 1024 * 1024
_KEPT_BYTES: Final = 1024 * 1024
_SLACK_BYTES: Final = 1024 * 1024
_GZIP_HEADER_BYTES: Final = 64 * 1024
_FIRST_BYTES: Final = 16 * 1024
_MOST_MEMBERS: Final = 100_000
_GZIP: Final = b"\x1f\x8b\x08"
_CRC16, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
# DICOM, AFNI and comment extensions (nifti1.h): text by their nature.
_TEXT_EXTENSIONS: Final = frozenset((2, 4, 6))
_WORDS: Final = re.compile(rb"[\x20-\x7e]{4}")

Read = Callable[[int], bytes]
"""The next bytes of a file, at most so many; empty at its end."""


class ImageProblem(StrEnum):
    """Why an image cannot go; kept in the ledger."""

    GONE = "gone"
    PAIR = "pair"
    NO_NIFTI = "no-nifti"
    CUT = "cut"
    BROKEN = "broken"
    ENDLESS = "endless"
    UNSOUND = "unsound"


@dataclass(frozen=True, slots=True)
class ImageLook:
    """What one look found. `texts` names the places that hold text, never the text itself.

    `head_bytes`: so many bytes at the beginning stay here and `BARE_GZIP` goes instead; 0 where
    all goes. Size in bytes and digests (hex) are of what leaves.
    """

    problem: ImageProblem | None
    texts: tuple[str, ...] = ()
    head_bytes: int = 0
    size_bytes: int = 0
    md5: str = ""
    sha256: str = ""


class _Broken(Exception):
    """The gzip stream is damaged, or what follows it is none."""


def look_at_image(read: Read, pulse: Callable[[], None]) -> ImageLook:
    """Read a whole image. Memory is bounded whatever it unpacks to; `pulse` is called for each
    piece, and what it raises ends the look.

    Raises:
        OSError: by `read`.
    """
    stream = _Stream(read, pulse)
    is_packed = stream.peek(len(_GZIP)).startswith(_GZIP)
    image = _Image()
    problem: ImageProblem | None = None
    head_bytes = 0
    try:
        if is_packed:
            head_bytes = _unpack(stream, image)
        else:
            for piece in stream.rest():
                image.feed(piece)
    except _Broken:
        problem = ImageProblem.BROKEN
    stream.drain(is_wanted=problem is None and not image.is_endless)
    return ImageLook(
        problem or image.problem(),
        image.texts(),
        head_bytes,
        stream.size_bytes,
        stream.md5.hexdigest(),
        stream.sha256.hexdigest(),
    )


class _Stream:
    """The bytes of a file in order, digested as they leave."""

    def __init__(self, read: Read, pulse: Callable[[], None]) -> None:
        self._read = read
        self._pulse = pulse
        self._held = b""
        self._at = 0
        # What the standard tools name files by, not a protection.
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()
        self.size_bytes = 0

    def peek(self, count: int) -> bytes:
        """The next bytes, so many unless the end is near."""
        while len(self._held) - self._at < count and (piece := self._next()):
            self._held, self._at = self._held[self._at :] + piece, 0
        return self._held[self._at : self._at + count]

    def _next(self) -> bytes:
        self._pulse()
        return self._read(READ_BYTES)

    def take(self, count: int, instead: bytes | None = None) -> None:
        """Let so many bytes of what was peeked at leave, or others `instead`."""
        piece = self._held[self._at : self._at + count]
        self._at += len(piece)
        self._leave(piece if instead is None else instead)

    def _leave(self, piece: bytes) -> None:
        self.md5.update(piece)
        self.sha256.update(piece)
        self.size_bytes += len(piece)

    def rest(self) -> Iterator[bytes]:
        """All that follows, leaving."""
        while piece := self.peek(READ_BYTES):
            self.take(len(piece))
            yield piece

    def drain(self, *, is_wanted: bool) -> None:
        """Let the rest leave unseen, for the digests."""
        if is_wanted:
            for _ in self.rest():
                pass


def _unpack(stream: _Stream, image: _Image) -> int:
    """Feed all members to the image; returns the length of the first header."""
    first = 0
    for _ in range(_MOST_MEMBERS):
        head = stream.peek(len(BARE_GZIP))
        if head[3:4].strip(b"\0"):
            head = stream.peek(_GZIP_HEADER_BYTES)
        length, has_text = _member_header(head)
        if not first:
            first = length
            stream.take(length, BARE_GZIP)
        else:
            image.hides_name |= has_text
            stream.take(length)
        _inflate(stream, image)
        if image.is_endless:
            return first
        behind = stream.peek(len(_GZIP))
        if not behind.startswith(_GZIP):
            image.has_tail |= any(any(piece) for piece in stream.rest())
            return first
    raise _Broken


def _member_header(head: bytes) -> tuple[int, bool]:
    """Length of a member's header, and whether it holds more than the plain ten bytes.

    Raises:
        _Broken: it is none, or one without end.
    """
    if len(head) < len(BARE_GZIP) or not head.startswith(_GZIP):
        raise _Broken
    flags, at = head[3], len(BARE_GZIP)
    if flags & _EXTRA:
        at += 2 + int.from_bytes(head[at : at + 2], "little")
    for flag in (_NAME, _COMMENT):
        if flags & flag:
            at = head.find(b"\0", at) + 1
            if not at:
                raise _Broken
    at += 2 if flags & _CRC16 else 0
    if at > len(head):
        raise _Broken
    return at, bool(flags & (_EXTRA | _NAME | _COMMENT))


def _inflate(stream: _Stream, image: _Image) -> None:
    """One member's data and its trailer, which must be true (RFC 1952 section 2.3.1)."""
    inflater, crc, size = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
    # A small piece first: what follows a small member is copied once more for each of them.
    count = _FIRST_BYTES
    while packed := stream.peek(count):
        count = READ_BYTES
        try:
            piece = inflater.decompress(packed, READ_BYTES)
        except zlib.error:
            raise _Broken from None
        left = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        stream.take(len(packed) - len(left))
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        image.feed(piece)
        if inflater.eof or image.is_endless:
            break
    if image.is_endless:
        return
    trailer = stream.peek(8)
    if not inflater.eof or trailer != struct.pack("<LL", crc, size % 2**32):
        raise _Broken
    stream.take(8)


class _Image:
    """The unpacked bytes as they pass: their beginning is kept, the voxels are counted."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._size = 0
        self._header: NiftiHeader | None = None
        self.has_tail = False
        self.hides_name = False
        self.is_endless = False

    def feed(self, piece: bytes) -> None:
        if len(self._head) < _KEPT_BYTES:
            self._head += piece[: _KEPT_BYTES - len(self._head)]
        if self._header is None and self._size < HEADER_BYTES:
            self._header = read_nifti_header(bytes(self._head[:HEADER_BYTES]))
        if self._header is not None:
            behind = max(self._header.image_end - self._size, 0)
            self.has_tail |= any(piece[behind : behind + READ_BYTES])
        self._size += len(piece)
        end = _KEPT_BYTES if self._header is None else self._header.image_end
        self.is_endless |= self._size > end + _SLACK_BYTES

    def problem(self) -> ImageProblem | None:
        header = self._known()
        if header is None:
            return ImageProblem.NO_NIFTI
        if header.is_alone:
            return ImageProblem.PAIR
        if not header.is_sound:
            return ImageProblem.UNSOUND
        if self.is_endless:
            return ImageProblem.ENDLESS
        return ImageProblem.CUT if self._size < header.image_end else None

    def _known(self) -> NiftiHeader | None:
        # A tiny image is shorter than the larger of the two headers.
        return self._header or read_nifti_header(bytes(self._head[:HEADER_BYTES]))

    def texts(self) -> tuple[str, ...]:
        """The places that hold text."""
        header = self._known()
        if header is None:
            return ()
        found = [*header.texts, *_extensions(bytes(self._head), header)]
        if self.has_tail:
            found.append("the bytes behind the image")
        if self.hides_name:
            found.append("a name inside the gzip stream")
        return tuple(dict.fromkeys(found))


def _extensions(head: bytes, header: NiftiHeader) -> Iterator[str]:
    """Extensions, or a gap before the voxels, that hold text (nifti1.h, "HEADER EXTENSIONS")."""
    at, end = header.header_bytes + 4, min(header.image_at, len(head))
    if header.image_at > len(head) and len(head) >= _KEPT_BYTES:
        yield "extensions larger than 1 MiB"
    order = "<" if header.is_little else ">"
    has_extensions = bool(head[header.header_bytes : header.header_bytes + 1].strip(b"\0"))
    while has_extensions and at + 8 <= end:
        size, code = struct.unpack_from(f"{order}ii", head, at)
        if size < 8 or at + size > end:
            break
        data = head[at + 8 : at + size]
        if _WORDS.search(data) or (code in _TEXT_EXTENSIONS and data.strip(b"\0 ")):
            yield f"an extension (code {code})"
        at += size
    if head[at:end].strip(b"\0"):
        yield "the gap before the image"
