"""Whole dates in running text, however they are written: a day that a policy took away elsewhere
would leave here."""

from __future__ import annotations

import re
from typing import Final

from transfer.clinical.values import written_date
from transfer.deid.look.phrases import MONTH_WORDS
from transfer.deid.look.tokens import fold

_YEARS: Final = range(1900, 2100)
_YEAR: Final = r"(?:19|20)\d\d"
_NUMBERS: Final = re.compile(
    rf"(?<![\d.])(?:{_YEAR}([-/.])(\d{{1,2}})\1(\d{{1,2}})|(\d{{1,2}})([-/.])(\d{{1,2}})\5{_YEAR})"
    r"(?!\d|\.\d)"
)
_DAY_FIRST: Final = re.compile(
    r"(?<!\d)\d{1,2}(?:st|nd|rd|th|\.|º|ª)?[ -]?(?:of |de )?([^\W\d_]{3,12})\.?,?[ -]?(?:de )?"
    rf"{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_MONTH_FIRST: Final = re.compile(
    rf"([^\W\d_]{{3,12}})\.? \d{{1,2}}(?:st|nd|rd|th)?,? {_YEAR}(?!\d)", re.IGNORECASE
)
_COMPACT: Final = re.compile(r"(?<!\d)(?<!\d\.)\d{8}(?!\d)")
_DIGITS: Final = 8
_SHORT_YEAR: Final = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2\d{2}")


def holds_date(cell: str) -> bool:
    """Whether a text holds a date with its day, or is one. Eight digits in a row are one where they
    are the whole cell."""
    text = cell.strip()
    if sum(map(str.isdigit, text)) < 3:
        return False
    whole = written_date(text).date
    if (whole is not None and whole.year in _YEARS) or _is_short(text):
        return True
    return (
        any(map(_is_calendar, _NUMBERS.finditer(text)))
        or any(fold(m[1]) in MONTH_WORDS for m in _DAY_FIRST.finditer(text))
        or any(fold(m[1]) in MONTH_WORDS for m in _MONTH_FIRST.finditer(text))
    )


def holds_day_of(cell: str, days: frozenset[str]) -> bool:
    """Whether eight digits in a row, in a text, are one of these days of the patient (YYYYMMDD),
    the year first or last."""
    return len(cell) >= _DIGITS and any(
        digits in days or digits[4:] + digits[2:4] + digits[:2] in days
        for digits in _COMPACT.findall(cell)
    )


def _is_calendar(found: re.Match[str]) -> bool:
    one, other = (int(n) for n in (found[2] or found[4], found[3] or found[6]))
    return min(one, other) in range(1, 13) and max(one, other) in range(1, 32)


def _is_short(text: str) -> bool:
    found = _SHORT_YEAR.fullmatch(text)
    if found is None:
        return False
    one, other = int(found[1]), int(found[3])
    return min(one, other) in range(1, 13) and max(one, other) in range(1, 32)
