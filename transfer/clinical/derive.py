"""Links between rows and patients, and from them ages and relative days of studies.

All from original dates, and kept in the ledger before anything is de-identified. May be repeated:
the same tables, studies and answers give the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.clinical.columns import Role
from transfer.clinical.likeness import likeness
from transfer.clinical.people import Person, people
from transfer.clinical.population import (
    MinimumSet,
    Populations,
    take_words_on_populations,
)
from transfer.clinical.values import DAYS_OF_A_YEAR, dicom_age_years
from transfer.dates import day_of
from transfer.ledger.ages import (
    PatientStudies,
    StudyAge,
    StudyDay,
    replace_ages_and_days,
    said_of_studies,
    studies_of_patients,
)
from transfer.ledger.clinical import has_readable_table
from transfer.ledger.connection import Ledger
from transfer.ledger.links import link_rows
from transfer.ledger.mapping import read_mapping
from transfer.ledger.mends import extend_top_ages
from transfer.ledger.placing import AS_LISTED, place_as_listed
from transfer.quality.attributes import DATES_MODIFIED, PATIENT_AGE

_ALTERED: Final = ("MODIFIED", "REMOVED")


def derive(ledger: Ledger) -> None:
    """Link, then compute. Blocking."""
    link_rows(ledger, likeness)
    _take_words_on_order(ledger)
    take_words_on_populations(ledger)
    extend_top_ages(ledger)
    replace_ages_and_days(ledger, _computed(ledger, altered_studies(ledger)))


def _take_words_on_order(ledger: Ledger) -> None:
    """What persons answered about studies of one day (TPT-06)."""
    patients = [
        int(str(key)[1:])
        for (key,) in ledger.rows(
            "SELECT key FROM settled WHERE rule = 'TPT-06' AND value = ? AND key GLOB 'P[0-9]*'",
            AS_LISTED,
        )
    ]
    if patients:
        place_as_listed(ledger, patients)


def altered_studies(ledger: Ledger) -> frozenset[int]:
    """Studies whose dates were changed before they came here, as their headers say
    in (0028,0303) (PS3.3, C.12.1)."""
    return frozenset(
        study
        for study, said in said_of_studies(ledger, DATES_MODIFIED, of_source=True)
        if any(one.text in _ALTERED for one in said)
    )


def _computed(ledger: Ledger, altered: frozenset[int]) -> Iterator[StudyAge | StudyDay]:
    """By headers first: where a table tells the age as well, that counts."""
    for study, said in said_of_studies(ledger, PATIENT_AGE, of_source=True):
        years = [age for one in said if (age := dicom_age_years(one.text)) is not None]
        if years:
            yield StudyAge(study, round(years[0], 1), "header")
    is_undated = read_mapping(ledger).declares(Role.DIAGNOSIS_DATE)
    has_table = has_readable_table(ledger)
    populations = Populations(ledger)
    for patient, person in with_people(ledger):
        if person is None:
            counts_from_first = not has_table
        else:
            yield from _table_ages(patient, person, altered)
            kind = populations.set_of(person.population) if person.population else None
            counts_from_first = is_undated or kind is MinimumSet.NEGATIVE
        yield from _days_of(patient, person, altered, counts_from_first=counts_from_first)


def _table_ages(
    patient: PatientStudies, person: Person, altered: frozenset[int]
) -> Iterator[StudyAge]:
    for study, date, uid in patient.studies:
        day = None if study in altered else day_of(date)
        given = person.row_of(uid, day, is_only=len(patient.studies) == 1)
        days = None
        if person.age_at_diagnosis is None:
            if given is not None and given.age is not None:
                yield StudyAge(study, given.age, "table")
            continue
        if day is not None and person.diagnosis is not None:
            days = (day - person.diagnosis).days
        elif given is not None:
            days = given.relative_day
        if days is not None:
            years = person.age_at_diagnosis + days / DAYS_OF_A_YEAR
            yield StudyAge(study, round(years, 1), "table")


def _days_of(
    patient: PatientStudies,
    person: Person | None,
    altered: frozenset[int],
    *,
    counts_from_first: bool,
) -> Iterator[StudyDay]:
    """`counts_from_first`: nobody can name another baseline: there is no table, the source does not
    hold diagnosis dates, or the person is a control, who has none."""
    days = {
        study: day
        for study, date, _ in patient.studies
        if study not in altered and (day := day_of(date)) is not None
    }
    baseline, source = None, ""
    if person is not None:
        baseline, source = person.baseline
    is_counted = person is not None and any(r.relative_day is not None for r in person.rows)
    if baseline is None and counts_from_first and days and not is_counted:
        baseline, source = min(days.values()), "first study"
    for study, _, uid in patient.studies:
        day = days.get(study)
        if baseline is not None and day is not None:
            yield StudyDay(study, (day - baseline).days, source)
        elif person is not None:
            given = person.row_of(uid, day, is_only=len(patient.studies) == 1)
            if given is not None and given.relative_day is not None:
                yield StudyDay(study, given.relative_day, "table")


def with_people(ledger: Ledger) -> Iterator[tuple[PatientStudies, Person | None]]:
    """Each patient's studies with what the tables say of the patient; both come by row."""
    told = people(ledger)
    person = next(told, None)
    for patient in studies_of_patients(ledger):
        while person is not None and person.patient < patient.patient:
            person = next(told, None)
        is_here = person is not None and person.patient == patient.patient
        yield patient, person if is_here else None
