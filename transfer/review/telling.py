"""One element in words: its name, whose it is when private, and its value cut to what fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from transfer.deid.look.identifiers import Kind
from transfer.deid.look.lastlook import Hit, Path
from transfer.deid.model import DataSet, Element, Stretch
from transfer.review.masking import hides, is_known_creator
from transfer.review.values import FREE_TEXT_VRS, is_text, keyword, show
from transfer.scan.elements import Encoding
from transfer.scan.text import TEXT_LIMIT, decoded
from transfer.scan.text import plain as plain_value
from transfer.sentences import count

HEAD_BYTES: Final = 16
_CHARSET: Final = 0x00080005
_LITTLE: Final = Encoding(is_implicit=False, is_little=True)
_TEXT_VRS: Final = FREE_TEXT_VRS | {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"}
_NUMBER_VRS: Final = frozenset(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A data set with what is needed to read its values. `heads`: the first bytes of values that
    stayed in the file, by their offset."""

    dataset: DataSet = field(repr=False)
    encoding: Encoding
    outer_charset: bytes = b""
    heads: dict[int, bytes] = field(default_factory=dict, repr=False)

    @property
    def charset(self) -> bytes:
        element = self.dataset.get(_CHARSET)
        value = element.value if element is not None else b""
        return value if isinstance(value, bytes) and value else self.outer_charset

    def inner(self, tag: int, item: int) -> Surroundings:
        """The data set of an item, counted from 1; an empty one where there is none."""
        element = self.dataset.get(tag)
        items = element.value if element is not None and isinstance(element.value, list) else []
        dataset = items[item - 1] if 0 < item <= len(items) else {}
        return Surroundings(dataset, self.encoding, self.charset, self.heads)


class Entry(NamedTuple):
    """A line of an outline. `is_masked`: the value may say who somebody is.

    `creator` is whose a private element is, where that is a maker known to all; name and creator
    are empty on the line of an item.
    """

    where: str
    vr: str
    name: str
    keyword: str
    creator: str
    value: str
    is_masked: bool


def tell(path: Path, element: Element | None, around: Surroundings) -> Entry:
    """An element, or (None) an item whose elements are around. Never raises for any content.

    The texts may hold control characters of the file only as replacement characters.
    """
    if element is None:
        return Entry(_where(path), "", "", "", "", count(len(around.dataset), "element"), False)
    creator = _creator(element.tag, around)
    name, vr = names(element.tag, creator)
    is_guessed = element.vr == "UN" and bool(vr) and vr != "SQ"
    seen = Element(element.tag, vr, element.value) if is_guessed else element
    return Entry(
        _where(path),
        element.vr,
        name,
        keyword(element.tag),
        creator,
        value_of(seen, around),
        hides(element),
    )


def value_of(element: Element, around: Surroundings) -> str:
    """The value in words, cut; how long it is stands behind what was cut or is no text."""
    value = element.value
    # In explicit data sets big endian turns nothing outside the numbers of known VRs.
    encoding = _LITTLE if element.tag >> 16 == 0x0002 else around.encoding
    if isinstance(value, list):
        return count(len(value), "item")
    if isinstance(value, Stretch):
        told = count(value.length, "byte")
        head = around.heads.get(value.offset, b"")
        if head and element.vr in _TEXT_VRS:
            return f"{_text(element.vr, head, around.charset)}… ({told})"
        return f"{told}: {head.hex(' ')} …" if head else told
    if not value:
        return ""
    if element.vr in _TEXT_VRS or (element.vr == "UN" and is_text(value)):
        told = _text(element.vr, value[: 4 * TEXT_LIMIT], around.charset)
        is_cut = len(value) > 4 * TEXT_LIMIT or len(told) >= TEXT_LIMIT
        return f"{told}… ({count(len(value), 'byte')})" if is_cut else told
    if element.vr in _NUMBER_VRS:
        return show(element, around.charset, encoding)
    more = " …" if len(value) > HEAD_BYTES else ""
    return f"{count(len(value), 'byte')}: {value[:HEAD_BYTES].hex(' ')}{more}"


def _text(vr: str, value: bytes, charset: bytes) -> str:
    if vr in FREE_TEXT_VRS or vr == "UN":
        return decoded(value, charset, is_name=vr == "PN")
    return plain_value(value)


@lru_cache(maxsize=8192)
def names(tag: int, creator: str = "") -> tuple[str, str]:
    """The name of an element, and for a private one the VR that pydicom's private dictionary gives
    it; both empty where nobody knows it."""
    from pydicom.datadict import (
        dictionary_description,
        private_dictionary_description,
        private_dictionary_VR,
    )

    if not tag >> 16 & 1:
        try:
            return dictionary_description(tag), ""
        except KeyError:
            return keyword(tag), ""
    if 0x10 <= tag & 0xFFFF <= 0xFF:
        return "Private Creator", ""
    try:
        known = private_dictionary_description(tag, creator)
        return known.strip("[]"), private_dictionary_VR(tag, creator).split(" ")[0]
    except KeyError:
        return "", ""


def _creator(tag: int, around: Surroundings) -> str:
    """Whose a private element is (PS3.5 section 7.8.1)."""
    if not tag >> 16 & 1 or tag & 0xFFFF < 0x1000:
        return ""
    element = around.dataset.get(tag & 0xFFFF0000 | (tag & 0xFFFF) >> 8)
    if element is None or not isinstance(element.value, bytes):
        return ""
    if not is_known_creator(element.value):
        return ""
    return decoded(element.value, around.charset)[:64]


def _where(path: Path) -> str:
    return Hit(path, Kind.NAME).where if path else ""
