"""Text as the last look compares it: folded, and cut into whole tokens."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# What NFKD leaves whole though readers take it for the plain letter.
_PLAIN: Final = str.maketrans(
    {
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ħ": "h",
    }
)
_SPELLED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})
_TOKEN: Final = re.compile(r"[^\W_]+")
# Bytes of ASCII text to the same in small letters, everything else to blanks.
_ASCII_TOKENS: Final = bytes(
    ord(chr(b).lower()) if b < 128 and chr(b).isalnum() else 0x20 for b in range(256)
)
# Scripts that write no blanks between words: Han, kana, their extensions.
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def fold(text: str) -> str:
    """Small letters without accents, so that `MÜLLER`, `Müller` and `muller` are the same."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in decomposed if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFC", bare.translate(_PLAIN)).casefold()


def tokens_of(text: str) -> tuple[str, ...]:
    """The runs of letters and digits of a text, folded; an underscore separates as a blank does."""
    return tuple(_TOKEN.findall(fold(text)))


def spelled_out(text: str) -> str:
    """As German and Nordic names are written where their letters are not to be had: `Mueller`."""
    return unicodedata.normalize("NFC", text.casefold()).translate(_SPELLED)


def ascii_tokens(raw: bytes) -> list[bytes]:
    """The same for bytes; one that is not ASCII separates."""
    return raw.translate(_ASCII_TOKENS).split()


def is_unspaced(text: str) -> bool:
    """Whether a text holds a script in which no blank tells where a name begins."""
    return _UNSPACED.search(text) is not None
