"""The judge of relative days: whether they are whole, count from one day, agree with the dates of
the studies, and are there where dates are not (REL-01 to REL-03, REL-05, REL-06)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.derive import altered_studies
from transfer.clinical.people import Person, person_of
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.clinical.units import UnitDoubt, as_days
from transfer.clinical.values import form_of
from transfer.dates import day_of
from transfer.quality.cells import Cell
from transfer.quality.rule import Found, Level, Severity
from transfer.quality.rules.rowed import Said, Tables, allowed
from transfer.sentences import count

_FITTING_DAYS: Final = 999.99
"""Five digits, two after the point: how the ETL keeps an offset from the diagnosis."""
_HELD: Final = 1001
_SEVERAL: Final = 10
"""Decimal values from which on it is the column that is at fault, not a row."""


@dataclass(slots=True)
class _Offsets:
    """Offsets that do not fit, and one of them."""

    n: int = 0
    example: str = ""

    def see(self, days: float, key: str) -> None:
        if abs(days) > _FITTING_DAYS:
            self.n += 1
            self.example = self.example or key


@dataclass(slots=True)
class RelativeDays:
    """The judge of these rules. Findings on patients and studies are about those that go."""

    tables: Tables
    _altered: frozenset[int] = field(init=False)
    _has_baseline: bool = field(init=False)
    _doubts: dict[int, UnitDoubt] = field(default_factory=dict)
    _broken: dict[int, list[Found]] = field(default_factory=dict)
    _offsets: _Offsets = field(default_factory=_Offsets)
    _without_baseline: int = 0

    def __post_init__(self) -> None:
        self._altered = altered_studies(self.tables.ledger)
        self._has_baseline = any(map(self.tables.has, (Role.DIAGNOSIS_DATE, Role.RELATIVE_DAY)))

    def see(self, subject: Subject) -> Iterable[Said]:
        if self.tables.has(Role.RELATIVE_DAY):
            for row in subject.rows:
                self._whole(row)
            if not subject.is_rest:
                yield from self._one_baseline(subject.rows)
        if subject.patient is not None and not subject.is_rest:
            yield from self._of_patient(subject.patient, subject)

    def _whole(self, row: SubjectRow) -> None:
        text = self.tables.text(row, Role.RELATIVE_DAY)
        if not text:
            return
        facts = self.tables.by_file[row.file]
        place = facts.places[Role.RELATIVE_DAY]
        self._doubts.setdefault(row.file, UnitDoubt(Role.RELATIVE_DAY)).see(text)
        days = as_days(text, facts.units.get(place))
        if days is not None:
            self._offsets.see(days, row.key)
            return
        form = form_of(text)
        held = self._broken.setdefault(row.file, [])
        if len(held) < _HELD or self.tables.now.names_all:
            held.append(
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.BLOCK,
                    f"Relative day in row {row.row}, {facts.told(place)}, is not a whole number"
                    f" ({form}).",
                    cells=(self.tables.cell(row, Role.RELATIVE_DAY, form),),
                )
            )

    def _one_baseline(self, rows: list[SubjectRow]) -> Iterator[Said]:
        """Day 0 of a patient is one day, in all rows and all tables."""
        first: tuple[dt.date, SubjectRow] | None = None
        for row in rows:
            text = self.tables.text(row, Role.RELATIVE_DAY)
            facts = self.tables.by_file[row.file]
            date = facts.date(row, Role.IMAGING_DATE) if text else None
            if date is None:
                continue
            days = as_days(text, facts.units.get(facts.places[Role.RELATIVE_DAY]))
            baseline = None if days is None else _before(date, days)
            if baseline is None:
                continue
            if first is None:
                first = baseline, row
            elif first[0] != baseline:
                apart = count(abs((baseline - first[0]).days), "day")
                yield (
                    "REL-02",
                    Found(
                        row.key,
                        Level.TABLE,
                        Severity.BLOCK,
                        f"Relative days in rows {first[1].row} and {row.row} of one patient count"
                        f" from days that are {apart} apart.",
                        "Count all from the same day; the row of that day has 0.",
                        example=first[1].key,
                        cells=(self.tables.cell(row, Role.RELATIVE_DAY, form_of(text)),),
                    ),
                )
                return

    def _of_patient(self, patient: int, subject: Subject) -> Iterator[Said]:
        person: Person | None = None
        lacking: list[tuple[int, str]] = []
        for study, date, uid in subject.studies:
            known = self._days(study)
            if known is None:
                lacking.append((study, date))
                continue
            if known[1] == "table":
                continue
            self._offsets.see(known[0], f"S{study}")
            if self.tables.has(Role.RELATIVE_DAY):
                person = person or self._person(patient, subject.rows)
                yield from self._interval(
                    person, study, date, uid, known[0], is_only=len(subject.studies) == 1
                )
        if lacking:
            yield from self._lacking(patient, lacking)

    def _person(self, patient: int, rows: list[SubjectRow]) -> Person:
        read = ((row.row, self.tables.by_file[row.file].read, row.cells) for row in rows)
        return person_of(patient, read)

    def _days(self, study: int) -> tuple[int, str] | None:
        found = self.tables.ledger.row(
            "SELECT days, source FROM study_day WHERE study_id = ?", study
        )
        return (int(found[0]), str(found[1])) if found else None

    def _interval(
        self, person: Person, study: int, date: str, uid: str, computed: int, *, is_only: bool
    ) -> Iterator[Said]:
        given = person.row_of(uid, day_of(date), is_only=is_only)
        if given is None or given.relative_day is None:
            return
        apart = abs(computed - given.relative_day)
        if apart:
            yield (
                "REL-03",
                Found(
                    f"S{study}",
                    Level.STUDY,
                    Severity.BLOCK,
                    f"The relative day in row {given.row} differs by {count(apart, 'day')} from"
                    f" the dates of study S{study}.",
                    example=given.key,
                ),
            )

    def _lacking(self, patient: int, lacking: list[tuple[int, str]]) -> Iterator[Said]:
        """Studies without a relative day: REL-01 where their own date tells nothing, REL-05 where
        it does and will be coarsened."""
        dateless = [s for s, date in lacking if s in self._altered or day_of(date) is None]
        others = [s for s, _ in lacking if s not in dateless]
        if dateless:
            yield (
                "REL-01",
                Found(
                    f"P{patient}",
                    Level.PATIENT,
                    Severity.BLOCK,
                    f"Dates of {count(len(dateless), 'study', 'studies')} of patient P{patient} are"
                    " missing or were altered, and no relative days exist.",
                    n=len(dateless),
                    example=f"S{dateless[0]}",
                ),
            )
        if others and self.tables.now.is_by_profile and not self._has_baseline:
            self._without_baseline += 1
        elif others and self.tables.now.is_by_profile:
            yield (
                "REL-05",
                Found(
                    f"P{patient}",
                    Level.PATIENT,
                    Severity.BLOCK,
                    f"This profile coarsens dates, and no relative days are known for"
                    f" {count(len(others), 'study', 'studies')} of patient P{patient}.",
                    n=len(others),
                    example=f"S{others[0]}",
                ),
            )

    def end(self) -> Iterable[Said]:
        for file, broken in self._broken.items():
            doubt = self._doubts[file]
            if doubt.odd >= _SEVERAL and doubt.units and self._are_numbers(broken):
                yield "REL-02", self._another_unit(file, len(broken))
            else:
                yield from (("REL-02", found) for found in broken)
        if self._without_baseline:
            yield (
                "REL-05",
                Found(
                    "all",
                    Level.DATASET,
                    Severity.BLOCK,
                    "This profile coarsens dates, and the clinical table has neither a diagnosis"
                    " date nor relative days.",
                    n=self._without_baseline,
                ),
            )
        if self._offsets.n:
            yield (
                "REL-06",
                Found(
                    "all",
                    Level.DATASET,
                    Severity.WARN,
                    f"{count(self._offsets.n, 'offset')} of more than {int(_FITTING_DAYS)} days"
                    " will not fit the ETL: use months there.",
                    n=self._offsets.n,
                    example=self._offsets.example,
                ),
            )

    def _are_numbers(self, broken: list[Found]) -> bool:
        return all(cell.form == "a decimal number" for found in broken for cell in found.cells)

    def _another_unit(self, file: int, n: int) -> Found:
        facts = self.tables.by_file[file]
        place = facts.places[Role.RELATIVE_DAY]
        return Found(
            facts.file.key,
            Level.TABLE,
            Severity.BLOCK,
            f"Relative days in {facts.told(place)} have decimals: they seem to be counted in weeks,"
            " months or years.",
            "Give whole days in the table, or the dates themselves.",
            n,
            cells=(Cell(place, "a decimal number", allowed(Role.RELATIVE_DAY)),),
        )


def _before(date: dt.date, days: int) -> dt.date | None:
    try:
        return date - dt.timedelta(days=days)
    except OverflowError:
        return None
