"""What XNAT reads from a DICOM object and what it writes into it on arrival."""

from __future__ import annotations

import hashlib
import mmap
import re
import shutil
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.sandbox.part10 import NotDicom, read_header

_TAGS: Mapping[str, int] = {
    "sop_class": 0x00080016,
    "sop_uid": 0x00080018,
    "study_date": 0x00080020,
    "study_time": 0x00080030,
    "accession": 0x00080050,
    "modality": 0x00080060,
    "manufacturer": 0x00080070,
    "study_description": 0x00081030,
    "series_description": 0x0008103E,
    "patient_name": 0x00100010,
    "patient_id": 0x00100020,
    "patient_history": 0x001021B0,
    "patient_comments": 0x00104000,
    "study_uid": 0x0020000D,
    "series_uid": 0x0020000E,
    "series_number": 0x00200011,
    "instance_number": 0x00200013,
    "study_comments": 0x00324000,
}
_WANTED = frozenset(_TAGS.values())
_VERSION_NAME = b"XNAT-SANDBOX"
_LONG_VRS = frozenset({b"OB", b"OW", b"OF", b"SQ", b"UT", b"UN"})


@dataclass(frozen=True, slots=True)
class Dicom:
    """The header of one object, as text; absent values are empty."""

    sop_class: str
    sop_uid: str
    study_date: str
    study_time: str
    accession: str
    modality: str
    manufacturer: str
    study_description: str
    series_description: str
    patient_name: str
    patient_id: str
    patient_history: str
    patient_comments: str
    study_uid: str
    series_uid: str
    series_number: str
    instance_number: str
    study_comments: str
    transfer_syntax: str


def read(path: Path) -> Dicom:
    """Read a file's header.

    Raises:
        NotDicom: it is none, or lacks one of the UIDs.
    """
    if path.stat().st_size == 0:
        raise NotDicom("empty")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = read_header(data, _WANTED)
    found = Dicom(
        **{name: header.text(tag) for name, tag in _TAGS.items()},
        transfer_syntax=header.transfer_syntax,
    )
    if not (found.sop_uid and found.study_uid and found.series_uid):
        raise NotDicom("without UIDs")
    return found


def standard_name(found: Dicom) -> str:
    """The name that XNAT gives by itself: the same object always gets the same one."""
    digest = hashlib.sha1(
        f"{found.sop_class}{found.sop_uid}".encode(), usedforsecurity=False
    ).hexdigest()
    series, instance = found.series_number or 0, found.instance_number or 0
    return f"{found.study_uid}-{series}-{instance}-{digest[:7]}.dcm"


def rewrite_meta(source: Path, target: Path) -> None:
    """Copy a file under file meta information of XNAT's own, so that its digest changes."""
    with source.open("rb") as old, target.open("wb") as new:
        preamble = old.read(132)
        elements, rest = _meta(old.read(64 * 1024))
        elements[0x0013] = (b"SH", _VERSION_NAME)
        body = b"".join(_element(number, *elements[number]) for number in sorted(elements))
        new.write(preamble + _element(0, b"UL", struct.pack("<L", len(body))) + body)
        old.seek(132 + rest)
        shutil.copyfileobj(old, new, 1 << 20)


def _meta(raw: bytes) -> tuple[dict[int, tuple[bytes, bytes]], int]:
    """The elements of group 2 but its length, and where they end."""
    elements: dict[int, tuple[bytes, bytes]] = {}
    at = 0
    while raw[at : at + 2] == b"\x02\x00":
        number, vr = struct.unpack_from("<H", raw, at + 2)[0], raw[at + 4 : at + 6]
        if vr in _LONG_VRS:
            length, value_at = struct.unpack_from("<L", raw, at + 8)[0], at + 12
        else:
            length, value_at = struct.unpack_from("<H", raw, at + 6)[0], at + 8
        at = value_at + length
        if number:
            elements[number] = (vr, raw[value_at:at])
    return elements, at


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    length = struct.pack("<H", len(value))
    if vr in _LONG_VRS:
        length = b"\0\0" + struct.pack("<L", len(value))
    return struct.pack("<HH", 2, number) + vr + length + value


def cleaned(label: str) -> str:
    """A label as XNAT keeps it: letters, digits, `_` and `-`; all else becomes `_`."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", label.strip())


def routed(found: Dicom) -> Mapping[str, str]:
    """`Project:X Subject:Y Session:Z` of the comments, by lower-case key."""
    for text in (found.patient_comments, found.study_comments, found.patient_history):
        pairs = re.findall(r"(project|subject|session)\s*:\s*([^\s;]+)", text, re.IGNORECASE)
        if pairs:
            return {key.lower(): value for key, value in pairs}
    return {}
