"""Small images and transfers, made for one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.workspace import Home


def image(path: Path, sop_instance_uid: str, *, rows: int = 4, **elements: str) -> None:
    """A CT instance with `rows` times 4 pixels of 16 bit; its folders are made."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(path, {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = sop_instance_uid
    dataset.StudyInstanceUID = "1.3.1"
    dataset.SeriesInstanceUID = "1.4.1"
    dataset.PatientID = "MADE-1"
    dataset.PatientName = "Made^Up"
    dataset.Modality = "CT"
    dataset.Rows, dataset.Columns = rows, 4
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.SamplesPerPixel = 1
    dataset.PixelRepresentation = 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = bytes(rows * 4 * 2)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)


@contextmanager
def make_transfer_of(source: Path, home: Path) -> Iterator[Ledger]:
    """The open ledger of a new transfer of `source`."""
    order = Order(name="made", node="node", source=source, destination="")
    workspace = make_transfer(Home.at(home), order)
    with Ledger.open(workspace.ledger) as ledger:
        yield ledger
