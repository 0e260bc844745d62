"""The attributes that rules read of a header. What no rule names is not read.

An attribute is kept as text, trimmed and neutralised, once for all instances that say the same.
Whatever differs from slice to slice would end that: of a date and time only the date is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

BLANK: Final = frozenset(("", "na", "n/a", "null", "none", "unknown", "?", "-"))


class Attribute(NamedTuple):
    """A top-level attribute, or with a tag below zero a fact about the whole header.

    `keep` is how many characters of its text are kept.
    """

    tag: int
    name: str
    keep: int = 64

    @property
    def shown(self) -> str:
        """As operators know it: `Modality (0008,0060)`."""
        return f"{self.name} ({self.tag >> 16:04X},{self.tag & 0xFFFF:04X})"


IMAGE_TYPE: Final = Attribute(0x00080008, "Image Type", 128)
SOP_CLASS: Final = Attribute(0x00080016, "SOP Class UID")
STUDY_DATE: Final = Attribute(0x00080020, "Study Date", 16)
SERIES_DATE: Final = Attribute(0x00080021, "Series Date", 16)
ACQUISITION_DATE: Final = Attribute(0x00080022, "Acquisition Date", 16)
CONTENT_DATE: Final = Attribute(0x00080023, "Content Date", 16)
ACQUISITION_DATETIME: Final = Attribute(0x0008002A, "Acquisition DateTime", 8)
MODALITY: Final = Attribute(0x00080060, "Modality", 32)
CONVERSION_TYPE: Final = Attribute(0x00080064, "Conversion Type", 16)
MANUFACTURER: Final = Attribute(0x00080070, "Manufacturer")
STUDY_DESCRIPTION: Final = Attribute(0x00081030, "Study Description")
SERIES_DESCRIPTION: Final = Attribute(0x0008103E, "Series Description")
PATIENT_ID: Final = Attribute(0x00100020, "Patient ID", 80)
PATIENT_SEX: Final = Attribute(0x00100040, "Patient's Sex", 16)
PATIENT_AGE: Final = Attribute(0x00101010, "Patient's Age", 16)
IDENTITY_REMOVED: Final = Attribute(0x00120062, "Patient Identity Removed", 16)
DEIDENTIFICATION_METHOD: Final = Attribute(0x00120063, "De-identification Method")
BODY_PART: Final = Attribute(0x00180015, "Body Part Examined", 32)
PROTOCOL_NAME: Final = Attribute(0x00181030, "Protocol Name")
IMAGE_COMMENTS: Final = Attribute(0x00204000, "Image Comments")
BURNED_IN: Final = Attribute(0x00280301, "Burned In Annotation", 16)
RECOGNIZABLE_FEATURES: Final = Attribute(0x00280302, "Recognizable Visual Features", 16)
DATES_MODIFIED: Final = Attribute(0x00280303, "Longitudinal Temporal Information Modified", 16)
TRANSFER_SYNTAX: Final = Attribute(0x00020010, "Transfer Syntax UID")

# Facts about the whole header. Groups are listed as hexadecimal numbers with a comma between.
PRIVATE_GROUPS: Final = Attribute(-1, "private groups", 256)
OVERLAY_GROUPS: Final = Attribute(-2, "overlay and curve groups", 128)
DEIDENTIFICATION_CODES: Final = Attribute(-3, "De-identification Method Codes", 8)
SEGMENTS: Final = Attribute(-4, "segments", 32768)
"""Of a SEG object: JSON list of `[number, label, description, algorithm type, algorithm name]`."""
REFERENCES: Final = Attribute(-5, "referenced series", 4096)
"""Of a SEG object: the Series Instance UIDs that it names, with a comma between."""
ILL_FORMED_UIDS: Final = Attribute(-6, "ill-formed UIDs", 32)
"""Of what leaves: which of its own UIDs no node has to take (PS3.5 section 9.1)."""
PIXELS_BLANKED: Final = Attribute(-7, "blanked pixels", 8)
"""Of what leaves: pixel rules covered the places where text may stand."""

READ: Final = frozenset(
    (
        IMAGE_TYPE,
        SOP_CLASS,
        STUDY_DATE,
        SERIES_DATE,
        ACQUISITION_DATE,
        CONTENT_DATE,
        ACQUISITION_DATETIME,
        MODALITY,
        CONVERSION_TYPE,
        MANUFACTURER,
        STUDY_DESCRIPTION,
        SERIES_DESCRIPTION,
        PATIENT_SEX,
        PATIENT_AGE,
        IDENTITY_REMOVED,
        DEIDENTIFICATION_METHOD,
        BODY_PART,
        PROTOCOL_NAME,
        IMAGE_COMMENTS,
        BURNED_IN,
        RECOGNIZABLE_FEATURES,
        DATES_MODIFIED,
        TRANSFER_SYNTAX,
        PRIVATE_GROUPS,
        OVERLAY_GROUPS,
        DEIDENTIFICATION_CODES,
        SEGMENTS,
        REFERENCES,
        ILL_FORMED_UIDS,
    )
)
"""What the scan keeps of a header: all that any rule reads. Said here so that a process which
reads headers need not know the rules; a test holds them together."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a header says to the rules, and as what it was filed."""

    values: Mapping[int, str]

    def __getitem__(self, attribute: Attribute) -> str:
        return self.values.get(attribute.tag, "")

    def lacks(self, attribute: Attribute) -> bool:
        """Whether it is empty in the sense of EUCAIM's rules (section 0)."""
        return is_empty(self[attribute])


NO_TRAITS: Final = Traits(MappingProxyType({}))


def is_empty(text: str) -> bool:
    """Absent, blank, or one of the words that mean nothing (EUCAIM's rules, section 0)."""
    return text.strip().lower() in BLANK


def fingerprint_of(attributes: Iterable[Attribute]) -> str:
    """What the kept traits hold, in one word: another one means that headers are read again."""
    import hashlib

    text = ";".join(sorted(f"{a.tag}:{a.keep}" for a in set(attributes)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
