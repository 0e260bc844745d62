"""Age at each study (EUCAIM's requirements, section 3)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.mapping import Unit
from transfer.clinical.subjects import Subject, SubjectRow
from transfer.clinical.units import AGES, UnitDoubt, as_years
from transfer.clinical.values import dicom_age_years, form_of
from transfer.ledger.ages import said_of_studies
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.ledger.timepoints import STUDY_GOES
from transfer.quality.attributes import PATIENT_AGE, is_empty
from transfer.quality.cells import Cell
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    LedgerRule,
    Level,
    Rule,
    Severity,
)
from transfer.quality.rules.rowed import RowRule, Said, Tables, allowed
from transfer.quality.rules.tabled import linked_tables
from transfer.sentences import count

_OLDEST_YEARS: Final = 120
_TOP_CLASS_YEARS: Final = 90
_PAGE: Final = 2000
_HELD: Final = 1001
CAP: Final = "cap"
AGE_UNIT_RULE: Final = "AGE-06"


def _header_years(texts: list[str]) -> float | None:
    """What most headers of a study say, in years."""
    return next((y for text in texts if (y := dicom_age_years(text)) is not None), None)


def _missing(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for study, said in said_of_studies(ledger, PATIENT_AGE):
        if _header_years([one.text for one in said]) is not None or _table_years(ledger, study):
            continue
        how = (
            "is missing"
            if all(is_empty(one.text) for one in said)
            else "is not three digits and D, W, M or Y"
        )
        yield Found(
            f"S{study}",
            Level.STUDY,
            Severity.BLOCK,
            f"No age for study S{study}: {PATIENT_AGE.shown} {how}, and no table lets it be"
            " computed.",
            example=f"I{said[0].example}",
        )


def _table_years(ledger: Ledger, study: int) -> float | None:
    found = ledger.row("SELECT years FROM study_age WHERE study_id = ? AND source = 'table'", study)
    return float(found[0]) if found else None


def _different(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not ledger.number("SELECT EXISTS (SELECT 1 FROM study_age WHERE source = 'table')"):
        return
    for study, said in said_of_studies(ledger, PATIENT_AGE, of_source=True):
        header = _header_years([one.text for one in said])
        if header is None:
            continue
        table = _table_years(ledger, study)
        # Headers give completed years: 61 of somebody who is 61.9.
        if table is not None and abs(header - table) > 1.0:
            yield Found(
                f"S{study}",
                Level.STUDY,
                Severity.WARN,
                f"Age in the header and age by the table differ by more than a year for study"
                f" S{study}.",
                example=f"I{said[0].example}",
            )


@dataclass(slots=True)
class TableAges:
    """The judge of AGE-03: of each row the first column that has a fault speaks."""

    tables: Tables
    _doubts: dict[tuple[int, int], UnitDoubt] = field(default_factory=dict)
    _odd: dict[tuple[int, int], list[Found]] = field(default_factory=dict)
    _whole: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def see(self, subject: Subject) -> Iterable[Said]:
        for row in subject.rows:
            facts = self.tables.by_file[row.file]
            is_said = False
            for role in AGES:
                text = self.tables.text(row, role)
                if not text:
                    continue
                place = facts.places[role]
                unit = facts.units.get(place)
                years = as_years(text, unit)
                if unit is None:
                    self._doubt(row.file, place, role).see(text)
                if years is None or not 0 <= years <= _OLDEST_YEARS:
                    if not is_said:
                        yield from self._impossible(row, role, years, is_open=unit is None)
                    is_said = True
                elif unit is None and text.isdecimal() and facts.file.form != "xlsx":
                    # A sheet keeps numbers, not how many decimals were typed.
                    first, n, _ = self._whole.get(row.file, (row.row, 0, place))
                    self._whole[row.file] = first, n + 1, place

    def _doubt(self, file: int, place: int, role: Role) -> UnitDoubt:
        known = self._doubts.get((file, place))
        if known is None:
            known = self._doubts[file, place] = UnitDoubt(role)
        return known

    def _impossible(
        self, row: SubjectRow, role: Role, years: float | None, *, is_open: bool
    ) -> Iterator[Said]:
        form = form_of(self.tables.text(row, role))
        what = "out of range" if years is not None else f"no number ({form})"
        found = Found(
            row.key,
            Level.TABLE,
            Severity.BLOCK,
            f"Age in row {row.row}, {self.tables.column(row, role)}, is {what}.",
            cells=(self.tables.cell(row, role, form),),
        )
        place = self.tables.by_file[row.file].places[role]
        held = self._odd.setdefault((row.file, place), [])
        if years is None or not is_open or years < 0:
            yield "AGE-03", found
        elif len(held) < _HELD or self.tables.now.names_all:
            # Where most of a column are such, it is counted in another unit, and that is asked.
            held.append(found)
        else:
            held[-1] = replace(held[-1], n=held[-1].n + 1)

    def end(self) -> Iterable[Said]:
        asked: dict[int, list[tuple[int, UnitDoubt]]] = {}
        years = {
            key
            for (key,) in self.tables.ledger.rows(
                "SELECT key FROM settled WHERE rule = ? AND value = ?",
                AGE_UNIT_RULE,
                Unit.YEARS.value,
            )
        }
        for (file, place), doubt in self._doubts.items():
            if not doubt.units or self.tables.by_file[file].file.key in years:
                yield from (("AGE-03", found) for found in self._odd.get((file, place), ()))
            if doubt.units:
                asked.setdefault(file, []).append((place, doubt))
        for file, (first, n, place) in self._whole.items():
            facts = self.tables.by_file[file]
            yield (
                "AGE-03",
                Found(
                    facts.file.key,
                    Level.TABLE,
                    Severity.WARN,
                    f"Ages in {facts.told(place)} have no decimal in {count(n, 'row')}; EUCAIM asks"
                    " for one, as in 45.5.",
                    "Give one decimal where the source knows it.",
                    n,
                    f"R{first}",
                    cells=(Cell(place, "a whole number", allowed(Role.AGE)),),
                ),
            )
        for file, columns in asked.items():
            yield AGE_UNIT_RULE, self._which_unit(file, columns)

    def _which_unit(self, file: int, columns: list[tuple[int, UnitDoubt]]) -> Found:
        facts = self.tables.by_file[file]
        names = ", ".join(facts.told(place) for place, _ in columns)
        return Found(
            facts.file.key,
            Level.TABLE,
            Severity.ASK,
            f"Ages in {names} are mostly above {_OLDEST_YEARS}: they are not years. In which unit"
            " are they?",
            n=len(columns),
            cells=tuple(Cell(place, "a number", allowed(Role.AGE)) for place, _ in columns),
        )


def _above_by_table(ledger: Ledger) -> set[int]:
    """Patients of whom a table says an age above 89, whatever their studies say."""
    found: set[int] = set()
    mapping = read_mapping(ledger)
    for file, columns in linked_tables(ledger):
        for column in columns:
            if column.role not in AGES:
                continue
            said = mapping.column(column.heading)
            a_year = 1 / (as_years("1", said.unit if said is not None else None) or 1)
            for (patient,) in ledger.rows(
                "SELECT DISTINCT patient_id FROM clinical_row WHERE file_id = ?"
                " AND patient_id IS NOT NULL"
                " AND CAST(replace(json_extract(cells, ?), ',', '.') AS REAL) BETWEEN ? AND ?",
                file.row,
                f"$[{column.place}]",
                _TOP_CLASS_YEARS * a_year,
                _OLDEST_YEARS * a_year,
            ):
                found.add(int(patient))
    return found


def _above_89(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    by_table = _above_by_table(ledger)
    after = 0
    while page := ledger.rows(
        "SELECT s.patient_id, count(a.study_id), min(s.id) FROM study s"  # noqa: S608 - a literal of ours
        " LEFT JOIN study_age a ON a.study_id = s.id AND a.years >= ?"
        f" WHERE s.patient_id > ? AND {STUDY_GOES} AND (a.study_id IS NOT NULL OR s.patient_id IN"
        " (SELECT value FROM json_each(?))) GROUP BY s.patient_id ORDER BY s.patient_id LIMIT ?",
        _TOP_CLASS_YEARS,
        after,
        json.dumps(sorted(by_table)),
        _PAGE,
    ):
        for patient, n, study in page:
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.ASK,
                f"Patient P{patient} is older than 89, an age that few have.",
                n=max(n, 1),
                example=f"S{study}",
            )
        after = page[-1][0]


def capped_patients(ledger: Ledger) -> frozenset[int]:
    """Patients, by row, whose ages above 89 leave as 90: a person said so."""
    return frozenset(
        int(key[1:])
        for (key,) in ledger.rows(
            "SELECT key FROM settled WHERE rule = 'AGE-04' AND value = ? AND key GLOB 'P[0-9]*'",
            CAP,
        )
    )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="AGE-01",
        title="Age at the study",
        dimension=Dimension.COMPLETE,
        remedy="Fill PatientAge at the source, or give age at diagnosis and dates in the clinical"
        " table.",
        reads=(PATIENT_AGE,),
        look=_missing,
        on_source_only=False,
    ),
    LedgerRule(
        id="AGE-02",
        title="Header and table agree on the age",
        dimension=Dimension.CONSISTENT,
        severities=(Severity.WARN,),
        remedy="Find out which is right, and correct the other.",
        reads=(PATIENT_AGE,),
        look=_different,
    ),
    RowRule(
        id="AGE-03",
        title="Ages in years, 0 to 120, one decimal",
        dimension=Dimension.ACCURATE,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Correct it in the table.",
        judged_by=TableAges,
    ),
    LedgerRule(
        id="AGE-04",
        title="Older than 89",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy="Answer keep where the rules that bind you allow it; else cap, or exclude the"
        " patient.",
        choices=(
            Choice("keep", "Keep the age as it is"),
            Choice(CAP, "Send it as 90, in images and table"),
            Choice("exclude", "Leave the patient out"),
        ),
        look=_above_89,
    ),
    RowRule(
        id=AGE_UNIT_RULE,
        title="Unit of ages in the table",
        dimension=Dimension.VALID,
        severities=(Severity.ASK,),
        remedy="Answer with the unit; the ages leave in years.",
        choices=tuple(Choice(unit.value, f"They are {unit.value}") for unit in Unit),
        judged_by=TableAges,
    ),
)
