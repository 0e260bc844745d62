"""What is made wrong in a synthetic cohort, so that pictures have something to show."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def plant_faults(cohort: Path) -> None:
    """In two Series the body part is missing, in a third one the manufacturer."""
    series: list[str] = []
    for path, ds in images_of(cohort):
        if ds.SeriesInstanceUID not in series:
            series.append(ds.SeriesInstanceUID)
        place = series.index(ds.SeriesInstanceUID)
        if place < 2 and "BodyPartExamined" in ds:
            del ds.BodyPartExamined
        elif place == 2:
            ds.Manufacturer = ""
        else:
            continue
        ds.save_as(path)


def spoil_table(cohort: Path) -> None:
    """In the clinical table one heading is Spanish, sexes are letters, an age is none, and an ID is
    spelt otherwise."""
    table = cohort / "clinical.csv"
    with table.open(newline="", encoding="utf-8") as file:
        headings, *rows = csv.reader(file)
    detection, sex = headings.index("Date of radiology detection"), headings.index("Sex")
    headings[detection] = "Fecha de deteccion"
    for row in rows:
        row[sex] = row[sex][:1]
    rows[3][0] = rows[3][0].lower().replace("-", " ")
    rows[1][sex], rows[2][headings.index("Age at diagnosis")] = "1", "638"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([headings, *rows])


def images_of(cohort: Path) -> Iterator[tuple[Path, Any]]:
    """Every DICOM file of a cohort, read."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    for path in sorted(path for path in cohort.rglob("*") if path.is_file()):
        try:
            yield path, dcmread(path)
        except InvalidDicomError:
            continue


def write_a_name(cohort: Path) -> None:
    """Put the family name into the description of one Series."""
    chosen = ""
    for path, ds in images_of(cohort):
        chosen = chosen or ds.get("SeriesInstanceUID", "")
        if chosen and ds.get("SeriesInstanceUID") == chosen:
            ds.SeriesDescription = f"{ds.PatientName.family_name} THORAX"
            ds.save_as(path)
