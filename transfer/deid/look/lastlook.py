"""The last look before the wire: does a header that leaves still tell whose it is?

Two passes. The first is fast and sees every instance: all values in one string, cut into whole
tokens, held against the patient's tokens as a set. Only where they meet does the second judge
element by element, by the reach of each phrase (see `phrases`). Values that are no text, and text
in other encodings than the header says, are searched as bytes for tokens of six bytes and more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from transfer.deid.header.tree import Unreadable
from transfer.deid.look.identifiers import Identifiers, Kind
from transfer.deid.look.judge import CHARSET, HOMES, Place, judge, judge_bytes, readings
from transfer.deid.look.phrases import Index, index_of
from transfer.deid.look.tokens import ascii_tokens, tokens_of
from transfer.deid.model import PIXEL_DATA, DataSet, Element, Header, Stretch

Path = tuple[int, ...]
"""Tag, item number from 1, tag, … to the element; empty for a name in the request."""
Read = Callable[[int, int], bytes]
"""Bytes of the source file, by offset and length."""

_HITS: Final = 64
_MAX_DEPTH: Final = 64
_TEXT: Final = frozenset(("PN", "LO", "SH", "LT", "ST", "UC", "UT", "UR"))
_CODES: Final = frozenset(("CS", "AE", "AS", "DA", "DS", "DT", "IS", "TM", "UI"))
_MAYBE_TEXT: Final = frozenset(("UN", "OB"))
_UIDS_OF_META: Final = frozenset((0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020100))
_CONTROLS: Final = bytes(b for b in range(32) if b not in b"\t\n\f\r\x1b") + b"\x7f"
_ITEM: Final = b"\xfe\xff\x00\xe0"
_WORD: Final = bytes(b for b in range(256) if b >= 128 or b == 0 or chr(b).isalnum())
_PIECE_BYTES: Final = 1024 * 1024
_OVERLAP_BYTES: Final = 512


class Hit(NamedTuple):
    """An original identifier that would leave: where, and of what kind. Never its value."""

    path: Path
    kind: Kind

    @property
    def where(self) -> str:
        """The element as a person names it, and by which it can be released."""
        if not self.path:
            return "a name in the request"
        words = []
        for place, number in enumerate(self.path):
            is_item = place % 2
            words.append(
                f"[{number}]" if is_item else f"({number >> 16:04X},{number & 0xFFFF:04X})"
            )
        return "".join(words)


def look(
    header: Header,
    identifiers: Identifiers,
    released: Collection[str | int] = frozenset(),
    names: Sequence[str] = (),
    read: Read | None = None,
) -> list[Hit]:
    """Search a header that leaves, and names that stand in the request, for identifiers.

    An element is passed over when its tag (wherever it stands) or its `Hit.where` is released,
    the names of the request by their `Hit.where`.
    Values that stay in the file (`Stretch`) are searched where `read` is given. Pixel Data are
    not. At most 64 hits, one for each element and kind.

    Raises:
        OSError: by `read`.
    """
    index = index_of(identifiers.facts)
    if not index.by_needle:
        return []
    hits: dict[Hit, None] = {}
    for name in names:
        for kind in judge(Place(0, "LO"), [name], index):
            if not _is_released(Hit((), kind), released):
                hits[Hit((), kind)] = None
    if header.inflated is not None:
        inflated = header.inflated
        read = lambda offset, length: inflated[offset : offset + length]  # noqa: E731
    bag = _Bag()
    _fill(bag, header.dataset, 0)
    meta = _meta(header)
    for element in (*header.after, *meta.values()):
        _sort(bag, element)
    if (read is not None and bag.has_long) or _is_suspicious(bag, index):
        for hit in _Judge(index, read).all_(header, meta):
            if not _is_released(hit, released):
                hits[hit] = None
            if len(hits) >= _HITS:
                break
    return list(hits)


# The fast pass ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Bag:
    """Values by how they are searched; `odd` text needs its character set."""

    texts: list[bytes] = field(default_factory=list)
    codes: list[bytes] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    odd: list[tuple[bytes, bytes]] = field(default_factory=list)
    homes: list[tuple[bytes, bytes]] = field(default_factory=list)
    charset: bytes = b""
    has_long: bool = False


def _fill(bag: _Bag, dataset: DataSet, depth: int) -> None:
    outer = bag.charset
    own = dataset.get(CHARSET)
    if own is not None and isinstance(own.value, bytes):
        bag.charset = own.value
    for element in dataset.values():
        value = element.value
        if type(value) is bytes:
            # The commonest by far stand here and not in `_sort`: this runs for every element.
            vr = element.vr
            if vr in _CODES:
                bag.codes.append(value)
            elif value:
                _sort(bag, element)
        elif type(value) is list and depth < _MAX_DEPTH:
            for item in value:
                _fill(bag, item, depth + 1)
        elif _is_long_text(element):
            bag.has_long = True
    if depth:
        bag.charset = outer


def _sort(bag: _Bag, element: Element) -> None:
    value = element.value
    if type(value) is not bytes or element.tag == PIXEL_DATA:
        return
    vr = element.vr
    if vr in _TEXT:
        if value.isascii() and b"\x1b" not in value and b"\0" not in value[:-1]:
            bag.texts.append(value)
        else:
            bag.odd.append((value, bag.charset))
            bag.raw.append(value)
        if vr == "PN" or element.tag in HOMES:
            bag.homes.append((value, bag.charset))
    elif vr in _CODES:
        bag.codes.append(value)
    elif vr in _MAYBE_TEXT:
        if is_texty(value):
            bag.odd.append((value, bag.charset))
            bag.homes.append((value, bag.charset))
        elif (items := _items_of(value)) is not None:
            for item in items:
                _fill(bag, item, 1)
            return
        bag.raw.append(value)
    elif len(value) > 5:
        bag.raw.append(value)


def _is_suspicious(bag: _Bag, index: Index) -> bool:
    if not index.anywhere_bytes.isdisjoint(ascii_tokens(b"\n".join(bag.texts))):
        return True
    codes = b"\n".join(bag.codes)
    if not index.codes_bytes.isdisjoint(ascii_tokens(codes)):
        return True
    if any(date in codes for date in index.birth_bytes):
        return True
    # Text of another encoding where only codes belong: let the second pass see what it is.
    if not codes.isascii() or b"\x1b" in codes or b"\0" in codes.replace(b"\0\n", b"")[:-1]:
        return True
    for value, charset in bag.odd:
        for text in readings(value, charset):
            if not index.anywhere.isdisjoint(tokens_of(text)):
                return True
            if any(part in text for part, _ in index.unspaced):
                return True
    for value, charset in bag.homes:
        for text in readings(value, charset):
            if not index.by_needle.keys().isdisjoint(tokens_of(text)):
                return True
    raw = b"\n".join(bag.raw)
    return bool(raw) and any(True for _ in judge_bytes(raw, bag.charset, index))


# The slow pass ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Judge:
    index: Index
    read: Read | None

    def all_(self, header: Header, meta: DataSet) -> Iterator[Hit]:
        yield from self._set(meta, b"", ())
        yield from self._set(header.dataset, b"", ())
        own = header.dataset.get(CHARSET)
        charset = own.value if own is not None and isinstance(own.value, bytes) else b""
        for element in header.after:
            for kind in self._element(element, charset):
                yield Hit((element.tag,), kind)

    def _set(self, dataset: DataSet, charset: bytes, path: Path) -> Iterator[Hit]:
        own = dataset.get(CHARSET)
        if own is not None and isinstance(own.value, bytes):
            charset = own.value
        for element in dataset.values():
            here = (*path, element.tag)
            value = element.value
            items = value if isinstance(value, list) else _sequence_in(element)
            if items is None:
                for kind in self._element(element, charset):
                    yield Hit(here, kind)
            elif len(path) < 2 * _MAX_DEPTH:
                for number, item in enumerate(items, 1):
                    yield from self._set(item, charset, (*here, number))

    def _element(self, element: Element, charset: bytes) -> Iterable[Kind]:
        found: set[Kind] = set()
        for value in self._values(element):
            found.update(self._value(element, value, charset))
        return sorted(found)

    def _value(self, element: Element, value: bytes, charset: bytes) -> Iterator[Kind]:
        vr = element.vr
        is_text = vr in _TEXT or vr in _CODES
        if is_text or (vr in _MAYBE_TEXT and is_texty(value)):
            yield from judge(Place(element.tag, vr), readings(value, charset), self.index)
        if not is_text or not value.isascii() or b"\0" in value[:-1]:
            yield from judge_bytes(value, charset, self.index)

    def _values(self, element: Element) -> Iterator[bytes]:
        value = element.value
        if isinstance(value, bytes) and element.tag != PIXEL_DATA:
            yield value
        elif isinstance(value, Stretch) and self.read is not None and _is_long_text(element):
            yield from _pieces(value, self.read)


def _is_long_text(element: Element) -> bool:
    """Whether a value that stays in the file can be text: numbers and pixels are not."""
    is_value = type(element.value) is Stretch and element.tag >> 16 != PIXEL_DATA >> 16
    return is_value and (element.vr in _TEXT or element.vr in _MAYBE_TEXT)


def _pieces(stretch: Stretch, read: Read) -> Iterator[bytes]:
    """A long value piece by piece. They overlap, and none begins or ends within a token."""
    at, end = stretch.offset, stretch.offset + stretch.length
    while at < end:
        piece = read(at, min(_PIECE_BYTES + _OVERLAP_BYTES, end - at))
        if not piece:
            return
        first = 0 if at == stretch.offset else _cut(piece[:_OVERLAP_BYTES])
        last = len(piece)
        if at + last < end:
            last -= _cut(piece[: -_OVERLAP_BYTES - 1 : -1])
        yield piece[first:last]
        at += _PIECE_BYTES


def _cut(edge: bytes) -> int:
    """How many bytes lie before the first that belongs to no word, NULs within words included."""
    rest = edge.lstrip(_WORD)
    return len(edge) - len(rest) if rest else 0


def is_texty(value: bytes) -> bool:
    """Whether bytes of VR UN or OB can be text: no control characters but padding at the end."""
    return not (body := value.rstrip(b"\0")) or len(body) == len(body.translate(None, _CONTROLS))


def _sequence_in(element: Element) -> list[DataSet] | None:
    if element.vr in _MAYBE_TEXT and isinstance(element.value, bytes):
        return _items_of(element.value)
    return None


def _items_of(value: bytes) -> list[DataSet] | None:
    """The items of a sequence that hides in the bytes of an element, if it is one."""
    if not value.startswith(_ITEM):
        return None
    from transfer.deid.header.reading import read_items

    try:
        return read_items(value)
    except Unreadable:
        return None


def _meta(header: Header) -> DataSet:
    """The file meta information as elements, which the model keeps as plain bytes."""
    return {
        tag: Element(tag, "UI" if tag in _UIDS_OF_META else "UN", value)
        for tag, value in header.meta.items()
    }


def _is_released(hit: Hit, released: Collection[str | int]) -> bool:
    if not released:
        return False
    return hit.where in released or (bool(hit.path) and hit.path[-1] in released)
