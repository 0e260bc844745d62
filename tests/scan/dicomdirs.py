"""Indexes of discs for tests: DICOMDIR files that name what they are told to (PS3.3 annex F)."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO

import pydicom
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


def index(
    names: Iterable[str], deleted: Iterable[str] = (), syntax: str = ExplicitVRLittleEndian
) -> bytes:
    """A DICOMDIR that names these files, with slashes, and others that were deleted from it."""
    made = Dataset()
    made.FileSetID = "DISC"
    patient = Dataset()
    patient.RecordInUseFlag = 0xFFFF
    patient.DirectoryRecordType = "PATIENT"
    patient.PatientID, patient.PatientName = "ID-7", "Zwingen^Ottokar"
    made.DirectoryRecordSequence = [
        patient,
        *(_record(name, 0xFFFF) for name in names),
        *(_record(name, 0) for name in deleted),
    ]
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = pydicom.uid.UID(MEDIA_DIRECTORY)
    made.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("1.2.3.9")
    made.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    written = BytesIO()
    pydicom.dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()


def _record(name: str, flag: int) -> Dataset:
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord = 0
    record.RecordInUseFlag = flag
    record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
    record.DirectoryRecordType = "IMAGE"
    # Some discs name files as no standard allows.
    record[0x00041500] = DataElement(
        0x00041500, "CS", name.split("/"), validation_mode=pydicom.config.IGNORE
    )
    record.ReferencedSOPClassUIDInFile = "1.2.840.10008.5.1.4.1.1.2"
    record.InstanceNumber = "1"
    return record
