"""From the bytes of a frame to a picture of 8 bits. Runs in the drawing process alone."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np

from transfer.deid.pixels.image import Image
from transfer.preview.job import Job, NoPicture, Table

Pixels: TypeAlias = np.ndarray[Any, Any]

_PERCENTILES: Final = (0.5, 99.5)
# PS3.3 section C.7.6.3.1.2, solved for red, green and blue.
_COLOURS: Final = np.array(
    [[1.0, 0.0, 1.402], [1.0, -0.344136, -0.714136], [1.0, 1.772, 0.0]], np.float32
)


def draw(job: Job, data: bytes | bytearray, photometric: str) -> tuple[Pixels, str]:
    """The picture, grey or in colour, and how it was made brighter or darker, in words.

    Raises:
        NoPicture: the bytes are not what the header tells.
    """
    image = job.image
    samples = _samples(job, data)
    if image.samples > 1:
        return _colour(samples, image, photometric), "colours as stored"
    if photometric.startswith("PALETTE") and job.palette:
        return np.stack([_through(samples, table) for table in job.palette], -1), "by its palette"
    picture, how = _grey(samples, job)
    return (255 - picture if photometric == "MONOCHROME1" else picture), how


def _samples(job: Job, data: bytes | bytearray) -> Pixels:
    """Values by row, column and, where there are several, sample."""
    image = job.image
    n = image.rows * image.columns * image.kept_samples
    raw = np.frombuffer(data, np.uint8)
    if job.is_swapped:
        raw = raw[: len(raw) // 2 * 2].reshape(-1, 2)[:, ::-1].reshape(-1)
    if image.allocated_bits == 1:
        bits = np.unpackbits(raw, bitorder="little")[job.skipped_bits :][:n]
        return _shaped(bits, image, n, is_planar=False)
    kind = "i" if image.is_signed else "u"
    size = image.allocated_bits // 8
    order = "<" if job.is_little else ">"
    values = np.frombuffer(raw[: n * size].tobytes(), f"{order}{kind}{size}")
    values = values.astype(values.dtype.newbyteorder("="))
    if image.stored_bits < image.allocated_bits:
        # Bits around those that are stored may hold anything, old overlays for one.
        high = image.stored_bits - 1 if job.syntax else image.high_bit
        values = (values << (image.allocated_bits - 1 - high)) >> (
            image.allocated_bits - image.stored_bits
        )
    # What was decoded comes by pixel, whatever the header says of planes.
    return _shaped(values, image, n, is_planar=image.is_planar and not job.syntax)


def _shaped(values: Pixels, image: Image, n: int, *, is_planar: bool) -> Pixels:
    if values.size < n:
        raise NoPicture("The pixel data are shorter than their frames need.")
    if image.is_halved:
        return _whole_colour(values, image)
    if image.samples == 1:
        return values.reshape(image.rows, image.columns)
    if is_planar:
        return np.moveaxis(values.reshape(image.samples, image.rows, image.columns), 0, -1)
    return values.reshape(image.rows, image.columns, image.samples)


def _whole_colour(values: Pixels, image: Image) -> Pixels:
    """Two pixels stand as Y Y CB CR (PS3.3 section C.7.6.3.1.2)."""
    pairs = values.reshape(image.rows, image.columns // 2, 4)
    bright = pairs[:, :, :2].reshape(image.rows, image.columns)
    tints = [np.repeat(pairs[:, :, at], 2, axis=1) for at in (2, 3)]
    return np.stack([bright, *tints], -1)


def _colour(samples: Pixels, image: Image, photometric: str) -> Pixels:
    shift = max(0, image.stored_bits - 8)
    colours = (samples[:, :, :3] >> shift).astype(np.float32)
    if photometric.startswith("YBR"):
        colours[:, :, 1:] -= 128.0
        colours = colours @ _COLOURS.T
    found: Pixels = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    return found


def _through(samples: Pixels, table: Table) -> Pixels:
    """Values through a lookup table, as 8 bits. Values outside it take its first or last entry."""
    entries = np.frombuffer(bytes.fromhex(table.entries), "<u2")
    index = np.clip(samples.astype(np.int64) - table.first, 0, len(entries) - 1)
    shift = max(0, min(table.bits, 16) - 8)
    if entries.size and shift == 8 and entries.max() < 256:
        shift = 0  # some writers keep bytes and say that they have 16 bits
    found: Pixels = np.clip(entries[index] >> shift, 0, 255).astype(np.uint8)
    return found


def _grey(samples: Pixels, job: Job) -> tuple[Pixels, str]:
    if job.image.allocated_bits == 1:
        return samples.astype(np.uint8) * 255, "black and white"
    if job.modality is not None:
        entries = np.frombuffer(bytes.fromhex(job.modality.entries), "<u2")
        index = np.clip(samples.astype(np.int64) - job.modality.first, 0, len(entries) - 1)
        values = entries[index].astype(np.float32)
    else:
        values = samples.astype(np.float32) * job.slope + job.intercept
    if job.voi is not None:
        picture = _through(values, job.voi)
        if _says_something(picture, values):
            return picture, "brightness by its own table"
    if job.center is not None and job.width is not None and job.width > 0:
        picture = _windowed(values, job.center, job.width, job.function)
        if _says_something(picture, values):
            return picture, f"window {job.center:g} ± {job.width / 2:g}"
    low, high = (float(value) for value in np.percentile(values, _PERCENTILES))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    span = (high - low) or 1.0
    return _bytes_of((values - low) / span), "brightness by its own range of values"


def _windowed(values: Pixels, center: float, width: float, function: str) -> Pixels:
    """PS3.3 sections C.11.2.1.2 and C.11.2.1.3."""
    if function == "SIGMOID":
        return _bytes_of(1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - center) / width, -80, 80))))
    if function == "LINEAR_EXACT" or width <= 1:
        return _bytes_of((values - center) / width + 0.5)
    return _bytes_of((values - (center - 0.5)) / (width - 1.0) + 0.5)


def _bytes_of(shares: Pixels) -> Pixels:
    found: Pixels = np.rint(np.clip(np.nan_to_num(shares), 0.0, 1.0) * 255.0).astype(np.uint8)
    return found


def _says_something(picture: Pixels, values: Pixels) -> bool:
    """A window that makes one grey of pixels that differ was not meant for them."""
    return bool(picture.min() != picture.max() or values.min() == values.max())
