"""Small DICOM files for the scanner's tests, made here, with one thing wrong at a time."""

from __future__ import annotations

import os
import random
import struct
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from transfer.scan.facts import FileFacts
from transfer.scan.inspect import inspect_file

MIB = 1024 * 1024
CT = "1.2.840.10008.5.1.4.1.1.2"


def image() -> Dataset:
    """A 16 by 16 CT image of two bytes a pixel, complete in every respect."""
    made = Dataset()
    made.SOPClassUID = CT
    made.SOPInstanceUID = "1.2.3.4"
    made.StudyDate = "20240131"
    made.Modality = "CT"
    made.Manufacturer = "Maker"
    made.StudyDescription = "Thorax"
    made.SeriesDescription = "Lung"
    made.PatientName = "Doe^Jane"
    made.PatientID = "P1"
    made.BodyPartExamined = "CHEST"
    made.StudyInstanceUID = "1.2.3"
    made.SeriesInstanceUID = "1.2.3.1"
    made.SeriesNumber = "7"
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.Rows = 16
    made.Columns = 16
    made.BitsAllocated = 16
    made.BitsStored = 16
    made.HighBit = 15
    made.PixelRepresentation = 0
    made.PixelData = bytes(512)
    made["PixelData"].VR = "OW"
    return made


def part10(made: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """The file of a data set, with correct file meta information."""
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = made.get("SOPClassUID", CT)
    made.file_meta.MediaStorageSOPInstanceUID = made.get("SOPInstanceUID", "1.2.3.4")
    made.file_meta.TransferSyntaxUID = pydicom.uid.UID(syntax)
    written = BytesIO()
    pydicom.dcmwrite(written, made, enforce_file_format=True)
    return written.getvalue()


def bare(made: Dataset, *, implicit: bool = False, little: bool = True) -> bytes:
    """The data set alone, without preamble and file meta information."""
    written = BytesIO()
    pydicom.dcmwrite(written, made, implicit_vr=implicit, little_endian=little)
    return written.getvalue()


def without(*keywords: str) -> Dataset:
    """`image()` without some attributes."""
    made = image()
    for keyword in keywords:
        delattr(made, keyword)
    return made


def frame(syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Preamble and file meta information with no data set behind."""
    content = part10(Dataset(), syntax)
    return content[: 144 + int.from_bytes(content[140:144], "little")]


def short(tag: int, vr: bytes, value: bytes) -> bytes:
    """An explicit little endian element with a length of two bytes."""
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr, len(value)) + value


def long(tag: int, vr: bytes, value: bytes, length: int | None = None) -> bytes:
    """An explicit little endian element with a length of four bytes, true or not."""
    said = len(value) if length is None else length
    return struct.pack("<HH2sHL", tag >> 16, tag & 0xFFFF, vr, 0, said) + value


def item(value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(value) if length is None else length) + value


ITEM_END = struct.pack("<HHL", 0xFFFE, 0xE00D, 0)
SEQUENCE_END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
UNDEFINED = 0xFFFFFFFF


def headless_pixels(tail: bytes, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """A Part 10 image whose pixel data element is the bytes given."""
    made = without("PixelData")
    return part10(made, syntax) + tail


def put(folder: Path, content: bytes, name: str = "IM0001") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def inspect(folder: Path, content: bytes, name: str = "IM0001") -> FileFacts:
    """What the scanner says of these bytes under this name."""
    return inspect_file(os.fsencode(put(folder, content, name)))


def dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - repeatable, nothing secret
