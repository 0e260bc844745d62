"""The clinical table that belongs to the images (EUCAIM's minimum attributes, positive cases)."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from adapters.sandbox.synth.people import Person
from adapters.sandbox.synth.protocols import Course

COLUMNS = (
    "PatientID",
    "Population",
    "Sex",
    "Date of radiology detection",
    "Date of diagnosis",
    "Age at diagnosis",
    "Pathology confirmation",
    "Topography",
    "Pathology",
    "Imaging procedure protocol",
    "Treatment",
    "Date of first treatment",
)


def write_table(path: Path, patients: Iterable[tuple[Person, Course]]) -> None:
    """One row a patient, dates in ISO form, UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        table.writerows(_row(person, course) for person, course in patients)


def _row(person: Person, course: Course) -> list[str]:
    detected = person.baseline
    diagnosed = detected + dt.timedelta(days=9)
    treated = diagnosed + dt.timedelta(days=26)
    age_years = (diagnosed - person.birth_date).days / 365.25
    return [
        person.patient_id,
        "Patient with Cancer",
        {"F": "Female", "M": "Male"}[person.sex],
        detected.isoformat(),
        diagnosed.isoformat(),
        f"{age_years:.1f}",
        course.confirmation,
        course.topography,
        course.pathology,
        course.studies[0].description,
        course.treatment,
        treated.isoformat(),
    ]
