"""Whether EUCAIM's minimum attributes are there, for the rules of both sets.

What does not change from one timepoint to the next may stand in any one row of a patient, in any
table: EUCAIM recommends a row a timepoint, and says nothing of filling each of them anew. The date
and the age of an image are asked for in every row, since they are about that row's image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES, Attribute
from transfer.clinical.columns import Role
from transfer.clinical.population import RULES_OF_POPULATION, MinimumSet
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.clinical.terms import meaning
from transfer.clinical.units import as_years
from transfer.clinical.values import form_of
from transfer.quality.cells import WHOLE_ROW, Cell
from transfer.quality.rule import Choice, Found, Level, Severity
from transfer.quality.rules.rowed import Said, Tables, allowed
from transfer.sentences import count

POPULATION_CHOICES: Final = (
    Choice(MinimumSet.POSITIVE.value, "Patients with cancer or another lesion"),
    Choice(MinimumSet.NEGATIVE.value, "Persons of a screening or control group"),
)
_OF_EACH_ROW: Final = (Role.IMAGING_DATE, Role.AGE)
_OF_ANYBODY: Final = (Role.SEX, Role.TOPOGRAPHY)
"""What both sets ask for, so that it is asked for while it is not known which one applies."""
_CONSTANT_DATES: Final = (Role.DETECTION_DATE, Role.DIAGNOSIS_DATE, Role.TREATMENT_DATE)
_MOST_TERMS: Final = 100
_PAIRED: Final = frozenset(
    ("adrenal gland", "breast", "kidney", "lung", "ovary", "parotid gland", "testis")
)
"""Organs of which one has two, so that laterality is known as a rule."""
_NO_TREATMENT: Final = frozenset(("no treatment", "untreated", "not treated"))


def is_no_treatment(text: str) -> bool:
    """Whether a value says that there was none, so that no date of it can be given."""
    return text.strip().casefold() in _NO_TREATMENT


@dataclass(slots=True)
class _Term:
    """A value that is not on a list: the first row with it, and how many have it."""

    found: Found
    rows: int = 1


@dataclass(slots=True)
class MinimumSets:
    """The judge of CLP-01 to CLP-12 and CLN-01 to CLN-06."""

    tables: Tables
    _asked: dict[MinimumSet | None, list[Attribute]] = field(init=False)
    _lacking: dict[MinimumSet | None, int] = field(default_factory=dict)
    _terms: dict[tuple[str, str], _Term] = field(default_factory=dict)
    _is_overflowing: set[str] = field(default_factory=set)
    _answered: set[tuple[str, str]] = field(init=False)
    _unsaid: str = field(init=False)
    _unsided: int = 0
    _regionless: int = 0
    _side: Found | None = None

    def __post_init__(self) -> None:
        self._asked = {
            kind: [a for a in ATTRIBUTES.values() if self._is_asked(a, kind)]
            for kind in (*MinimumSet, None)
        }
        self._answered = {
            (str(rule), str(key))
            for rule, key in self.tables.ledger.rows(
                "SELECT rule, key FROM settled WHERE rule IN (?, ?)", *RULES_OF_POPULATION
            )
        }
        self._unsaid = RULES_OF_POPULATION[self._is_all_negative()]

    def _is_asked(self, attribute: Attribute, kind: MinimumSet | None) -> bool:
        if attribute.role in (Role.PATIENT, Role.POPULATION):
            return False
        if self.tables.mapping.declares(attribute.role) and attribute.is_declarable:
            return False
        return attribute.role in _OF_ANYBODY if kind is None else bool(_rule(attribute, kind))

    def _is_all_negative(self) -> bool:
        """Whether the rows of which the set is known are all of section 5."""
        kinds = set()
        for facts in self.tables.by_file.values():
            place = facts.places.get(Role.POPULATION)
            if place is not None:
                kinds |= {
                    self.tables.populations.set_of(str(text).strip())
                    for (text,) in self.tables.ledger.rows(
                        "SELECT DISTINCT ifnull(json_extract(cells, ?), '') FROM clinical_row"
                        " WHERE file_id = ? LIMIT ?",
                        f"$[{place}]",
                        facts.file.row,
                        _MOST_TERMS,
                    )
                }
        return kinds - {None} == {MinimumSet.NEGATIVE}

    def see(self, subject: Subject) -> Iterable[Said]:
        if subject.is_rest:
            return
        kind, said = self._population(subject.rows)
        yield from said
        if not subject.patient_id.strip():
            yield self._empty(subject.rows, ATTRIBUTES[Role.PATIENT], _rule_or(kind, Role.PATIENT))
        self._lacking[kind] = self._lacking.get(kind, 0) + 1
        for attribute in self._asked[kind]:
            if self.tables.has(attribute.role):
                yield from self._attribute(subject.rows, attribute, kind)
        yield from self._sex(subject.rows, kind)
        if len(subject.rows) > 1:
            yield from self._contradictions(subject.rows, kind)
        if kind is MinimumSet.POSITIVE:
            self._sides(subject.rows)

    def _population(self, rows: list[SubjectRow]) -> tuple[MinimumSet | None, list[Said]]:
        """The set of a subject, and what is wrong with how its rows say it."""
        if not self.tables.has(Role.POPULATION):
            return None, []
        kinds: dict[MinimumSet, SubjectRow] = {}
        said: list[Said] = []
        is_said = False
        for row in rows:
            text = self.tables.text(row, Role.POPULATION)
            if not text:
                continue
            is_said = True
            kind = self.tables.populations.set_of(text)
            if kind is not None:
                kinds.setdefault(kind, row)
            if kind is None or (self._answered and self._is_answered(row)):
                said += self._unknown_population(row, text)
        if len(kinds) > 1:
            one, other = sorted(kinds.values())
            attribute = ATTRIBUTES[Role.POPULATION]
            said.append(self._differ(one, other, attribute, RULES_OF_POPULATION[0]))
        if not is_said:
            said.append(self._empty(rows, ATTRIBUTES[Role.POPULATION], self._unsaid))
        return next(iter(kinds), None), said

    def _is_answered(self, row: SubjectRow) -> bool:
        return any((rule, row.key) in self._answered for rule in RULES_OF_POPULATION)

    def _unknown_population(self, row: SubjectRow, text: str) -> list[Said]:
        """A question once for each value; it keeps the rule under which it was answered."""
        rule = next(
            (rule for rule in RULES_OF_POPULATION if (rule, row.key) in self._answered),
            self._unsaid,
        )
        form = form_of(text)
        return self._collected(
            rule,
            text,
            Found(
                row.key,
                Level.TABLE,
                Severity.ASK,
                f"Row {row.row}, {self.tables.column(row, Role.POPULATION)}: the term ({form}) is"
                " not one that EUCAIM names. Which minimum set does it belong to?",
                "Answer positive or negative, or map it to one of EUCAIM's terms.",
                cells=(self.tables.cell(row, Role.POPULATION, form),),
            ),
        )

    def _collected(self, rule: str, value: str, found: Found) -> list[Said]:
        """Once for each value, with its number at the end; each row by itself where all are to be
        named, and where there are so many values that it is no list."""
        known = self._terms.get((rule, value))
        if self.tables.now.names_all:
            return [(rule, found)]
        if known is not None:
            known.rows += 1
        elif sum(1 for one, _ in self._terms if one == rule) < _MOST_TERMS:
            self._terms[rule, value] = _Term(found)
        elif rule not in self._is_overflowing:
            self._is_overflowing.add(rule)
            message = f"More than {_MOST_TERMS} values are not on the list: is it the right column?"
            return [(rule, replace(found, severity=Severity.BLOCK, message=message))]
        return []

    def _attribute(
        self, rows: list[SubjectRow], attribute: Attribute, kind: MinimumSet | None
    ) -> Iterator[Said]:
        role, rule = attribute.role, _rule_or(kind, attribute.role)
        if role in _OF_EACH_ROW:
            for row in rows:
                # Another table of the same patient may be about something else than images.
                if role in self.tables.by_file[row.file].places and not self.tables.text(row, role):
                    yield self._empty([row], attribute, rule)
            if not any(role in self.tables.by_file[row.file].places for row in rows):
                yield self._empty(rows, attribute, rule)
            return
        if any(self.tables.text(row, role) for row in rows):
            return
        if role is Role.TREATMENT_DATE and any(
            is_no_treatment(self.tables.text(row, Role.TREATMENT)) for row in rows
        ):
            return
        yield self._empty(rows, attribute, rule)

    def _empty(self, rows: list[SubjectRow], attribute: Attribute, rule: str) -> Said:
        role = attribute.role
        remedy = "Fill it."
        if attribute.is_declarable:
            remedy = "Fill it, or declare it not available for the dataset."
        row = next((r for r in rows if role in self.tables.by_file[r.file].places), None)
        if row is None:
            message = f"Row {rows[0].row}: no table gives {attribute.title} of this patient."
            cells = (Cell(WHOLE_ROW, "empty", allowed(role)),)
        else:
            more = f", and in {len(rows) - 1:,} more of the patient" if len(rows) > 1 else ""
            message = (
                f"Row {row.row}, {self.tables.column(row, role)}: {attribute.title} is empty{more}."
            )
            cells = (self.tables.cell(row, role, "empty"),)
        key = (row or rows[0]).key
        return rule, Found(key, Level.TABLE, Severity.BLOCK, message, remedy, cells=cells)

    def _sex(self, rows: list[SubjectRow], kind: MinimumSet | None) -> Iterator[Said]:
        terms = self.tables.mapping.terms_of(Role.SEX)
        for row in rows:
            text = self.tables.text(row, Role.SEX)
            if text and not meaning(terms, Role.SEX, text):
                form = form_of(text)
                yield from self._collected(
                    _rule_or(kind, Role.SEX),
                    text,
                    Found(
                        row.key,
                        Level.TABLE,
                        Severity.BLOCK,
                        f"Row {row.row}, {self.tables.column(row, Role.SEX)}: the value ({form}) is"
                        f" not one of {', '.join(allowed(Role.SEX))}.",
                        "Map it to one of these, or correct it in the table.",
                        cells=(self.tables.cell(row, Role.SEX, form),),
                    ),
                )

    def _contradictions(self, rows: list[SubjectRow], kind: MinimumSet | None) -> Iterator[Said]:
        """What is said once and for all of a patient, and differs between his rows."""
        terms = self.tables.mapping.terms_of(Role.SEX)

        def sex(row: SubjectRow) -> object:
            text = self.tables.text(row, Role.SEX)
            return meaning(terms, Role.SEX, text) or text.casefold() or None

        yield from self._agreeing(rows, Role.SEX, sex, _rule_or(kind, Role.SEX))
        if kind is not MinimumSet.NEGATIVE:
            for role in _CONSTANT_DATES:
                yield from self._agreeing(rows, role, self._date_of(role), _rule_or(None, role))
            age = self._age
            role = Role.AGE_AT_DIAGNOSIS
            yield from self._agreeing(rows, role, age, _rule_or(None, role))

    def _date_of(self, role: Role) -> Callable[[SubjectRow], object]:
        by_file = self.tables.by_file
        return lambda row: by_file[row.file].date(row, role)

    def _age(self, row: SubjectRow) -> object:
        facts = self.tables.by_file[row.file]
        place = facts.places.get(Role.AGE_AT_DIAGNOSIS)
        text = self.tables.text(row, Role.AGE_AT_DIAGNOSIS)
        return None if place is None else as_years(text, facts.units.get(place))

    def _agreeing(
        self,
        rows: list[SubjectRow],
        role: Role,
        value: Callable[[SubjectRow], object],
        rule: str,
    ) -> Iterator[Said]:
        first: SubjectRow | None = None
        for row in rows:
            said = value(row)
            if said is None:
                continue
            if first is None:
                first = row
            elif value(first) != said:
                yield self._differ(first, row, ATTRIBUTES[role], rule)
                return

    def _differ(self, one: SubjectRow, other: SubjectRow, attribute: Attribute, rule: str) -> Said:
        form = form_of(self.tables.text(other, attribute.role))
        return rule, Found(
            other.key,
            Level.TABLE,
            Severity.BLOCK,
            f"Rows {one.row} and {other.row} are of one patient and differ in"
            f" {self.tables.column(other, attribute.role)}: {attribute.title} is one.",
            "Correct the wrong one, or leave it empty there.",
            example=one.key,
            cells=(self.tables.cell(other, attribute.role, form),),
        )

    def _sides(self, rows: list[SubjectRow]) -> None:
        """Region and laterality are asked for where they are known (CLP-08)."""
        organ = next((t for row in rows if (t := self.tables.text(row, Role.TOPOGRAPHY))), "")
        if not organ:
            return
        lacks_region = not self.tables.has(Role.REGION)
        lacks_side = organ.casefold() in _PAIRED and not any(
            self.tables.text(row, Role.LATERALITY) for row in rows
        )
        self._regionless += lacks_region
        self._unsided += lacks_side
        if (lacks_region or lacks_side) and self._side is None:
            table = next(iter(self.tables.by_file.values()))
            self._side = Found(table.file.key, Level.TABLE, Severity.WARN, "", example=rows[0].key)

    def end(self) -> Iterable[Said]:
        for (rule, _), term in self._terms.items():
            found, more = term.found, term.rows - 1
            message = found.message
            if more:
                message = message.replace(",", f" and {more:,} more,", 1)
            yield rule, replace(found, message=message, n=term.rows)
        yield from self._columns()
        if self._side is not None:
            said = [
                f"no region, for {count(self._regionless, 'patient')}" if self._regionless else "",
                f"no laterality of a paired organ, for {count(self._unsided, 'patient')}"
                if self._unsided
                else "",
            ]
            yield (
                "CLP-08",
                replace(
                    self._side,
                    message=f"Topography has {'; '.join(one for one in said if one)}.",
                    remedy="Add them where the source knows them.",
                    n=max(self._regionless, self._unsided),
                ),
            )

    def _columns(self) -> Iterator[Said]:
        """Attributes that no table has a column for: one finding each for the dataset."""
        n = sum(self._lacking.values())
        if not n:
            return
        lacking: dict[str, tuple[Attribute, int]] = {}
        if not self.tables.has(Role.POPULATION):
            lacking["CLP-02"] = ATTRIBUTES[Role.POPULATION], n
        for kind, attributes in self._asked.items():
            for attribute in attributes:
                if self._lacking.get(kind) and not self.tables.has(attribute.role):
                    rule = _rule_or(kind, attribute.role)
                    known = lacking.get(rule, (attribute, 0))[1]
                    lacking[rule] = attribute, known + self._lacking[kind]
        for rule, (attribute, rows) in lacking.items():
            remedy = f"Add the column, or say which one it is: --map COLUMN={attribute.role}"
            if attribute.is_declarable:
                remedy += f". If the source does not hold it: --declare {attribute.role}"
            yield (
                rule,
                Found(
                    next(iter(self.tables.by_file.values())).file.key,
                    Level.TABLE,
                    Severity.BLOCK,
                    f"The clinical table has no column for {attribute.title}.",
                    f"{remedy}.",
                    rows,
                ),
            )


def _rule(attribute: Attribute, kind: MinimumSet) -> str:
    return attribute.positive if kind is MinimumSet.POSITIVE else attribute.negative


def _rule_or(kind: MinimumSet | None, role: Role) -> str:
    """The rule that asks for an attribute in this set; while that is not known, in the first."""
    attribute = ATTRIBUTES[role]
    return _rule(attribute, kind or MinimumSet.POSITIVE) or attribute.positive
