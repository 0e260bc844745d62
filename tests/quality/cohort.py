"""A clean cohort of two patients, in which a test plants one fault, and what the rules say to it.

Rows of the ledger follow the order of the paths: `P1` is the first patient, `S1` its Study, `E1`
and `E2` its Series, `I1` and `I2` the instances of `E1`, and so on.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from transfer.clinical.phase import read_clinical
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, read_findings
from transfer.ledger.order import Order, read_order
from transfer.orders import make_transfer
from transfer.quality.judging import judge
from transfer.quality.rule import Circumstances
from transfer.scan.facts import FileFacts
from transfer.scan.inspect import inspect_file
from transfer.scan.phase import scan
from transfer.workspace import Home

PATIENTS = ("ABC-000103", "ABC-000107")
SERIES_OF_A_STUDY = 2
IMAGES_OF_A_SERIES = 2
TODAY = dt.date(2026, 6, 1)
AS_IS = Circumstances(today=TODAY)
"""Files go as they are to a node with EUCAIM's gate that asks for de-identified ones."""

TABLE: tuple[Mapping[str, str], ...] = (
    {
        "PatientID": PATIENTS[0],
        "Population": "Patient with Cancer",
        "Sex": "Female",
        "Date of radiology detection": "2024-01-10",
        "Diagnosis date": "2024-01-20",
        "Age at diagnosis": "61.4",
        "Pathology confirmation": "Biopsy",
        "Topography": "Lung",
        "Region": "Upper lobe",
        "Laterality": "Right",
        "Pathology": "Adenocarcinoma",
        "Imaging procedure protocol": "CT thorax with contrast",
        "Treatment": "Surgery",
        "Date of first treatment": "2024-02-20",
    },
    {
        "PatientID": PATIENTS[1],
        "Population": "Patient with Cancer",
        "Sex": "Male",
        "Date of radiology detection": "2024-03-01",
        "Diagnosis date": "2024-03-10",
        "Age at diagnosis": "58.0",
        "Pathology confirmation": "Biopsy",
        "Topography": "Lung",
        "Region": "Upper lobe",
        "Laterality": "Right",
        "Pathology": "Adenocarcinoma",
        "Imaging procedure protocol": "CT thorax with contrast",
        "Treatment": "Chemotherapy",
        "Date of first treatment": "2024-04-02",
    },
)
"""The clinical table that fits the images: one row a patient, nothing missing."""

_DATES = ("20240131", "20240315")
_SEXES = ("F", "M")
_AGES = ("061Y", "058Y")


def clean_images(studies: int = 1) -> list[Dataset]:
    """The images of the cohort, in the order of their rows: nothing is wrong with any of them.

    Each patient has `studies` Studies of two Series with two images each.
    """
    return [
        _image(patient, study, series, number)
        for patient in range(len(PATIENTS))
        for study in range(studies)
        for series in range(SERIES_OF_A_STUDY)
        for number in range(IMAGES_OF_A_SERIES)
    ]


def _image(patient: int, study: int, series: int, number: int) -> Dataset:
    made = Dataset()
    place = f"{patient + 1}.{study + 1}.{series + 1}.{number + 1}"
    made.SOPClassUID = CTImageStorage
    made.SOPInstanceUID = f"1.2.826.1.{place}"
    made.StudyInstanceUID = f"1.2.826.2.{patient + 1}.{study + 1}"
    made.SeriesInstanceUID = f"1.2.826.3.{patient + 1}.{study + 1}.{series + 1}"
    made.FrameOfReferenceUID = f"1.2.826.4.{patient + 1}.{study + 1}"
    made.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    day = (dt.date.fromisoformat(_DATES[patient]) + dt.timedelta(days=90 * study)).strftime(
        "%Y%m%d"
    )
    made.StudyDate = made.SeriesDate = made.AcquisitionDate = made.ContentDate = day
    made.StudyTime = "101500"
    made.Modality = "CT"
    made.Manufacturer = "Maker of scanners"
    made.PatientID = PATIENTS[patient]
    made.PatientName = f"{PATIENTS[patient]}^Anonymous"
    made.PatientSex = _SEXES[patient]
    made.PatientAge = _AGES[patient]
    made.PatientIdentityRemoved = "YES"
    made.DeidentificationMethod = "Made for tests"
    made.LongitudinalTemporalInformationModified = "UNMODIFIED"
    made.BodyPartExamined = "CHEST"
    made.SeriesNumber = str(series + 1)
    made.InstanceNumber = str(number + 1)
    made.ImagePositionPatient = [0.0, 0.0, 5.0 * number]
    made.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    made.PixelSpacing = [0.7, 0.7]
    made.SliceThickness = 5.0
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.Rows = made.Columns = 4
    made.BitsAllocated = made.BitsStored = 16
    made.HighBit = 15
    made.PixelRepresentation = 0
    made.BurnedInAnnotation = "NO"
    made.PixelData = bytes((patient + 1, study + 1, series + 1, number + 1, 6, 7, 8, 9)) * 4
    made["PixelData"].VR = "OW"
    return made


def of_series(images: Sequence[Dataset], row: int) -> list[Dataset]:
    """The images of a Series by its row, as `clean_images` made them."""
    at = (row - 1) * IMAGES_OF_A_SERIES
    return list(images[at : at + IMAGES_OF_A_SERIES])


def write_images(folder: Path, images: Iterable[Dataset]) -> None:
    """Write images as Part 10 files, `0001.dcm` and so on, so that rows follow their order.

    An image with a `file_meta` of its own keeps it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number, made in enumerate(images, 1):
        path = folder / f"{number:04}.dcm"
        own = getattr(made, "file_meta", None)
        file = FileDataset(path, made, file_meta=own or meta_of(made), preamble=bytes(128))
        file.save_as(path, enforce_file_format=own is None)


def meta_of(made: Dataset) -> FileMetaDataset:
    """File meta information that fits an image."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0
    meta.FileMetaInformationVersion = b"\0\1"
    meta.ImplementationClassUID = UID("1.2.826.5")
    meta.MediaStorageSOPClassUID = UID(made.get("SOPClassUID") or CTImageStorage)
    meta.MediaStorageSOPInstanceUID = UID(made.get("SOPInstanceUID") or "1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return meta


def write_table(path: Path, rows: Iterable[Mapping[str, str]] = TABLE) -> Path:
    """Write a clinical table as CSV; the first row names the columns."""
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@contextmanager
def scanned(source: Path, home: Path, clinical: Path | None = None) -> Iterator[Ledger]:
    """The open ledger of a new transfer of `source`, scanned in this process."""
    order = Order(name="made", node="node", source=source, destination="", clinical=clinical)
    with Ledger.open(make_transfer(Home.at(home), order).ledger) as ledger:
        scan_here(ledger)
        yield ledger


def scan_here(ledger: Ledger) -> None:
    """Scan as the program does, but read the headers in this process."""
    with patch("transfer.scan.phase.header_readers", _ReadersHere):
        scan(ledger, processes=1, should_stop=lambda: False)
    read_clinical(ledger)


class _ReadersHere:
    def __init__(self, processes: int) -> None:
        pass

    def __enter__(self) -> _ReadersHere:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def answers(self, files: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, FileFacts]]]:
        for row, path in files:
            yield [(row, inspect_file(path))]


def findings_of(
    source: Path,
    home: Path,
    circumstances: Circumstances = AS_IS,
    *,
    clinical: Path | None = None,
    before: Callable[[Ledger], object] = lambda ledger: None,
) -> list[Finding]:
    """Everything that the rules say of a folder, worst first; see `all_findings`.

    `before` is what happens between the scan and the judging.
    """
    with scanned(source, home, clinical) as ledger:
        before(ledger)
        judge(ledger, circumstances)
        return all_findings(ledger)


def all_findings(ledger: Ledger) -> list[Finding]:
    """All findings, whatever their standing.

    A cohort without a clinical table is meant to be images alone: LNK-03, which asks whether it
    is, is left out.
    """
    has_table = read_order(ledger).clinical is not None
    found = read_findings(ledger, limit=1000, standing=None)
    return [f for f in found if has_table or f.rule != "LNK-03"]


def told(findings: Iterable[Finding]) -> list[tuple[str, str, str]]:
    """Rule, key and severity of each finding, in the order given."""
    return [(f.rule, f.key, f.severity) for f in findings]
