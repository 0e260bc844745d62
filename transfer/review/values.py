"""The value of an element as a line of text: what a person reads in a review, not what is sent."""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

from transfer.deid.model import Element, Stretch
from transfer.scan.elements import Encoding
from transfer.scan.text import decoded
from transfer.sentences import count

FREE_TEXT_VRS: Final = frozenset(("SH", "LO", "LT", "ST", "UT", "UC", "UR", "PN"))
"""The VRs in which a person can have written anything (PS3.5 table 6.2-1)."""

TEXT_LIMIT: Final = 300
_CODE_VRS: Final = frozenset(("AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"))
_NUMBERS: Final = {
    "US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d",
}  # fmt: skip
_AT_MOST: Final = 16
_PADDING: Final = b" \0"


def show(element: Element, charset: bytes, encoding: Encoding) -> str:
    """The value in words; what is no text is told by its size. Never raises.

    The text may hold control characters of the file only as replacement characters.
    """
    value = element.value
    if isinstance(value, list):
        return count(len(value), "item")
    if isinstance(value, Stretch):
        return count(value.length, "byte")
    if not value:
        return ""
    if element.vr in FREE_TEXT_VRS or element.vr in _CODE_VRS:
        return _cut(decoded(value, charset, is_name=element.vr == "PN"))
    if element.vr in _NUMBERS:
        return _numbers(value, _NUMBERS[element.vr], is_little=encoding.is_little)
    if element.vr == "AT":
        return _tags(value, is_little=encoding.is_little)
    if element.vr == "UN" and is_text(value):
        return _cut(decoded(value, charset))
    return count(len(value), "byte")


def is_text(value: bytes) -> bool:
    """Whether bytes of an unknown kind read as text."""
    text = value.strip(_PADDING)
    ascii_bytes = sum(32 <= byte < 127 for byte in text)
    return ascii_bytes * 2 > len(text) and all(32 <= b < 127 or b >= 128 for b in text)


def bare(value: object) -> object:
    """A value without its padding, for comparing."""
    return value.rstrip(_PADDING) if isinstance(value, bytes) else value


@lru_cache(maxsize=8192)
def keyword(tag: int) -> str:
    """The keyword of the present dictionary (PS3.6); `Private` or `Unknown` where it has none."""
    from pydicom.datadict import keyword_for_tag

    if tag >> 16 & 1:
        return "PrivateCreator" if 0x10 <= tag & 0xFFFF <= 0xFF else "Private"
    if not tag & 0xFFFF:
        return "GroupLength"
    return keyword_for_tag(tag) or "Unknown"


def _numbers(value: bytes, code: str, *, is_little: bool) -> str:
    form = struct.Struct(("<" if is_little else ">") + code)
    whole = len(value) // form.size
    if not whole:
        return count(len(value), "byte")
    shown = min(whole, _AT_MOST)
    parts = [
        f"{n:g}" if code in "fd" else str(n)
        for (n,) in form.iter_unpack(value[: shown * form.size])
    ]
    return "\\".join(parts) + (f"\\… ({whole:,} values)" if whole > shown else "")


def _tags(value: bytes, *, is_little: bool) -> str:
    pairs = struct.iter_unpack("<HH" if is_little else ">HH", value[: len(value) // 4 * 4][:64])
    return "\\".join(f"({group:04X},{number:04X})" for group, number in pairs)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[: TEXT_LIMIT - 1] + "…"
