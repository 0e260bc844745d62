"""The metadata of a dataset as a form: keys, limits and choices (upv-node.md 2.2, UPV-06, UPV-07).

A key is the service's own name of the property, but for the licence, which is one property there
and two lines here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from transfer.publication.metadata import faults_of
from transfer.publication.values import Field, Texts

TITLE, URL = "licenseTitle", "licenseUrl"
LICENSE: Final = "license"
UNSET: Final = "??"
"""What the service writes where a creation said nothing; for a reader it is no value."""
_UNSET_OF: Final = frozenset({"version", "provenance", "purpose"})
_LISTS: Final = frozenset({"type", "collectionMethod"})
_AFTER: Final = "It can be changed after the release; the DOI keeps what it was at publication."
_NO_LICENCE: Final = (
    "Without a licence nobody knows what may be done with the data, and the files deposited with "
    "the DOI keep it so."
)

FORM: Final[Sequence[Field]] = (
    Field(
        "name",
        "Name",
        help="What readers find it by. At most 128 characters are advised; names need not be "
        "unique on the node.",
        least=3,
        most=256,
        is_needed=True,
        is_fixed_later=True,
    ),
    Field(
        "version",
        "Version",
        help="Such as 1.0; another one for each new version of the dataset.",
        most=16,
        is_needed=True,
        is_fixed_later=True,
    ),
    Field(
        "description",
        "Description",
        "text",
        help="What the images show, and of whom.",
        is_needed=True,
        is_fixed_later=True,
    ),
    Field(
        "provenance",
        "Provenance",
        "text",
        help="Where the data come from, and how they were gathered and de-identified.",
        is_needed=True,
        is_fixed_later=True,
    ),
    Field(
        "purpose",
        "Purpose",
        "text",
        help="What the dataset was made for.",
        is_needed=True,
        is_fixed_later=True,
    ),
    Field(
        "type",
        "Type",
        "choices",
        help="Of the data; more than one may hold.",
        allowed=("original", "annotated", "processed", "personal-data"),
        is_fixed_later=True,
    ),
    Field(
        "collectionMethod",
        "Collection method",
        "choices",
        help="More than one may hold.",
        allowed=(
            "patient-based",
            "cohort",
            "only-image",
            "longitudinal",
            "case-control",
            "disease-specific",
        ),
        is_fixed_later=True,
    ),
    Field(TITLE, "Licence", help=f"Its title. {_AFTER}", most=128, if_empty=_NO_LICENCE),
    Field(
        URL,
        "Licence address",
        help=f"Where the licence is to be read. {_AFTER}",
        most=256,
        if_empty="Readers of the licence's title cannot look up what it says.",
    ),
    Field(
        "contactInfo",
        "Contact",
        help=f"Whom readers ask: an office rather than a person. {_AFTER}",
        most=256,
        if_empty="Readers have nobody to ask, and the files deposited with the DOI keep it so.",
    ),
)
_TITLES: Final = {field.key: field.title for field in FORM}


def property_of(key: str) -> str:
    """The service's property that a key of the form belongs to."""
    return LICENSE if key in (TITLE, URL) else key


def fields_of(
    details: Mapping[str, Any], editable: Collection[str], licences: Sequence[tuple[str, str]]
) -> Sequence[Field]:
    """The form with the values of one dataset. `licences` are those that the node offers, as help
    only: another one may be entered."""
    given = texts_of(details)
    shown = []
    for field in FORM:
        is_editable = property_of(field.key) in editable
        help = field.help
        if licences and field.key in (TITLE, URL):
            place = 0 if field.key == TITLE else 1
            help = f"The node offers: {', '.join(pair[place] for pair in licences)}. {help}"
        shown.append(replace(field, value=given[field.key], is_editable=is_editable, help=help))
    return shown


def texts_of(details: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Every value of the form; empty where the service has none, or one of another kind."""
    return {field.key: _value(details, field.key) for field in FORM}


def version_of(details: Mapping[str, Any]) -> str:
    """The version of a dataset as its details or a list name it; empty where nobody gave one."""
    return "".join(_value(details, "version"))


def _value(details: Mapping[str, Any], key: str) -> tuple[str, ...]:
    if key in (TITLE, URL):
        licence = details.get(LICENSE)
        held = licence.get("title" if key == TITLE else "url") if isinstance(licence, dict) else ""
    else:
        held = details.get(key)
    if isinstance(held, list):
        return tuple(text for text in held if isinstance(text, str)) if key in _LISTS else ()
    if not isinstance(held, str) or not held or (key in _UNSET_OF and held == UNSET):
        return ()
    return (held,)


def faults_in(texts: Texts) -> Sequence[str]:
    """Everything that the service would not take, or would break on: a version of 17 characters
    is a 500 at a creation, and so is a licence that does not fit into the database."""
    return [
        f"{_TITLES.get(fault.key, fault.key)}: {fault.text}" for fault in faults_of(FORM, texts)
    ]


def is_same(key: str, one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two values say the same; a list of choices has no order."""
    return sorted(one) == sorted(other) if key in _LISTS else tuple(one) == tuple(other)


def wire(name: str, texts: Mapping[str, Sequence[str]]) -> Any:
    """The value of one property as the service takes it, out of the whole form."""
    if name == LICENSE:
        return {"title": "".join(texts.get(TITLE, ())), "url": "".join(texts.get(URL, ()))}
    value = texts.get(name, ())
    return list(value) if name in _LISTS else "".join(value)
