"""A mark for every element of the dictionary that can hold text, whether it fits or not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pydicom._dicom_dict import DicomDictionary

from tests.privacy.elements import Item
from tests.privacy.marks import Marks

_WORDS: Final = ("AE", "AS", "CS", "DS", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UR", "UT")
# Command sets, file meta information and delimiters are no part of a data set; pixels are not text.
_FOREIGN_GROUPS: Final = (0x0000, 0x0002, 0x7FE0, 0xFFFE)
# What an image needs to be one, and the character set that tells how its text is read.
STRUCTURE: Final = frozenset(
    (0x00080005, 0x00080016, 0x00080060, 0x00280004, 0x00280008, 0x00180015, 0x00080070)
)


def planted(marks: Marks, where: str, *, leaving_out: Collection[int] = ()) -> Item:
    """All of them, each with a mark of its own, at `where`."""
    item: dict[int, tuple[str, bytes | list[Item]]] = {}
    for tag, (vrs, _, _, _, keyword) in DicomDictionary.items():
        if tag >> 16 in _FOREIGN_GROUPS or tag in STRUCTURE or tag in leaving_out:
            continue
        vr = vrs.split(" ")[0]
        place = f"{where}, ({tag >> 16:04X},{tag & 0xFFFF:04X}) {keyword}"
        value = value_of(marks, vr, place)
        if value is not None:
            item[tag] = (vr, value)
    return item


def value_of(marks: Marks, vr: str, where: str) -> bytes | None:
    """A mark in the form that a VR wants, or that a careless sender gives it; None: it holds no
    text."""
    if vr == "DA":
        return marks.day(where).encode()
    if vr == "DT":
        return f"{marks.day(where)}101112".encode()
    if vr == "UI":
        return marks.uid(where).encode()
    if vr in ("OB", "OW"):
        # A word alone could be numbers by accident, as docs/deidentification.md says.
        return (
            f"{marks.word(where)} is whose pictures these are, told where numbers belong".encode()
        )
    if vr in _WORDS or vr == "UN":
        return marks.word(where).encode()
    return None
