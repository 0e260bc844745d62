"""NIfTI-1 and NIfTI-2 images, alone, packed with gzip, or as a pair of header and image."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from transfer.scan.reasons import Reason
from transfer.scan.source import BLOCK_BYTES, INFLATE_LIMIT_BYTES, FileSource

HEADER_BYTES: Final = 540
_IMAGE_NAMES: Final = (b".img", b".IMG", b".img.gz", b".IMG.GZ")
_HEADER_NAMES: Final = (b".hdr", b".HDR", b".hdr.gz", b".HDR.GZ")


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """`image_end` is the byte at which the voxels end, in the file that holds them."""

    is_alone: bool  # header and image are two files (magic `ni1`)
    header_bytes: int
    image_end: int


def read_nifti_header(head: bytes) -> NiftiHeader | None:
    """The header in the first `HEADER_BYTES` of a file (after gunzip), if it is one.

    Layouts: nifti1.h and nifti2.h of the NIfTI data format working group.
    """
    for order in "<>":
        if len(head) >= 348 and struct.unpack_from(f"{order}i", head)[0] == 348:
            magic = head[344:348]
            if magic in (b"n+1\0", b"ni1\0"):
                dims = struct.unpack_from(f"{order}8h", head, 40)
                (bits,) = struct.unpack_from(f"{order}h", head, 72)
                (offset,) = struct.unpack_from(f"{order}f", head, 108)
                return _header(magic, 348, dims, bits, offset)
        if len(head) >= 540 and struct.unpack_from(f"{order}i", head)[0] == 540:
            magic = head[4:8]
            if magic in (b"n+2\0", b"ni2\0"):
                dims = struct.unpack_from(f"{order}8q", head, 16)
                (bits,) = struct.unpack_from(f"{order}h", head, 12 + 2)
                (offset,) = struct.unpack_from(f"{order}q", head, 168)
                return _header(magic, 540, dims, bits, offset)
    return None


def _header(magic: bytes, size: int, dims: Sequence[int], bits: int, offset: float) -> NiftiHeader:
    count = min(max(dims[0], 0), 7)
    voxels = math.prod(max(n, 1) for n in dims[1 : 1 + count])
    begin = int(offset) if math.isfinite(offset) and offset > 0 else 0
    return NiftiHeader(
        is_alone=magic.startswith(b"ni"),
        header_bytes=size,
        image_end=begin + (voxels * max(bits, 0) + 7) // 8,
    )


def judge_nifti(
    header: NiftiHeader, source: FileSource, path: bytes, *, is_packed: bool
) -> list[Reason]:
    """Whether the image is there and whole. Voxels are neither kept nor decoded."""
    if header.is_alone:
        return [] if _has_sibling(path, _IMAGE_NAMES) else [Reason.NIFTI_HEADER_ALONE]
    size = _unpacked_size(source, header.image_end) if is_packed else source.size_bytes
    if size >= header.image_end:
        return []
    # Four bytes that announce extensions follow the header.
    if size <= header.header_bytes + 4:
        return [Reason.NIFTI_HEADER_ALONE]
    return [Reason.NIFTI_SHORT]


def has_nifti_header_beside(path: bytes) -> bool:
    """Whether this `.img` file is the image half of a NIfTI pair."""
    for name in _siblings(path, _HEADER_NAMES):
        try:
            with open(name, "rb") as file:
                head = file.read(BLOCK_BYTES)
        except OSError:
            continue
        header = read_nifti_header(gunzip_head(head) if head[:2] == b"\x1f\x8b" else head)
        if header is not None and header.is_alone:
            return True
    return False


def gunzip_head(packed: bytes, count: int = HEADER_BYTES) -> bytes:
    """The first unpacked bytes of a gzip stream; fewer where it breaks."""
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, count)
    except zlib.error:
        return b""


def _siblings(path: bytes, suffixes: Sequence[bytes]) -> list[bytes]:
    stem = path[:-3] if path.lower().endswith(b".gz") else path
    stem = os.path.splitext(stem)[0]
    return [stem + suffix for suffix in suffixes]


def _has_sibling(path: bytes, suffixes: Sequence[bytes]) -> bool:
    return any(os.path.isfile(name) for name in _siblings(path, suffixes))


def _unpacked_size(source: FileSource, enough: int) -> int:
    """Unpacked length of a gzip file, as its last four bytes say or, if they doubt, as counted.

    RFC 1952: ISIZE is the length modulo 2**32 of the last member only.
    """
    trailer = source.glance(max(source.size_bytes - 4, 0), 4)
    if len(trailer) == 4 and int.from_bytes(trailer, "little") == enough % 2**32:
        return enough
    limit = min(enough, INFLATE_LIMIT_BYTES)
    counted, at, inflater = 0, 0, zlib.decompressobj(16 + zlib.MAX_WBITS)
    counting = FileSource(source.fd, source.size_bytes, budget=source.size_bytes + BLOCK_BYTES)
    try:
        while counted < limit and (packed := counting.glance(at, 4 * BLOCK_BYTES)):
            at += len(packed)
            while packed and counted < limit:
                counted += len(inflater.decompress(packed, 16 * BLOCK_BYTES))
                packed = inflater.unconsumed_tail
                if inflater.eof and (packed := inflater.unused_data):
                    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    except zlib.error:
        return counted
    return enough if counted >= limit else counted
