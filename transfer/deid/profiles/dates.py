"""Dates without their day.

Every form that is surely a date keeps year and month; a range, a text or an impossible month is
no date, and nothing of it stays. A date-time keeps its time and its offset from UTC.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_MONTH: Final = rb"(0[1-9]|1[0-2])"
# DA as PS3.5 section 6.2 has it, as ACR-NEMA had it (dots), and with the dashes of ISO 8601. A
# month without a day is taken too: the day that is put there says nothing.
_DATE: Final = re.compile(rb"([1-9]\d{3})([-.]?)" + _MONTH + rb"(?:\2\d{2})?")
_DATE_TIME: Final = re.compile(
    rb"([1-9]\d{3})(-?)" + _MONTH + rb"(?:\2\d{2}"
    rb"(?:[ T]?(\d{2})(?::?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?)?)?)?"
    rb"(?: ?([+-](?:0\d|1[0-4])):?(00|15|30|45)|Z)?"
)
_YEAR_ALONE: Final = re.compile(rb"[1-9]\d{3}")
_BLANKS: Final = b" \0"
_LONGEST_BYTES: Final = 40  # more than any form above takes, so that a longer one is none of them
_LONGEST_VALUE_BYTES: Final = 64 * 1024


def first_of_month(value: bytes, *, has_time: bool) -> bytes:
    """A raw value of VR DA, or DT (`has_time`), with day 01; empty where it is no date.

    Several values are treated one by one.
    """
    if len(value) > _LONGEST_VALUE_BYTES:
        return b""
    treat = _date_time if has_time else _date
    parts = [treat(part.strip(_BLANKS)[:_LONGEST_BYTES]) for part in value.split(b"\\")]
    return b"\\".join(parts) if any(parts) else b""


@lru_cache(maxsize=4096)
def _date(part: bytes) -> bytes:
    found = _DATE.fullmatch(part)
    return b"%s%s01" % (found[1], found[3]) if found else b""


@lru_cache(maxsize=4096)
def _date_time(part: bytes) -> bytes:
    if _YEAR_ALONE.fullmatch(part):
        return part
    found = _DATE_TIME.fullmatch(part)
    if not found:
        return b""
    year, _, month, hour, minute, second, fraction, zone, zone_minutes = found.groups()
    time = (hour or b"") + (minute or b"") + (second or b"")
    if fraction:
        time += b"." + fraction
    offset = zone + zone_minutes if zone else b""
    return year + month + b"01" + time + offset
