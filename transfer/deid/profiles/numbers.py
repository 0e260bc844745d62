"""Binary numbers that are no numbers: text, in an element whose VR has no room for any.

A VR of numbers proves nothing where the file says UN or says nothing at all: then it is the
dictionary's. What reads as text from end to end is taken for text where numbers would not fit, or
where so many could not look like it by accident.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from transfer import dictionary
from transfer.deid.model import Element
from transfer.deid.profiles import treat
from transfer.deid.profiles.treat import Patient, Plan
from transfer.deid.profiles.vrpolicy import NUMBER_BYTES

_READABLE: Final = re.compile(rb"[\x20-\x7e\t\r\n]+\0*")
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_FEWEST_LETTERS: Final = 4
_FLOATS: Final = frozenset(("FL", "FD", "OF", "OD"))


@lru_cache(maxsize=4096)
def numbers(tag: int, vr: str) -> Plan:
    """As it is where its bytes can be numbers, else emptied."""
    # Three doubles, or six shorts: less looks like text now and then (101.6 is `ffffffY@`).
    no_accident = 24 if vr in _FLOATS else 12
    room = min(_room_bytes(tag, vr) or no_accident, no_accident - 1)

    def plan(patient: Patient, element: Element) -> Element | None:
        value = element.value
        if type(value) is bytes and len(value) > room and is_text(value):
            return treat.empty(patient, element)
        return element

    return plan


def is_text(value: bytes) -> bool:
    """Whether bytes read as text from end to end: ASCII, with four different letters at least."""
    if not value.isascii() or _READABLE.fullmatch(value) is None:
        return False
    return len(_LETTERS.intersection(value.lower())) >= _FEWEST_LETTERS


def _room_bytes(tag: int, vr: str) -> int:
    """The bytes that as many numbers as the dictionary allows take; 0 where it sets no end."""
    size = NUMBER_BYTES.get(vr)
    entry = dictionary.elements().get(tag)
    most = entry[1].rpartition("-")[2] if entry else "n"
    return size * int(most) if size and most.isdigit() else 0
