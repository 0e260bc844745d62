"""What becomes of the dates of a table, and the day from which relative days are counted.

Images keep year and month of their dates under both profiles; a table that kept more would give
the day back. The intervals that this costs leave as whole days (EUCAIM's requirements, REL-01 to
REL-05), computed from original dates.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from transfer.clinical.values import Order, written_date
from transfer.dates import day_of
from transfer.errors import UsageError

if TYPE_CHECKING:
    from transfer.clinical.people import Person
    from transfer.ledger.ages import PatientStudies
    from transfer.prepare.method import OpenMethod


class DatePolicy(StrEnum):
    """How dates leave: whole; as the first of their month and relative days; as these alone."""

    AS_IS = "as-is"
    MONTH = "month"
    DAYS = "days"


class Origin(StrEnum):
    """How a patient's day 0 is known. `NONE`: it is not."""

    DIAGNOSIS = "diagnosis"
    DAY_0 = "day 0"
    COUNTED = "counted"
    FIRST_STUDY = "first study"
    NONE = ""


class Baseline(NamedTuple):
    """Day 0 of one patient."""

    day: dt.date | None
    origin: Origin


NO_BASELINE = Baseline(None, Origin.NONE)

_MEANINGS = {
    Origin.DIAGNOSIS: "the date of diagnosis",
    Origin.DAY_0: "the date of the row with relative day 0",
    Origin.COUNTED: "the day from which the table's own relative days count",
    Origin.FIRST_STUDY: "the patient's first study",
}


@lru_cache(1 << 14)
def day_in(text: str, order: Order | None) -> dt.date | None:
    """The date that a cell is; a table says the same few thousand days again and again."""
    return written_date(text, order).date


def policy_of(method: OpenMethod | None) -> DatePolicy:
    """What is done to dates unless somebody wishes otherwise: what the method does to images."""
    if method is None:
        return DatePolicy.AS_IS
    return DatePolicy.MONTH if method.setup.spec.is_profile else DatePolicy.DAYS


def refuse_whole_dates(policy: DatePolicy, method: OpenMethod | None) -> None:
    """Raises UsageError where whole dates would leave beside images whose dates do not."""
    if method is not None and policy is DatePolicy.AS_IS:
        raise UsageError(
            "Dates of a clinical table cannot leave whole where the images are de-identified.",
            "Let year and month leave (month), or relative days alone (days).",
        )


def baseline_of(
    person: Person | None, studies: PatientStudies | None, altered: frozenset[int]
) -> Baseline:
    """Day 0 of a patient: the diagnosis, else the row of relative day 0, else the day from which a
    row with a date counts, else the first study.

    Where the table counts from a day that it does not tell, there is none: another one beside
    it would give two meanings to one number (REL-02).
    """
    if person is not None:
        day, _ = person.baseline
        if day is not None:
            is_diagnosis = person.diagnosis is not None
            return Baseline(day, Origin.DIAGNOSIS if is_diagnosis else Origin.DAY_0)
        counted = [row for row in person.rows if row.relative_day is not None]
        of_study = _days_of_studies(studies, altered)
        for row in counted:
            found = row.imaging or of_study.get(row.study_uid)
            if found is None or row.relative_day is None:
                continue
            with suppress(OverflowError):
                return Baseline(found - dt.timedelta(row.relative_day), Origin.COUNTED)
        if counted:
            return NO_BASELINE
    days = _days_of_studies(studies, altered).values()
    return Baseline(min(days), Origin.FIRST_STUDY) if days else NO_BASELINE


def _days_of_studies(studies: PatientStudies | None, altered: frozenset[int]) -> dict[str, dt.date]:
    """The original day of each study, by UID, where that was not changed before it came here."""
    if studies is None:
        return {}
    return {
        uid: day
        for study, date, uid in studies.studies
        if study not in altered and (day := day_of(date)) is not None
    }


def meaning_of(origins: set[Origin]) -> str:
    """What relative days count from, in one sentence, for whoever reads the data."""
    known = [_MEANINGS[origin] for origin in _MEANINGS if origin in origins]
    if not known:
        return ""
    first, *others = known
    return f"Day 0 is {first}" + "".join(f", else {other}" for other in others) + "."
