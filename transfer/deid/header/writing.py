"""A header as the Part 10 stream that leaves: bytes, and stretches copied from the source file.

Sequences and items tell their lengths, which every reader understands, except where only an
undefined length shows that they are sequences. Values that were not changed leave as they came.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from transfer.deid.header.vrs import vr_of
from transfer.deid.model import PIXEL_DATA, DataSet, Element, Header, Piece, Stretch
from transfer.errors import SourceChanged
from transfer.scan.elements import LONG_VRS, SHORT_VRS, UNDEFINED, Encoding
from transfer.scan.filemeta import part10_prefix
from transfer.scan.text import UID_LIMIT, plain

PIECE_BYTES: Final = 1024 * 1024

_SOP_CLASS: Final = 0x00080016
_SOP_INSTANCE: Final = 0x00080018
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_SHORT: Final = {vr.decode("ascii"): vr for vr in SHORT_VRS}
_LONG: Final = {vr.decode("ascii"): vr for vr in LONG_VRS}
# The longest even value whose length fits into two bytes.
_SHORT_LIMIT_BYTES: Final = 0xFFFE
# Padded with a blank; all others with NUL (PS3.5 section 6.2).
_TEXT_VRS: Final = frozenset(
    ("AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT")
)


def assemble(header: Header) -> tuple[Piece, ...]:
    """The Part 10 stream of a header and its pixel data, in the encoding of the header.

    The file meta information is made anew, with the UIDs of the data set or those that the method
    decided. A deflated data set is
    in memory, pixel data included; stretches of all others count into the source file.
    """
    uids = header.media_uids or (
        _uid(header.dataset, _SOP_CLASS),
        _uid(header.dataset, _SOP_INSTANCE),
    )
    prefix = part10_prefix(*uids, header.transfer_syntax_uid)
    if header.inflated is not None:
        stream = _Stream(header.encoding)
        stream.add(header)
        return (prefix, *_deflated(stream.pieces(), header.inflated))
    stream = _Stream(header.encoding, prefix)
    stream.add(header)
    return tuple(stream.pieces())


def size_of(pieces: Iterable[Piece]) -> int:
    """The length of the stream in bytes."""
    return sum(len(piece) if isinstance(piece, bytes) else piece.length for piece in pieces)


def copy(pieces: Iterable[Piece], fd: int, write: Callable[[bytes], object]) -> None:
    """Hand the stream to `write`, at most `PIECE_BYTES` of the source file at a time.

    Raises:
        SourceChanged: the source file has become shorter.
        OSError: the disk.
    """
    for piece in pieces:
        if isinstance(piece, bytes):
            write(piece)
            continue
        at, end = piece.offset, piece.offset + piece.length
        while at < end:
            block = os.pread(fd, min(end - at, PIECE_BYTES), at)
            if not block:
                raise SourceChanged(
                    "A source file became shorter while it was read.",
                    "Scan again so that the transfer knows the file as it is now.",
                )
            at += len(block)
            write(block)


def _uid(dataset: DataSet, tag: int) -> str:
    element = dataset.get(tag)
    if element is None or not isinstance(element.value, bytes):
        return ""
    return plain(element.value, UID_LIMIT)


def _deflated(pieces: Iterable[Piece], inflated: bytes) -> Iterator[bytes]:
    """Bit by bit: put together, there would be several of it for a while."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    view = memoryview(inflated)
    length = 0
    for piece in pieces:
        whole = (
            view[piece.offset : piece.offset + piece.length]
            if isinstance(piece, Stretch)
            else piece
        )
        for at in range(0, len(whole), PIECE_BYTES):
            if packed := packer.compress(whole[at : at + PIECE_BYTES]):
                length += len(packed)
                yield packed
    rest = packer.flush()
    yield rest + b"\0" if (length + len(rest)) % 2 else rest


class _Stream:
    """What was written so far: bytes in one buffer, and where among them stretches belong.

    One buffer, so that a length can be filled in once it is known.
    """

    def __init__(self, encoding: Encoding, begin: bytes = b"") -> None:
        self._out = bytearray(begin)
        self._stretches: list[tuple[int, Stretch]] = []
        self._stretched_bytes = 0
        self._is_implicit = encoding.is_implicit
        self._order(encoding.is_little)

    def _order(self, is_little: bool) -> None:
        order = "<" if is_little else ">"
        self._is_little = is_little
        self._short = struct.Struct(f"{order}HH2sH").pack
        self._long = struct.Struct(f"{order}HH2sxxL").pack
        self._implicit = struct.Struct(f"{order}HHL").pack
        self._fill = struct.Struct(f"{order}L").pack_into

    def add(self, header: Header) -> None:
        self._dataset(header.dataset, self._is_implicit)
        if header.pixels is not None:
            self._element(header.pixels, self._is_implicit)
        for element in header.after:
            self._element(element, self._is_implicit)

    def pieces(self) -> list[Piece]:
        """What was written, in order, none of it empty."""
        pieces: list[Piece] = []
        begin = 0
        view = memoryview(self._out)
        for at, stretch in self._stretches:
            if at > begin:
                pieces.append(bytes(view[begin:at]))
            pieces.append(stretch)
            begin = at
        if begin < len(view):
            pieces.append(bytes(view[begin:]))
        return pieces

    def _dataset(self, dataset: DataSet, is_implicit: bool) -> None:
        out, short, implicit, vrs = self._out, self._short, self._implicit, _SHORT
        for tag in sorted(dataset):
            element = dataset[tag]
            value = element.value
            if isinstance(value, bytes):
                length = len(value)
                if is_implicit:
                    if not length % 2 and not element.is_encapsulated:
                        out += implicit(tag >> 16, tag & 0xFFFF, length)
                        out += value
                        continue
                elif element.vr in vrs and not length % 2 and length <= _SHORT_LIMIT_BYTES:
                    out += short(tag >> 16, tag & 0xFFFF, vrs[element.vr], length)
                    out += value
                    continue
            self._element(element, is_implicit)

    def _element(self, element: Element, is_implicit: bool) -> None:
        """Write an element of any kind."""
        value, vr = element.value, element.vr
        if isinstance(value, list):
            self._sequence(element.tag, vr, value, is_implicit)
            return
        length = len(value) if isinstance(value, bytes) else value.length
        # Pixel data that stay in the file go as they are, of odd length too.
        is_untouched = element.tag == PIXEL_DATA and isinstance(value, Stretch)
        is_odd = length % 2 == 1 and not element.is_encapsulated and not is_untouched
        told = UNDEFINED if element.is_encapsulated else length + is_odd
        self._head(element.tag, vr, told, is_implicit)
        if isinstance(value, bytes):
            self._out += value
        elif length:
            self._stretches.append((len(self._out), value))
            self._stretched_bytes += length
        if is_odd:
            self._out += b" " if vr in _TEXT_VRS else b"\0"

    def _head(self, tag: int, vr: str, length: int, is_implicit: bool) -> None:
        group, number = tag >> 16, tag & 0xFFFF
        if is_implicit:
            self._out += self._implicit(group, number, length)
        elif vr in _LONG:
            self._out += self._long(group, number, _LONG[vr], length)
        elif length <= _SHORT_LIMIT_BYTES:
            self._out += self._short(group, number, vr.encode("ascii"), length)
        else:
            # Too long for its VR: PS3.5 section 6.2.2 sends it as UN.
            self._out += self._long(group, number, b"UN", length)

    def _sequence(self, tag: int, vr: str, items: list[DataSet], is_implicit: bool) -> None:
        """Write a sequence; the items of an UN are implicit VR little endian whatever is around.

        Without a VR that says so, only its undefined length shows that something is a sequence.
        """
        is_unknown = vr == "UN" and not is_implicit
        is_told = vr_of(tag) == "SQ" if is_implicit else not is_unknown
        self._head(tag, vr, UNDEFINED, is_implicit)
        is_little = self._is_little
        if is_unknown:
            self._order(is_little=True)
        begin, place = self._position(), len(self._out) - 4
        for item in items:
            self._item(item, is_implicit or is_unknown)
        length = self._position() - begin
        if is_told and length < UNDEFINED:
            self._fill(self._out, place, length)
        else:
            self._out += self._implicit(_SEQUENCE_END >> 16, _SEQUENCE_END & 0xFFFF, 0)
        if is_unknown:
            self._order(is_little)

    def _item(self, item: DataSet, is_implicit: bool) -> None:
        out = self._out
        out += self._implicit(_ITEM >> 16, _ITEM & 0xFFFF, UNDEFINED)
        begin, place = self._position(), len(out) - 4
        self._dataset(item, is_implicit)
        length = self._position() - begin
        if length < UNDEFINED:
            self._fill(out, place, length)
        else:
            out += self._implicit(_ITEM_END >> 16, _ITEM_END & 0xFFFF, 0)

    def _position(self) -> int:
        return len(self._out) + self._stretched_bytes
