"""Dates as headers have them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

_EIGHT_DIGITS: Final = re.compile(r"[0-9]{8}")


def day_of(text: str) -> dt.date | None:
    """A date of the form YYYYMMDD (PS3.5 section 6.2, DA); None where it is none."""
    if not _EIGHT_DIGITS.fullmatch(text):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
