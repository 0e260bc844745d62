"""How the pixels of one instance are blanked, and the blanked pixels as a stream.

The way: `blank` looks at the *original* header (signatures and geometry are only whole there),
says what will be written and gives a header that fits it, in which a placeholder stands for the
pixels; the method of de-identification then works on that header; `place` puts the plan where the
placeholder is among the pieces; and `stream_pixels` gives exactly `plan.length` bytes there.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from transfer.deid.model import Header, Piece, Quarantined, Stretch
from transfer.deid.pixels.amend import (
    PLACEHOLDER_OFFSET,
    amend_decoded,
    amend_native,
    without_icons,
)
from transfer.deid.pixels.decoded import blank_frame, judge_decodable, stream_decoded
from transfer.deid.pixels.image import LENGTH_LIMIT_BYTES, Image, NotBlanked, describe
from transfer.deid.pixels.native import Grid, grid_of, judge_native, stream_native
from transfer.deid.pixels.regions import Box, Region, clip
from transfer.deid.pixels.source import CHUNK_BYTES, read_exactly

_NATIVE: Final = frozenset(
    (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
    )
)
_FLOATS: Final = (0x7FE00008, 0x7FE00009)


@dataclass(frozen=True, slots=True)
class PixelPlan:
    """What is to be done to the pixels. Can be pickled; holds no pixel.

    `length` is that of the outgoing pixel data in bytes, always even. `stretch` is where the
    original lies. `transfer_syntax_uid` is set, with the outgoing `photometric`, where frames are
    decoded; `spool` is the file that holds the finished bytes, if there is one.
    """

    stretch: Stretch
    length: int
    image: Image
    grid: Grid
    is_swapped: bool = False
    transfer_syntax_uid: str = ""
    photometric: str = ""
    spool: Path | None = None


@dataclass(frozen=True, slots=True)
class Blanked:
    """The header that fits the blanked pixels, and the plan that makes them.

    A deflated data set needs no plan: its pixels are in memory, and were blanked there.
    """

    header: Header
    plan: PixelPlan | None


OutgoingPiece: TypeAlias = Piece | PixelPlan


def blank(
    header: Header, fd: int, regions: Sequence[Region], folder: Path | None = None
) -> Blanked | Quarantined | None:
    """Blank the regions in every frame; None where there is nothing to do (no region, no image).

    Native pixels are not touched yet: they are patched while they leave. Compressed ones are
    decoded here, all of them, to be certain that they can be; with a `folder` the result is kept
    there in a new private file, which the caller deletes (`plan.spool`), else it is decoded once
    more when it is streamed. `fd` is the open file, read by position only.

    Raises:
        OSError: the disk (the folder is full, the file went away).
    """
    if not regions or (header.pixels is None and not _has_floats(header)):
        return None
    try:
        return _blanked(header, fd, regions, folder)
    except NotBlanked as refused:
        return Quarantined(f"Pixel regions could not be blanked: {refused.reason}")


def place(pieces: Sequence[Piece], plan: PixelPlan) -> tuple[OutgoingPiece, ...]:
    """The pieces of the outgoing stream with the plan in the place of the placeholder.

    Raises:
        ValueError: there is not exactly one placeholder of that length.
    """
    placeholder = Stretch(PLACEHOLDER_OFFSET, plan.length)
    if [piece for piece in pieces if isinstance(piece, Stretch)].count(placeholder) != 1:
        raise ValueError("the pieces hold no place for blanked pixels")
    return tuple(plan if piece == placeholder else piece for piece in pieces)


def stream_pixels(plan: PixelPlan, fd: int) -> Iterator[bytes]:
    """The blanked pixel data: `plan.length` bytes, never more than a frame in memory.

    Raises:
        NotBlanked: the original changed since the plan was made.
        OSError: the disk.
    """
    if plan.spool is not None:
        yield from _spooled(plan.spool, plan.length)
    elif plan.transfer_syntax_uid:
        yield from _decoded(plan, fd)
    else:
        yield from stream_native(fd, plan.stretch, plan.image, plan.grid, plan.is_swapped)


def _blanked(header: Header, fd: int, regions: Sequence[Region], folder: Path | None) -> Blanked:
    pixels = header.pixels
    if pixels is None or not isinstance(pixels.value, Stretch):
        raise NotBlanked("The pixel data are of a kind that is not changed here.")
    image = describe(header)
    boxes = _boxes(image, regions)
    if (header.transfer_syntax_uid in _NATIVE) == pixels.is_encapsulated:
        raise NotBlanked("The pixel data are not stored as the transfer syntax says.")
    if pixels.is_encapsulated:
        return _blank_encapsulated(header, fd, pixels.value, image, boxes, folder)
    image = judge_native(image, pixels.value.length)
    is_little = header.encoding.is_little
    is_swapped = not is_little and image.allocated_bits <= 8 and pixels.vr == "OW"
    grid = grid_of(image, boxes, is_little)
    plan = PixelPlan(pixels.value, image.padded_bytes, image, grid, is_swapped)
    if header.inflated is not None:
        return Blanked(_blank_inflated(header, header.inflated, plan), None)
    if pixels.value.length:
        read_exactly(fd, pixels.value.offset + pixels.value.length - 1, 1)
    return Blanked(amend_native(header, plan.length), plan)


def _blank_encapsulated(
    header: Header,
    fd: int,
    stretch: Stretch,
    image: Image,
    boxes: tuple[Box, ...],
    folder: Path | None,
) -> Blanked:
    syntax = header.transfer_syntax_uid
    image = replace(image, high_bit=image.stored_bits - 1)
    judge_decodable(syntax, image)
    if image.padded_bytes > LENGTH_LIMIT_BYTES:
        raise NotBlanked("The decoded pixels would be longer than an element can be.")
    _, photometric = next(stream_decoded(fd, stretch, syntax, image))
    native = replace(image, is_planar=False, photometric=photometric)
    grid = grid_of(native, boxes, True)
    plan = PixelPlan(stretch, image.padded_bytes, image, grid, False, syntax, photometric)
    if folder is None:
        for _ in _decoded(plan, fd):
            pass
    else:
        plan = replace(plan, spool=_spool(plan, fd, folder))
    return Blanked(amend_decoded(header, image, photometric, plan.length), plan)


def _boxes(image: Image, regions: Sequence[Region]) -> tuple[Box, ...]:
    clipped = (clip(region, image.columns, image.rows) for region in regions)
    boxes = tuple(box for box in clipped if box is not None)
    if not boxes:
        raise NotBlanked("No region of the signature lies on the image.")
    return boxes


def _has_floats(header: Header) -> bool:
    return any(tag in header.dataset for tag in _FLOATS)


def _blank_inflated(header: Header, inflated: bytes, plan: PixelPlan) -> Header:
    offset, length = plan.stretch
    blanked = b"".join(
        stream_native(inflated, plan.stretch, plan.image, plan.grid, plan.is_swapped)
    )
    new = inflated[:offset] + blanked[:length] + inflated[offset + length :]
    return replace(header, dataset=without_icons(header.dataset), inflated=new)


def _decoded(plan: PixelPlan, fd: int) -> Iterator[bytes]:
    frames = stream_decoded(fd, plan.stretch, plan.transfer_syntax_uid, plan.image)
    for number, (frame, photometric) in enumerate(frames, 1):
        if photometric != plan.photometric:
            raise NotBlanked(f"Frame {number} has its colours in another form than the first.")
        blank_frame(frame, plan.image, plan.grid)
        yield bytes(frame)
    if plan.image.size_bytes % 2:
        yield b"\0"


def _spool(plan: PixelPlan, fd: int, folder: Path) -> Path:
    path = folder / f"pixels-{secrets.token_hex(16)}"
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(out, "wb") as file:
            for piece in _decoded(plan, fd):
                file.write(piece)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _spooled(path: Path, length: int) -> Iterator[bytes]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for at in range(0, length, CHUNK_BYTES):
            yield bytes(read_exactly(fd, at, min(CHUNK_BYTES, length - at)))
    finally:
        os.close(fd)
