"""The text of an element, and a text written into an element, as CTP does both (reference,
section 5).

Texts keep `\\` between values. What a VR refuses leaves the element as it was; that is no failure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from transfer.deid.text.charset import DEFAULT, CharacterSet
from transfer.deid.text.java import (
    double_text,
    float_text,
    parse_float,
    parse_hex,
    parse_int,
    single,
    split,
)

_T = TypeVar("_T")

_FILL: Final = "\0 "
_BOTH_ENDS: Final = frozenset(("AE", "CS", "DS", "IS", "LO", "SH"))
_END: Final = frozenset(("DA", "DT", "LT", "ST", "TM", "UC", "UI", "UT"))
_AS_IT_IS: Final = frozenset(("AS",))
_TEXT_VRS: Final = _BOTH_ENDS | _END | _AS_IT_IS | {"PN"}
# Written by the default charset of the Java program, whatever the data set says.
_ASCII_VRS: Final = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"))
_TRIMMED_WHEN_WRITTEN: Final = frozenset(("LT", "ST", "UC", "UT"))
_NUMBERS: Final = {
    "US": ("H", 2), "SS": ("h", 2), "UL": ("L", 4), "SL": ("l", 4), "FL": ("f", 4), "FD": ("d", 8),
}  # fmt: skip
_RANGES: Final = {
    "US": (0, 0xFFFF),
    "SS": (-0x8000, 0x7FFF),
    "UL": (0, 0xFFFFFFFF),
    "SL": (-0x80000000, 0x7FFFFFFF),
}
_NAME_LIMIT: Final = 64
_MOST_COMPONENTS: Final = 5


class Refused(Exception):
    """The VR does not take the text; the element keeps its value (CTP, observed)."""


def is_text(vr: str) -> bool:
    """Whether values of a VR are texts to CTP's library."""
    return vr in _TEXT_VRS


def read_text(vr: str, value: bytes, charset: CharacterSet, *, is_little: bool) -> str:
    """The text of a raw value.

    Raises:
        Undecodable: the character set gives none.
    """
    if vr in _TEXT_VRS:
        return trimmed(vr, charset.decode(value))
    if vr in _NUMBERS:
        return "\\".join(_numbers(vr, value, is_little))
    if vr == "AT":
        return "\\".join(f"{g:04X}{e:04X}" for g, e in _pairs(value, is_little))
    if vr == "OW":
        count = len(value) // 2 if len(value) % 2 == 0 else 0
        words = struct.unpack_from(f"{'<' if is_little else '>'}{count}H", value)
        return "\\".join(f"{word:04X}" for word in words)
    if vr == "OF":
        return "\\".join(_numbers("FL", value, is_little))
    return value.hex("\\").upper()


def trimmed(vr: str, text: str) -> str:
    """A text without the fill that its VR may have at its ends."""
    if vr in _BOTH_ENDS:
        return text.rstrip(_FILL).lstrip(" ")
    if vr == "PN":
        return text.rstrip("\0 ^")
    return text if vr in _AS_IT_IS else text.rstrip(_FILL)


def write_text(vr: str, values: list[str], charset: CharacterSet, *, is_little: bool) -> bytes:
    """The padded raw value of texts. No texts, or one empty one: the empty value.

    Raises:
        Refused: the VR does not take them.
    """
    if vr in _TEXT_VRS:
        return padded(vr, _text_bytes(vr, values, charset))
    if vr in _RANGES:
        order = "<" if is_little else ">"
        numbers = [_checked(parse_int, value, *_RANGES[vr]) for value in values]
        return struct.pack(f"{order}{len(numbers)}{_NUMBERS[vr][0]}", *numbers)
    if vr in ("FL", "FD"):
        order = "<" if is_little else ">"
        floats = [_checked(parse_float, value) for value in values]
        if vr == "FL":
            floats = [single(number) for number in floats]
        return struct.pack(f"{order}{len(floats)}{_NUMBERS[vr][0]}", *floats)
    if vr == "AT":
        order = "<" if is_little else ">"
        tags = [_checked(parse_hex, value) & 0xFFFFFFFF for value in values]
        return b"".join(struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF) for tag in tags)
    raise Refused


def padded(vr: str, value: bytes) -> bytes:
    """A value of even length (PS3.5 section 6.2)."""
    if len(value) % 2 == 0:
        return value
    return value + (b" " if vr in _TEXT_VRS and vr != "UI" else b"\0")


def _numbers(vr: str, value: bytes, is_little: bool) -> list[str]:
    form, size = _NUMBERS[vr]
    # A value of odd length is taken for none.
    count = len(value) // size if len(value) % size == 0 else 0
    numbers = struct.unpack_from(f"{'<' if is_little else '>'}{count}{form}", value)
    write: Callable[[float], str] = {"FL": float_text, "FD": double_text}.get(vr, str)
    return [write(number) for number in numbers]


def _pairs(value: bytes, is_little: bool) -> list[tuple[int, int]]:
    if len(value) % 4:
        return []
    return list(struct.iter_unpack("<HH" if is_little else ">HH", value))


def _text_bytes(vr: str, values: list[str], charset: CharacterSet) -> bytes:
    if vr == "PN":
        values = [_person_name(value) for value in values]
    elif vr in _CHECKS:
        for value in values:
            _checked(_CHECKS[vr], value)
    elif vr in _BOTH_ENDS or vr in _TRIMMED_WHEN_WRITTEN:
        values = [trimmed(vr, value) for value in values]
    return (DEFAULT if vr in _ASCII_VRS else charset).encode("\\".join(values))


def _checked(check: Callable[..., _T], value: str, *limits: int) -> _T:
    try:
        return check(value, *limits)
    except (ValueError, IndexError):
        raise Refused from None


def _part(text: str, start: int, length: int) -> str:
    """`String.substring`: an index past the end is an error."""
    if start + length > len(text):
        raise IndexError
    return text[start : start + length]


def _check_date(text: str) -> None:
    """Four digits, two digits, and from the seventh character on an integer."""
    parse_int(_part(text, 0, 4))
    at = 4 if _part(text, 4, 1).isdecimal() else 5
    parse_int(_part(text, at, 2))
    _part(text, at + 2, 1)
    parse_int(text[6:])


def _check_time(text: str) -> None:
    parse_int(_part(text, 0, 2))
    if len(text) == 2:
        raise ValueError("an hour alone is no time")
    _check_minutes(text[2:])


def _check_minutes(text: str) -> None:
    at = 1 if text[0] == ":" else 0
    parse_int(_part(text, at, 2))
    at += 2
    if at < len(text):
        parse_float(text[at + 1 :] if text[at] == ":" else text[at:])


def _check_date_time(text: str) -> None:
    if len(text) >= 5 and text[-5] in "+-":
        parse_int(text[-4:])
        text = text[:-5]
    parse_int(_part(text, 0, 4))
    at = 4
    for _ in range(2):
        if at >= len(text):
            return
        if not text[at].isdecimal():
            at += 1
        parse_int(_part(text, at, 2))
        at += 2
    if at >= len(text):
        return
    parse_int(_part(text, at, 2))
    if at + 2 < len(text):
        _check_minutes(text[at + 2 :])


_CHECKS: Final[Mapping[str, Callable[[str], None]]] = {
    "DA": _check_date,
    "TM": _check_time,
    "DT": _check_date_time,
}


def _person_name(text: str) -> str:
    """A name taken apart and put together again: at most five components in a group (more overwrite
    the fifth), without empty ones at the end, and at most three groups."""
    alphabetic, *rest = text.split("=", 1)
    name = _group(alphabetic)
    if not rest:
        return name
    others = rest[0].split("=")
    if len(others) > 2:
        raise Refused
    ideographic = others[0]
    phonetic = others[1] if len(others) > 1 else ""
    if not ideographic and not phonetic:
        return name
    name += "=" + (_group(ideographic) if ideographic else "")
    return f"{name}={_group(phonetic)}" if phonetic else name


def _group(text: str) -> str:
    if len(text) > _NAME_LIMIT:
        raise Refused
    components = [""] * _MOST_COMPONENTS
    for at, component in enumerate(text.split("^")):
        if component:
            components[min(at, _MOST_COMPONENTS - 1)] = component
    return "^".join(components).rstrip("^")


def values_of(text: str) -> list[str]:
    """The values of a text; empty ones at its end are lost."""
    return split(text, "\\")
