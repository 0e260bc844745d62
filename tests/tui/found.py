"""A transfer of real files with real faults, scanned and judged: what the rules found in it."""

from __future__ import annotations

import os
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from tests.quality.cohort import scan_here
from tests.tui.ledgers import come_to_images
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.quality.circumstances import circumstances_of
from transfer.quality.judging import judge
from transfer.workspace import Home, Workspace

NAME = "lung-2024"
SURNAME = "Quintanilla"
SIZE = 16

_CONFIG = """
[nodes.known]
kind = "upv"
dicomweb_url = "https://node.example/dicom-web"
auth = "none"
gate = "eucaim"
deidentified = "as-is"
"""


def make_image(patient: int, series: int, number: int) -> Dataset:
    """One slice with nothing wrong with it, whose pixels are its number and then a ramp."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"1.2.3.{patient}.{series}.{number}"
    ds.StudyInstanceUID = f"1.2.3.{patient}"
    ds.SeriesInstanceUID = f"1.2.3.{patient}.{series}"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20240117"
    ds.Modality = "CT"
    ds.Manufacturer = "ACME"
    ds.SeriesDescription = "CHEST 2.5 MM"
    ds.PatientName = f"{SURNAME}^Ada"
    ds.PatientID = f"HOSP-{patient:04}"
    ds.PatientSex = "F"
    ds.PatientAge = "061Y"
    ds.PatientBirthDate = "19610523"
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = "by hand"
    ds.BurnedInAnnotation = "NO"
    ds.RecognizableVisualFeatures = "NO"
    ds.BodyPartExamined = "CHEST"
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = f"1.2.3.{patient}.{series}.1"
    ds.ReferencedImageSequence = [item, Dataset(item)]
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    ds.Rows = ds.Columns = SIZE
    ds.BitsAllocated = 16
    ds.BitsStored = 12
    ds.HighBit = 11
    ds.PixelRepresentation = 0
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.RescaleIntercept, ds.RescaleSlope = "0", "1"
    ds.WindowCenter, ds.WindowWidth = "128", "256"
    pixels = [number, *(value % 256 for value in range(1, SIZE * SIZE))]
    ds.PixelData = b"".join(value.to_bytes(2, "little") for value in pixels)
    return ds


def faulty_images() -> list[Dataset]:
    """Two patients with two Series each: E1 and E2 lack the body part, E2 lacks the manufacturer
    too, E3 has a date only in another place, and E4 is clean."""
    images: list[Dataset] = []
    for patient in (1, 2):
        for series in (1, 2):
            for number in (1, 2, 3):
                ds = make_image(patient, series, number)
                if patient == 1:
                    del ds.BodyPartExamined
                if (patient, series) == (1, 2):
                    ds.Manufacturer = ""
                if (patient, series) == (2, 1):
                    del ds.AcquisitionDate
                images.append(ds)
    return images


def make_found(home: Home, folder: Path, images: list[Dataset] | None = None) -> Workspace:
    """The transfer, scanned and judged; two files that are no images lie beside them."""
    (home.config_folder / "config.toml").write_text(_CONFIG)
    source = folder / "images"
    source.mkdir()
    for ds in faulty_images() if images is None else images:
        path = source / f"{ds.SOPInstanceUID}.dcm"
        ds.save_as(path, enforce_file_format=True)
        os.utime(path, ns=(0, 0))
    workspace = make_transfer(home, Order(NAME, "known", source, "LUNG"))
    with Ledger.open(workspace.ledger) as ledger:
        scan_here(ledger)
        judge(ledger, circumstances_of(ledger, "eucaim", requires_deidentified=False))
    come_to_images(workspace)
    return workspace
