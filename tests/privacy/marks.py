"""Marks: values that stand nowhere but where they were planted, and say where that was.

A word begins with six letters that no language has side by side (four come by chance: a token of a
thousand random letters had them, about once in a thousand runs), a UID with an arc of its own, a
day lies in the nineteenth century, where no examination does; so one pass over any bytes finds all
of them, however many there are. Names in other scripts are few, and searched spelling by spelling.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, field
from typing import Final

STEM: Final = "Qxzjvq"
ARC: Final = "1.3.6.1.4.1.54321.77"
_LETTERS: Final = "bcdfghklmnprstvw"
_FIRST_DAY: Final = dt.date(1800, 1, 2)
_LAST_YEAR: Final = 1899


@dataclass
class Marks:
    """`where` says of each planted value in which place it stands; `charset` of each name that is
    not ASCII in which encoding it was written there."""

    where: dict[str, str] = field(default_factory=dict)
    charset: dict[str, str] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _days: itertools.count[int] = field(default_factory=itertools.count)

    def word(self, where: str) -> str:
        """Ten letters, the first one a capital."""
        number, letters = next(self._numbers), ""
        for _ in range(10 - len(STEM)):
            number, rest = divmod(number, len(_LETTERS))
            letters += _LETTERS[rest]
        return self._noted(f"{STEM}{letters}", where)

    def uid(self, where: str) -> str:
        """A well-formed UID."""
        return self._noted(f"{ARC}.{next(self._numbers)}.4711", where)

    def day(self, where: str) -> str:
        """A day as DICOM writes it; never the first of a month, which is what a profile leaves."""
        while True:
            day = _FIRST_DAY + dt.timedelta(days=next(self._days))
            assert day.year <= _LAST_YEAR, "more days were planted than a century has"
            if day.day != 1:
                return self._noted(f"{day:%Y%m%d}", where)

    def name(self, text: str, encoding: str, where: str) -> str:
        """A name in some script, which the caller sees to be unique."""
        self.charset[text] = encoding
        return self._noted(text, where)

    def _noted(self, value: str, where: str) -> str:
        assert value not in self.where, "a mark stands in one place"
        self.where[value] = where
        return value
