"""Dates and relative days (EUCAIM's requirements, section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.clinical.columns import DATES, Role
from transfer.clinical.derive import altered_studies, with_people
from transfer.clinical.people import DATE_RULE, table_columns
from transfer.clinical.values import Order, form_of, whole, written_date
from transfer.dates import day_of
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    cells_of,
    clinical_rows,
    has_readable_table,
)
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import DATES_MODIFIED, STUDY_DATE, is_empty
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

_WINDOW: Final = 500


def _without_days(ledger: Ledger) -> Iterator[tuple[int, list[int], list[int]]]:
    """Patients with a row in a table whose studies have no relative days: patient, studies whose
    dates are missing or were altered, other studies."""
    altered = altered_studies(ledger)
    known = _Days(ledger)
    for patient, person in with_people(ledger):
        if person is None:
            continue
        lacking = [(s, date) for s, date, _ in patient.studies if s not in known]
        dateless = [s for s, date in lacking if s in altered or day_of(date) is None]
        others = [s for s, _ in lacking if s not in dateless]
        if lacking:
            yield patient.patient, dateless, others


class _Days:
    """Relative days by study."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __contains__(self, study: int) -> bool:
        return self.of(study) is not None

    def of(self, study: int) -> tuple[int, str] | None:
        """Days and their source."""
        found = self._ledger.row("SELECT days, source FROM study_day WHERE study_id = ?", study)
        return (int(found[0]), str(found[1])) if found else None


def _altered(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not has_readable_table(ledger):
        return
    for patient, dateless, _others in _without_days(ledger):
        if dateless:
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.BLOCK,
                f"Dates of {count(len(dateless), 'study', 'studies')} of patient P{patient} are"
                " missing or were altered, and no relative days exist.",
                n=len(dateless),
                example=f"S{dateless[0]}",
            )


def _not_whole(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for file, columns in linked_tables(ledger):
        for column in columns:
            if column.role == Role.RELATIVE_DAY:
                yield from bounded(_broken_days(ledger, file, column))


def _broken_days(ledger: Ledger, file: ClinicalFile, column: ClinicalColumn) -> Iterator[Found]:
    for row, text in cells_of(ledger, file.row, column.place):
        if not is_empty(text) and whole(text) is None:
            yield Found(
                f"R{row}",
                Level.TABLE,
                Severity.BLOCK,
                f"Relative day in row {row}, {told(column)}, is not a whole number"
                f" ({form_of(text)}).",
            )


def _intervals(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    if not has_readable_table(ledger):
        return
    known = _Days(ledger)
    for patient, person in with_people(ledger):
        if person is None:
            continue
        for study, date, uid in patient.studies:
            given = person.row_of(uid, day_of(date), is_only=len(patient.studies) == 1)
            computed = known.of(study)
            if given is None or given.relative_day is None or computed is None:
                continue
            apart = abs(computed[0] - given.relative_day)
            if computed[1] != "table" and apart:
                yield Found(
                    f"S{study}",
                    Level.STUDY,
                    Severity.BLOCK,
                    f"The relative day in row {given.row} differs by {count(apart, 'day')} from"
                    f" the dates of study S{study}.",
                    example=given.key,
                )


def _shifts(ledger: Ledger, circumstances: Circumstances) -> Iterator[Found]:
    """Patients whose dates were not all shifted by the same number of days."""
    # Both profiles put 01 in the place of every day.
    if not circumstances.method or circumstances.is_by_profile:
        return
    last = ledger.number("SELECT max(id) FROM patient")
    for low in range(1, last + 1, _WINDOW):
        shifts: dict[int, set[int]] = {}
        is_first_of_month: dict[int, bool] = {}
        for patient, before, after in ledger.rows(
            "SELECT DISTINCT s.patient_id, json_extract(t.document, ?1),"
            " json_extract(o.document, ?1) FROM study s JOIN series e ON e.study_id = s.id"
            " JOIN instance i ON i.series_id = e.id JOIN traits t ON t.id = i.traits_id"
            " JOIN traits o ON o.id = i.out_traits_id"
            " WHERE s.patient_id BETWEEN ?2 AND ?3 AND i.state <> 'excluded'",
            f'$."{STUDY_DATE.tag}"',
            low,
            low + _WINDOW - 1,
        ):
            old, new = day_of(str(before or "")), day_of(str(after or ""))
            if old is not None and new is not None:
                shifts.setdefault(patient, set()).add((new - old).days)
                is_first_of_month[patient] = is_first_of_month.get(patient, True) and new.day == 1
        for patient, of in shifts.items():
            if len(of) > 1 and not is_first_of_month[patient]:
                yield Found(
                    f"P{patient}",
                    Level.PATIENT,
                    Severity.BLOCK,
                    f"Date shift is not constant for patient P{patient}: intervals between"
                    " studies are lost.",
                    n=len(of),
                )


def _coarsened(ledger: Ledger, circumstances: Circumstances) -> Iterator[Found]:
    if not circumstances.is_by_profile or not has_readable_table(ledger):
        return
    columns = table_columns(ledger).values()
    if not any(c.has(Role.DIAGNOSIS_DATE) or c.has(Role.RELATIVE_DAY) for c in columns):
        yield Found(
            "all",
            Level.DATASET,
            Severity.BLOCK,
            "This profile coarsens dates, and the clinical table has neither a diagnosis date nor"
            " relative days.",
        )
        return
    for patient, _dateless, others in _without_days(ledger):
        if others:
            yield Found(
                f"P{patient}",
                Level.PATIENT,
                Severity.BLOCK,
                f"This profile coarsens dates, and no relative days are known for"
                f" {count(len(others), 'study', 'studies')} of patient P{patient}.",
                n=len(others),
                example=f"S{others[0]}",
            )


def _dates(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    read = table_columns(ledger)
    for file, columns in linked_tables(ledger):
        dated = [c for c in columns if c.role in DATES]
        if not dated:
            continue
        orders = {c.place: read[file.row].order(c.place) for c in dated}
        asked = [c for c in dated if c.date_order in ("open", "mixed")]
        if asked:
            yield _which_order(file, asked)
        converted: dict[int, int] = {}
        yield from bounded(_unreadable(ledger, file, dated, orders, converted))
        if converted and not asked:
            names = ", ".join(told(c) for c in dated if c.place in converted)
            yield Found(
                file.key,
                Level.TABLE,
                Severity.INFO,
                f"Dates of {names} are converted to the form 2024-01-31.",
                "Nothing to do.",
                sum(converted.values()),
            )


def _which_order(file: ClinicalFile, asked: list[ClinicalColumn]) -> Found:
    is_mixed = any(c.date_order == "mixed" for c in asked)
    why = (
        "some dates begin with the day and some with the month"
        if is_mixed
        else "nothing tells whether the day or the month comes first"
    )
    return Found(
        file.key,
        Level.TABLE,
        Severity.ASK,
        f"Dates of {', '.join(map(told, asked))} are ambiguous: {why}. Which order?",
        "Answer day-first or month-first, or write them as 2024-01-31.",
        len(asked),
    )


def _unreadable(
    ledger: Ledger,
    file: ClinicalFile,
    dated: list[ClinicalColumn],
    orders: dict[int, Order | None],
    converted: dict[int, int],
) -> Iterator[Found]:
    """Rows with something in a date column that is no date; counts what is written otherwise."""
    for row in clinical_rows(ledger, file.row):
        faults: list[tuple[ClinicalColumn, str]] = []
        for column in dated:
            text = row.cell(column.place)
            if is_empty(text):
                continue
            written = written_date(text, orders[column.place])
            if written.date is None and not written.is_open:
                faults.append((column, text))
            elif written.date is not None and not written.is_iso:
                converted[column.place] = converted.get(column.place, 0) + 1
        if faults:
            said = ", ".join(f"{told(c)} ({form_of(text)})" for c, text in faults)
            yield Found(
                row.key,
                Level.TABLE,
                Severity.BLOCK,
                f"Row {row.row} has no readable date in {said}.",
                "Write dates as 2024-01-31, or leave the value empty.",
                len(faults),
            )


RULES: Final[tuple[Rule, ...]] = (
    LedgerRule(
        id="REL-01",
        title="Relative days where dates are no longer true",
        dimension=Dimension.CONSISTENT,
        remedy="Add a column of relative days to the table, the diagnosis being day 0.",
        reads=(DATES_MODIFIED,),
        look=_altered,
    ),
    LedgerRule(
        id="REL-02",
        title="Relative days are whole numbers",
        dimension=Dimension.VALID,
        remedy="Count whole days from the baseline, which is 0; days before it are negative.",
        look=_not_whole,
    ),
    LedgerRule(
        id="REL-03",
        title="Relative days agree with the dates",
        dimension=Dimension.CONSISTENT,
        remedy="Correct the relative day or the diagnosis date in the table.",
        look=_intervals,
    ),
    LedgerRule(
        id="REL-04",
        title="One shift of dates a patient",
        dimension=Dimension.CONSISTENT,
        remedy="Correct the script so that all dates of a patient move by the same days.",
        reads=(STUDY_DATE,),
        look=_shifts,
        on_source_only=False,
    ),
    LedgerRule(
        id="REL-05",
        title="Relative days where dates are coarsened",
        dimension=Dimension.CONSISTENT,
        remedy="Fill the diagnosis date in the table, or add a column of relative days.",
        look=_coarsened,
    ),
    LedgerRule(
        id=DATE_RULE,
        title="Dates of the table",
        dimension=Dimension.VALID,
        severities=(Severity.BLOCK, Severity.ASK, Severity.INFO),
        remedy="Write dates as 2024-01-31.",
        choices=(
            Choice(Order.DAY.value, "The day comes first: 31/01/2024"),
            Choice(Order.MONTH.value, "The month comes first: 01/31/2024"),
        ),
        look=_dates,
    ),
)
