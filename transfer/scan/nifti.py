"""NIfTI-1 and NIfTI-2 images, alone, packed with gzip, or as a pair of header and image."""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from transfer.members import is_member
from transfer.opening import open_source
from transfer.quality.attributes import is_empty
from transfer.scan.reasons import Reason
from transfer.scan.source import BLOCK_BYTES, INFLATE_LIMIT_BYTES, FileSource

HEADER_BYTES: Final = 540
_TRAILER_BYTES: Final = 8
_IMAGE_NAMES: Final = (b".img", b".IMG", b".img.gz", b".IMG.GZ")
_HEADER_NAMES: Final = (b".hdr", b".HDR", b".hdr.gz", b".HDR.GZ")


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """`image_end` is the byte at which the voxels end, in the file that holds them; they begin at
    `image_at`. `texts` names the fields of free text that hold any. `is_sound`: dimensions and
    affine are numbers that an image can have."""

    is_alone: bool  # header and image are two files (magic `ni1`)
    header_bytes: int
    image_end: int
    image_at: int = 0
    is_little: bool = True
    is_sound: bool = True
    texts: tuple[str, ...] = ()


class _Layout(NamedTuple):
    """Where the fields of one version lie (nifti1.h, nifti2.h), as `struct` formats and offsets."""

    header_bytes: int
    magic: tuple[int, tuple[bytes, ...]]
    dims: tuple[str, int]
    bits: tuple[str, int]
    spacing: tuple[str, int]
    image_at: tuple[str, int]
    codes: tuple[str, int]  # of qform and sform
    qform: tuple[str, int]
    sform: tuple[str, int]
    texts: tuple[tuple[str, int, int], ...]  # name, offset, length


_FIRST: Final = _Layout(
    348,
    (344, (b"n+1\0", b"ni1\0")),
    ("8h", 40), ("h", 72), ("8f", 76), ("f", 108), ("2h", 252), ("6f", 256), ("12f", 280),
    (
        ("data_type", 4, 10), ("db_name", 14, 18), ("descrip", 148, 80), ("aux_file", 228, 24),
        ("intent_name", 328, 16),
    ),
)  # fmt: skip
_SECOND: Final = _Layout(
    540,
    (4, (b"n+2\0", b"ni2\0")),
    ("8q", 16), ("h", 14), ("8d", 104), ("q", 168), ("2i", 344), ("6d", 352), ("12d", 400),
    (
        ("descrip", 240, 80), ("aux_file", 320, 24), ("intent_name", 508, 16),
        ("unused_str", 525, 15),
    ),
)  # fmt: skip


def read_nifti_header(head: bytes) -> NiftiHeader | None:
    """The header in the first `HEADER_BYTES` of a file (after gunzip), if it is one.

    Layouts: nifti1.h and nifti2.h of the NIfTI data format working group.
    """
    for order in "<>":
        for layout in (_FIRST, _SECOND):
            at, magics = layout.magic
            if (
                len(head) >= layout.header_bytes
                and struct.unpack_from(f"{order}i", head)[0] == layout.header_bytes
                and head[at : at + 4] in magics
            ):
                return _header(head, order, layout)
    return None


def _header(head: bytes, order: str, layout: _Layout) -> NiftiHeader:
    def field(where: tuple[str, int]) -> tuple[float, ...]:
        return struct.unpack_from(order + where[0], head, where[1])

    dims = [int(n) for n in field(layout.dims)]
    count = min(max(dims[0], 0), 7)
    voxels = math.prod(max(n, 1) for n in dims[1 : 1 + count])
    (offset,), (bits,) = field(layout.image_at), field(layout.bits)
    is_alone = head[layout.magic[0] :].startswith(b"ni")
    begin = int(offset) if math.isfinite(offset) and offset > 0 else 0
    if not is_alone:
        # Some writers leave it 0 and mean: behind the header and the word on extensions.
        begin = max(begin, layout.header_bytes + 4)
    numbers = [offset, *field(layout.spacing)[1 : 1 + count]]
    qform_code, sform_code = field(layout.codes)
    numbers += field(layout.qform) if qform_code else ()
    numbers += field(layout.sform) if sform_code else ()
    return NiftiHeader(
        is_alone=is_alone,
        header_bytes=layout.header_bytes,
        image_end=begin + (voxels * max(int(bits), 0) + 7) // 8,
        image_at=begin,
        is_little=order == "<",
        is_sound=1 <= dims[0] <= 7
        and all(n >= 1 for n in dims[1 : 1 + count])
        and bits > 0
        and all(math.isfinite(n) for n in numbers),
        texts=tuple(
            name for name, at, size in layout.texts if _says_something(head[at : at + size])
        ),
    )


def _says_something(field: bytes) -> bool:
    """Converters write `None` where there is nothing (EUCAIM's requirements, section 0)."""
    text = field.strip(b"\0 ")
    return bool(text) and not is_empty(text.decode("latin-1"))


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
            with open_source(name) as opened:
                head = os.read(opened.fd, BLOCK_BYTES)
        except OSError:
            continue
        header = read_nifti_header(gunzip_head(head) if head[:2] == b"\x1f\x8b" else head)
        if header is not None and header.is_alone:
            return True
    return False


def gunzip_head(packed: bytes, count: int = HEADER_BYTES) -> bytes:
    """The first unpacked bytes of a gzip stream; fewer where it breaks. A small file whose
    checksum at the end is wrong still shows what it was."""
    inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
    head = b""
    for piece in (packed[:-_TRAILER_BYTES], packed[-_TRAILER_BYTES:]):
        if len(head) < count:
            try:
                head += inflater.decompress(piece, count - len(head))
            except zlib.error:
                break
    return head


def _siblings(path: bytes, suffixes: Sequence[bytes]) -> list[bytes]:
    if is_member(path):
        return []  # Beside a member lie other members, which are not looked for by name.
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
    budget = source.size_bytes + BLOCK_BYTES
    counting = FileSource(source.fd, source.size_bytes, budget, source.base)
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
