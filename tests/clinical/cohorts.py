"""Clean clinical tables of any cohort: every attribute is there, and agrees with every other."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

DIAGNOSED = dt.date(2024, 1, 20)
STUDY_DATE = "20240131"
_PATHOLOGY = {"Lung": "8140/3", "Breast": "8500/3", "Prostate": "8140/3"}


def positive(patient_id: str, **changes: str) -> dict[str, str]:
    """A row of a patient of 61 with a study on 2024-01-31."""
    row = {
        "PatientID": patient_id,
        "Population": "Patient with Cancer",
        "Sex": "Female",
        "Date of radiology detection": "2024-01-10",
        "Diagnosis date": DIAGNOSED.isoformat(),
        "Age at diagnosis": "61.4",
        "Pathology confirmation": "Biopsy",
        "Topography": "Lung",
        "Region": "Upper lobe",
        "Laterality": "Right",
        "Pathology": "8140/3",
        "Imaging procedure protocol": "CT thorax with contrast",
        "Treatment": "Surgery",
        "Date of first treatment": "2024-02-20",
    }
    return row | {key.replace("_", " "): value for key, value in changes.items()}


def negative(patient_id: str, **changes: str) -> dict[str, str]:
    """A row of somebody of 61 who was screened on 2024-01-31."""
    row = {
        "PatientID": patient_id,
        "Population": "Negative screening",
        "Sex": "Male",
        "Date of imaging acquisition": "2024-01-31",
        "Age": "61.4",
        "Topography": "Lung",
        "Region": "Upper lobe",
    }
    return row | {key.replace("_", " "): value for key, value in changes.items()}


def random_row(
    patient_id: str, study: dt.date, age_years: float, chance: random.Random
) -> dict[str, str]:
    """A clean row of a positive case, whose age at the study is this one."""
    diagnosed = study - dt.timedelta(days=chance.randrange(0, 900))
    detected = diagnosed - dt.timedelta(days=chance.randrange(0, 40))
    treated = diagnosed + dt.timedelta(days=chance.randrange(0, 90))
    organ = chance.choice(sorted(_PATHOLOGY))
    at_diagnosis = age_years - (study - diagnosed).days / 365.25
    row = positive(
        patient_id,
        Sex=chance.choice(("Female", "Male", "Other")),
        Date_of_radiology_detection=detected.isoformat(),
        Diagnosis_date=diagnosed.isoformat(),
        Age_at_diagnosis=f"{at_diagnosis:.1f}",
        Topography=organ,
        Pathology=_PATHOLOGY[organ],
        Pathology_confirmation=chance.choice(("Biopsy", "Cytology", "Surgical specimen")),
        Population=chance.choice(
            ("Patient with Cancer", "Patient with lesion not being a malignant tumor")
        ),
        Date_of_first_treatment=treated.isoformat(),
        Treatment=chance.choice(("Surgery", "Chemotherapy", "Radiotherapy; Chemotherapy")),
    )
    if chance.random() < 0.1:
        row |= {"Treatment": "No treatment", "Date of first treatment": ""}
    return row


def write_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """A table of the columns that the first row has."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
