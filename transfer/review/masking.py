"""Which values of an original header may be shown without being asked for."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from transfer.deid.model import Element
from transfer.deid.profiles.actions import Action
from transfer.deid.profiles.load import load_profile
from transfer.review.values import FREE_TEXT_VRS, is_text

_PROFILE: Final = "eucaim"
_LEAVES: Final = frozenset((Action.KEEP, Action.AS_IS, Action.DATA, Action.KEEP_TEXT))
_LEAVES_AS_TEXT: Final = frozenset((Action.KEEP_TEXT, Action.AS_IS))
# A code that a method writes anew was a code before: "YES" says nothing about anybody.
_WRITTEN: Final = frozenset((Action.WRITE, Action.APPEND))
_NUMBERS: Final = frozenset(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT"))
_BYTES: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV"))
# What is no code, number or time may be a name in the wrong place (PS3.5 section 6.2).
_FORMS: Final = {
    "CS": re.compile(rb"[A-Z0-9_ \\]*"),
    "AS": re.compile(rb"\d{3}[DWMY]"),
    "DS": re.compile(rb"[0-9+\-.Ee \\]*"),
    "IS": re.compile(rb"[0-9+\- \\]*"),
    "TM": re.compile(rb"[0-9.:\- \\]*"),
}
_META_VERSION: Final = 0x00020001
_WELL_KNOWN: Final = b"1.2.840.10008."


def hides(element: Element) -> bool:
    """Whether the value may say who somebody is: what the profile `eucaim` would not let leave as
    it is, every free text that it does not vouch for, and all that is private."""
    value = element.value
    if isinstance(value, list) or not value:
        return False
    tag = element.tag
    if tag >> 16 & 1:
        is_creator = 0x10 <= tag & 0xFFFF <= 0xFF
        return not (is_creator and isinstance(value, bytes) and is_known_creator(value))
    if element.vr == "UI":
        return _hides_uid(value)
    if tag >> 16 == 0x0002:
        # The titles of stations, and what a sender adds of its own, may name a hospital or anybody.
        return element.vr not in _NUMBERS and tag != _META_VERSION
    action = load_profile(_PROFILE).ruling(tag).action
    if action not in _LEAVES and not (element.vr == "CS" and action in _WRITTEN):
        return True
    if element.vr in FREE_TEXT_VRS:
        return action not in _LEAVES_AS_TEXT
    if element.vr in _NUMBERS:
        return False
    if element.vr in _BYTES:
        # The first bytes of what is text would be shown as numbers.
        return isinstance(value, bytes) and is_text(value)
    form = _FORMS.get(element.vr)
    return form is None or not isinstance(value, bytes) or not form.fullmatch(value.strip(b" \0"))


def is_known_creator(raw: bytes) -> bool:
    """Whether the name of a private block is that of a maker's, known to all: the archive of a
    hospital calls its own block as it likes."""
    return raw.decode("latin-1").strip(" \0") in _known_creators()


@cache
def _known_creators() -> frozenset[str]:
    from pydicom._private_dict import private_dictionaries

    return frozenset(("CTP", *private_dictionaries))


def _hides_uid(value: object) -> bool:
    return not (isinstance(value, bytes) and value.startswith(_WELL_KNOWN) and b"\\" not in value)
