"""The structure of a data set: which elements lie where, without keeping or decoding them.

Own code and not `dcmread`, because a scanner must tell what a lenient parser hides (where the file
ends inside an element), must not allocate what a length promises, and must not recurse. The
encoding rules are PS3.5 chapter 7 (elements, sequences) and section 6.2.2 (UN).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Final, NamedTuple

from transfer import dictionary
from transfer.scan.runs import HEAD_BYTES, WORTH, Walked, runs_of
from transfer.scan.source import Source, TooMuch

MAX_DEPTH: Final = 64
VALUE_LIMIT_BYTES: Final = 4096
# Items without content are eight bytes each: bytes alone would bound no time.
STEP_LIMIT: Final = 4_000_000
UNDEFINED: Final = 0xFFFFFFFF

PIXEL_TAGS: Final = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_OVERLAYS: Final = 0x5000
_ITEM: Final = 0xFFFEE000
_ITEM_END: Final = 0xFFFEE00D
_SEQUENCE_END: Final = 0xFFFEE0DD

LONG_VRS: Final = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
SHORT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split()
)
_LONG_TEXT_VRS: Final = frozenset((b"UC", b"UR", b"UT"))
_BULK_VRS: Final = LONG_VRS - _LONG_TEXT_VRS - {b"SQ", b"UN"}
_NUMBER_SIZE: Final = {
    b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"AT": 4, b"FD": 8, b"SV": 8, b"UV": 8,
}  # fmt: skip
# The VRs of which elements are stepped over in a stride: by how many bytes their lengths go up.
_SHORT_STEP: Final = {vr: _NUMBER_SIZE.get(vr, 1) for vr in SHORT_VRS}
_LONG_STEP: Final = {vr: _NUMBER_SIZE.get(vr, 1) for vr in LONG_VRS - {b"SQ"}}
_PADDING_LIMIT_BYTES: Final = 4096


class _Numbers(NamedTuple):
    """How numbers are unpacked from bytes in one byte order."""

    explicit: Callable[[bytes, int], tuple[int, int, bytes, int]]
    implicit: Callable[[bytes, int], tuple[int, int, int]]
    length: Callable[[bytes, int], tuple[int]]


LITTLE, BIG = (
    _Numbers(*(struct.Struct(f"{order}{form}").unpack_from for form in ("HH2sH", "HHL", "L")))
    for order in "<>"
)


class Encoding(NamedTuple):
    """How a data set is written."""

    is_implicit: bool
    is_little: bool


class Element(NamedTuple):
    """An element's head; `value_at` is where its value begins, `length` may be UNDEFINED."""

    tag: int
    vr: bytes
    value_at: int
    length: int


@dataclass(slots=True)
class Outline:
    """What a look through a data set found.

    `values` holds the raw bytes (at most `VALUE_LIMIT_BYTES`) of the wanted top-level elements,
    with their VR (empty when implicit). `pixels` is the element at which the look ended. `groups`
    are the odd (private) groups met at any depth, and those of overlays and curves; `filled` the
    top-level sequences that have an item.
    """

    values: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    groups: set[int] = field(default_factory=set)
    filled: set[int] = field(default_factory=set)
    pixels: Element | None = None
    is_cut: bool = False
    has_unreadable_element: bool = False


class _Broken(Exception):
    """What stands here is no data element."""


class _Cut(Exception):
    """The bytes end inside an element."""


class _Holds(Enum):
    ELEMENTS = "elements"
    ITEMS = "items"
    FRAGMENTS = "fragments"


class _Level(NamedTuple):
    holds: _Holds
    end: int | None  # None: up to its delimiter
    is_implicit: bool


@cache
def _sequence_tags() -> frozenset[int]:
    return frozenset(tag for tag, entry in dictionary.elements().items() if entry[0] == "SQ")


def has_vr(vr: bytes) -> bool:
    """Whether two bytes look like a VR: two capital letters, known or of a later edition."""
    return len(vr) == 2 and vr.isalpha() and vr.isupper()


def read_head(source: Source, at: int, encoding: Encoding) -> Element | None:
    """The element head at a position, or None where fewer bytes are left than a head needs.

    An element of an explicit data set without a VR is taken for implicit: some writers switch.
    """
    head = source.peek(at, 12)
    if len(head) < 8:
        return None
    is_implicit, is_little = encoding
    numbers = LITTLE if is_little else BIG
    group, number, vr, length = numbers.explicit(head, 0)
    tag = group << 16 | number
    if not is_implicit and group != 0xFFFE and has_vr(vr):
        if vr not in LONG_VRS:
            return Element(tag, vr, at + 8, length)
        if len(head) < 12:
            return None
        return Element(tag, vr, at + 12, numbers.length(head, 8)[0])
    return Element(tag, b"", at + 8, numbers.length(head, 4)[0])


def outline(source: Source, start: int, encoding: Encoding, wanted: Set[int]) -> Outline:
    """Look through a data set up to its pixel data. Never raises for any content.

    Raises:
        OSError: the disk.
    """
    look = _Look(source, start, encoding, wanted)
    try:
        look.run()
    except (_Broken, _Cut, TooMuch):
        look.found.is_cut = True
    return look.found


class _Look:
    def __init__(self, source: Source, start: int, encoding: Encoding, wanted: Set[int]) -> None:
        self.found = Outline()
        self._source = source
        self._at = start
        self._start = start
        self._is_little = encoding.is_little
        self._wanted = frozenset(wanted)
        self._runs = runs_of(*encoding, self._wanted)
        self._levels = [_Level(_Holds.ELEMENTS, None, encoding.is_implicit)]
        self._sequence = 0

    def run(self) -> None:
        for _ in range(STEP_LIMIT):
            try:
                if not self._step():
                    return
            except (_Broken, _Cut) as problem:
                self._leave_what_is_broken(problem)
        raise TooMuch

    def _step(self) -> bool:
        level = self._levels[-1]
        if level.end is not None and self._at >= level.end:
            if self._at > level.end:
                raise _Broken
            self._levels.pop()
            return True
        if level.holds is _Holds.ELEMENTS:
            self._stride(level)
            return level.end == self._at or self._element(level)
        self._item(level)
        return True

    def _stride(self, level: _Level) -> None:
        """Step over the ordinary elements that lie wholly in the bytes at hand.

        Adds nothing to what `_element` does one by one, but is several times faster, and most
        headers are made of nothing else.
        """
        block, at = self._source.window(self._at)
        begin = self._at - at
        bound = self._bound()
        limit = len(block) if bound is None else min(len(block), bound - begin)
        explicit, implicit, long_length = LITTLE if self._is_little else BIG
        is_implicit = level.is_implicit
        sequences = _sequence_tags() if is_implicit else frozenset()
        is_top = len(self._levels) == 1
        wanted = self._wanted if is_top else frozenset[int]()
        values, groups = self.found.values, self.found.groups
        short_step, long_step = _SHORT_STEP.get, _LONG_STEP.get
        # Whatever limits the elements of a sequence limits no run: those lie at the top.
        known = self._runs.known if is_top else {}
        walked: list[Walked] = []
        went_over = False
        last = limit - 12
        while at <= last:
            run = known.get(block[at : at + HEAD_BYTES]) if known else None
            if run is not None and block.startswith(run.content, at):
                values.update(run.values)
                groups |= run.groups
                at += len(run.content)
                went_over = True
                continue
            if is_implicit:
                group, number, length = implicit(block, at)
                vr, value = b"", at + 8
            else:
                group, number, vr, length = explicit(block, at)
                value = at + 8
                if (step := short_step(vr)) is None:
                    if (step := long_step(vr)) is None:
                        break
                    (length,) = long_length(block, value)
                    value += 4
                if step != 1 and length % step:
                    break
            end = value + length
            tag = group << 16 | number
            if not 0 < group < 0x7FE0 or end > limit or tag in sequences:
                break
            if is_odd := bool(group & 1) or group >= _OVERLAYS:
                groups.add(group)
            kept = None
            if tag in wanted:
                values[tag] = kept = (vr, block[value : min(end, value + VALUE_LIMIT_BYTES)])
            if is_top:
                walked.append((at, end, tag, kept, is_odd))
            at = end
        if len(walked) > WORTH:
            self._runs.learn(block, walked)
        elif went_over:
            self._runs.served()
        self._at = begin + at

    def _leave_what_is_broken(self, problem: _Broken | _Cut) -> None:
        # A sequence or item that tells its length can be stepped over, whatever is in it.
        for depth in range(len(self._levels) - 1, 0, -1):
            end = self._levels[depth].end
            if end is not None:
                del self._levels[depth:]
                self._at = end
                self.found.has_unreadable_element = True
                return
        raise problem

    def _push(self, holds: _Holds, end: int | None, is_implicit: bool) -> None:
        if len(self._levels) > 2 * MAX_DEPTH:
            raise TooMuch
        self._levels.append(_Level(holds, end, is_implicit))

    def _item(self, level: _Level) -> None:
        head = read_head(self._source, self._at, Encoding(True, self._is_little))
        if head is None:
            raise _Cut
        self._at = head.value_at
        if head.tag == _SEQUENCE_END:
            self._levels.pop()
        elif head.tag != _ITEM:
            raise _Broken
        elif level.holds is _Holds.FRAGMENTS:
            self._skip(head.length)
        else:
            if len(self._levels) == 2:
                self.found.filled.add(self._sequence)
            end = None if head.length == UNDEFINED else self._end_of(head.length)
            self._push(_Holds.ELEMENTS, end, self._item_is_implicit(level))

    def _item_is_implicit(self, level: _Level) -> bool:
        return level.is_implicit or not has_vr(self._source.peek(self._at, 6)[4:])

    def _element(self, level: _Level) -> bool:
        is_top = len(self._levels) == 1
        head = read_head(self._source, self._at, Encoding(level.is_implicit, self._is_little))
        if head is None or (is_top and head.tag == 0 and self._at > self._start):
            if is_top and self._is_end():
                return False
            raise _Cut
        if head.tag >> 16 == 0xFFFE:
            self._delimiter(head)
            return True
        if is_top and head.tag in PIXEL_TAGS:
            self.found.pixels = head
            return False
        self._at = head.value_at
        group = head.tag >> 16
        if group & 1 or group >= _OVERLAYS:
            self.found.groups.add(group)
            # No element has this group (PS3.5 section 7.8.1).
            self.found.has_unreadable_element |= group == 0xFFFF
        if is_top:
            self._sequence = head.tag
        if head.length == UNDEFINED:
            # Parsers take such an element among others with a VR for different things.
            is_odd_one = not level.is_implicit and not head.vr and not head.tag >> 16 & 1
            if is_odd_one and head.tag not in _sequence_tags():
                self.found.has_unreadable_element = True
            bulk = head.tag in PIXEL_TAGS or head.vr in _BULK_VRS
            self._push(_Holds.FRAGMENTS if bulk else _Holds.ITEMS, None, level.is_implicit)
            return True
        if head.vr == b"SQ" or (not head.vr and head.tag in _sequence_tags()):
            self._push(_Holds.ITEMS, self._end_of(head.length), level.is_implicit)
            return True
        if head.length % _NUMBER_SIZE.get(head.vr, 1):
            self.found.has_unreadable_element = True
        if is_top and head.tag in self._wanted:
            value = self._source.peek(head.value_at, min(head.length, VALUE_LIMIT_BYTES))
            self._skip(head.length)
            self.found.values[head.tag] = (head.vr, value)
        else:
            self._skip(head.length)
        return True

    def _delimiter(self, head: Element) -> None:
        self._at = head.value_at
        if head.tag not in (_ITEM_END, _SEQUENCE_END):
            raise _Broken
        if len(self._levels) == 1:
            return  # some writers close a sequence that told its length
        self._levels.pop()
        if head.tag == _SEQUENCE_END and len(self._levels) > 1:
            self._levels.pop()  # an item without its own end mark

    def _end_of(self, length: int) -> int:
        if length == UNDEFINED:
            raise _Broken
        end = self._at + length
        bound = self._bound()
        if bound is None:
            if not self._source.reaches(end):
                raise _Cut
        elif end > bound:
            raise _Broken
        return end

    def _bound(self) -> int | None:
        """Where the innermost sequence or item that tells its length ends."""
        for level in reversed(self._levels):
            if level.end is not None:
                return level.end
        return None

    def _skip(self, length: int) -> None:
        self._at = self._end_of(length)

    def _is_end(self) -> bool:
        """Whether nothing but a few padding zeros is left."""
        rest = self._source.peek(self._at, _PADDING_LIMIT_BYTES + 1)
        return (
            len(rest) <= _PADDING_LIMIT_BYTES and not rest.strip(b"\0") and self._source.is_whole()
        )
