"""Public elements that their file gives the VR UN (PS3.5 section 6.2.2)."""

from __future__ import annotations

from typing import Final

from transfer.deid.header.reading import read_items
from transfer.deid.header.tree import Unreadable
from transfer.deid.model import Element, Stretch
from transfer.deid.profiles.vrpolicy import BULK, LONG_LENGTH, NUMBER_BYTES

_SHORT_LIMIT_BYTES: Final = 0xFFFE


def named(element: Element, vr: str, is_little: bool) -> Element | None:
    """The element under the VR of the dictionary, where its bytes can be that."""
    value = element.value
    if vr == "SQ":
        if isinstance(value, bytes):
            try:
                value = read_items(value)
            except Unreadable:
                return None
        return Element(element.tag, vr, value) if isinstance(value, list) else None
    if isinstance(value, list) or element.is_encapsulated:
        return None
    length = _length(value)
    if vr in NUMBER_BYTES or vr in BULK - {"OB"}:
        if not is_little:
            return None  # nobody says in which order the bytes of UN stand
        if length % NUMBER_BYTES.get(vr, 1):
            return None
    return Element(element.tag, vr, value)


def _length(value: bytes | Stretch) -> int:
    return value.length if isinstance(value, Stretch) else len(value)


def is_long(element: Element, vr: str) -> bool:
    """Whether the value is too long for the VR of the dictionary in explicit VR."""
    value = element.value
    if isinstance(value, list) or vr in LONG_LENGTH:
        return False
    return _length(value) > _SHORT_LIMIT_BYTES
