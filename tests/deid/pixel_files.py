"""Synthetic instances with pixels, and what is left of them after blanking."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble
from transfer.deid.model import Header, Quarantined, Stretch
from transfer.deid.pixels import Blanked, PixelPlan, Region, blank, place, stream_pixels

Array = np.ndarray[Any, Any]
REGIONS = (Region(2, 1, 5, 3), Region(-3, -2, 50, 50))


def noise(shape: tuple[int, ...], dtype: Any) -> Array:
    """Random pixels, none of them black."""
    limits = np.iinfo(dtype)
    return np.random.default_rng(7).integers(1, limits.max, shape, dtype=dtype)


def inside(rows: int, columns: int) -> Array:
    """What `REGIONS` cover of an image of at least ten by ten pixels."""
    mask = np.zeros((rows, columns), bool)
    mask[1:4, 2:7] = True
    mask[rows - 2 :, columns - 3 :] = True
    return mask


def assert_blanked(after: Array, before: Array, black: Any) -> None:
    mask = inside(*before.shape[1:3])
    assert after.shape == before.shape
    assert (after[:, mask] == black).all()
    np.testing.assert_array_equal(after[:, ~mask], before[:, ~mask])


def dataset_of(array: Array, photometric: str = "MONOCHROME2", **values: Any) -> Dataset:
    """An instance whose native pixels are `array`: (frames, rows, columns[, samples])."""
    dataset = Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7.2"
    dataset.SOPInstanceUID = "1.2.3.4"
    dataset.Modality = "US"
    dataset.Manufacturer = "Device Works"
    dataset.SamplesPerPixel = array.shape[3] if array.ndim == 4 else 1
    dataset.PhotometricInterpretation = photometric
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = array.shape[:3]
    if array.ndim == 4:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = array.dtype.itemsize * 8
    dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsAllocated - 1
    dataset.PixelRepresentation = int(array.dtype.kind == "i")
    raw = array.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if dataset.BitsAllocated <= 8 else "OW"
    for name, value in values.items():
        setattr(dataset, name, value)
    return dataset


def write(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    """Save as Part 10."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset.save_as(path, enforce_file_format=True)
    return path


def header_of(path: Path) -> Header:
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_header(fd, path.stat().st_size)
    finally:
        os.close(fd)


def blanked(
    path: Path, regions: Sequence[Region], folder: Path | None = None
) -> tuple[FileDataset, PixelPlan | None]:
    """What leaves, read by pydicom."""
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(read_header(fd, path.stat().st_size), fd, regions, folder)
        assert isinstance(result, Blanked), result
        out = bytearray()
        pieces = assemble(result.header)
        for piece in pieces if result.plan is None else place(pieces, result.plan):
            if isinstance(piece, bytes):
                out += piece
            elif isinstance(piece, Stretch):
                out += os.pread(fd, piece.length, piece.offset)
            else:
                pixels = b"".join(stream_pixels(piece, fd))
                assert len(pixels) == piece.length
                out += pixels
    finally:
        os.close(fd)
    return dcmread(io.BytesIO(bytes(out))), result.plan


def refusal(path: Path, regions: Sequence[Region] = (Region(0, 0, 4, 4),)) -> str:
    """The reason why an instance was quarantined."""
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(read_header(fd, path.stat().st_size), fd, regions)
    finally:
        os.close(fd)
    assert isinstance(result, Quarantined), result
    return result.reason


def frames_of(dataset: Dataset) -> Array:
    """(frames, rows, columns, samples), whatever the instance has of them."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    return dataset.pixel_array.reshape(frames, dataset.Rows, dataset.Columns, -1)
