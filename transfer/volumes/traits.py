"""What the rules read of the JSON of a volume, as one small document like that of an instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transfer.deid.look.identifiers import SOURCES, Kind
from transfer.deid.model import DataSet
from transfer.ledger.connection import Ledger
from transfer.ledger.order import last_word
from transfer.ledger.waivers import is_waived
from transfer.orders import DEID_WAIVER
from transfer.quality.attributes import (
    ACQUISITION_DATE,
    BODY_PART,
    DEIDENTIFICATION_CODES,
    DEIDENTIFICATION_METHOD,
    IDENTITY_REMOVED,
    MANUFACTURER,
    MODALITY,
    PATIENT_ID,
    PRIVATE_GROUPS,
    STUDY_DATE,
    Attribute,
    Traits,
)
from transfer.quality.judging import read_traits, write_traits
from transfer.scan.text import decoded

STUDY_UID: Final = Attribute(0x0020000D, "Study Instance UID")
SERIES_UID: Final = Attribute(0x0020000E, "Series Instance UID")
SERIES_NUMBER: Final = Attribute(0x00200011, "Series Number", 16)
IDENTIFYING: Final = Attribute(-101, "identifying attributes", 256)
"""Which kinds of direct identifiers stand in it, with a semicolon between."""

_KEPT: Final = (
    PATIENT_ID, MODALITY, BODY_PART, MANUFACTURER, ACQUISITION_DATE, STUDY_DATE, IDENTITY_REMOVED,
    DEIDENTIFICATION_METHOD, STUDY_UID, SERIES_UID, SERIES_NUMBER,
)  # fmt: skip
_CODES: Final = 0x00120064
_CHARSET: Final = b"ISO_IR 192"
_DIRECT: Final = frozenset(
    (Kind.NAME, Kind.BIRTH_DATE, Kind.OTHER_ID, Kind.ADDRESS, Kind.PHONE, Kind.ACCESSION)
)
_NOBODY: Final = frozenset(
    ("anonymous", "anonymized", "anonymised", "deidentified", "removed", "patient", "none", "anon")
)


def traits_of(dataset: DataSet) -> str:
    """The document of a data set that was read from JSON, or is to be written as such."""
    values = {a.tag: text for a in _KEPT if (text := text_of(dataset, a)[: a.keep])}
    groups = sorted({tag >> 16 for tag in _tags(dataset) if tag >> 16 & 1})
    if groups:
        named = ",".join(f"{group:04X}" for group in groups)
        values[PRIVATE_GROUPS.tag] = named[: PRIVATE_GROUPS.keep]
    codes = dataset.get(_CODES)
    if codes is not None and codes.value:
        values[DEIDENTIFICATION_CODES.tag] = "YES"
    if kinds := sorted(set(_identifying(dataset))):
        values[IDENTIFYING.tag] = ";".join(kinds)
    return write_traits(Traits(values))


def is_marked(document: str) -> bool:
    """Whether the JSON says that it is de-identified, and by what (DID-02)."""
    traits = read_traits(document)
    is_said = traits[IDENTITY_REMOVED].upper() == "YES"
    return is_said and bool(traits[DEIDENTIFICATION_METHOD] or traits[DEIDENTIFICATION_CODES])


def is_answered_for(ledger: Ledger) -> bool:
    """Whether a named person answered for images, and all that goes with them, without the mark."""
    return is_waived(ledger, "DID-02") or last_word(ledger, DEID_WAIVER) is not None


def text_of(dataset: DataSet, attribute: Attribute) -> str:
    """The text of a top-level element, trimmed and neutralised; empty where there is none."""
    element = dataset.get(attribute.tag)
    if element is None or not isinstance(element.value, bytes):
        return ""
    return decoded(element.value, _CHARSET)


def _tags(dataset: DataSet) -> Iterator[int]:
    for tag, element in dataset.items():
        yield tag
        if isinstance(element.value, list):
            for item in element.value:
                yield from _tags(item)


def _identifying(dataset: DataSet) -> Iterator[str]:
    """Kinds of direct identifiers that stand there and are not the pseudonym itself."""
    pseudonym = text_of(dataset, PATIENT_ID).lower()
    for tag, kind in SOURCES.items():
        text = text_of(dataset, Attribute(tag, "")).lower()
        if kind not in _DIRECT or not text.strip("^= "):
            continue
        if kind is Kind.NAME:
            words = set(text.replace("=", "^").replace(" ", "^").split("^")) - {""}
            if words <= _NOBODY | {pseudonym}:
                continue
        elif text == pseudonym:
            continue
        yield kind.value
