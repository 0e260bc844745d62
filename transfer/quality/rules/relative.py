"""Dates and relative days (EUCAIM's requirements, section 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.clinical.people import DATE_RULE
from transfer.clinical.values import Order
from transfer.dates import day_of
from transfer.ledger.connection import Ledger
from transfer.ledger.said import said_of
from transfer.quality.attributes import DATES_MODIFIED, STUDY_DATE
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
from transfer.quality.rules.relative_days import RelativeDays
from transfer.quality.rules.rowed import RowRule
from transfer.quality.rules.table_dates import TableDates

_WINDOW: Final = 500


def _shifts(ledger: Ledger, circumstances: Circumstances) -> Iterator[Found]:
    """Patients whose dates were not all shifted by the same number of days."""
    # Both profiles put 01 in the place of every day.
    if not circumstances.method or circumstances.is_by_profile:
        return
    last = ledger.number("SELECT max(id) FROM patient")
    of_each = said_of("e.study_id IN (SELECT id FROM study WHERE patient_id BETWEEN ?2 AND ?3)")
    for low in range(1, last + 1, _WINDOW):
        shifts: dict[int, set[int]] = {}
        is_first_of_month: dict[int, bool] = {}
        for patient, before, after in ledger.rows(
            "SELECT DISTINCT s.patient_id, json_extract(t.document, ?1),"  # noqa: S608 - literals of ours
            f" json_extract(o.document, ?1) FROM ({of_each}) i JOIN study s ON s.id = i.study_id"
            " JOIN traits t ON t.id = i.traits_id JOIN traits o ON o.id = i.out_traits_id"
            " WHERE NOT i.is_excluded",
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


RULES: Final[tuple[Rule, ...]] = (
    RowRule(
        id="REL-01",
        title="Relative days where dates are no longer true",
        dimension=Dimension.CONSISTENT,
        remedy="Add a column of relative days to the table, the diagnosis being day 0.",
        reads=(DATES_MODIFIED,),
        judged_by=RelativeDays,
    ),
    RowRule(
        id="REL-02",
        title="Relative days are whole numbers, from one baseline",
        dimension=Dimension.VALID,
        remedy="Count whole days from the baseline, which is 0; days before it are negative.",
        judged_by=RelativeDays,
    ),
    RowRule(
        id="REL-03",
        title="Relative days agree with the dates",
        dimension=Dimension.CONSISTENT,
        remedy="Correct the relative day or the diagnosis date in the table.",
        judged_by=RelativeDays,
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
    RowRule(
        id="REL-05",
        title="Relative days where dates are coarsened",
        dimension=Dimension.CONSISTENT,
        remedy="Fill the diagnosis date in the table, or add a column of relative days.",
        judged_by=RelativeDays,
    ),
    RowRule(
        id="REL-06",
        title="Offsets that the ETL can keep",
        dimension=Dimension.VALID,
        severities=(Severity.WARN,),
        remedy="Tell the ETL these offsets in months; nothing has to change in the table.",
        judged_by=RelativeDays,
    ),
    RowRule(
        id=DATE_RULE,
        title="Dates of the table",
        dimension=Dimension.VALID,
        severities=(Severity.BLOCK, Severity.ASK, Severity.INFO),
        remedy="Write dates as 2024-01-31.",
        choices=(
            Choice(Order.DAY.value, "The day comes first: 31/01/2024"),
            Choice(Order.MONTH.value, "The month comes first: 01/31/2024"),
        ),
        judged_by=TableDates,
    ),
)
