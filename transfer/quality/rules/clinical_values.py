"""Whether clinical values agree with each other and with the images (EUCAIM's requirements,
sections 4 and 5: CLP-20 to CLP-24, CLP-90, CLN-10)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.columns import Role
from transfer.clinical.population import MinimumSet
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.clinical.terms import meaning
from transfer.clinical.values import form_of
from transfer.ledger.pictured import Pictures
from transfer.quality.attributes import BODY_PART, PATIENT_SEX
from transfer.quality.organs import contradicts
from transfer.quality.rule import Dimension, Found, Level, Rule, Severity
from transfer.quality.rules.clinical_sets import is_no_treatment
from transfer.quality.rules.rowed import RowRule, Said, Tables
from transfer.sentences import count

_IN_ORDER: Final = (
    Role.BIRTH_DATE,
    Role.DETECTION_DATE,
    Role.DIAGNOSIS_DATE,
    Role.TREATMENT_DATE,
)
_OF_CANCER: Final = (
    Role.DETECTION_DATE,
    Role.DIAGNOSIS_DATE,
    Role.AGE_AT_DIAGNOSIS,
    Role.CONFIRMATION,
    Role.PATHOLOGY,
    Role.TREATMENT,
    Role.TREATMENT_DATE,
)
_PAIRS: Final = {
    "CLP-21": (Role.TREATMENT, Role.TREATMENT_DATE),
    "CLP-22": (Role.PATHOLOGY, Role.CONFIRMATION),
}
_SEXES: Final = {"F": "Female", "M": "Male"}
_REASON: Final = 200


@dataclass(slots=True)
class _Halves:
    """Rows that have one of two attributes without the other."""

    found: Found
    n: int = 1


@dataclass(slots=True)
class ClinicalValues:
    """The judge of these rules."""

    tables: Tables
    _pictures: Pictures = field(init=False)
    _sex_terms: dict[str, str] = field(init=False)
    _organ_terms: dict[str, str] = field(init=False)
    _halves: dict[tuple[str, Role], _Halves] = field(default_factory=dict)
    _filled: dict[Role, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pictures = Pictures(self.tables.ledger)
        self._sex_terms = self.tables.mapping.terms_of(Role.SEX)
        self._organ_terms = self.tables.mapping.terms_of(Role.TOPOGRAPHY)
        self._filled = {said.role: 0 for said in self.tables.mapping.declared}

    def see(self, subject: Subject) -> Iterable[Said]:
        rows = subject.rows
        for role in self._filled:
            self._filled[role] += any(self.tables.text(row, role) for row in rows)
        yield from self._order(rows)
        kind = self._kind(rows)
        if kind is MinimumSet.NEGATIVE:
            yield from self._cancer(rows)
        elif not subject.is_rest:
            for rule, pair in _PAIRS.items():
                yield from self._pair(rule, rows, pair)
        if subject.patient is not None:
            yield from self._sex(subject.patient, rows)
            yield from self._organ(subject.patient, rows)

    def _kind(self, rows: list[SubjectRow]) -> MinimumSet | None:
        for row in rows:
            text = self.tables.text(row, Role.POPULATION)
            if text and (kind := self.tables.populations.set_of(text)) is not None:
                return kind
        return None

    def _dates(self, rows: list[SubjectRow], role: Role) -> Iterator[tuple[dt.date, SubjectRow]]:
        if self.tables.has(role):
            for row in rows:
                day = self.tables.by_file[row.file].date(row, role)
                if day is not None:
                    yield day, row

    def _order(self, rows: list[SubjectRow]) -> Iterator[Said]:
        """CLP-20: detection, diagnosis and treatment in this order, birth before all, and nothing
        still to come."""
        said: list[str] = []
        about: list[tuple[SubjectRow, Role]] = []
        severity = Severity.WARN
        known: list[tuple[Role, dt.date, SubjectRow]] = []
        for role in (*_IN_ORDER, Role.IMAGING_DATE):
            dates = list(self._dates(rows, role))
            if dates and role is not Role.IMAGING_DATE:
                known.append((role, *dates[0]))
            late = [row for day, row in dates if day > self.tables.now.today]
            if late:
                severity = Severity.BLOCK
                said.append(f"{ATTRIBUTES[role].title} lies in the future")
                about += [(row, role) for row in late]
        for (one, earlier, _), (other, later, row) in combinations(known, 2):
            if later < earlier:
                said.append(f"{ATTRIBUTES[other].title} is before {ATTRIBUTES[one].title}")
                about.append((row, other))
        if said:
            first = min((row for row, _ in about), key=lambda row: row.row)
            yield (
                "CLP-20",
                Found(
                    first.key,
                    Level.TABLE,
                    severity,
                    f"Row {first.row}: {'; '.join(said)}.",
                    n=len(said),
                    cells=tuple(
                        self.tables.cell(row, role, form_of(self.tables.text(row, role)))
                        for row, role in about
                        if row is first
                    ),
                ),
            )

    def _pair(self, rule: str, rows: list[SubjectRow], pair: tuple[Role, Role]) -> Iterator[Said]:
        """CLP-21 and CLP-22: one of two that belong together."""
        if not all(map(self.tables.has, pair)):
            return
        texts = [self._first(rows, role) for role in pair]
        if pair[0] is Role.TREATMENT and is_no_treatment(texts[0]):
            texts[0] = ""
            if not texts[1]:
                return
        if bool(texts[0]) == bool(texts[1]):
            return
        has, lacks = pair if texts[0] else (pair[1], pair[0])
        if self.tables.mapping.declares(lacks):
            return
        row = next(r for r in rows if self.tables.text(r, has))
        found = Found(
            row.key,
            Level.TABLE,
            Severity.WARN,
            f"Row {row.row} has {ATTRIBUTES[has].title} without {ATTRIBUTES[lacks].title}.",
        )
        if self.tables.now.names_all:
            yield rule, found
        elif (known := self._halves.get((rule, has))) is not None:
            known.n += 1
        else:
            self._halves[rule, has] = _Halves(found)

    def _first(self, rows: list[SubjectRow], role: Role) -> str:
        return next((text for row in rows if (text := self.tables.text(row, role))), "")

    def _cancer(self, rows: list[SubjectRow]) -> Iterator[Said]:
        """CLN-10: what only a patient with a lesion can have."""
        for row in rows:
            filled = [
                role
                for role in _OF_CANCER
                if (text := self.tables.text(row, role)) and not is_no_treatment(text)
            ]
            if filled:
                titles = ", ".join(ATTRIBUTES[role].title for role in filled)
                yield (
                    "CLN-10",
                    Found(
                        row.key,
                        Level.TABLE,
                        Severity.WARN,
                        f"Row {row.row} is of a screening or control group, and fields of cancer"
                        f" are filled: {titles}.",
                        n=len(filled),
                        cells=tuple(
                            self.tables.cell(row, role, form_of(self.tables.text(row, role)))
                            for role in filled
                        ),
                    ),
                )

    def _sex(self, patient: int, rows: list[SubjectRow]) -> Iterator[Said]:
        """CLP-23: only female against male is a contradiction."""
        if not self.tables.has(Role.SEX):
            return
        row = next((r for r in rows if self.tables.text(r, Role.SEX)), None)
        if row is None:
            return
        text = self.tables.text(row, Role.SEX)
        term = meaning(self._sex_terms, Role.SEX, text) or _SEXES.get(text.upper(), "")
        told = {_SEXES[sex] for sex in self._pictures.of(patient).sexes if sex in _SEXES}
        if term in _SEXES.values() and told and term not in told:
            yield (
                "CLP-23",
                Found(
                    row.key,
                    Level.TABLE,
                    Severity.WARN,
                    f"Row {row.row}, {self.tables.column(row, Role.SEX)}: the images of patient"
                    f" P{patient} say another sex.",
                    example=f"P{patient}",
                    cells=(self.tables.cell(row, Role.SEX, form_of(text)),),
                ),
            )

    def _organ(self, patient: int, rows: list[SubjectRow]) -> Iterator[Said]:
        """CLP-24: no image of the patient can show the organ."""
        if not self.tables.has(Role.TOPOGRAPHY):
            return
        filled = [r for r in rows if self.tables.text(r, Role.TOPOGRAPHY)]
        parts = self._pictures.of(patient).body_parts
        if not filled or not all(contradicts(self._organ_of(row), parts) for row in filled):
            return
        row = filled[0]
        form = form_of(self.tables.text(row, Role.TOPOGRAPHY))
        yield (
            "CLP-24",
            Found(
                row.key,
                Level.TABLE,
                Severity.WARN,
                f"Row {row.row}, {self.tables.column(row, Role.TOPOGRAPHY)}: by their body part no"
                f" images of patient P{patient} can show this organ.",
                example=f"P{patient}",
                cells=(self.tables.cell(row, Role.TOPOGRAPHY, form),),
            ),
        )

    def _organ_of(self, row: SubjectRow) -> str:
        text = self.tables.text(row, Role.TOPOGRAPHY)
        return meaning(self._organ_terms, Role.TOPOGRAPHY, text) or text

    def end(self) -> Iterable[Said]:
        for rule in _PAIRS:
            halves = [one for (of, _), one in self._halves.items() if of == rule]
            if halves:
                said = " ".join(
                    one.found.message
                    if one.n == 1
                    else f"{one.found.message[:-1]}, as {count(one.n - 1, 'other patient')} do."
                    for one in halves
                )
                first = halves[0].found
                yield (
                    rule,
                    Found(
                        first.key, Level.TABLE, Severity.WARN, said, n=sum(one.n for one in halves)
                    ),
                )
        if self._filled:
            yield "CLP-90", self._declared()

    def _declared(self) -> Found:
        said = []
        for one in self.tables.mapping.declared:
            word = f"{ATTRIBUTES[one.role].title} (by {_plain(one.person)}: {_plain(one.reason)}"
            if n := self._filled[one.role]:
                word += f"; {count(n, 'patient')} of the table have it all the same"
            said.append(f"{word})")
        return Found(
            "all",
            Level.DATASET,
            Severity.INFO,
            f"Declared not available in the source: {', '.join(said)}.",
            n=len(said),
        )


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:_REASON].strip()


def _agreeing(number: int, title: str, remedy: str) -> RowRule:
    return RowRule(
        id=f"CLP-{number}",
        title=title,
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy=remedy,
        judged_by=ClinicalValues,
    )


RULES: Final[tuple[Rule, ...]] = (
    RowRule(
        id="CLP-20",
        title="Order of dates: birth, detection, diagnosis, treatment",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Look which of the dates is wrong, and correct it in the table.",
        judged_by=ClinicalValues,
    ),
    _agreeing(21, "Treatment and its date", "Fill the other one, or empty both."),
    _agreeing(22, "Pathology and its method", "Fill the other one, or empty both."),
    RowRule(
        id="CLP-23",
        title="Table and images agree on the sex",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Look whether the row belongs to this patient, and correct the wrong one.",
        reads=(PATIENT_SEX,),
        judged_by=ClinicalValues,
    ),
    RowRule(
        id="CLP-24",
        title="Table and images agree on the organ",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Look whether the row belongs to this patient, and whether images are missing.",
        reads=(BODY_PART,),
        judged_by=ClinicalValues,
    ),
    RowRule(
        id="CLP-90",
        title="Declared not available in the source",
        dimension=Dimension.COMPLETE,
        severities=(Severity.INFO,),
        remedy="Nothing to do. It is taken back with: eucaim-transfer clinical NAME --withdraw",
        judged_by=ClinicalValues,
    ),
)
