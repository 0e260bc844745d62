"""What can be done with one element: each treatment takes the element and gives the one that
leaves, or None where none does. Text is written in ASCII, which every character set holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from transfer.deid import recipe
from transfer.deid.header.vrs import vr_of
from transfer.deid.model import Element, Stretch
from transfer.deid.profiles.actions import Action
from transfer.deid.profiles.dates import first_of_month
from transfer.deid.profiles.table import Group
from transfer.deid.profiles.vrpolicy import TEXT
from transfer.deid.text.charset import LATIN_1, CharacterSet, character_set

_WELL_KNOWN: Final = b"1.2.840.10008."
_BLANKS: Final = b" \0"
# One value without the blanks around it.
_NUMBER: Final = re.compile(rb"(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?")
_FORMS: Final = {
    "UI": re.compile(rb"[0-9.]{0,64}"),
    "CS": re.compile(rb"[A-Z0-9_ ]{0,16}"),
    "DS": _NUMBER,
    "IS": _NUMBER,
    "AS": re.compile(rb"(?:\d{1,3}[DWMYdwmy])?"),
    "TM": re.compile(rb"(?:\d{1,2}(?::?\d{2}(?::?\d{2}(?:\.\d{0,9})?)?)?)?"),
}
_LONGEST_NUMBER_BYTES: Final = 32  # PS3.5 allows 16; a name and a date together are longer
_WORTH_REMEMBERING_BYTES: Final = 128

Plan = Callable[["Patient", Element], Element | None]


class Held(Exception):
    """The profile does not let this instance go."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Patient:
    """What the treatments of one instance share."""

    __slots__ = ("charset", "depth", "is_little", "key", "lists", "pseudonym")

    def __init__(self, is_little: bool, charset: Element | None, key: str) -> None:
        self.is_little = is_little
        self.key = key
        self.pseudonym = ""
        self.depth = 0
        self.lists: list[Stretch] = []
        self.charset: CharacterSet = LATIN_1
        if charset is not None:
            self.use(charset)

    def use(self, charset: Element) -> None:
        """Read texts by a Specific Character Set (0008,0005); an unknown one as CTP does."""
        value = charset.value
        self.charset = (character_set(value) if isinstance(value, bytes) else None) or LATIN_1


def text_of(patient: Patient, value: bytes) -> str:
    """The decoded text, trimmed as the hashes of EUCAIM's tool want it.

    Raises:
        Undecodable: there is none.
    """
    return patient.charset.decode(value).strip(" \0")


def keep(patient: Patient, element: Element) -> Element | None:
    """As it is."""
    return element


def empty(patient: Patient, element: Element) -> Element | None:
    """Present without a value."""
    return Element(element.tag, element.vr, b"") if element.value else element


def empty_sequence(patient: Patient, element: Element) -> Element | None:
    """Present without an item."""
    return Element(element.tag, element.vr, [])


def uid(patient: Patient, element: Element) -> Element | None:
    """Each UID by its new one; well-known ones stay, nothing stays nothing."""
    value = element.value
    if not isinstance(value, bytes):
        return empty(patient, element)
    treat = _new_uids if len(value) <= _WORTH_REMEMBERING_BYTES else _new_uids.__wrapped__
    return _with(element, treat(value, patient.pseudonym))


@lru_cache(maxsize=8192)
def _new_uids(value: bytes, pseudonym: str) -> bytes:
    parts = value.split(b"\\")
    new = [_uid(part, pseudonym) for part in parts]
    is_same = all(one == part.strip(_BLANKS) for one, part in zip(new, parts, strict=True))
    return value if is_same else b"\\".join(new)


def _uid(part: bytes, pseudonym: str) -> bytes:
    bare = part.strip(_BLANKS)
    if not bare:
        return b""
    if bare.startswith(_WELL_KNOWN) and _FORMS["UI"].fullmatch(bare):
        return bare
    return recipe.new_uid(part.decode("latin-1"), pseudonym).encode("ascii")


def date(patient: Patient, element: Element) -> Element | None:
    """Day 01, of a date."""
    return _without_day(element, has_time=False)


def date_time(patient: Patient, element: Element) -> Element | None:
    """Day 01, of a date-time."""
    return _without_day(element, has_time=True)


def _without_day(element: Element, *, has_time: bool) -> Element:
    value = element.value
    new = first_of_month(value, has_time=has_time) if isinstance(value, bytes) else b""
    return _with(element, new)


def _with(element: Element, value: bytes) -> Element:
    return element if element.value == value else Element(element.tag, element.vr, value)


def pseudonym(patient: Patient, element: Element) -> Element | None:
    """The pseudonym of the ID that stands here, which in an item may be somebody else's."""
    value = element.value
    text = text_of(patient, value) if isinstance(value, bytes) else ""
    new = recipe.pseudonym(patient.key, text).encode("ascii") if text else b""
    return Element(element.tag, element.vr, new)


def pseudonym_name(patient: Patient, element: Element) -> Element | None:
    """The pseudonym as a name."""
    return Element(
        element.tag, element.vr, (patient.pseudonym + recipe.NAME_SUFFIX).encode("ascii")
    )


def hash_16(patient: Patient, element: Element) -> Element | None:
    """Sixteen digits; an empty value stays empty."""
    value = element.value
    text = text_of(patient, value) if isinstance(value, bytes) else ""
    return Element(element.tag, element.vr, recipe.hash_16(text).encode("ascii") if text else b"")


def write(text: str, vr: str) -> Plan | None:
    """The text, for every element that is there; nothing for a VR that holds no text."""
    if vr not in TEXT:
        return None
    value = text.encode("ascii")

    def plan(patient: Patient, element: Element) -> Element | None:
        return Element(element.tag, element.vr, value)

    return plan


def valid(vr: str) -> Plan | None:
    """As it is where it has the form of its VR, else emptied."""
    if vr not in _FORMS:
        return keep
    if vr in ("DS", "IS"):
        return valid_number

    def plan(patient: Patient, element: Element) -> Element | None:
        value = element.value
        if isinstance(value, bytes) and is_well_formed(value, vr):
            return element
        return empty(patient, element)

    return plan


def valid_number(patient: Patient, element: Element) -> Element | None:
    """A number in text, or a list of them. One too long to be held, such as a contour, stays: what
    it describes is of no use without it."""
    value = element.value
    if isinstance(value, Stretch):
        patient.lists.append(value)
        return element
    if isinstance(value, bytes) and is_well_formed(value, "DS"):
        return element
    return empty(patient, element)


def is_well_formed(value: bytes, vr: str) -> bool:
    """Whether a raw value is what its VR promises (PS3.5 section 6.2), small sins forgiven."""
    form = _FORMS.get(vr)
    if form is None:
        return True
    longest = _LONGEST_NUMBER_BYTES if form is _NUMBER else len(value)
    for part in value.split(b"\\"):
        bare = part.strip(_BLANKS)
        if len(bare) > longest or form.fullmatch(bare) is None:
            return False
    return True


def keep_text(patient: Patient, element: Element) -> Element | None:
    """As it is, unless it is too long to be held: what nobody can look at does not leave."""
    return element if isinstance(element.value, bytes) else empty(patient, element)


def held(tag: int, reason: str) -> Plan:
    """The end of the instance."""
    sentence = f"({tag >> 16:04X},{tag & 0xFFFF:04X}) is not let through: {reason}"

    def plan(patient: Patient, element: Element) -> Element | None:
        raise Held(sentence)

    return plan


def insertion(
    tag: int, group: Group, text: str
) -> Callable[[Element | None, Element | None], Element]:
    """What stands at the root in any case, from the element that came and the treated one."""
    vr = "LO" if tag & 0x10000 else vr_of(tag)
    if group.action is Action.METHOD_CODES:
        return _codes(tag, group)
    value = text.encode("ascii")

    def write_it(came: Element | None, treated: Element | None) -> Element:
        return Element(tag, vr, value)

    def append_it(came: Element | None, treated: Element | None) -> Element:
        before = b""
        if came is not None and came.vr in TEXT and isinstance(came.value, bytes):
            before = came.value.strip(_BLANKS)
        if before == value or before.endswith(b"\\" + value):
            return Element(tag, vr, before)
        return Element(tag, vr, before + b"\\" + value if before else value)

    return append_it if group.action is Action.APPEND else write_it


def _codes(tag: int, group: Group) -> Callable[[Element | None, Element | None], Element]:
    def add(came: Element | None, treated: Element | None) -> Element:
        items = list(treated.value) if treated and isinstance(treated.value, list) else []
        said = {
            code.value.strip(_BLANKS)
            for item in items
            if (code := item.get(0x00080100)) is not None and isinstance(code.value, bytes)
        }
        for code_value, meaning in group.codes:
            if code_value.encode() not in said:
                items.append(
                    {
                        0x00080100: Element(0x00080100, "SH", code_value.encode()),
                        0x00080102: Element(0x00080102, "SH", b"DCM"),
                        0x00080104: Element(0x00080104, "LO", meaning.encode()),
                    }
                )
        return Element(tag, "SQ", items)

    return add
