"""A transfer with real DICOM files in it: what of them leaves, and what does not."""

from __future__ import annotations

import os
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from tests.tui.ledgers import come_to_images
from transfer.deid.keys.cohort import cohort_of, import_key
from transfer.deid.keys.key import fingerprint
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, record_finding
from transfer.ledger.order import Order, read_order
from transfer.orders import make_transfer
from transfer.workspace import Home, Workspace

KEY = "019a39ba16da7edb9e906440a48e9ed32"
NAME = "lung-2024"
SURNAME = "Quintanilla"
PLACE = "(0008,103E)"


def make_slice(patient: int, series: int, number: int, description: str) -> Dataset:
    """One slice with an original identifier in every place that the tests ask about."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"1.2.3.{patient}.{series}.{number}"
    ds.StudyInstanceUID = f"1.2.3.{patient}"
    ds.SeriesInstanceUID = f"1.2.3.{patient}.{series}"
    ds.StudyDate = "20240117"
    ds.Modality = "CT"
    ds.Manufacturer = "ACME"
    ds.SeriesDescription = description
    ds.PatientName = f"{SURNAME}^Ada"
    ds.PatientID = f"HOSP-{patient:04}"
    ds.PatientBirthDate = "19610523"
    ds.PatientComments = "lives near the old mill"
    item = Dataset()
    item.ReferencedSOPClassUID = CTImageStorage
    item.ReferencedSOPInstanceUID = f"1.2.3.{patient}.{series}.1"
    ds.ReferencedImageSequence = [item]
    block = ds.private_block(0x0009, "ACME 1.0", create=True)
    block.add_new(0x01, "LO", f"{SURNAME} again")
    ds.Rows = ds.Columns = 2
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.PixelRepresentation = 0
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.PixelData = b"\1\2\3\4"
    return ds


def make_reviewed(
    home: Home, folder: Path, *, deid: str = "eucaim", site_id: str | None = "SITE-001"
) -> Workspace:
    """Two patients: the first has a Series of three clean slices and one whose description holds
    the surname, at which the last look stopped; the second has one clean Series."""
    source = folder / "images"
    source.mkdir()
    workspace = make_transfer(
        home, Order(NAME, "strict", source, "LUNG", site_id=site_id, deid=deid)
    )
    with Ledger.open(workspace.ledger) as ledger:
        if deid != "none":
            import_key(home, cohort_of(read_order(ledger)), KEY)
        with ledger.transaction():
            _record_method(ledger, deid)
            for patient in (1, 2):
                ledger.write(
                    "INSERT INTO patient (original_id, original_name) VALUES (?, ?)",
                    f"HOSP-{patient:04}",
                    f"{SURNAME}^Ada",
                )
                ledger.write(
                    "INSERT INTO study (patient_id, study_uid, study_date, description)"
                    " VALUES (?, ?, '20240117', '')",
                    patient,
                    f"1.2.3.{patient}",
                )
            for series, (patient, slices, text) in enumerate(
                ((1, 3, "CHEST 2.5 MM"), (1, 1, f"CHEST {SURNAME}"), (2, 2, "CHEST 2.5 MM")), 1
            ):
                ledger.write(
                    "INSERT INTO series (study_id, series_uid, modality, series_number,"
                    " description, body_part, manufacturer) VALUES (?, ?, 'CT', '1', ?, '', '')",
                    patient,
                    f"1.2.3.{patient}.{series}",
                    text,
                )
                for number in range(1, slices + 1):
                    ds = make_slice(patient, series, number, text)
                    _add(ledger, source, ds, series)
    come_to_images(workspace)
    return workspace


def stop_second_series(workspace: Workspace) -> None:
    """What the runner records of a hit of the last look."""
    with Ledger.open(workspace.ledger) as ledger:
        with ledger.transaction():
            ledger.write(
                "UPDATE instance SET state = 'failed', cause = 'identifier', hits = ?, reason = ?"
                " WHERE series_id = 2",
                PLACE,
                f"The last look found the patient's name in {PLACE}; nothing of it was sent.",
            )
        record_finding(
            ledger,
            Finding(
                "DID-03",
                "block",
                "patient",
                "P1",
                f"An original identifier was found in {PLACE} of what would leave.",
                "A named person can answer for it: eucaim-transfer check NAME --waive DID-03"
                " --element GGGG,EEEE --by PERSON --reason TEXT",
            ),
        )


def _record_method(ledger: Ledger, deid: str) -> None:
    # With a run in the ledger the clock is the same in every time zone.
    ledger.write(
        "INSERT INTO deid_run (method, version, method_sha256, key_fingerprint, site_sha256,"
        " ingredients_sha256, clock, made_at_utc) VALUES (?, '', '', ?, '', '',"
        " '2026-03-14T09:00:00.000', '')",
        deid,
        fingerprint(KEY) if deid != "none" else "",
    )


def _add(ledger: Ledger, source: Path, ds: Dataset, series: int) -> None:
    path = source / f"{ds.SOPInstanceUID}.dcm"
    ds.save_as(path, enforce_file_format=True)
    os.utime(path, ns=(0, 0))
    size = path.stat().st_size
    file = ledger.write(
        "INSERT INTO source_file (path, size_bytes, mtime_ns, generation, verdict, kind)"
        " VALUES (?, ?, 0, 1, 'instance', 'instance')",
        os.fsencode(path.name),
        size,
    )
    ledger.write(
        "INSERT INTO instance (file_id, series_id, sop_instance_uid, sop_class_uid,"
        " transfer_syntax_uid, body_offset, has_part10, deidentified, size_bytes, state,"
        " file_bytes, file_mtime_ns) VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, 0, ?6, 'ready', ?6, 0)",
        file,
        series,
        str(ds.SOPInstanceUID),
        str(ds.SOPClassUID),
        str(ExplicitVRLittleEndian),
        size,
    )
