"""The single values of a legal record: persons, days, digests. Their sources are untrusted.

Each function returns the value in its one form, or raises ValueError with what is wrong in a few
words that hold nothing of the value itself.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Final

LONGEST_PERSON: Final = 80
LONGEST_TICKET: Final = 64
LONGEST_REASON: Final = 500
EARLIEST: Final = date(2020, 1, 1)
"""No agreement with EUCAIM is older; an earlier day is a slip of the hand."""
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHA256: Final = re.compile(r"[0-9A-Fa-f]{64}")
_OF_NOTHING: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_NOBODY: Final = frozenset(
    {
        "anonymous",
        "eucaim-transfer",
        "n.n.",
        "name",
        "nobody",
        "person",
        "program",
        "tbd",
        "the demo itself",
        "the program",
        "this program",
        "todo",
        "unknown",
    }
)
_LEAST_LETTERS: Final = 2


def one_line(value: object, longest: int) -> str:
    """A text on one line, in NFC, blanks at its ends taken away."""
    if not isinstance(value, str):
        raise ValueError("is no text")
    text = unicodedata.normalize("NFC", value.strip())
    if len(text) > longest:
        raise ValueError(f"is longer than {longest} characters")
    if not text.isprintable():
        raise ValueError("holds a line end, a control character or one that is not seen")
    return text


def person(value: object) -> str:
    """A person's name; empty out of nothing."""
    text = one_line(value, LONGEST_PERSON)
    if not text:
        return ""
    if folded(text) in _NOBODY or sum(map(str.isalpha, text)) < _LEAST_LETTERS:
        raise ValueError("names no person")
    return text


def ticket(value: object) -> str:
    """A ticket's number, or what else finds it; empty out of nothing."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return one_line(value, LONGEST_TICKET)


def reason(value: object) -> str:
    """Why something is so; empty out of nothing."""
    return one_line(value, LONGEST_REASON)


def day(value: object, now: datetime) -> str:
    """A day as ISO 8601, out of a date of TOML or a text; empty out of nothing."""
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return ""
        try:
            if not _DAY.fullmatch(text):
                raise ValueError
            found = date.fromisoformat(text)
        except ValueError:
            raise ValueError("is no day like 2026-03-12") from None
    elif isinstance(value, date) and not isinstance(value, datetime):
        found = value
    else:
        raise ValueError("is no day like 2026-03-12")
    # East of Greenwich a day begins before it does in UTC.
    if found > (now.astimezone(UTC) + timedelta(hours=14)).date():
        raise ValueError("lies in the future")
    if found < EARLIEST:
        raise ValueError(f"lies before {EARLIEST.year}")
    return found.isoformat()


def sha256(value: object) -> str:
    """A SHA-256 in lower case; empty out of nothing."""
    text = one_line(value, 80)
    if not text:
        return ""
    if not _SHA256.fullmatch(text):
        raise ValueError("is no SHA-256 (64 characters of 0-9 and a-f)")
    found = text.lower()
    if found == _OF_NOTHING or len(set(found)) == 1:
        raise ValueError("is the digest of no document")
    return found


def folded(name: str) -> str:
    """A name for comparing: without case, and with single blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
