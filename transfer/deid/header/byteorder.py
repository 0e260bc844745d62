"""A big endian data set turned into a little endian one (PS3.5 section 7.3)."""

from __future__ import annotations

from array import array
from typing import Final

from transfer.deid.model import DataSet, Element, Stretch

_WORD_TYPES: Final = {
    "AT": "H", "OW": "H", "SS": "H", "US": "H",
    "FL": "I", "OF": "I", "OL": "I", "SL": "I", "UL": "I",
    "FD": "Q", "OD": "Q", "OV": "Q", "SV": "Q", "UV": "Q",
}  # fmt: skip


class CannotTurn(Exception):
    """A value lies in the file and is copied from there as it is."""


def little_endian(dataset: DataSet) -> DataSet:
    """The same data set with the values of its binary VRs turned; an UN is little endian already.

    Raises:
        CannotTurn: a value that would have to be turned is not held in memory.
    """
    return {tag: _turned(element) for tag, element in dataset.items()}


def _turned(element: Element) -> Element:
    value, vr = element.value, element.vr
    if isinstance(value, list):
        if vr == "UN":
            return element
        return Element(element.tag, vr, [little_endian(item) for item in value])
    if element.is_encapsulated:
        raise CannotTurn
    kind = _WORD_TYPES.get(vr)
    if kind is None:
        return element
    if isinstance(value, Stretch):
        raise CannotTurn
    words = array(kind)
    whole = len(value) - len(value) % words.itemsize
    words.frombytes(value[:whole])
    words.byteswap()
    return Element(element.tag, vr, words.tobytes() + value[whole:])
