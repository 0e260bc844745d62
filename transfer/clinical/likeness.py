"""How a Patient ID looks once that is put aside in which two spellings of one ID often differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

_WHOLE_AS_DECIMAL: Final = re.compile(r"(\d{1,30})[.,]0{1,6}")
_SCIENTIFIC: Final = re.compile(r"(\d)(?:[.,](\d{1,14}))?[eE]\+?(\d{1,2})")
_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")
_LINKS: Final = re.compile(r"[-_./\\\u2010-\u2015]+")
# Between letters and a number a sign may be there or not: NHC-12, NHC12. Between two numbers it
# keeps them apart: 1-23 is not 12-3.
_IDLE_LINK: Final = re.compile(rf"(?<=[^\W\d_]){_LINKS.pattern}(?=\d)")
_LONGEST: Final = 512
# What is typed for each other, since it looks alike: letter O and zero, letters I and L and one.
_CONFUSED: Final = str.maketrans("oilOIL", "011011")
_WORD: Final = re.compile(r"[^\W_]+")


def likeness(patient_id: str) -> str:
    """Blanks, case, accents, leading zeros and number form do not count (LNK-02); nor does which
    sign joins the parts or, between letters and a number, whether one does; nor O for 0 and I or
    L for 1 beside a digit. Empty where nothing is left.
    """
    text = patient_id[:_LONGEST]
    for _, step in _STEPS:
        text = step(text)
    return text


def compact(patient_id: str) -> str:
    """The same where signs between the parts do not count at all: `XK77120` is like `XK-77120`."""
    return likeness("".join(c for c in patient_id[:_LONGEST] if c.isalnum()))


def likenesses(one: str, other: str) -> tuple[str, ...]:
    """In what two IDs that look alike differ: what must be put aside for them to be equal."""
    needed = tuple(
        name
        for name in dict.fromkeys(name for name, _ in _STEPS)
        if _without(one[:_LONGEST], name) != _without(other[:_LONGEST], name)
    )
    if needed or one == other:
        return needed
    # Two steps that each would do: the first that changes either is named.
    return next(((name,) for name, step in _STEPS if step(one) != one or step(other) != other), ())


def _without(text: str, left_out: str) -> str:
    for name, step in _STEPS:
        if name != left_out:
            text = step(text)
    return text


def _blankless(text: str) -> str:
    return "".join(c for c in text if not c.isspace())


def _accentless(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _as_number(text: str) -> str:
    if found := _WHOLE_AS_DECIMAL.fullmatch(text):
        return found[1]
    if found := _SCIENTIFIC.fullmatch(text):
        return _spelt_out(found[1], found[2] or "", int(found[3]))
    return text


def _unconfused(word: re.Match[str]) -> str:
    """A part that has a digit, with those letters as digits; one of letters alone is a word."""
    text = word[0]
    return text.translate(_CONFUSED) if any(c.isdecimal() for c in text) else text


def _spelt_out(first: str, rest: str, exponent: int) -> str:
    """A long number as a spreadsheet shortens it: `1.2345E+07`."""
    if len(rest) > exponent:
        return f"{first}.{rest}e{exponent}"
    return first + rest.ljust(exponent, "0")


def _parted(text: str) -> str:
    return _LINKS.sub("-", _IDLE_LINK.sub("", text))


def _zeroless(text: str) -> str:
    return _ZEROS.sub("", text)


def _unmistaken(text: str) -> str:
    return _WORD.sub(_unconfused, text)


_STEPS: Final[tuple[tuple[str, Callable[[str], str]], ...]] = (
    ("accents", _accentless),
    ("blanks", _blankless),
    ("capitals", str.casefold),
    ("number form", _as_number),
    ("leading zeros", _zeroless),
    ("O or 0, I or 1", _unmistaken),
    ("joining signs", _parted),
    # Once more, since parts that were joined are one part now: PAL-O12 is like PAL12.
    ("leading zeros", _zeroless),
    ("O or 0, I or 1", _unmistaken),
    ("leading zeros", _zeroless),
)
"""What is put aside, in this order."""
