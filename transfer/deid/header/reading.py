"""From a file to its `Header`: the frame, the encoding, and the tree of what is not pixel data."""

from __future__ import annotations

from typing import Final

from transfer.deid.header.byteorder import CannotTurn, little_endian
from transfer.deid.header.tree import BROKEN, CUT, EXPORT_AGAIN, TOO_MUCH, Unreadable, Walk
from transfer.deid.model import DataSet, Header
from transfer.scan.elements import Encoding
from transfer.scan.part10 import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    Frame,
    FrameUnreadable,
    NotDicom,
    declared_encoding,
    encoding_of,
    read_frame,
    syntax_of,
)
from transfer.scan.source import BrokenStream, FileSource, MemorySource, Source, TooMuch, inflated

__all__ = ["Unreadable", "read_header", "read_items"]

INFLATED_LIMIT_BYTES: Final = 64 * 1024 * 1024

_FIRST_READ_BYTES: Final = 32 * 1024
_EXPLICIT: Final = Encoding(is_implicit=False, is_little=True)
_PLAIN: Final = frozenset((EXPLICIT_LITTLE, EXPLICIT_BIG, IMPLICIT_LITTLE))

NOT_DICOM: Final = "The file is no DICOM object."
INFLATED_TOO_LARGE: Final = (
    "The deflated data set is larger than 64 MiB. Export the file again without deflate."
)
STREAM_BROKEN: Final = f"The deflated data set is damaged or ends too early. {EXPORT_AGAIN}"
COMPRESSION_UNKNOWN: Final = (
    "The pixel data are compressed and the file does not say how. "
    "Export it again with its file meta information."
)
CONTRADICTION: Final = (
    f"The data set is big endian, which its transfer syntax does not allow. {EXPORT_AGAIN}"
)


def read_header(fd: int, size_bytes: int) -> Header:
    """Read everything of a DICOM file but its pixel data. `fd` stays open, its position unused.

    Below an element of VR UN whose value is a list of items, values are little endian in every
    file (PS3.5 section 6.2.2).

    Raises:
        Unreadable: it is no DICOM object, is cut, broken, or larger than we are willing to hold.
        OSError: the disk.
    """
    source = FileSource(fd, size_bytes)
    try:
        source.peek(0, _FIRST_READ_BYTES)
        return _read(source, read_frame(source))
    except NotDicom:
        raise Unreadable(NOT_DICOM) from None
    except FrameUnreadable:
        raise Unreadable(BROKEN) from None
    except TooMuch:
        raise Unreadable(TOO_MUCH) from None


def read_items(value: bytes) -> list[DataSet]:
    """The items of a sequence that was stored as UN of known length (PS3.5 section 6.2.2): implicit
    VR little endian, or with VRs as some writers do. Every value is held, however long.

    Raises:
        Unreadable: the value is no sequence.
    """
    walk = Walk(MemorySource(value), 0, Encoding(True, True), held_bytes=len(value))
    return walk.items(len(value), len(value), is_implicit=False, is_signed=False)


def _read(file: FileSource, frame: Frame) -> Header:
    declared = frame.transfer_syntax
    unpacked: bytes | None = None
    source: Source = file
    start = frame.body_at
    if declared in DEFLATED:
        try:
            unpacked = inflated(file, start, INFLATED_LIMIT_BYTES)
        except BrokenStream:
            raise Unreadable(STREAM_BROKEN) from None
        except TooMuch:
            raise Unreadable(INFLATED_TOO_LARGE) from None
        source, start = MemorySource(unpacked), 0
    encoding = encoding_of(source, start, declared)
    walk = Walk(source, start, encoding)
    pixels = walk.root()
    if not walk.dataset:
        raise Unreadable(CUT)
    header = Header(
        meta=frame.meta,
        transfer_syntax_uid=declared,
        encoding=encoding,
        dataset=walk.dataset,
        pixels=pixels,
        after=list(walk.after.values()),
        inflated=unpacked,
    )
    _name_truly(header)
    return header


def _name_truly(header: Header) -> None:
    """Settle the transfer syntax that leaves: the one declared, unless the data set contradicts it.

    What has none becomes explicit VR little endian, as in CTP.
    """
    declared, encoding = header.transfer_syntax_uid, header.encoding
    header.is_as_declared = declared_encoding(declared) in (None, encoding)
    if not declared:
        if header.pixels is not None and header.pixels.is_encapsulated:
            raise Unreadable(COMPRESSION_UNKNOWN)
        if encoding.is_little or _turn(header):
            encoding = _EXPLICIT
        header.transfer_syntax_uid = syntax_of(encoding)
    elif declared in _PLAIN:
        header.transfer_syntax_uid = syntax_of(encoding)
    elif not header.is_as_declared:
        if not encoding.is_little:
            raise Unreadable(CONTRADICTION)
        encoding = _EXPLICIT
    header.encoding = encoding


def _turn(header: Header) -> bool:
    """Make a big endian header little endian, if nothing of it is copied from the file."""
    if header.pixels is not None:
        return False
    try:
        header.dataset = little_endian(header.dataset)
    except CannotTurn:
        return False
    return True
