"""What becomes of one cell. A pure function of the row as it was read, and of whose it is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from transfer.clinical.columns import Role
from transfer.clinical.mapping import Mapping, Unit
from transfer.clinical.outgoing.columns import How, OutgoingColumn
from transfer.clinical.outgoing.dates import day_in
from transfer.clinical.people import TableColumns
from transfer.clinical.terms import meaning
from transfer.clinical.units import AGES, written_days, written_years
from transfer.clinical.values import Order, number

TOP_AGE_YEARS: Final = 90
"""What stands for every age above 89 where a person said so (AGE-04)."""
_COMMA: Final = re.compile(r"[-+]?\d{1,12},\d{1,12}")


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
            return _termed(place, column.role, mapping)
    return lambda row, _: row.text(place)


def _dated(how: How, place: int, order: Order | None) -> Maker:
    def whole_date(row: Source, _: Whose) -> str:
        day = day_in(row.text(place), order)
        return day.isoformat() if day else ""

    def month(row: Source, _: Whose) -> str:
        day = day_in(row.text(place), order)
        return day.replace(day=1).isoformat() if day else ""

    def relative(row: Source, whose: Whose) -> str:
        day = day_in(row.text(place), order)
        return "" if day is None or whose.baseline is None else str((day - whose.baseline).days)

    return {How.DATE: whole_date, How.MONTH: month}.get(how, relative)


def _numbered(column: OutgoingColumn, unit: Unit | None) -> Maker:
    place = column.place
    if column.role is Role.RELATIVE_DAY:
        return lambda row, _: written_days(with_point(row.text(place)), unit)
    if column.role not in AGES:
        return lambda row, _: with_point(row.text(place))

    def age(row: Source, whose: Whose) -> str:
        text = written_years(with_point(row.text(place)), unit)
        years = number(text) if whose.is_capped else None
        return text if years is None or years < TOP_AGE_YEARS else str(TOP_AGE_YEARS)

    return age


def _termed(place: int, role: Role, mapping: Mapping) -> Maker:
    terms = mapping.terms_of(role)

    @lru_cache(1024)
    def term(text: str) -> str:
        return meaning(terms, role, text) or text

    return lambda row, _: term(row.text(place))


def with_point(text: str) -> str:
    """A number with a full stop as its decimal sign; any other text as it is."""
    stripped = text.strip()
    return stripped.replace(",", ".") if _COMMA.fullmatch(stripped) else text
