"""The frame around a data set: preamble, file meta information, transfer syntax (PS3.10 section 7).

Also the data set that lies bare in a file, recognised by its first elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final

from transfer import dictionary
from transfer.scan.elements import (
    LITTLE,
    LONG_VRS,
    SHORT_VRS,
    UNDEFINED,
    VALUE_LIMIT_BYTES,
    Encoding,
    has_vr,
    read_head,
)
from transfer.scan.source import Source

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
# Deflated Explicit VR Little Endian and JPIP Referenced Deflate (PS3.5 A.5, A.7).
DEFLATED: Final = frozenset(("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"))

GROUP_LENGTH: Final = 0x00020000
MEDIA_CLASS: Final = 0x00020002
MEDIA_INSTANCE: Final = 0x00020003
TRANSFER_SYNTAX: Final = 0x00020010

_META: Final = Encoding(is_implicit=False, is_little=True)
_SNIFFED: Final = {
    Encoding(False, True): EXPLICIT_LITTLE,
    Encoding(False, False): EXPLICIT_BIG,
    Encoding(True, True): IMPLICIT_LITTLE,
}
_SNIFFED_ELEMENTS: Final = 4


class NotDicom(Exception):
    """Nothing here looks like a DICOM object."""


class FrameUnreadable(Exception):
    """The file says that it is DICOM, and what follows is not."""


@dataclass(slots=True)
class Frame:
    """What lies before the data set; `body_at` is where that begins."""

    body_at: int
    has_preamble: bool
    meta: dict[int, bytes] = field(default_factory=dict)

    def uid(self, tag: int) -> str:
        return self.meta.get(tag, b"").decode("ascii", "replace").strip(" \0")

    @property
    def transfer_syntax(self) -> str:
        return self.uid(TRANSFER_SYNTAX)

    @property
    def is_complete(self) -> bool:
        """Whether the file has all that PS3.10 table 7.1-1 asks of a receiver to rely on."""
        return self.has_preamble and all(
            tag in self.meta and self.meta[tag].strip(b" \0")
            for tag in (GROUP_LENGTH, MEDIA_CLASS, MEDIA_INSTANCE, TRANSFER_SYNTAX)
        )


def read_frame(source: Source) -> Frame:
    """The frame of a file that is DICOM in any form.

    Raises:
        NotDicom: it is something else.
        FrameUnreadable: it has the DICM mark, and no readable DICOM behind it.
        OSError, TooMuch: see `Source`.
    """
    if source.peek(128, 4) == b"DICM":
        frame = _read_meta(source, 132, has_preamble=True)
        if not frame.meta and source.reaches(133) and sniff(source, 132) is None:
            raise FrameUnreadable
        return frame
    start = 4 if source.peek(0, 4) == b"DICM" else 0
    if _starts_with_meta(source, start):
        return _read_meta(source, start, has_preamble=False)
    if sniff(source, start) is None:
        raise NotDicom
    return Frame(start, has_preamble=False)


def sniff(source: Source, at: int) -> Encoding | None:
    """The encoding in which the bytes there read as the beginning of a data set, if any."""
    for encoding in _SNIFFED:
        if _reads_as(source, at, encoding):
            return encoding
    return None


def declared_encoding(transfer_syntax: str) -> Encoding | None:
    """The encoding that a transfer syntax promises; None for a private one, which may be any."""
    for encoding, uid in _SNIFFED.items():
        if uid == transfer_syntax:
            return encoding
    return Encoding(False, True) if transfer_syntax.startswith("1.2.840.10008.") else None


def encoding_of(source: Source, at: int, transfer_syntax: str) -> Encoding:
    """How the data set there is written: as its bytes show, since some files declare another."""
    return sniff(source, at) or declared_encoding(transfer_syntax) or _META


def syntax_of(encoding: Encoding) -> str:
    """The transfer syntax of a data set that is encoded so and not compressed."""
    return _SNIFFED[encoding]


def _starts_with_meta(source: Source, at: int) -> bool:
    head = read_head(source, at, _META)
    return (
        head is not None
        and head.tag >> 16 == 2
        and (head.vr in LONG_VRS or head.vr in SHORT_VRS)
        and source.reaches(head.value_at + head.length)
    )


def _read_meta(source: Source, start: int, *, has_preamble: bool) -> Frame:
    frame = Frame(start, has_preamble)
    _stride_meta(source, frame)
    while (head := read_head(source, frame.body_at, _META)) and head.tag >> 16 == 2:
        end = head.value_at + head.length
        if not source.reaches(end):
            raise FrameUnreadable
        frame.meta[head.tag] = source.peek(head.value_at, min(head.length, VALUE_LIMIT_BYTES))
        frame.body_at = end
    return frame


def _stride_meta(source: Source, frame: Frame) -> None:
    """Read the ordinary elements that lie wholly in the bytes at hand: as one by one, but fast."""
    block, at = source.window(frame.body_at)
    begin = frame.body_at - at
    explicit, _, long_length = LITTLE
    last = len(block) - 12
    while at <= last:
        group, number, vr, length = explicit(block, at)
        value = at + 8
        if vr in LONG_VRS:
            (length,) = long_length(block, value)
            value += 4
        elif vr not in SHORT_VRS:
            return
        end = value + length
        if group != 2 or end > len(block):
            return
        frame.meta[group << 16 | number] = block[value : min(end, value + VALUE_LIMIT_BYTES)]
        at = end
        frame.body_at = begin + at


@cache
def _known_tags() -> frozenset[int]:
    return frozenset(dictionary.elements())


def _reads_as(source: Source, at: int, encoding: Encoding) -> bool:
    """Whether up to four elements follow each other in order, known and inside the file."""
    last = 0
    for number in range(_SNIFFED_ELEMENTS):
        head = read_head(source, at, encoding)
        if head is None:
            return number > 0 and not source.peek(at, 1)
        if not _is_plausible(head.tag, head.vr, last, encoding):
            return False
        if head.length == UNDEFINED:
            return number > 0 or has_vr(head.vr)
        at = head.value_at + head.length
        if not source.reaches(at):
            # The first elements of a cut file may reach beyond its end as well.
            return number > 1
        last = head.tag
    return True


def _is_plausible(tag: int, vr: bytes, last: int, encoding: Encoding) -> bool:
    group, number = tag >> 16, tag & 0xFFFF
    if not last and group not in (0x0008, 0x0010):
        return False  # a data set begins with group 0008, or is of no use to us
    if tag <= last:
        return False
    if not encoding.is_implicit:
        return vr in LONG_VRS or vr in SHORT_VRS
    return bool(group % 2) or number == 0 or tag in _known_tags()
