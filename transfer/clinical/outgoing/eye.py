"""A text as a person sees it, for whoever looks for something in it.

Signs without a shape, wide letters and other dashes hide a word from a search and from no reader.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"))


def as_seen(text: str) -> str:
    """The same without signs that show nothing, in plain forms of letters, digits, blanks and
    dashes; percent escapes, as addresses have them, as what they stand for."""
    if "%" in text and _ESCAPE.search(text):
        text = unquote(text)
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")
