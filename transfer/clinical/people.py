"""What all tables say of one patient, as far as ages, dates and timepoints go."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import Any, Final

from transfer.clinical.columns import Role
from transfer.clinical.mapping import ColumnMap, Unit, words_of
from transfer.clinical.units import as_days, as_years
from transfer.clinical.values import Order, written_date
from transfer.ledger.clinical import ClinicalColumn, clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping

DATE_RULE: Final = "REL-07"
_PAGE: Final = 2000
_ROWS_OF_ONE: Final = 10_000


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a patient, its values as they can be read; None where they cannot."""

    row: int
    study_uid: str = field(repr=False)
    imaging: dt.date | None
    relative_day: int | None
    age: float | None
    episode: str
    timepoint: str

    @property
    def key(self) -> str:
        return f"R{self.row}"


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as the tables tell."""

    patient: int
    age_at_diagnosis: float | None
    diagnosis: dt.date | None
    rows: tuple[TableRow, ...]
    population: str = ""

    @property
    def baseline(self) -> tuple[dt.date | None, str]:
        """The date of day 0, and how it is known: the diagnosis, or a row of day 0."""
        if self.diagnosis is not None:
            return self.diagnosis, "diagnosis"
        for row in self.rows:
            if row.relative_day == 0 and row.imaging is not None:
                return row.imaging, "day 0"
        return None, ""

    def row_of(self, study_uid: str, day: dt.date | None, *, is_only: bool) -> TableRow | None:
        """The row about one study: by its UID, by its day, or because there is one of each."""
        for row in self.rows:
            if row.study_uid and row.study_uid == study_uid:
                return row
        on_day = [r for r in self.rows if day is not None and r.imaging == day]
        if len(on_day) == 1:
            return on_day[0]
        return self.rows[0] if is_only and len(self.rows) == 1 else None


class TableColumns:
    """Where the columns of one table are, how its dates are read, and in what it counts."""

    def __init__(
        self,
        columns: list[ClinicalColumn],
        said: Order | None,
        words: Mapping[int, ColumnMap] = MappingProxyType({}),
    ) -> None:
        self.width = len(columns)
        self._unit = {place: word.unit for place, word in words.items()}
        self._place = {Role(c.role): c.place for c in reversed(columns) if c.role}
        self._order = {
            c.place: Order(c.date_order) if c.date_order in list(Order) else said for c in columns
        }

    @classmethod
    def of(cls, ledger: Ledger, file: int, key: str) -> TableColumns:
        found = ledger.row(
            "SELECT value FROM settled WHERE rule = ? AND key = ? AND standing = 'answered'",
            DATE_RULE,
            key,
        )
        said = Order(found[0]) if found and found[0] in list(Order) else None
        columns = clinical_columns(ledger, file)
        return cls(columns, said, words_of(read_mapping(ledger), [c.heading for c in columns]))

    def order(self, place: int) -> Order | None:
        return self._order.get(place)

    def has(self, role: Role) -> bool:
        return role in self._place

    def place(self, role: Role) -> int | None:
        return self._place.get(role)

    def text(self, cells: list[str], role: Role) -> str:
        place = self._place.get(role)
        return "" if place is None or place >= len(cells) else cells[place].strip()

    def unit(self, role: Role) -> Unit | None:
        """In what a person said that it is counted."""
        place = self._place.get(role)
        return None if place is None else self._unit.get(place)

    def years(self, cells: list[str], role: Role) -> float | None:
        """An age that somebody can have (AGE-03), in years as it leaves."""
        unit = self.unit(role)
        years = as_years(self.text(cells, role), unit)
        if years is None or not 0 <= years <= 120:
            return None
        return years if unit is None else round(years, 1)

    def days(self, cells: list[str], role: Role) -> int | None:
        """A relative day."""
        return as_days(self.text(cells, role), self.unit(role))

    def date(self, cells: list[str], role: Role) -> dt.date | None:
        place = self._place.get(role)
        if place is None or place >= len(cells):
            return None
        return written_date(cells[place], self.order(place)).date


def table_columns(ledger: Ledger) -> dict[int, TableColumns]:
    """The columns of every table, by the table's row."""
    return {f.row: TableColumns.of(ledger, f.row, f.key) for f in clinical_files(ledger)}


def people(ledger: Ledger) -> Iterator[Person]:
    """Every patient who is linked to a row that has a value for each heading, by patient row."""
    columns = table_columns(ledger)
    for patient, rows in groupby(_linked(ledger), key=lambda row: int(row[0])):
        person = person_of(
            patient, ((row, columns[file], json.loads(cells)) for _, row, file, cells in rows)
        )
        if person.rows:
            yield person


def person_of(patient: int, rows: Iterable[tuple[int, TableColumns, list[str]]]) -> Person:
    """A patient by his rows: the number of each, how its table is read, and its cells."""
    age: float | None = None
    diagnosis: dt.date | None = None
    population = ""
    kept: list[TableRow] = []
    for row, of, cells in rows:
        if len(kept) >= _ROWS_OF_ONE or len(cells) != of.width:
            continue
        if age is None:
            age = of.years(cells, Role.AGE_AT_DIAGNOSIS)
        population = population or of.text(cells, Role.POPULATION)
        if diagnosis is None:
            diagnosis = of.date(cells, Role.DIAGNOSIS_DATE)
        kept.append(
            TableRow(
                row,
                of.text(cells, Role.STUDY),
                of.date(cells, Role.IMAGING_DATE),
                of.days(cells, Role.RELATIVE_DAY),
                of.years(cells, Role.AGE),
                of.text(cells, Role.EPISODE),
                of.text(cells, Role.TIMEPOINT),
            )
        )
    return Person(patient, age, diagnosis, tuple(kept), population)


def _linked(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    patient = row = 0
    while page := ledger.rows(
        "SELECT patient_id, id, file_id, cells FROM clinical_row WHERE patient_id IS NOT NULL"
        " AND (patient_id, id) > (?, ?) ORDER BY patient_id, id LIMIT ?",
        patient,
        row,
        _PAGE,
    ):
        yield from page
        patient, row = page[-1][:2]
