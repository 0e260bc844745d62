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


def likeness(patient_id: str) -> str:
    """Blanks, case, accents, leading zeros and number form do not count (LNK-02); nor does which
    sign joins the parts. Empty where nothing is left."""
    text = unicodedata.normalize("NFKD", patient_id[:_LONGEST])
    text = "".join(c for c in text if not (unicodedata.combining(c) or c.isspace())).casefold()
    if found := _WHOLE_AS_DECIMAL.fullmatch(text):
        text = found[1]
    elif found := _SCIENTIFIC.fullmatch(text):
        text = _spelt_out(found[1], found[2] or "", int(found[3]))
    return _ZEROS.sub("", _LINKS.sub("-", text))


def _spelt_out(first: str, rest: str, exponent: int) -> str:
    """A long number as a spreadsheet shortens it: `1.2345E+07`."""
    if len(rest) > exponent:
        return f"{first}.{rest}e{exponent}"
    return first + rest.ljust(exponent, "0")
