"""What becomes of one cell. A pure function of the row as it was read, and of whose it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from transfer.clinical.columns import Role
from transfer.clinical.mapping import Mapping, Unit
from transfer.clinical.outgoing.columns import How, OutgoingColumn
from transfer.clinical.people import TableColumns
from transfer.clinical.values import DAYS_OF_A_YEAR, Order, number, whole, written_date

TOP_AGE_YEARS: Final = 90
"""What stands for every age above 89 where a person said so (AGE-04)."""
_AGES: Final = (Role.AGE, Role.AGE_AT_DIAGNOSIS)
_COMMA: Final = re.compile(r"[-+]?\d{1,12},\d{1,12}")
_PER_YEAR: Final = {
    Unit.DAYS: DAYS_OF_A_YEAR,
    Unit.WEEKS: DAYS_OF_A_YEAR / 7,
    Unit.MONTHS: 12.0,
    Unit.YEARS: 1.0,
}


@dataclass(frozen=True, slots=True)
class Whose:
    """The patient of a row: the name of the images, and what cells are made by. `studies` gives
    the Study Instance UID that leaves for an original one; None where the patient has no such."""

    patient_row: int
    pseudonym: str = field(repr=False)
    baseline: dt.date | None
    is_capped: bool
    studies: Callable[[str], str | None] = field(repr=False)


class Source(NamedTuple):
    """A row as it was read."""

    cells: Sequence[str]

    def text(self, place: int) -> str:
        return self.cells[place] if place < len(self.cells) else ""


Maker = Callable[[Source, Whose], str]


def maker_of(column: OutgoingColumn, columns: TableColumns, mapping: Mapping, source: str) -> Maker:
    """How the cells of a column are made; `source` is its heading as it was read."""
    place = column.place
    said = mapping.column(source)
    unit = said.unit if said is not None else None
    match column.how:
        case How.PATIENT:
            return lambda _, whose: whose.pseudonym
        case How.STUDY:
            return lambda row, whose: whose.studies(row.text(place).strip()) or ""
        case How.DATE | How.MONTH | How.RELATIVE:
            return _dated(column.how, place, columns.order(place))
        case How.NUMBER:
            return _numbered(column, unit)
        case How.TERM if column.role is not None:
            terms = mapping.terms_of(column.role)
            return lambda row, _: _term(row.text(place), terms)
    return lambda row, _: row.text(place)


def _dated(how: How, place: int, order: Order | None) -> Maker:
    def whole_date(row: Source, _: Whose) -> str:
        day = written_date(row.text(place), order).date
        return day.isoformat() if day else ""

    def month(row: Source, _: Whose) -> str:
        day = written_date(row.text(place), order).date
        return day.replace(day=1).isoformat() if day else ""

    def relative(row: Source, whose: Whose) -> str:
        day = written_date(row.text(place), order).date
        return "" if day is None or whose.baseline is None else str((day - whose.baseline).days)

    return {How.DATE: whole_date, How.MONTH: month}.get(how, relative)


def _numbered(column: OutgoingColumn, unit: Unit | None) -> Maker:
    place, is_age = column.place, column.role in _AGES
    if column.role is Role.RELATIVE_DAY and unit is Unit.WEEKS:
        return lambda row, _: _in_days(row.text(place))
    per_year = _PER_YEAR.get(unit or Unit.YEARS, 1.0)

    def made(row: Source, whose: Whose) -> str:
        text = with_point(row.text(place))
        if not is_age:
            return text
        years = number(text)
        if years is None:
            return text
        years /= per_year
        if whose.is_capped and years >= TOP_AGE_YEARS:
            return str(TOP_AGE_YEARS)
        return text if per_year == 1.0 else f"{years:.1f}"

    return made


def with_point(text: str) -> str:
    """A number with a full stop as its decimal sign; any other text as it is."""
    stripped = text.strip()
    return stripped.replace(",", ".") if _COMMA.fullmatch(stripped) else text


def _in_days(weeks: str) -> str:
    found = whole(weeks)
    return weeks if found is None else str(7 * found)


def _term(text: str, terms: dict[str, str]) -> str:
    return terms.get(text.strip(), text)
