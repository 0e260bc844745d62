"""A DICOM file walked from end to end: is it whole, and what stands in its header?

Written apart from the engine's own scanner, so that a stand-in never shares its mistakes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap
from typing import Final, Literal

DEFLATED = "1.2.840.10008.1.2.1.99"
_IMPLICIT = "1.2.840.10008.1.2"
_BIG_ENDIAN = "1.2.840.10008.1.2.2"
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
# PS3.5 7.1.2: these have two reserved bytes and a length of four; all others a length of two.
_LONG_VRS: Final = frozenset(
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)
_SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)
_DEEPEST = 40
# PS3.6: Float, Double Float, and Pixel Data.
_PIXEL_DATA: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
Bytes = bytes | mmap


class NotDicom(Exception):
    """The bytes are no whole DICOM Part 10 file."""


@dataclass(frozen=True, slots=True)
class Header:
    """Values of the wanted elements, undecoded, by tag number; absent ones are left out."""

    transfer_syntax: str
    values: Mapping[int, bytes]

    def text(self, tag: int) -> str:
        """The value as plain text with its padding gone, for values of the default repertoire."""
        return self.values.get(tag, b"").decode("latin-1").strip(" \0")

    def unsigned(self, tag: int) -> int | None:
        """The value of a US element; None when it is absent or empty."""
        value = self.values.get(tag, b"")[:2]
        return int.from_bytes(value, _byte_order(self.transfer_syntax)) if value else None


class _Walk:
    def __init__(self, data: Bytes, transfer_syntax: str) -> None:
        self._data = data
        order = ">" if _byte_order(transfer_syntax) == "big" else "<"
        self._tag = struct.Struct(order + "HH").unpack_from
        self._short = struct.Struct(order + "H").unpack_from
        self._long = struct.Struct(order + "L").unpack_from
        self._explicit = transfer_syntax != _IMPLICIT

    def item(self, at: int) -> tuple[int, int]:
        """Tag and length of an item or of a delimiter, which never have a VR."""
        group, number = self._tag(self._data, at)
        return group << 16 | number, self._long(self._data, at + 4)[0]

    def element(self, at: int, explicit: bool) -> tuple[int, int, int, bool]:
        """Tag, where the value begins, its length, and whether the VR is a private blob (UN)."""
        group, number = self._tag(self._data, at)
        tag = group << 16 | number
        if not explicit:
            return tag, at + 8, self._long(self._data, at + 4)[0], False
        vr = self._data[at + 4 : at + 6]
        if vr in _SHORT_VRS:
            return tag, at + 8, self._short(self._data, at + 6)[0], False
        if vr in _LONG_VRS:
            return tag, at + 12, self._long(self._data, at + 8)[0], vr == b"UN"
        raise NotDicom("an element without a known VR")

    def elements(self, at: int, wanted: frozenset[int]) -> dict[int, bytes]:
        """Every element of the data set from `at` to the end of the bytes."""
        found: dict[int, bytes] = {}
        end = len(self._data)
        if self._explicit and self._data[at + 4 : at + 6] not in _LONG_VRS | _SHORT_VRS:
            # Seen in the wild: an implicit data set that calls itself explicit. Orthanc takes it.
            self._explicit = False
        while at < end:
            tag, value_at, length, is_blob = self.element(at, self._explicit)
            if length == _UNDEFINED:
                at = self.skip_items(value_at, end, self._explicit and not is_blob, 0)
                continue
            at = value_at + length
            if at > end:
                raise NotDicom("ends in the middle of a value")
            if tag in wanted:
                found[tag] = self._data[value_at:at]
        return found

    def spans(self, at: int, wanted: frozenset[int]) -> list[tuple[int, int]]:
        """Where the values of these elements of the data set lie, in a file that is whole."""
        found: list[tuple[int, int]] = []
        end = len(self._data)
        explicit = self._explicit and self._data[at + 4 : at + 6] in _LONG_VRS | _SHORT_VRS
        while at < end:
            tag, value_at, length, is_blob = self.element(at, explicit)
            if length != _UNDEFINED:
                at = value_at + length
                if tag in wanted:
                    found.append((value_at, length))
                continue
            at = self.skip_items(value_at, end, explicit and not is_blob, 0)
            while tag in wanted and self.item(value_at)[0] == _ITEM:
                length = self.item(value_at)[1]
                found.append((value_at + 8, length))
                value_at += 8 + length
        return found

    def skip_items(self, at: int, end: int, explicit: bool, depth: int) -> int:
        """Behind a sequence, or encapsulated pixel data, of undefined length."""
        if depth > _DEEPEST:
            raise NotDicom("nested too deep")
        while True:
            tag, length = self.item(at)
            at += 8
            if tag == _SEQUENCE_END:
                return at
            if tag != _ITEM:
                raise NotDicom("an item was expected")
            at = self.skip_item(at, end, explicit, depth) if length == _UNDEFINED else at + length
            if at > end:
                raise NotDicom("ends in the middle of an item")

    def skip_item(self, at: int, end: int, explicit: bool, depth: int) -> int:
        while self.item(at)[0] != _ITEM_END:
            _, value_at, length, is_blob = self.element(at, explicit)
            if length == _UNDEFINED:
                at = self.skip_items(value_at, end, explicit and not is_blob, depth + 1)
            else:
                at = value_at + length
                if at > end:
                    raise NotDicom("ends in the middle of a value")
        return at + 8


def pixel_spans(data: Bytes) -> list[tuple[int, int]]:
    """Where the values of Pixel Data begin and how long they are: one span where they are native,
    one for each fragment where they are encapsulated (PS3.5 A.4). None in a deflated data set.

    Raises:
        NotDicom: as `read_header`.
    """
    transfer_syntax, at = _read_meta(data)
    if transfer_syntax == DEFLATED:
        return []
    try:
        return _Walk(data, transfer_syntax).spans(at, _PIXEL_DATA)
    except struct.error as error:
        raise NotDicom("ends in the middle of an element") from error


def _byte_order(transfer_syntax: str) -> Literal["big", "little"]:
    return "big" if transfer_syntax == _BIG_ENDIAN else "little"


def read_header(data: Bytes, wanted: frozenset[int]) -> Header:
    """Walk a whole file, mapped or in memory, and pick out the wanted top-level elements.

    Raises:
        NotDicom: no preamble, no file meta information, or not whole.
    """
    if data[128:132] != b"DICM":
        raise NotDicom("no preamble")
    try:
        return _read(data, wanted)
    except struct.error as error:
        raise NotDicom("ends in the middle of an element") from error


def _read(data: Bytes, wanted: frozenset[int]) -> Header:
    transfer_syntax, at = _read_meta(data)
    if transfer_syntax == DEFLATED:
        try:
            data, at = zlib.decompress(data[at:], -zlib.MAX_WBITS), 0
        except zlib.error as error:
            raise NotDicom("deflated data set is damaged") from error
    return Header(transfer_syntax, _Walk(data, transfer_syntax).elements(at, wanted))


def _read_meta(data: Bytes) -> tuple[str, int]:
    """Transfer Syntax, and where the data set begins; by group number, not by group length."""
    walk = _Walk(data, "")
    at, transfer_syntax = 132, ""
    while at < len(data) and walk.item(at)[0] >> 16 == 0x0002:
        tag, value_at, length, _ = walk.element(at, True)
        at = value_at + length
        if tag == 0x00020010:
            transfer_syntax = data[value_at:at].decode("latin-1").strip(" \0")
    if not transfer_syntax:
        raise NotDicom("no Transfer Syntax")
    return transfer_syntax, at
