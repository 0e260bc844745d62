"""Dates as Java's lenient Gregorian calendar keeps them: Julian before 15 October 1582, and every
field may run over into the next (reference, section 4.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from transfer.deid.text.java import INT_MAX, INT_MIN, parse_float, parse_int, single

_FIRST_GREGORIAN: Final = 2299161  # Julian day number of 1582-10-15
_CHANGE_YEAR: Final = 1582
_DAY_S: Final = 86400
_DROPPED: Final = re.compile(r"[@:T\-\s]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A Julian day number, and seconds since its midnight that may exceed the day."""

    day: int
    second: int

    def resolved(self) -> Moment:
        """The same moment with its seconds within the day."""
        days, second = divmod(self.second, _DAY_S)
        return Moment(self.day + days, second)


def parse_moment(text: str) -> Moment:
    """The moment that CTP reads in a date or date-time.

    Raises:
        ValueError: none.
    """
    text = _DROPPED.sub("", text)
    if text.startswith("00"):
        text = f"19{text[2:]}"
    if len(text) < 8:
        raise ValueError("too short")
    day = day_number(parse_int(text[:4]), parse_int(text[4:6]), parse_int(text[6:8]))
    time = text[8:]
    if not time:
        return Moment(day, 0)
    time = time.partition("&")[0]
    if len(time) < 4:
        raise ValueError("no minutes")
    seconds = _whole(single(parse_float(time[4:]))) if len(time) > 4 else 0
    return Moment(day, parse_int(time[:2]) * 3600 + parse_int(time[2:4]) * 60 + seconds)


def day_number(year: int, month: int, day: int) -> int:
    """The Julian day number of a date whose month (from 1) and day may be out of range.

    Of a date that both calendars have, the Gregorian is meant; of the ten days that neither has,
    the Julian.
    """
    gregorian = _number(year, month, day, is_gregorian=True)
    julian = _number(year, month, day, is_gregorian=False)
    if year < _CHANGE_YEAR:
        return julian
    return gregorian if gregorian >= _FIRST_GREGORIAN else julian


def date_of(number: int) -> tuple[int, int, int]:
    """Year, month and day of a Julian day number. A year before 1 is told as that many BC."""
    year, month, day = _date(number, is_gregorian=number >= _FIRST_GREGORIAN)
    return (year if year > 0 else 1 - year), month, day


def _number(year: int, month: int, day: int, *, is_gregorian: bool) -> int:
    years, month0 = divmod(month - 1, 12)
    year += years
    a = (14 - (month0 + 1)) // 12
    y = year + 4800 - a
    m = month0 + 1 + 12 * a - 3
    number = day + (153 * m + 2) // 5 + 365 * y + y // 4
    return number - y // 100 + y // 400 - 32045 if is_gregorian else number - 32083


def _date(number: int, *, is_gregorian: bool) -> tuple[int, int, int]:
    if is_gregorian:
        a = number + 32044
        b = (4 * a + 3) // 146097
        c = a - 146097 * b // 4
    else:
        b = 0
        c = number + 32082
    d = (4 * c + 3) // 1461
    e = c - 1461 * d // 4
    m = (5 * e + 2) // 153
    return 100 * b + d - 4800 + m // 10, m + 3 - 12 * (m // 10), e - (153 * m + 2) // 5 + 1


def _whole(number: float) -> int:
    """`(int)` of a floating point number."""
    if number != number:
        return 0
    return int(max(INT_MIN, min(INT_MAX, number)))
