"""Small NIfTI images and their DICOM JSON, made here, with one thing wrong at a time."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_TEXTS = {
    "data_type": (4, 10),
    "db_name": (14, 18),
    "descrip": (148, 80),
    "aux_file": (228, 24),
    "intent_name": (328, 16),
}
_TEXTS_2 = {"descrip": (240, 80), "aux_file": (320, 24), "intent_name": (508, 16)}


def nifti(
    *,
    voxels: bytes = bytes(range(24)),
    extension: tuple[int, bytes] | None = None,
    gap: bytes = b"",
    spacing: float = 1.0,
    affine: float = 1.0,
    dims: tuple[int, ...] = (3, 2, 2, 3, 1, 1, 1, 1),
    magic: bytes = b"n+1\0",
    order: str = "<",
    texts: Mapping[str, bytes] = MappingProxyType({}),
    descrip: bytes = b"",
) -> bytes:
    """A NIfTI-1 image of 2 by 2 by 3 voxels of two bytes."""
    head = bytearray(348)
    between = _extension(extension, order) + gap
    struct.pack_into(f"{order}i", head, 0, 348)
    struct.pack_into(f"{order}8h", head, 40, *dims)
    struct.pack_into(f"{order}2h", head, 70, 4, 16)
    struct.pack_into(f"{order}8f", head, 76, 1.0, spacing, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into(f"{order}f", head, 108, 352.0 + len(between))
    struct.pack_into(f"{order}2h", head, 252, 0, 1)
    struct.pack_into(f"{order}12f", head, 280, affine, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    head[344:348] = magic
    for name, text in {"descrip": descrip, **texts}.items():
        at, size = _TEXTS[name]
        head[at : at + size] = text.ljust(size, b"\0")
    return bytes(head) + bytes((bool(extension), 0, 0, 0)) + between + voxels


def nifti_2(
    *,
    voxels: bytes = bytes(24),
    spacing: float = 1.0,
    texts: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """The same as NIfTI-2."""
    head = bytearray(540)
    struct.pack_into("<i", head, 0, 540)
    head[4:12] = b"n+2\0\r\n\x1a\n"
    struct.pack_into("<2h", head, 12, 4, 16)
    struct.pack_into("<8q", head, 16, 3, 2, 2, 3, 1, 1, 1, 1)
    struct.pack_into("<8d", head, 104, 1.0, spacing, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    struct.pack_into("<q", head, 168, 544)
    struct.pack_into("<2i", head, 344, 0, 1)
    struct.pack_into("<12d", head, 400, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    for name, text in texts.items():
        at, size = _TEXTS_2[name]
        head[at : at + size] = text.ljust(size, b"\0")
    return bytes(head) + bytes(4) + voxels


def _extension(given: tuple[int, bytes] | None, order: str) -> bytes:
    if given is None:
        return b""
    code, data = given
    size = (8 + len(data) + 15) // 16 * 16
    return struct.pack(f"{order}ii", size, code) + data.ljust(size - 8, b"\0")


def packed(content: bytes, *, name: bytes = b"", comment: bytes = b"", mtime: int = 0) -> bytes:
    """One gzip member, with a name and comment in its header where they are given."""
    flags = (8 if name else 0) | (16 if comment else 0)
    head = struct.pack("<2sBBLBB", b"\x1f\x8b", 8, flags, mtime, 2, 3)
    head += name + b"\0" if name else b""
    head += comment + b"\0" if comment else b""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(content) + packer.flush()
    return head + body + struct.pack("<LL", zlib.crc32(content), len(content) % 2**32)


ATTRIBUTES: Mapping[str, tuple[str, object]] = {
    "00080022": ("DA", "20240131"),
    "00080060": ("CS", "CT"),
    "00080070": ("LO", "Maker of scanners"),
    "00100020": ("LO", "ABC-000103"),
    "00120062": ("CS", "YES"),
    "00120063": ("LO", "Made for tests"),
    "00180015": ("CS", "CHEST"),
    "0020000D": ("UI", "1.2.826.2.1.1"),
    "0020000E": ("UI", "1.2.826.3.1.1.9"),
}
"""What the JSON of a clean volume says, by tag."""


def dicom_json(*without: str, **changes: tuple[str, object]) -> bytes:
    """The DICOM JSON of a volume. `changes` are tags behind a letter: `t00100010=("PN", "A^B")`."""
    said = {tag: pair for tag, pair in ATTRIBUTES.items() if tag not in without}
    said.update({tag.removeprefix("t"): pair for tag, pair in changes.items()})
    return json.dumps({tag: _attribute(*pair) for tag, pair in sorted(said.items())}).encode()


def _attribute(vr: str, value: object) -> dict[str, Any]:
    if vr == "PN":
        return {"vr": vr, "Value": [{"Alphabetic": value}]}
    return {"vr": vr, "Value": value if isinstance(value, list) else [value]}
