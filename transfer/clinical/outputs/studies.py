"""The table of studies as Lethe makes it, `dcm_studies_metadata.csv`, of what leaves.

Lethe reads it by position: Patient ID, Study Instance UID, then whatever else. Behind its columns
stand the whole days from day 0 and the age at the study, by original dates (REL-03, AGE-05).
StudyDate and StudyDescription never leave (TPT-03).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from transfer.clinical.derive import altered_studies, with_people
from transfer.clinical.outgoing.cells import TOP_AGE_YEARS
from transfer.clinical.outgoing.dates import baseline_of
from transfer.clinical.timepoint_table import COLUMNS, write_table
from transfer.dates import day_of
from transfer.ledger.connection import Ledger
from transfer.ledger.identity import STUDY_COLUMNS
from transfer.ledger.timepoints import STUDY_LEAVES
from transfer.quality.rules.age import capped_patients

NAME: Final = "dcm_studies_metadata.csv"
HEADING: Final = (*COLUMNS, "RelativeDay", "AgeAtStudy")
_OF_PATIENT: Final = (
    f"SELECT s.id, s.study_date, d.days, a.years, ifnull(tp.episode, ''), tp.number,"  # noqa: S608 - literals of ours
    f" {STUDY_COLUMNS} FROM study s JOIN patient p ON p.id = s.patient_id"
    " LEFT JOIN timepoint tp ON tp.study_id = s.id LEFT JOIN study_day d ON d.study_id = s.id"
    f" LEFT JOIN study_age a ON a.study_id = s.id WHERE s.patient_id = ? AND {STUDY_LEAVES}"
    " ORDER BY tp.number IS NULL, tp.number, s.study_date = '', s.study_date, s.id"
)


def write_studies(ledger: Ledger, path: Path) -> int:
    """Write the table for its owner alone; how many studies. A cell is empty where nothing is
    known: an episode that nobody gave, a day without day 0.

    Raises:
        UsageError: the file exists or cannot be written, or a study has no new name yet.
    """
    return write_table(path, HEADING, _rows(ledger))


def _rows(ledger: Ledger) -> Iterator[tuple[str, ...]]:
    altered, capped = altered_studies(ledger), capped_patients(ledger)
    for patient, person in with_people(ledger):
        # The same day 0 as in the clinical tables, which may go back to the first study (REL-02).
        day_0 = baseline_of(person, patient, altered).day
        for study, date, days, years, episode, number, *names in ledger.rows(
            _OF_PATIENT, patient.patient
        ):
            if days is None and study not in altered:
                days = _days_since(day_0, date)
            named = ledger.names.study(*names)
            yield (
                named.patient_id,
                named.study_uid,
                episode,
                _text(number),
                _text(days),
                _age(years, is_capped=patient.patient in capped),
            )


def _days_since(day_0: dt.date | None, date: str) -> int | None:
    day = day_of(date)
    return None if day is None or day_0 is None else (day - day_0).days


def _age(years: float | None, *, is_capped: bool) -> str:
    if years is None:
        return ""
    return str(TOP_AGE_YEARS) if is_capped and years >= TOP_AGE_YEARS else f"{years:.1f}"


def _text(number: Any) -> str:
    return "" if number is None else str(number)
