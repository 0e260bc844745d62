"""The elements of a data set as a tree of raw values.

Own code and not `dcmread`, for the reasons of `transfer.scan.elements`, whose rules it shares, and
for speed: most values are never decoded. Where the scan steps over what is broken, this refuses:
what cannot be walked cannot be de-identified.
"""

from __future__ import annotations

import struct
from typing import Final

from transfer.deid.header.vrs import PIXEL_REPRESENTATION, public_vrs, sign_tags, vr_of
from transfer.deid.model import PIXEL_DATA, DataSet, Element, Stretch
from transfer.scan.elements import (
    LONG_VRS,
    MAX_DEPTH,
    PIXEL_TAGS,
    SHORT_VRS,
    UNDEFINED,
    Encoding,
    has_vr,
    read_head,
)
from transfer.scan.elements import Element as Head
from transfer.scan.pixels import FRAGMENT_LIMIT
from transfer.scan.source import Source

STRETCH_BYTES: Final = 64 * 1024
"""The longest value that is held in memory."""
MAX_ELEMENTS: Final = 1_000_000
"""Elements and items of one data set, at every depth."""

_PADDING_LIMIT_BYTES: Final = 4096
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD
_TRAILING_PADDING: Final = 0xFFFCFFFC
_SHORT: Final = {vr: vr.decode("ascii") for vr in SHORT_VRS}
_LONG: Final = {vr: vr.decode("ascii") for vr in LONG_VRS - {b"SQ"}}
_FRAGMENTED: Final = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SV", "UV"))
_UNFRAGMENTED: Final = frozenset(("UC", "UR", "UT"))
# Command and file meta groups have no place in a data set, and would be taken for their own kind
# at the beginning of ours.
_MISPLACED_GROUPS: Final = frozenset((0x0000, 0x0002))

EXPORT_AGAIN: Final = "Export the file again from the archive."
CUT: Final = f"The file ends in the middle of its header. {EXPORT_AGAIN}"
PIXELS_CUT: Final = f"The file ends in the middle of its pixel data. {EXPORT_AGAIN}"
BROKEN: Final = f"The structure of the header is broken and cannot be followed. {EXPORT_AGAIN}"
PIXELS_BROKEN: Final = f"The compressed pixel data are not made of fragments. {EXPORT_AGAIN}"
TOO_DEEP: Final = f"Sequences lie in each other more than {MAX_DEPTH} levels deep."
TOO_MUCH: Final = "The header is too large to be held in memory."


class Unreadable(Exception):
    """The file cannot be de-identified as it is. `reason` is for the operator, without content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Walk:
    """One walk through a data set. Positions are the source's.

    Raises in every method: Unreadable; OSError and TooMuch as `Source` does.
    """

    def __init__(
        self, source: Source, at: int, encoding: Encoding, *, held_bytes: int = STRETCH_BYTES
    ) -> None:
        self.dataset: DataSet = {}
        self.after: DataSet = {}
        self._source = source
        self._at = at
        self._start = at
        self._is_implicit = encoding.is_implicit
        self._held_bytes = held_bytes
        self._elements_left = MAX_ELEMENTS
        self._depth = 0
        self._order(encoding.is_little)

    def _order(self, is_little: bool) -> None:
        order = "<" if is_little else ">"
        self._is_little = is_little
        self._explicit = struct.Struct(f"{order}HH2sH").unpack_from
        self._implicit = struct.Struct(f"{order}HHL").unpack_from
        self._long = struct.Struct(f"{order}L").unpack_from

    def root(self) -> Element | None:
        """Fill `dataset` and `after`; the Pixel Data between them, if any."""
        pixels: Element | None = None
        found = self.dataset
        while True:
            self._stride(found, None, self._is_implicit)
            head = read_head(self._source, self._at, Encoding(self._is_implicit, self._is_little))
            if head is None or (head.tag == 0 and self._at > self._start):
                if not self._is_end():
                    raise Unreadable(CUT)
                break
            if head.tag == _TRAILING_PADDING:
                break
            if head.tag == PIXEL_DATA:
                if pixels is not None:
                    raise Unreadable(BROKEN)
                pixels, found = self._pixels(head), self.after
            elif head.tag in (_ITEM_END, _SEQUENCE_END):
                self._count(1)
                self._at = head.value_at  # some writers close a sequence that told its length
            else:
                self._element(found, head, None, self._is_implicit, False)
        for misplaced in [tag for tag in self.dataset if tag >> 16 in _MISPLACED_GROUPS]:
            del self.dataset[misplaced]
        if self._is_implicit and _is_signed(self.dataset, False):
            _sign(self.dataset)
        return pixels

    def items(
        self, end: int | None, bound: int | None, *, is_implicit: bool, is_signed: bool
    ) -> list[DataSet]:
        """The items from here up to `end`, or (None) up to their delimiter.

        In an explicit data set each item may be implicit; its first bytes tell.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Unreadable(TOO_DEEP)
        items: list[DataSet] = []
        while end is None or self._at < end:
            head = self._source.peek(self._at, 14)
            if len(head) < 8:
                raise Unreadable(CUT)
            group, number, length = self._implicit(head)
            tag = group << 16 | number
            self._at += 8
            self._count(1)
            if tag == _SEQUENCE_END:
                break
            if tag == _ITEM_END:
                continue  # some writers close an item that told its length
            if tag != _ITEM:
                raise Unreadable(BROKEN)
            item_end = None if length == UNDEFINED else self._end_of(length, bound)
            without_vr = is_implicit or not has_vr(head[12:])
            item, is_last = self._item(item_end, bound, without_vr, is_signed)
            items.append(item)
            if is_last:
                break
        if end is not None and self._at > end:
            raise Unreadable(BROKEN)
        self._depth -= 1
        return items

    def _item(
        self, end: int | None, bound: int | None, is_implicit: bool, is_signed: bool
    ) -> tuple[DataSet, bool]:
        """An item, and whether the end of its sequence stands where its own should."""
        item: DataSet = {}
        encoding = Encoding(is_implicit, self._is_little)
        limit = bound if end is None else end
        is_last = False
        while end is None or self._at < end:
            self._stride(item, limit, is_implicit)
            if self._at == end:
                break
            head = read_head(self._source, self._at, encoding)
            if head is None:
                raise Unreadable(CUT)
            if head.tag in (_ITEM_END, _SEQUENCE_END):
                self._at = head.value_at
                is_last = head.tag == _SEQUENCE_END
                break
            self._element(item, head, limit, is_implicit, is_signed)
        if end is not None and self._at > end:
            raise Unreadable(BROKEN)
        if is_implicit and _is_signed(item, is_signed):
            _sign(item)
        return item, is_last

    def _stride(self, found: DataSet, bound: int | None, is_implicit: bool) -> None:
        """Take the ordinary elements that lie wholly in the bytes at hand.

        Adds nothing to what `_element` does one by one, but is several times faster, and most
        headers are made of nothing else.
        """
        block, at = self._source.window(self._at)
        begin = self._at - at
        limit = len(block) if bound is None else min(len(block), bound - begin)
        taken = 0
        held = self._held_bytes
        if is_implicit:
            implicit, known = self._implicit, public_vrs()
            while at + 8 <= limit:
                group, number, length = implicit(block, at)
                end = at + 8 + length
                if end > limit or length > held or not 0 < group < 0x7FE0:
                    break
                if number:
                    tag = group << 16 | number
                    text = known.get(tag) or vr_of(tag)
                    if text == "SQ":
                        break
                    found[tag] = Element(tag, text, block[at + 8 : end])
                at = end
                taken += 1
        else:
            explicit, long = self._explicit, self._long
            short_vrs, long_vrs = _SHORT, _LONG
            while at + 8 <= limit:
                group, number, vr, length = explicit(block, at)
                value = at + 8
                short = short_vrs.get(vr)
                if short is None:
                    short = long_vrs.get(vr)
                    value = at + 12
                    if short is None or value > limit:
                        break
                    (length,) = long(block, at + 8)
                end = value + length
                if end > limit or length > held or not 0 < group < 0x7FE0:
                    break
                if number:
                    tag = group << 16 | number
                    found[tag] = Element(tag, short, block[value:end])
                at = end
                taken += 1
        self._at = begin + at
        self._count(taken)

    def _element(
        self, found: DataSet, head: Head, bound: int | None, is_implicit: bool, is_signed: bool
    ) -> None:
        """Take one element of any kind, whose head was read."""
        tag, vr, value_at, length = head
        if tag >> 16 == 0xFFFE:
            raise Unreadable(BROKEN)
        self._at = value_at
        self._count(1)
        text = vr.decode("ascii") if vr else vr_of(tag)
        if length == UNDEFINED:
            is_signed = _is_signed(found, is_signed)
            element = self._undefined(tag, text, bound, bool(vr), is_implicit, is_signed)
        elif text == "SQ":
            end = self._end_of(length, bound)
            is_signed = _is_signed(found, is_signed)
            items = self.items(end, end, is_implicit=is_implicit, is_signed=is_signed)
            element = Element(tag, "SQ", items)
        else:
            element = Element(tag, text, self._value(length, bound))
        if tag & 0xFFFF:
            found[tag] = element

    def _undefined(
        self,
        tag: int,
        vr: str,
        bound: int | None,
        has_own_vr: bool,
        is_implicit: bool,
        is_signed: bool,
    ) -> Element:
        """An element without a length: a sequence, or fragments (PS3.5 sections 7.5, A.4)."""
        if vr in _FRAGMENTED or tag in PIXEL_TAGS:
            run = self._fragments(bound)
            value: bytes | Stretch = run
            if run.length <= self._held_bytes:
                value = self._source.peek(run.offset, run.length)
                if len(value) < run.length:
                    raise Unreadable(CUT)
            return Element(tag, vr, value, is_encapsulated=True)
        if vr in _UNFRAGMENTED and has_own_vr:
            raise Unreadable(BROKEN)
        was_little = self._is_little
        if vr == "UN" and has_own_vr:
            # Some big endian writers use their own byte order all the same.
            if not was_little and self._source.peek(self._at, 2) == b"\xff\xfe":
                vr = "SQ"
            elif not was_little:
                self._order(is_little=True)
        else:
            vr = "SQ"
        items = self.items(None, bound, is_implicit=is_implicit, is_signed=is_signed)
        if self._is_little != was_little:
            self._order(was_little)
        return Element(tag, vr, items)

    def _pixels(self, head: Head) -> Element:
        self._at = head.value_at
        vr = head.vr.decode("ascii") or ("OB" if head.length == UNDEFINED else "OW")
        if head.length == UNDEFINED:
            try:
                return Element(head.tag, vr, self._fragments(None), is_encapsulated=True)
            except Unreadable as refused:
                reason = PIXELS_CUT if refused.reason == CUT else PIXELS_BROKEN
                raise Unreadable(reason) from None
        value = Stretch(self._at, head.length)
        self._at += head.length
        if not self._source.reaches(self._at):
            raise Unreadable(PIXELS_CUT)
        return Element(head.tag, vr, value)

    def _fragments(self, bound: int | None) -> Stretch:
        """Hop over fragments by their heads, up to and with their delimiter."""
        begin = self._at
        for _ in range(FRAGMENT_LIMIT):
            head = self._source.glance(self._at, 8)
            if len(head) < 8:
                raise Unreadable(CUT)
            group, number, length = self._implicit(head)
            tag = group << 16 | number
            if tag == _SEQUENCE_END:
                self._at += 8
                if bound is not None and self._at > bound:
                    raise Unreadable(BROKEN)
                return Stretch(begin, self._at - begin)
            if tag != _ITEM or length == UNDEFINED:
                raise Unreadable(BROKEN)
            self._at += 8
            self._at = self._end_of(length, bound)
        raise Unreadable(TOO_MUCH)

    def _value(self, length: int, bound: int | None) -> bytes | Stretch:
        begin = self._at
        self._at = self._end_of(length, bound)
        if length > self._held_bytes:
            return Stretch(begin, length)
        value = self._source.peek(begin, length)
        if len(value) < length:
            raise Unreadable(CUT)
        return value

    def _end_of(self, length: int, bound: int | None) -> int:
        end = self._at + length
        if bound is not None and end > bound:
            raise Unreadable(BROKEN)
        if not self._source.reaches(end):
            raise Unreadable(CUT)
        return end

    def _count(self, elements: int) -> None:
        self._elements_left -= elements
        if self._elements_left < 0:
            raise Unreadable(TOO_MUCH)

    def _is_end(self) -> bool:
        """Whether nothing but a few padding zeros is left."""
        rest = self._source.peek(self._at, _PADDING_LIMIT_BYTES + 1)
        return len(rest) <= _PADDING_LIMIT_BYTES and not rest.strip(b"\0")


def _is_signed(found: DataSet, otherwise: bool) -> bool:
    """Whether Pixel Representation says signed; an item without it follows what it lies in."""
    element = found.get(PIXEL_REPRESENTATION)
    if element is None or not isinstance(element.value, bytes):
        return otherwise
    return element.value.strip(b"\0") == b"\1"


def _sign(found: DataSet) -> None:
    for tag in sign_tags().intersection(found):
        element = found[tag]
        found[tag] = Element(tag, "SS", element.value)
