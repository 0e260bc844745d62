"""A folder tree for the scan to be measured on: header-only CT files, and slices with pixels.

Written element by element: what differs from slice to slice differs in length too, as it does in
real series, and 200,000 files take a minute to make and not ten.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

_CT: Final = "1.2.840.10008.5.1.4.1.1.2"
_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_PER_SERIES: Final = 90
_ROOT: Final = "1.2.826.0.1.3680043.8.498.2024010598765432123"
_LONG: Final = frozenset(("OB", "OW", "SQ", "UN", "UT"))
SLICE_PIXELS: Final = 512 * 488
"""Pixels of two bytes in a real-sized slice: half a megabyte."""


def _element(tag: int, vr: str, value: str | bytes) -> bytes:
    raw = value.encode("ascii") if isinstance(value, str) else value
    if len(raw) % 2:
        raw += b"\0" if vr in ("UI", "OB") else b" "
    group, number = tag >> 16, tag & 0xFFFF
    if vr in _LONG:
        return struct.pack("<HH2s2xL", group, number, vr.encode(), len(raw)) + raw
    return struct.pack("<HH2sH", group, number, vr.encode(), len(raw)) + raw


def _item(*elements: bytes) -> bytes:
    content = b"".join(elements)
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content


def _us(tag: int, number: int) -> bytes:
    return _element(tag, "US", struct.pack("<H", number))


class Series:
    """One CT series of one patient; `content` gives the bytes of its slices."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._study = f"{_ROOT}.{number}.1"
        self._uid = f"{_ROOT}.{number}.2"
        referenced = _item(
            _element(0x00081150, "UI", "1.2.840.10008.3.1.2.3.1"),
            _element(0x00081155, "UI", f"{_ROOT}.{number}.3"),
        )
        code = _item(
            _element(0x00080100, "SH", "CTTHX"),
            _element(0x00080102, "SH", "99ACME"),
            _element(0x00080104, "LO", "CT Thorax"),
        )
        self._before_uid = b"".join(
            (
                _element(0x00080005, "CS", "ISO_IR 100"),
                _element(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"),
                _element(0x00080016, "UI", _CT),
            )
        )
        self._identity = b"".join(
            (
                _element(0x00080020, "DA", "20240105"),
                _element(0x00080021, "DA", "20240105"),
                _element(0x00080022, "DA", "20240105"),
                _element(0x00080023, "DA", "20240105"),
                _element(0x00080030, "TM", "101010"),
            )
        )
        self._equipment = b"".join(
            (
                _element(0x00080050, "SH", f"A{number}"),
                _element(0x00080060, "CS", "CT"),
                _element(0x00080070, "LO", "ACME"),
                _element(0x00081030, "LO", "CT Thorax"),
                _element(0x00081032, "SQ", code),
                _element(0x0008103E, "LO", "lung 1.0"),
                _element(0x00081110, "SQ", referenced),
                _element(0x00100010, "PN", f"Doe^{number}"),
                _element(0x00100020, "LO", f"ID{number:06}"),
                _element(0x00100030, "DA", f"19{number % 90 + 10}0101"),
                _element(0x00100040, "CS", "M"),
                _element(0x00101010, "AS", "074Y"),
                _element(0x00180015, "CS", "CHEST"),
                _element(0x00180050, "DS", "1.0"),
                _element(0x00180060, "DS", "120"),
                _element(0x00190010, "LO", "ACME CT 1.0"),
                *(_element(0x00191000 + k, "LO", f"private value number {k}") for k in range(40)),
                _element(0x0020000D, "UI", self._study),
                _element(0x0020000E, "UI", self._uid),
                _element(0x00200010, "SH", "1"),
                _element(0x00200011, "IS", "1"),
            )
        )
        self._frame = _element(0x00200052, "UI", f"{_ROOT}.{number}.4")
        self._image = b"".join(
            (
                _element(0x00210010, "LO", "ACME MORE 1.0"),
                *(_element(0x00211000 + k, "DS", "12.5\\13.5\\14.5") for k in range(25)),
                _us(0x00280002, 1),
                _element(0x00280004, "CS", "MONOCHROME2"),
            )
        )
        self._bits = b"".join(
            (
                _element(0x00280030, "DS", "0.703125\\0.703125"),
                _us(0x00280100, 16),
                _us(0x00280101, 12),
                _us(0x00280102, 11),
                _us(0x00280103, 0),
                _element(0x00281052, "DS", "-1024"),
                _element(0x00281053, "DS", "1"),
            )
        )

    def content(self, slice_number: int, pixels: int = 0) -> bytes:
        """The file of one slice; without pixels it describes no image at all."""
        uid = f"{self._uid}.{slice_number}"
        height = f"{-512.5 + slice_number * 1.25:g}"
        meta = b"".join(
            (
                _element(0x00020001, "OB", b"\0\1"),
                _element(0x00020002, "UI", _CT),
                _element(0x00020003, "UI", uid),
                _element(0x00020010, "UI", _EXPLICIT),
                _element(0x00020012, "UI", "1.2.3.4"),
            )
        )
        size = b""
        if pixels:
            size = _us(0x00280010, pixels // 512) + _us(0x00280011, 512)
        return b"".join(
            (
                bytes(128) + b"DICM",
                _element(0x00020000, "UL", struct.pack("<L", len(meta))),
                meta,
                self._before_uid,
                _element(0x00080018, "UI", uid),
                self._identity,
                _element(0x00080033, "TM", f"1010{slice_number % 60:02}.{slice_number * 7}"),
                self._equipment,
                _element(0x00200013, "IS", str(slice_number)),
                _element(0x00200032, "DS", f"-180\\-180\\{height}"),
                self._frame,
                _element(0x00201041, "DS", height),
                self._image,
                size,
                self._bits,
                _element(0x7FE00010, "OW", bytes(2 * pixels)) if pixels else b"",
            )
        )


def write_tree(folder: Path, files: int, slices: int = 0, *, is_flat: bool = False) -> None:
    """Write `files` header-only files and then `slices` with half a megabyte of pixels each; one
    folder a series, or all in one."""
    folder.mkdir(parents=True)
    for number in range(files + slices):
        if not number % _PER_SERIES:
            series = Series(number // _PER_SERIES + 1)
            place = folder if is_flat else folder / f"p{series.number:05}" / "s1"
            place.mkdir(parents=True, exist_ok=True)
        pixels = SLICE_PIXELS if number >= files else 0
        content = series.content(number % _PER_SERIES + 1, pixels)
        # What is left of a page is a file of its own on most disks: plain writes, nothing synced.
        fd = os.open(place / f"IM{number:06}.dcm", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb", buffering=0) as file:
            file.write(content)
