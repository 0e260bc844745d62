"""Age at each study (EUCAIM's requirements, section 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.values import dicom_age_years, form_of, number
from transfer.ledger.ages import said_of_studies
from transfer.ledger.clinical import cells_of
from transfer.ledger.connection import Ledger
from transfer.ledger.timepoints import STUDY_GOES
from transfer.quality.attributes import PATIENT_AGE, is_empty
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
from transfer.quality.rules.tabled import bounded, linked_tables, told
from transfer.sentences import count

_OLDEST_YEARS: Final = 120
_TOP_CLASS_YEARS: Final = 90
_PAGE: Final = 2000


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


def _out_of_range(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file, columns in linked_tables(ledger):
        ages = [c for c in columns if c.role in (Role.AGE_AT_DIAGNOSIS, Role.AGE)]
        for column in ages:
            yield from bounded(_impossible(ledger, file.row, column.place, told(column)))
            # One finding a row: the first column that has a fault in any row speaks.
            if next(_impossible(ledger, file.row, column.place, ""), None) is not None:
                break
        # A sheet keeps numbers, not how many decimals were typed.
        if ages and file.form != "xlsx":
            yield from _without_decimal(ledger, file.key, file.row, ages[0].place, told(ages[0]))


def _impossible(ledger: Ledger, file: int, place: int, column: str) -> Iterator[Found]:
    for row, text in cells_of(ledger, file, place):
        years = number(text)
        if is_empty(text) or (years is not None and 0 <= years <= _OLDEST_YEARS):
            continue
        what = "out of range" if years is not None else f"no number ({form_of(text)})"
        yield Found(
            f"R{row}",
            Level.TABLE,
            Severity.BLOCK,
            f"Age in row {row}, {column}, is {what}.",
        )


def _without_decimal(
    ledger: Ledger, key: str, file: int, place: int, column: str
) -> Iterator[Found]:
    n, first = 0, 0
    for row, text in cells_of(ledger, file, place):
        years = number(text)
        if years is not None and 0 <= years <= _OLDEST_YEARS and text.isdecimal():
            n += 1
            first = first or row
    if n:
        yield Found(
            key,
            Level.TABLE,
            Severity.WARN,
            f"Ages in {column} have no decimal in {count(n, 'row')}; EUCAIM asks for one, as"
            " in 45.5.",
            "Give one decimal where the source knows it.",
            n,
            f"R{first}",
        )


def _above_89(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    after = 0
    while page := ledger.rows(
        "SELECT s.patient_id, count(*), min(s.id) FROM study_age a JOIN study s"  # noqa: S608 - a literal of ours
        f" ON s.id = a.study_id WHERE a.years >= ? AND s.patient_id > ? AND {STUDY_GOES}"
        " GROUP BY s.patient_id ORDER BY s.patient_id LIMIT ?",
        _TOP_CLASS_YEARS,
        after,
        _PAGE,
    ):
        for patient, n, study in page:
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.ASK,
                f"Patient P{patient} is older than 89, an age that few have.",
                n=n,
                example=f"S{study}",
            )
        after = page[-1][0]


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
    LedgerRule(
        id="AGE-03",
        title="Ages in years, 0 to 120, one decimal",
        dimension=Dimension.ACCURATE,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Correct it in the table.",
        look=_out_of_range,
    ),
    LedgerRule(
        id="AGE-04",
        title="Older than 89",
        dimension=Dimension.PRIVATE,
        severities=(Severity.ASK,),
        remedy="Answer keep where the rules that bind you allow it, or exclude the patient.",
        choices=(
            Choice("keep", "Keep the age as it is"),
            Choice("exclude", "Leave the patient out"),
        ),
        look=_above_89,
    ),
)
