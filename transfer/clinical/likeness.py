"""How a Patient ID looks once that is put aside in which two spellings of one ID often differ."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WHOLE_AS_DECIMAL: Final = re.compile(r"(\d{1,30})[.,]0{1,6}")
_SCIENTIFIC: Final = re.compile(r"(\d)(?:[.,](\d{1,14}))?[eE]\+?(\d{1,2})")
_ZEROS: Final = re.compile(r"(?<!\d)0+(?=\d)")
_LINKS: Final = re.compile(r"[-_./\\\u2010-\u2015]+")
_LONGEST: Final = 512
# What is typed for each other, since it looks alike: letter O and zero, letters I and L and one.
_CONFUSED: Final = str.maketrans("oil", "011")
_WORD: Final = re.compile(r"[^\W_]+")


def likeness(patient_id: str) -> str:
    """Blanks, case, accents, leading zeros and number form do not count (LNK-02); nor does which
    sign joins the parts, nor O for 0 and I or L for 1 beside a digit. Empty where nothing is left.
    """
    text = unicodedata.normalize("NFKD", patient_id[:_LONGEST])
    text = "".join(c for c in text if not (unicodedata.combining(c) or c.isspace())).casefold()
    if found := _WHOLE_AS_DECIMAL.fullmatch(text):
        text = found[1]
    elif found := _SCIENTIFIC.fullmatch(text):
        text = _spelt_out(found[1], found[2] or "", int(found[3]))
    return _ZEROS.sub("", _LINKS.sub("-", _WORD.sub(_unconfused, text)))


def _unconfused(word: re.Match[str]) -> str:
    """A part that has a digit, with those letters as digits; one of letters alone is a word."""
    text = word[0]
    return text.translate(_CONFUSED) if any(c.isdecimal() for c in text) else text


def _spelt_out(first: str, rest: str, exponent: int) -> str:
    """A long number as a spreadsheet shortens it: `1.2345E+07`."""
    if len(rest) > exponent:
        return f"{first}.{rest}e{exponent}"
    return first + rest.ljust(exponent, "0")
