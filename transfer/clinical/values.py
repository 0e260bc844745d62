"""Dates, ages and numbers as tables write them; and the form of a value, which may be told."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from transfer.quality.attributes import is_empty

DAYS_OF_A_YEAR: Final = 365.25
_LONGEST: Final = 40

_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?")
_YEAR_FIRST: Final = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?: \d{1,2}:\d{2}.*)?")
_MONTH_NAMED: Final = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3})[a-z]*[- ](\d{4})")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun",
                  "jul", "aug", "sep", "oct", "nov", "dec")  # fmt: skip
_NUMBER: Final = re.compile(r"[-+]?\d{1,12}(?:[.,]\d{1,12})?")
_WHOLE: Final = re.compile(r"[-+]?\d{1,9}")


class Order(StrEnum):
    """What stands first in a date whose year comes last."""

    DAY = "day-first"
    MONTH = "month-first"


class Written(NamedTuple):
    """A value that may be a date. `date` is None where it is none, or while it `is_open` which
    order is meant; `is_iso` where it is written as EUCAIM asks."""

    date: dt.date | None
    is_iso: bool = False
    is_open: bool = False


NO_DATE: Final = Written(None)


def written_date(text: str, order: Order | None = None) -> Written:
    """Read one date. Without an `order`, day and month are told apart only where one of them
    is above 12, both are equal, or dots separate them."""
    return _written_date(text.strip()[:_LONGEST], order)


@lru_cache(maxsize=65_536)
def _written_date(text: str, order: Order | None) -> Written:
    # Patients of one cohort share their days, and each is looked at by several rules.
    for pattern, is_iso in ((_ISO, True), (_YEAR_FIRST, False), (_COMPACT, False)):
        if found := pattern.fullmatch(text):
            year, month, day = map(int, found.groups()[:3])
            return Written(_date(year, month, day), is_iso and len(text) >= 10)
    if found := _YEAR_LAST.fullmatch(text):
        first, sign, second, last_year = found.groups()
        return _year_last(int(first), sign, int(second), int(last_year), order)
    if (found := _MONTH_NAMED.fullmatch(text)) and found[2].lower() in _MONTHS:
        return Written(_date(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1])))
    return NO_DATE


def _year_last(first: int, sign: str, second: int, year: int, order: Order | None) -> Written:
    if order is None:
        if sign == "." or first > 12 or first == second:
            order = Order.DAY
        elif second > 12:
            order = Order.MONTH
        else:
            return Written(None, is_open=True)
    day, month = (first, second) if order is Order.DAY else (second, first)
    return Written(_date(year, month, day))


def order_of(text: str) -> Order | None:
    """Which order a date proves by itself."""
    found = _YEAR_LAST.fullmatch(text.strip()[:_LONGEST])
    if not found:
        return None
    first, second = int(found[1]), int(found[3])
    if first > 12 >= second:
        return Order.DAY
    return Order.MONTH if second > 12 >= first else None


@dataclass(slots=True)
class DateOrder:
    """What the dates of one column prove about their order, as they are seen one by one."""

    proofs: set[Order] = field(default_factory=set)
    is_open: bool = False

    def see(self, text: str) -> None:
        """Look at one more value."""
        if proof := order_of(text):
            self.proofs.add(proof)
        elif not self.is_open and written_date(text).is_open:
            self.is_open = True

    @property
    def proven(self) -> str:
        """An `Order`, `mixed` where there is proof of both, `open` where there should be one."""
        if len(self.proofs) > 1:
            return "mixed"
        if self.proofs:
            return next(iter(self.proofs)).value
        return "open" if self.is_open else ""


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def number(text: str) -> float | None:
    """A number, its decimal sign a full stop or a comma; None where it is none."""
    text = text.strip()[:_LONGEST]
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def whole(text: str) -> int | None:
    """A whole number, a negative one too; `12.0` is one as well."""
    text = text.strip()[:_LONGEST]
    head, _, tail = text.partition(".")
    return int(head) if _WHOLE.fullmatch(head) and not tail.strip("0") else None


def dicom_age_years(text: str) -> float | None:
    """Years of a value of VR AS (PS3.5, 6.2): `nnnD`, `nnnW`, `nnnM` or `nnnY`."""
    if len(text) != 4 or not (text[:3].isascii() and text[:3].isdecimal()):
        return None
    unit = {"D": 1.0, "W": 7.0, "M": DAYS_OF_A_YEAR / 12, "Y": DAYS_OF_A_YEAR}.get(text[3])
    return None if unit is None else int(text[:3]) * unit / DAYS_OF_A_YEAR


def form_of(text: str) -> str:
    """How a value is written, without the value: what a message may tell."""
    text = text.strip()
    if is_empty(text):
        return "empty"
    if len(text) > _LONGEST:
        return f"a text of {len(text):,} characters"
    shape = "".join("d" if c.isdecimal() else "a" if c.isalpha() else c for c in text)
    if re.fullmatch(r"(?:d{4}([-/.])d{1,2}\1d{1,2}|d{1,2}([-/.])d{1,2}\2d{2,4})", shape):
        # The sign only; the digits would be the value.
        return f"date-like, with {shape.strip('d')[0]}"
    if re.fullmatch(r"[-+]?d+", shape):
        return "a whole number"
    if re.fullmatch(r"[-+]?d+[.,]d+", shape):
        return "a decimal number"
    if "d" in shape and "a" in shape:
        return "letters and digits"
    return "letters" if "a" in shape else "digits and signs" if "d" in shape else "signs"
