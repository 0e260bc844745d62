"""Rules on the values of clinical tables, all in one pass over the rows, patient by patient.

A rule alone could not afford a pass: of a million rows each one costs seconds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import Role
from transfer.clinical.mapping import Mapping, Unit
from transfer.clinical.people import TableColumns
from transfer.clinical.population import Populations
from transfer.clinical.subjects import Subject, SubjectRow, subjects
from transfer.clinical.terms import VOCABULARIES
from transfer.clinical.values import written_date
from transfer.ledger.clinical import ClinicalColumn, ClinicalFile
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.quality.attributes import BLANK
from transfer.quality.cells import Cell
from transfer.quality.rule import Circumstances, Found, Look, Rule
from transfer.quality.rules.tabled import NAMED_AT_MOST, linked_tables, told

_TERMS_NAMED: Final = 12
_ALLOWED: Final = {
    Form.DATE: ("a date, 2024-01-31",),
    Form.YEARS: ("years from 0 to 120 with one decimal, 45.5",),
    Form.DAYS: ("a whole number of days",),
    Form.NUMBER: ("a whole number from 1",),
    Form.IDENTIFIER: ("the Patient ID as in the images",),
    Form.TERM: ("a term",),
    Form.TEXT: ("a text",),
}


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table: its columns by attribute, and how each is read."""

    file: ClinicalFile
    columns: list[ClinicalColumn]
    read: TableColumns
    places: dict[Role, int]
    units: dict[int, Unit]
    left_out: frozenset[int]

    def told(self, place: int) -> str:
        """A column in a message."""
        return told(self.columns[place])

    def date(self, row: SubjectRow, role: Role) -> dt.date | None:
        """A date that can be read; a column that is left out has none."""
        place = self.places.get(role)
        if place is None or not row.cells[place]:
            return None
        return written_date(row.cells[place], self.read.order(place)).date


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that judges of rows share. Columns that a person leaves out hold no attribute."""

    ledger: Ledger
    now: Circumstances
    mapping: Mapping
    populations: Populations
    by_file: dict[int, TableFacts]
    roles: frozenset[Role]

    @classmethod
    def of(cls, ledger: Ledger, now: Circumstances) -> Tables:
        mapping = read_mapping(ledger)
        by_file = {
            file.row: _facts(ledger, file, columns, mapping)
            for file, columns in linked_tables(ledger)
        }
        roles = frozenset(role for facts in by_file.values() for role in facts.places)
        return cls(ledger, now, mapping, Populations(ledger), by_file, roles)

    def text(self, row: SubjectRow, role: Role) -> str:
        """The value of an attribute in a row, without blanks around it; empty where it means
        nothing (EUCAIM's rules, section 0), or where the table has no such column."""
        place = self.by_file[row.file].places.get(role)
        if place is None:
            return ""
        text = row.cells[place].strip()
        return "" if text.lower() in BLANK else text

    def has(self, role: Role) -> bool:
        """Whether any table has a column of it."""
        return role in self.roles

    def column(self, row: SubjectRow, role: Role) -> str:
        """Where a row has an attribute, in a message."""
        facts = self.by_file[row.file]
        return facts.told(facts.places[role])

    def cell(self, row: SubjectRow, role: Role, form: str) -> Cell:
        """The same for a finding."""
        return Cell(self.by_file[row.file].places[role], form, allowed(role))


def _facts(
    ledger: Ledger, file: ClinicalFile, columns: list[ClinicalColumn], mapping: Mapping
) -> TableFacts:
    said = {c.place: found for c in columns if (found := mapping.column(c.heading)) is not None}
    left_out = frozenset(place for place, one in said.items() if one.is_left_out)
    places = {Role(c.role): c.place for c in reversed(columns) if c.role}
    return TableFacts(
        file,
        columns,
        TableColumns.of(ledger, file.row, file.key),
        {role: place for role, place in places.items() if place not in left_out},
        {place: one.unit for place, one in said.items() if one.unit is not None},
        left_out,
    )


def allowed(role: Role) -> tuple[str, ...]:
    """What may stand in a column of this attribute, for people (TAB-08)."""
    vocabulary = VOCABULARIES.get(role)
    if vocabulary is None:
        return _ALLOWED[ATTRIBUTES[role].form]
    terms = tuple(term.text for term in vocabulary.terms[:_TERMS_NAMED])
    is_all = len(terms) == len(vocabulary.terms) and not vocabulary.is_open
    return terms if is_all else (*terms, "another agreed term")


Said = tuple[str, Found]
"""The ID of a rule and what it found."""


class RowJudge(Protocol):
    """Looks at one subject after the other; may serve several rules."""

    def see(self, subject: Subject) -> Iterable[Said]:
        """What these rows have."""

    def end(self) -> Iterable[Said]:
        """What all rows together have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule(Rule):
    """Judges the rows of clinical tables, patient by patient. Rules that share a judge are looked
    after in one go. `look` finds what is at fault beside the rows; its keys are others than theirs.
    """

    judged_by: Callable[[Tables], RowJudge]
    look: Look | None = None


def of_rows(
    ledger: Ledger, rules: Iterable[RowRule], now: Circumstances
) -> Iterator[tuple[Rule, Found]]:
    """What these rules find; of each the first findings one by one, all others as one, unless all
    are to be named."""
    tables = Tables.of(ledger, now)
    if not tables.by_file:
        return
    by_id = {rule.id: rule for rule in rules}
    judges = [make(tables) for make in dict.fromkeys(rule.judged_by for rule in by_id.values())]
    named: dict[str, set[str]] = {rule: set() for rule in by_id}
    rest: dict[str, Found] = {}
    for rule, found in _told(ledger, judges, tables):
        if now.names_all:
            yield by_id[rule], found
        elif found.key in named[rule]:
            # A rule says one thing of a row; the next look says what is left of it.
            continue
        elif len(named[rule]) < NAMED_AT_MOST:
            named[rule].add(found.key)
            yield by_id[rule], found
        elif rule in rest:
            rest[rule] = replace(rest[rule], n=rest[rule].n + found.n)
        else:
            rest[rule] = replace(found, message=f"There is more of this kind: {found.message}")
    yield from ((by_id[rule], found) for rule, found in rest.items())


def _told(ledger: Ledger, judges: list[RowJudge], tables: Tables) -> Iterator[Said]:
    for subject in subjects(ledger, tables.by_file):
        for judge in judges:
            yield from judge.see(subject)
    for judge in judges:
        yield from judge.end()
