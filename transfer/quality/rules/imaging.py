"""Minimum imaging attributes (EUCAIM's requirements, section 1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Final

from transfer.dates import day_of
from transfer.ledger.connection import Ledger
from transfer.quality.attributes import (
    ACQUISITION_DATE,
    ACQUISITION_DATETIME,
    BODY_PART,
    CONTENT_DATE,
    MANUFACTURER,
    MODALITY,
    PATIENT_SEX,
    SERIES_DATE,
    SOP_CLASS,
    STUDY_DATE,
    TRANSFER_SYNTAX,
    Attribute,
    Traits,
)
from transfer.quality.left_out import Owner, rejected
from transfer.quality.rule import (
    Choice,
    Circumstances,
    Dimension,
    Found,
    HeaderRule,
    Level,
    Problem,
    Rule,
    Severity,
)
from transfer.quality.terms import (
    BODY_PARTS,
    MODALITIES,
    RETIRED_MODALITIES,
    is_image,
    is_storage_class,
    is_transfer_syntax,
)

OFFERED_DATES: Final = (ACQUISITION_DATETIME, CONTENT_DATE, SERIES_DATE, STUDY_DATE)
"""Where Acquisition Date may be taken from, in the order in which they are offered."""

_DOUBTFUL_BEFORE: Final = 1970
_CODE_STRING: Final = re.compile(r"[A-Z0-9 _]{1,16}")
_SEXES: Final = frozenset("FMO")
_SOURCE_OR_EXCLUDE: Final = "Correct it at the source, or exclude the series."


def offered_date(traits: Traits, today: dt.date) -> Attribute | None:
    """From which attribute an absent Acquisition Date can be taken (rule IMG-06)."""
    for attribute in OFFERED_DATES:
        date = day_of(traits[attribute])
        if date is not None and date <= today:
            return attribute
    return None


def _modality(traits: Traits, _: Circumstances) -> Problem | None:
    if traits.lacks(MODALITY):
        return Problem(Severity.BLOCK, "Modality is missing in {n} instances.")
    if traits[MODALITY] in RETIRED_MODALITIES:
        return Problem(
            Severity.WARN, "Modality is a term that the standard no longer has, in {n} instances."
        )
    if traits[MODALITY] not in MODALITIES:
        return Problem(
            Severity.BLOCK, "Modality is no defined term of the standard in {n} instances."
        )
    return None


def _body_part(traits: Traits, _: Circumstances) -> Problem | None:
    if not is_image(traits[SOP_CLASS]):
        return None
    if traits.lacks(BODY_PART):
        return Problem(Severity.BLOCK, "Body Part Examined is empty in {n} instances.")
    if not _CODE_STRING.fullmatch(traits[BODY_PART]):
        return Problem(
            Severity.WARN,
            "Body Part Examined is not written as the standard asks (capital letters, at most 16)"
            " in {n} instances.",
        )
    if traits[BODY_PART] not in BODY_PARTS:
        return Problem(Severity.WARN, "Body Part Examined is no standard term in {n} instances.")
    return None


def _manufacturer(traits: Traits, _: Circumstances) -> Problem | None:
    if traits.lacks(MANUFACTURER):
        return Problem(Severity.BLOCK, "Manufacturer is missing in {n} instances.")
    return None


def _date(traits: Traits, now: Circumstances) -> Problem | None:
    if not is_image(traits[SOP_CLASS]):
        return None
    if traits.lacks(ACQUISITION_DATE):
        if offered_date(traits, now.today) is not None:
            return None
        return Problem(
            Severity.BLOCK,
            "Acquisition Date is missing in {n} instances, and no other date could take its place.",
        )
    date = day_of(traits[ACQUISITION_DATE])
    if date is None:
        return Problem(Severity.BLOCK, "Acquisition Date is no date in {n} instances.")
    if date > now.today:
        return Problem(Severity.BLOCK, "Acquisition Date lies in the future in {n} instances.")
    if date.year < _DOUBTFUL_BEFORE:
        return Problem(
            Severity.WARN, f"Acquisition Date is before {_DOUBTFUL_BEFORE} in {{n}} instances."
        )
    return None


def _other_date(traits: Traits, now: Circumstances) -> Problem | None:
    if not (is_image(traits[SOP_CLASS]) and traits.lacks(ACQUISITION_DATE)):
        return None
    offered = offered_date(traits, now.today)
    if offered is None:
        return None
    return Problem(
        Severity.ASK,
        f"Acquisition Date is absent in {{n}} instances and can be taken from {offered.shown}."
        " Use it?",
    )


def _class(traits: Traits, now: Circumstances) -> Problem | None:
    if now.takes_unknown_classes or is_storage_class(traits[SOP_CLASS]):
        return None
    return Problem(
        Severity.BLOCK,
        "The SOP Class of {n} instances is none of the standard; the node may not take them.",
    )


def _without_class(ledger: Ledger, _: Circumstances) -> Iterator[Found]:
    for row in rejected(ledger, Owner.CLASS):
        yield Found(
            f"F{row}",
            Level.INSTANCE,
            Severity.BLOCK,
            "The SOP Class UID is missing, so no node can store this instance.",
            "Export the file again from the archive, or exclude it.",
        )


def _syntax(traits: Traits, now: Circumstances) -> Problem | None:
    if is_transfer_syntax(traits[TRANSFER_SYNTAX]):
        return None
    if now.blanks_pixels:
        return Problem(
            Severity.BLOCK,
            "The transfer syntax of {n} instances is not known, so that their pixels cannot be"
            " changed.",
        )
    return Problem(
        Severity.WARN,
        "The transfer syntax of {n} instances is none of the standard; few programs can show them.",
    )


def _sex(traits: Traits, _: Circumstances) -> Problem | None:
    if not is_image(traits[SOP_CLASS]) or traits[PATIENT_SEX] in _SEXES:
        return None
    return Problem(
        Severity.WARN,
        "Patient's Sex is empty, or not F, M or O, in {n} instances: the catalogue shows Unknown.",
    )


RULES: Final[tuple[Rule, ...]] = (
    HeaderRule(
        id="IMG-02",
        title="Modality",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        serves_also=(Dimension.ACCURATE,),
        remedy=_SOURCE_OR_EXCLUDE,
        is_waivable=True,
        reads=(MODALITY,),
        judge=_modality,
    ),
    HeaderRule(
        id="IMG-03",
        title="Body part",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        serves_also=(Dimension.ACCURATE,),
        remedy="Choose a value for the series, or exclude it.",
        is_waivable=True,
        reads=(BODY_PART, SOP_CLASS),
        judge=_body_part,
    ),
    HeaderRule(
        id="IMG-04",
        title="Manufacturer",
        dimension=Dimension.COMPLETE,
        remedy="Add it at the source, or exclude the series.",
        is_waivable=True,
        reads=(MANUFACTURER,),
        judge=_manufacturer,
    ),
    HeaderRule(
        id="IMG-05",
        title="Date of acquisition",
        dimension=Dimension.COMPLETE,
        severities=(Severity.BLOCK, Severity.WARN),
        serves_also=(Dimension.VALID,),
        remedy=_SOURCE_OR_EXCLUDE,
        is_waivable=True,
        reads=(ACQUISITION_DATE, SOP_CLASS, *OFFERED_DATES),
        judge=_date,
    ),
    HeaderRule(
        id="IMG-06",
        title="Date of acquisition from another date",
        dimension=Dimension.COMPLETE,
        severities=(Severity.ASK,),
        remedy="Answer whether that date is the day on which the image was taken.",
        choices=(
            Choice("use", "Take the date that is offered, in what is sent"),
            Choice("exclude", "Leave the series out"),
        ),
        reads=(ACQUISITION_DATE, SOP_CLASS, *OFFERED_DATES),
        judge=_other_date,
    ),
    HeaderRule(
        id="IMG-08",
        title="SOP Class",
        dimension=Dimension.VALID,
        remedy="Ask the node's people whether they take it: a named person can then answer for it."
        " Else exclude the series.",
        is_waivable=True,
        reads=(SOP_CLASS,),
        judge=_class,
        look=_without_class,
    ),
    HeaderRule(
        id="IMG-09",
        title="Transfer syntax",
        dimension=Dimension.VALID,
        severities=(Severity.BLOCK, Severity.WARN),
        remedy="Export the images again in a transfer syntax of the standard, or exclude the"
        " series.",
        reads=(TRANSFER_SYNTAX,),
        judge=_syntax,
    ),
    HeaderRule(
        id="IMG-13",
        title="Patient's sex for the catalogue",
        dimension=Dimension.COMPLETE,
        severities=(Severity.WARN,),
        remedy="Fill it in at the source, or give it in the clinical table.",
        reads=(PATIENT_SEX, SOP_CLASS),
        judge=_sex,
    ),
)
