"""The order of a data set as CTP's library keeps it, and the files that it cannot read."""

from __future__ import annotations

from typing import Final

from transfer.deid.header.vrs import vr_of
from transfer.deid.model import PIXEL_DATA, DataSet, Element, Header
from transfer.deid.text.names import is_newer

_FIRST_GROUP: Final = 0x0004
_GROUP_LENGTH: Final = 0x00020000
_TRANSFER_SYNTAX: Final = 0x00020010
_WITH_ITEMS: Final = frozenset(("SQ", "OB", "OF", "OW", "UN"))
_NATIVE: Final = frozenset(
    (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.2",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.113619.5.2",
    )
)


def why_unreadable(header: Header) -> str:
    """Why CTP's library does not get through a file; "": it does."""
    if header.meta:
        if _GROUP_LENGTH not in header.meta:
            return "its file meta information does not tell its length"
        if _TRANSFER_SYNTAX not in header.meta:
            return "its file meta information names no transfer syntax"
        if not header.is_as_declared:
            return "its data set is not encoded as its transfer syntax says"
        pixels = header.pixels
        if (
            pixels is not None
            and not pixels.is_encapsulated
            and header.transfer_syntax_uid not in _NATIVE
        ):
            return "its pixel data are not compressed, and its transfer syntax says they are"
    if header.encoding.is_implicit and _has_odd_sequence(header.dataset):
        return "an element that is no sequence has items"
    return ""


def _has_odd_sequence(dataset: DataSet) -> bool:
    """Whether an implicit data set has items where CTP's library expects a value."""
    for tag, element in dataset.items():
        if isinstance(element.value, list):
            if tag & 0x10000:
                is_expected = tag & 0xFF00 != 0
            else:
                is_expected = is_newer(tag) or vr_of(tag) in _WITH_ITEMS
            if not is_expected or any(map(_has_odd_sequence, element.value)):
                return True
    return False


def is_kept(tag: int) -> bool:
    """Whether a data set can hold the element: group lengths, and groups that have no place in
    one, are never put into it."""
    return bool(tag & 0xFFFF) and tag >> 16 >= _FIRST_GROUP


def ordered(dataset: DataSet) -> DataSet:
    """A data set in the order of tags, with what it can hold."""
    if all(tag & 0xFFFF and tag >> 16 >= _FIRST_GROUP for tag in dataset):
        return in_order(dataset)
    return {tag: dataset[tag] for tag in sorted(dataset) if is_kept(tag)}


def in_order(dataset: DataSet) -> DataSet:
    tags = list(dataset)
    in_order = sorted(tags)
    return dataset if tags == in_order else {tag: dataset[tag] for tag in in_order}


def split_at_pixels(dataset: DataSet) -> tuple[DataSet, list[Element]]:
    """What lies before Pixel Data, which rules see, and what would lie behind it."""
    if not dataset or next(reversed(dataset)) <= PIXEL_DATA:
        return dataset, []
    before = {tag: element for tag, element in dataset.items() if tag <= PIXEL_DATA}
    return before, [element for tag, element in dataset.items() if tag > PIXEL_DATA]
