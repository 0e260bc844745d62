"""SOP Instances made for one test, and files that misbehave while they are read."""

from __future__ import annotations

import struct
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from transfer.errors import SourceChanged
from transfer.values import (
    SeriesInstanceUID,
    SeriesRef,
    SOPClassUID,
    SOPInstanceUID,
    StudyInstanceUID,
    TransferSyntaxUID,
)

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
PATIENT_ID = "SUBJ-001"
_PIECE_BYTES = 1 << 20


def fresh_uid() -> str:
    """A UID that nobody has used (PS3.5 annex B.2)."""
    return f"2.25.{uuid.uuid4().int}"


def fresh_series() -> SeriesRef:
    """A Series of a Study that no node knows yet."""
    study, series = StudyInstanceUID(fresh_uid()), SeriesInstanceUID(fresh_uid())
    return SeriesRef(study, series, PATIENT_ID)


@dataclass
class MadeInstance:
    """An `OutgoingInstance` in memory.

    `breaks_at`: the file turns out changed at that byte. `stalls`: it trickles, a byte at a
    time, and sets the event as soon as it does.
    """

    sop_instance_uid: SOPInstanceUID
    series: SeriesRef
    content: bytes
    breaks_at: int | None = None
    stalls: threading.Event | None = None
    sop_class_uid: SOPClassUID = field(default=SOPClassUID(SECONDARY_CAPTURE))
    transfer_syntax_uid: TransferSyntaxUID = field(default=TransferSyntaxUID(EXPLICIT_LITTLE))

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def pieces(self) -> Iterator[bytes]:
        end = len(self.content) if self.breaks_at is None else self.breaks_at
        step = min(_PIECE_BYTES, max(1, end // 2)) if self.stalls is None else 1
        for start in range(0, end, step):
            yield self.content[start : min(start + step, end)]
            if self.stalls is not None:
                self.stalls.set()
                time.sleep(0.01)
        if self.breaks_at is not None:
            raise SourceChanged("The file is gone.", "Scan again.")


def made(
    series: SeriesRef, *, uid: str | None = None, grey: int = 0, side: int = 8
) -> MadeInstance:
    """A Secondary Capture of `side` by `side` pixels of one grey value."""
    sop = uid or fresh_uid()
    return MadeInstance(SOPInstanceUID(sop), series, _part10(sop, series, grey, side))


def many(series: SeriesRef, count: int) -> list[MadeInstance]:
    """That many small instances of one Series."""
    return [made(series) for _ in range(count)]


def unreadable(series: SeriesRef) -> MadeInstance:
    """Bytes that claim to be an instance and are none."""
    return MadeInstance(SOPInstanceUID(fresh_uid()), series, b"This is no DICOM at all. " * 20)


def data_set(content: bytes) -> bytes:
    """What follows the file meta information in a Part 10 stream (PS3.10 7.1); a server may
    write its own meta information in front of it."""
    (group_length,) = struct.unpack_from("<L", content, 140)
    return content[144 + group_length :]


def uids(instances: Sequence[MadeInstance]) -> set[SOPInstanceUID]:
    return {instance.sop_instance_uid for instance in instances}


def _part10(sop: str, series: SeriesRef, grey: int, side: int) -> bytes:
    from pydicom import dcmwrite
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    image = Dataset()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE)
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID = UID(SECONDARY_CAPTURE)
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID = UID(sop)
    image.StudyInstanceUID, image.SeriesInstanceUID = series.study_uid, series.series_uid
    image.PatientID = image.PatientName = series.patient_id
    image.Modality = "OT"
    image.Rows = image.Columns = side
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit, image.PixelRepresentation = 7, 0
    image.add_new("PixelData", "OB", bytes([grey]) * (side * side))
    buffer = BytesIO()
    dcmwrite(buffer, image, enforce_file_format=True)
    return buffer.getvalue()
