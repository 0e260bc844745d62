"""What Java's library does to texts and numbers where Python's does it differently.

CTP is a Java program, so what a script gives is decided by these rules.
"""

from __future__ import annotations

import re
import struct
from typing import Final

INT_MIN: Final = -(2**31)
INT_MAX: Final = 2**31 - 1
LONG_MIN: Final = -(2**63)
LONG_MAX: Final = 2**63 - 1

_TRIMMED: Final = "".join(map(chr, range(0x21)))
_INTEGER: Final = re.compile(r"[+-]?\d+")
_FLOAT: Final = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fFdD]?)", re.ASCII
)
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+[fFdD]?", re.ASCII
)
_SPACES: Final = frozenset("\t\n\x0b\f\r\x1c\x1d\x1e\x1f ")
_NO_BREAK: Final = frozenset("\x85\xa0\u2007\u202f")


def trim(text: str) -> str:
    """`String.trim`: everything up to the blank goes at both ends."""
    return text.strip(_TRIMMED)


def is_whitespace(character: str) -> bool:
    """`Character.isWhitespace`: no-break spaces are none."""
    return character in _SPACES or (character.isspace() and character not in _NO_BREAK)


def split(text: str, separator: str) -> list[str]:
    """`String.split` at a literal: empty parts at the end are lost, a text without the separator
    (an empty one too) is its own only part."""
    if separator not in text:
        return [text]
    parts = text.split(separator)
    while parts and not parts[-1]:
        del parts[-1]
    return parts


def parse_int(text: str, low: int = INT_MIN, high: int = INT_MAX) -> int:
    """`Integer.parseInt`: digits with at most a sign, no blanks, in range.

    Raises:
        ValueError: it is none.
    """
    if not _INTEGER.fullmatch(text) or len(text) > 64:
        raise ValueError("no integer")
    number = int(text)
    if not low <= number <= high:
        raise ValueError("out of range")
    return number


def parse_hex(text: str) -> int:
    """`Integer.parseInt(text, 16)`: up to 7FFFFFFF.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"[+-]?[0-9a-fA-F]{1,64}", text):
        raise ValueError("no hexadecimal number")
    number = int(text, 16)
    if not INT_MIN <= number <= INT_MAX:
        raise ValueError("out of range")
    return number


def parse_float(text: str) -> float:
    """`Double.parseDouble`; narrow it by `single` for `Float.parseFloat`.

    Raises:
        ValueError: it is none.
    """
    text = trim(text)
    if _HEX_FLOAT.fullmatch(text):
        try:
            return float.fromhex(text.rstrip("fFdD"))
        except OverflowError:
            return -float("inf") if text.startswith("-") else float("inf")
    if not _FLOAT.fullmatch(text):
        raise ValueError("no number")
    if text[-1] in "fFdD":
        text = text[:-1]
    return float(text)


def single(number: float) -> float:
    """The nearest single precision number."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", number))[0])
    except OverflowError:
        return float("inf") if number > 0 else -float("inf")


def double_text(number: float) -> str:
    """`Double.toString`."""
    return _number_text(number, 17, is_single=False)


def float_text(number: float) -> str:
    """`Float.toString` of a single precision number."""
    return _number_text(number, 9, is_single=True)


def _number_text(number: float, most_digits: int, *, is_single: bool) -> str:
    if number != number:
        return "NaN"
    sign = "-" if struct.pack(">d", number)[0] & 0x80 else ""
    number = abs(number)
    if number == float("inf"):
        return f"{sign}Infinity"
    if number == 0:
        return f"{sign}0.0"
    # At least two digits, and no more than needed to tell the number from its neighbours.
    written = ""
    for digits in range(1, most_digits):
        written = f"{number:.{digits}e}"
        back = single(float(written)) if is_single else float(written)
        if back == number:
            break
    mantissa, _, power = written.partition("e")
    figures = mantissa.replace(".", "").rstrip("0")
    exponent = int(power)
    if not -3 <= exponent < 7:
        return f"{sign}{figures[:1]}.{figures[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{figures}"
    figures = figures.ljust(exponent + 1, "0")
    return f"{sign}{figures[: exponent + 1]}.{figures[exponent + 1 :] or '0'}"
