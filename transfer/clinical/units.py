"""Ages and relative days that are counted in another unit than EUCAIM's: years, and whole days.

An age may be converted from any unit, for it is given to a tenth of a year. A relative day may not:
a month has no fixed number of days, and REL-03 compares to the day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.mapping import Unit
from transfer.clinical.values import DAYS_OF_A_YEAR, number, whole
from transfer.quality.attributes import is_empty

AGES: Final = (Role.AGE_AT_DIAGNOSIS, Role.AGE)
OWN_UNIT: Final[Mapping[Role, Unit]] = MappingProxyType(
    {Role.AGE_AT_DIAGNOSIS: Unit.YEARS, Role.AGE: Unit.YEARS, Role.RELATIVE_DAY: Unit.DAYS}
)
"""In what EUCAIM counts them."""
UNITS_OF: Final[Mapping[Role, tuple[Unit, ...]]] = MappingProxyType(
    {**dict.fromkeys(AGES, tuple(Unit)), Role.RELATIVE_DAY: (Unit.DAYS, Unit.WEEKS)}
)
"""Those that can be converted without a guess."""

_A_YEAR: Final = {
    Unit.YEARS: 1.0,
    Unit.MONTHS: 12.0,
    Unit.WEEKS: DAYS_OF_A_YEAR / 7,
    Unit.DAYS: DAYS_OF_A_YEAR,
}
_OTHERS: Final = (Unit.MONTHS, Unit.WEEKS, Unit.DAYS)
_OLDEST_YEARS: Final = 120
_FRACTIONS: Final = 0.1
_DAYS_OF_A_WEEK: Final = 7


def as_years(text: str, unit: Unit | None = None) -> float | None:
    """An age in years, not rounded; None where it is no number."""
    found = number(text)
    return None if found is None else found / _A_YEAR[unit or Unit.YEARS]


def as_days(text: str, unit: Unit | None = None) -> int | None:
    """Whole days; None where the text is no whole number, or the unit has no fixed length."""
    found = whole(text)
    if found is None or unit in (Unit.MONTHS, Unit.YEARS):
        return None
    return found * (_DAYS_OF_A_WEEK if unit is Unit.WEEKS else 1)


def written_years(text: str, unit: Unit | None = None) -> str:
    """An age as it leaves, with one decimal; the text itself while it is in years, empty where it
    cannot be read."""
    if unit in (None, Unit.YEARS):
        return text
    years = as_years(text, unit)
    return "" if years is None else f"{years:.1f}"


def written_days(text: str, unit: Unit | None = None) -> str:
    """A relative day as it leaves; the text itself while it is in days, empty where it cannot be
    read."""
    if unit in (None, Unit.DAYS):
        return text
    days = as_days(text, unit)
    return "" if days is None else str(days)


@dataclass(slots=True)
class UnitDoubt:
    """Whether the values of one column fit its own unit, as they are seen one by one."""

    role: Role
    seen: int = 0
    odd: int = 0
    fitting: Counter[Unit] = field(default_factory=Counter)

    def see(self, text: str) -> None:
        """Look at one more value."""
        found = None if is_empty(text) else number(text)
        if found is None:
            return
        self.seen += 1
        self.odd += found > _OLDEST_YEARS if self.role in AGES else found != int(found)
        self.fitting.update(u for u in _OTHERS if found <= _OLDEST_YEARS * _A_YEAR[u])

    @property
    def units(self) -> tuple[Unit, ...]:
        """Those in which the values would make sense; none where nothing is odd."""
        if self.role in AGES and self.odd * 2 > self.seen:
            # Nobody is older than 120: a unit that makes most of them so was not meant.
            return tuple(u for u in _OTHERS if self.fitting[u] * 2 > self.seen)
        if self.role is Role.RELATIVE_DAY and self.odd > _FRACTIONS * self.seen:
            return (Unit.WEEKS, Unit.MONTHS, Unit.YEARS)
        return ()


def suspicious_unit(role: Role, texts: Iterable[str]) -> tuple[Unit, ...]:
    """In which units a column of ages or of relative days may have been counted instead of its
    own; none where its own fits."""
    doubt = UnitDoubt(role)
    for text in texts:
        doubt.see(text)
    return doubt.units
