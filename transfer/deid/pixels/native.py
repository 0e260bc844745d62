"""Native pixel data, patched row by row on their way from the file to the wire.

Rows are counted through all frames (and through all planes, where colour is stored by plane), so
that a block of rows may begin anywhere and memory stays bounded whatever the size of a frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from transfer.deid.model import Stretch
from transfer.deid.pixels.fill import black, black_bytes
from transfer.deid.pixels.image import Image, NotBlanked
from transfer.deid.pixels.regions import Box
from transfer.deid.pixels.source import CHUNK_BYTES, Source, read_exactly

_ROWS_AT_LEAST: Final = 16  # of any width: whole bytes when bits are packed, and an even number


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of equal cells. `patterns` has the bytes of a black cell, one for each plane; a cell
    is a pixel, a sample (colour by plane), two pixels (halved chrominance) or a bit (`is_packed`).
    """

    rows: int
    cells: int
    patterns: tuple[bytes, ...]
    boxes: tuple[Box, ...]
    is_packed: bool = False

    @property
    def row_bits(self) -> int:
        return self.cells if self.is_packed else self.cells * len(self.patterns[0]) * 8


def grid_of(image: Image, boxes: tuple[Box, ...], is_little: bool) -> Grid:
    """How the native form of an image is patched. With halved chrominance a box that begins or
    ends within a pair of pixels takes in the whole pair, which shares its colour."""
    rows, columns = image.rows, image.columns
    if image.allocated_bits == 1:
        return Grid(rows, columns, tuple(bytes((value,)) for value in black(image)), boxes, True)
    samples = black_bytes(image, is_little)
    if image.is_halved:
        pattern = samples[0] + b"".join(samples)
        halved = tuple(
            Box(box.left // 2, box.top, (box.right + 1) // 2, box.bottom) for box in boxes
        )
        return Grid(rows, columns // 2, (pattern,), halved)
    if image.is_planar:
        return Grid(rows, columns, samples, boxes)
    return Grid(rows, columns, (b"".join(samples),), boxes)


def patch(block: bytearray, first_row: int, row_count: int, grid: Grid) -> None:
    """Blank what lies in the boxes, in a block of whole rows; what follows them stays."""
    import numpy as np

    if grid.is_packed:
        bits = np.unpackbits(np.frombuffer(block, np.uint8), bitorder="little")
        cells = bits[: row_count * grid.cells].reshape(row_count, grid.cells, 1)
    else:
        size = len(grid.patterns[0])
        count = row_count * grid.cells * size
        cells = np.frombuffer(block, np.uint8, count).reshape(row_count, grid.cells, size)
    index = np.arange(first_row, first_row + row_count)
    row, plane = index % grid.rows, index // grid.rows % len(grid.patterns)
    for box in grid.boxes:
        is_inside = (row >= box.top) & (row < box.bottom)
        for number, pattern in enumerate(grid.patterns):
            cells[is_inside & (plane == number), box.left : box.right] = np.frombuffer(
                pattern, np.uint8
            )
    if grid.is_packed:
        block[:] = np.packbits(bits, bitorder="little").tobytes()


def stream_native(
    source: Source, stretch: Stretch, image: Image, grid: Grid, is_swapped: bool
) -> Iterator[bytes]:
    """The pixel data with their boxes blanked, of even length, in pieces of about 1 MiB.

    `is_swapped`: bytes lie pairwise the wrong way round (one byte or less per sample written as OW
    in big endian, PS3.5 section 7.3).

    Raises:
        NotBlanked: the file is shorter than it was.
        OSError: the disk.
    """
    total = image.size_bits // grid.row_bits
    bits = grid.row_bits * _ROWS_AT_LEAST
    step = max(CHUNK_BYTES * 8 // bits, 1) * _ROWS_AT_LEAST
    at, end = stretch.offset, stretch.offset + stretch.length
    for first in range(0, total, step):
        count = min(step, total - first)
        is_last = first + count == total
        length = end - at if is_last else count * grid.row_bits // 8
        block = read_exactly(source, at, length)
        if is_swapped:
            _swap(block)
        patch(block, first, count, grid)
        if is_swapped:
            _swap(block)
        if is_last and stretch.length % 2:
            block += b"\0"
        at += length
        yield bytes(block)


def judge_native(image: Image, length: int) -> Image:
    """The image as its pixel data are really stored, by their length in bytes.

    Raises:
        NotBlanked: the length fits no form of these pixels. More bytes than the frames need could
            be pixels as well, which nobody would see blanked.
    """
    forms = [image]
    if image.photometric.endswith("_422") and image.samples == 3:
        forms = [replace(image, is_halved=True), image]
    for form in forms:
        if length in (form.size_bytes, form.padded_bytes):
            if form.is_halved and (image.is_planar or image.columns % 2):
                break
            return form
    if length < forms[0].size_bytes:
        raise NotBlanked("The pixel data are shorter than their frames need.")
    raise NotBlanked("The pixel data are longer than their frames need, or of an unknown form.")


def _swap(block: bytearray) -> None:
    if len(block) % 2:
        raise NotBlanked("The pixel data are of odd length, so their words cannot be told.")
    block[0::2], block[1::2] = block[1::2], block[0::2]
