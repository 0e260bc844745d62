"""DICOM data sets written element by element: also what no library would write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Final, TypeAlias

EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"

_LONG: Final = frozenset(("OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT"))

Item: TypeAlias = Mapping[int, "tuple[str, bytes | list[Item]]"]
"""Elements by tag: VR, and bytes or, of a sequence, items."""


def encode(item: Item, *, is_implicit: bool = False) -> bytes:
    """The data set in Little Endian (PS3.5 chapter 7), lengths defined, values padded."""
    written = []
    for tag, (vr, value) in sorted(item.items()):
        if isinstance(value, list):
            items = [encode(each, is_implicit=is_implicit) for each in value]
            content = b"".join(struct.pack("<HHI", 0xFFFE, 0xE000, len(i)) + i for i in items)
        else:
            filler = b"\0" if vr in ("UI", "OB", "UN") else b" "
            content = value + filler * (len(value) % 2)
        head = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
        if is_implicit:
            head += struct.pack("<I", len(content))
        elif vr in _LONG:
            head += vr.encode() + b"\0\0" + struct.pack("<I", len(content))
        else:
            head += vr.encode() + struct.pack("<H", len(content))
        written.append(head + content)
    return b"".join(written)


def part10(
    meta: Item, dataset: Item, *, syntax: str = EXPLICIT, preamble: bytes = bytes(128)
) -> bytes:
    """A file (PS3.10 chapter 7). `meta` lacks the transfer syntax and the length of the group."""
    whole = encode({**meta, 0x00020010: ("UI", syntax.encode())})
    body = encode(dataset, is_implicit=syntax == IMPLICIT)
    if syntax == DEFLATED:
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(body) + packer.flush()
        body += b"\0" * (len(body) % 2)
    length = encode({0x00020000: ("UL", struct.pack("<I", len(whole)))})
    return preamble.ljust(128, b"\0")[:128] + b"DICM" + length + whole + body
