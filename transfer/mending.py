"""What can be put right in a header on its way out, because a person asked for it.

The source stays untouched, and so does every element that nobody spoke of.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple, get_args

from transfer.deid.model import DataSet, Element, Header
from transfer.errors import UsageError
from transfer.scan.text import plain

Kind = Literal["body-part", "acquisition-date", "file-meta-uid", "top-age"]
KINDS: Final[tuple[str, ...]] = get_args(Kind)

BODY_PART: Final = 0x00180015
ACQUISITION_DATE: Final = 0x00080022
PATIENT_AGE: Final = 0x00101010
TOP_AGE: Final = "090Y"
"""As which age everybody leaves who is older than 89 (AGE-04)."""
SOP_INSTANCE: Final = 0x00080018
MEDIA_SOP_INSTANCE: Final = 0x00020003
DATE_TAGS: Final = {
    0x0008002A: "Acquisition DateTime",
    0x00080023: "Content Date",
    0x00080021: "Series Date",
    0x00080020: "Study Date",
}
"""Where Acquisition Date may be taken from, in the order in which EUCAIM offers them (IMG-06)."""

_CODE_STRING: Final = re.compile(r"[A-Z0-9 _]{1,16}")
_OLDEST: Final = re.compile(r"(?:09\d|[1-9]\d\d)Y")
_TAG: Final = re.compile(r"\(?([0-9A-Fa-f]{4}),?([0-9A-Fa-f]{4})\)?")
_DATE_CHARACTERS: Final = 8


class Mend(NamedTuple):
    """One mend of a Series. `row` names it in evidence; `value` is the term, or the tags of dates
    in hexadecimal with a comma between, the first one first."""

    row: int
    kind: str
    value: str


def term_of(text: str) -> str:
    """A value for Body Part Examined (PS3.5 section 6.2, CS).

    Raises:
        UsageError: it is none.
    """
    term = text.strip()
    if not _CODE_STRING.fullmatch(term) or not any(c.isalpha() for c in term):
        raise UsageError(
            "That is no value for Body Part Examined.",
            "Give a term in capital letters, at most 16: CHEST, BREAST, HEADNECK.",
        )
    return term


def tags_of(text: str) -> str:
    """Tags of dates as a mend keeps them; empty text means any, in the order of the offer.

    Raises:
        UsageError: one is no date from which Acquisition Date may be taken.
    """
    if not text.strip():
        return ",".join(f"{tag:08X}" for tag in DATE_TAGS)
    found = _TAG.fullmatch(text.strip())
    tag = int(found[1] + found[2], 16) if found else 0
    if tag not in DATE_TAGS:
        named = ", ".join(f"{t >> 16:04X},{t & 0xFFFF:04X} ({n})" for t, n in DATE_TAGS.items())
        raise UsageError(
            "Acquisition Date cannot be taken from there.", f"It can be from: {named}."
        )
    return f"{tag:08X}"


def mend(header: Header, mends: Sequence[Mend]) -> tuple[Header, tuple[str, ...]]:
    """The header with these mends in it, the last one of a kind deciding, and the evidence: the row
    of each mend that changed something, with the tag from which it took a value.

    The input is left as it is.
    """
    in_force = {one.kind: one for one in mends}
    evidence: list[str] = []
    dataset = header.dataset
    for kind in KINDS:
        one = in_force.get(kind)
        if one is None:
            continue
        if kind == "body-part":
            if _text(dataset, BODY_PART) != one.value:
                dataset = _with(dataset, _element(BODY_PART, "CS", one.value))
                evidence.append(f"{one.row}")
        elif kind == "acquisition-date":
            found = _date_for(dataset, one.value)
            if found is not None:
                dataset = _with(dataset, _element(ACQUISITION_DATE, "DA", found[1]))
                evidence.append(f"{one.row}:{found[0]}")
        elif kind == "top-age":
            age = _text(dataset, PATIENT_AGE)
            if _OLDEST.fullmatch(age) and age != one.value:
                dataset = _with(dataset, _element(PATIENT_AGE, "AS", one.value))
                evidence.append(f"{one.row}")
        elif plain(header.meta.get(MEDIA_SOP_INSTANCE, b"")) != _text(dataset, SOP_INSTANCE):
            # The file meta information is made anew from the data set; see `assemble`.
            evidence.append(f"{one.row}")
    if dataset is header.dataset:
        return header, tuple(evidence)
    return replace(header, dataset=dataset), tuple(evidence)


def _date_for(dataset: DataSet, tags: str) -> tuple[str, str] | None:
    """The tag that serves and its date; None where none does, or a real date is there already."""
    if _date(_text(dataset, ACQUISITION_DATE)) is not None:
        return None
    for tag in tags.split(","):
        date = _date(_text(dataset, int(tag, 16))[:_DATE_CHARACTERS])
        if date is not None:
            return tag, date.strftime("%Y%m%d")
    return None


def _date(text: str) -> dt.date | None:
    if len(text) != _DATE_CHARACTERS or not (text.isascii() and text.isdecimal()):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _text(dataset: DataSet, tag: int) -> str:
    element = dataset.get(tag)
    return plain(element.value) if element and isinstance(element.value, bytes) else ""


def _element(tag: int, vr: str, text: str) -> Element:
    value = text.encode("ascii")
    return Element(tag, vr, value + b" " * (len(value) % 2))


def _with(dataset: DataSet, element: Element) -> DataSet:
    """A data set with this element in its place: that of the one with its tag, else by its tag."""
    if element.tag in dataset:
        return {tag: element if tag == element.tag else one for tag, one in dataset.items()}
    made: DataSet = {}
    for tag, one in dataset.items():
        if tag > element.tag and element.tag not in made:
            made[element.tag] = element
        made[tag] = one
    made.setdefault(element.tag, element)
    return made
