"""What the data holder says of a dataset for the catalogue: fields, limits, and what fills them in.

The sheet that the catalogue's team asks for is linked in eucaim-requirements.md 17; its columns are
not part of those requirements, so that ours have plain names and their terms of DCAT-AP beside
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.catalogue import catalogue_fields, keep_catalogue_fields
from transfer.ledger.connection import Ledger
from transfer.ledger.publication import bound_dataset
from transfer.publication.metadata import faults_of, kept_metadata, read_metadata, template
from transfer.publication.values import Field, Texts

LANGUAGES: Final = (
    "BUL", "CES", "DAN", "DEU", "ELL", "ENG", "EST", "FIN", "FRA", "GLE", "HRV", "HUN", "ITA",
    "LAV", "LIT", "MLT", "NLD", "POL", "POR", "RON", "SLK", "SLV", "SPA", "SWE",
)  # fmt: skip
"""Languages of the EU as its authority table codes them (ISO 639-3)."""
ACCESS: Final = ("PUBLIC", "RESTRICTED", "NON_PUBLIC")
TYPES: Final = ("original", "annotated", "processed", "personal-data")
METHODS: Final = (
    "patient-based",
    "cohort",
    "only-image",
    "longitudinal",
    "case-control",
    "disease-specific",
)
_LINE: Final = 256
_TEXT: Final = 4000
_ADDRESS: Final = 400
LEAST: Final = "least"
"""Under this key the data holder's limit for small counts is kept with the fields."""

FIELDS: Final[Sequence[Field]] = (
    Field("title", "Title", most=_LINE, is_needed=True),
    Field(
        "description",
        "Description",
        "text",
        help="What is in the dataset, of whom, and how it came about.",
        most=_TEXT,
        is_needed=True,
    ),
    Field("provenance", "Provenance", "text", help="How the data were collected.", most=_TEXT),
    Field("purpose", "Intended purpose", "text", help="What it was made for.", most=_TEXT),
    Field("keywords", "Keywords", "words", most=64),
    Field(
        "publisher",
        "Publisher",
        help="The institution that provides the data.",
        most=_LINE,
        is_needed=True,
    ),
    Field(
        "contact",
        "Contact",
        help="Whom readers ask: an office rather than a person.",
        most=_LINE,
        is_needed=True,
    ),
    Field("contact-mail", "Contact: e-mail", most=_LINE),
    Field("contact-page", "Contact: web page", help="Begins with https://.", most=_ADDRESS),
    Field(
        "access",
        "Access rights",
        "choice",
        help="RESTRICTED: on request. Terms of the EU's authority table.",
        allowed=ACCESS,
        is_needed=True,
    ),
    Field(
        "conditions",
        "Terms of use",
        "text",
        help="Restrictions: commercial use, intellectual property, consent.",
        most=_TEXT,
    ),
    Field("licence", "Licence", most=_LINE, if_empty="Readers cannot tell what they may do."),
    Field("licence-page", "Licence: web page", help="Begins with https://.", most=_ADDRESS),
    Field(
        "legal-basis",
        "Legal basis",
        help="Of the processing, such as consent, or public interest (GDPR, articles 6 and 9).",
        most=_LINE,
        if_empty="The catalogue's readers ask for it.",
    ),
    Field("version", "Version", most=16),
    Field("languages", "Languages", "choices", help="Of the texts.", allowed=LANGUAGES),
    Field("countries", "Geographical coverage", "words", help="Countries, or Europe.", most=64),
    Field(
        "population",
        "Population",
        help="Who they are, in words, such as women of a screening programme.",
        most=_LINE,
    ),
    Field("type", "Type", "choices", allowed=TYPES),
    Field("method", "Collection method", "choices", allowed=METHODS),
    Field(
        "period",
        "Years in words",
        help="Only where dates were moved or are gone, such as about 2015 to 2021.",
        most=128,
    ),
)
BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}
NAMES_STAFF: Final = frozenset({"publisher", "contact", "contact-mail", "contact-page"})
"""Fields in which people of the hospital, or the hospital itself, stand."""
_PAGES: Final = ("contact-page", "licence-page")
# By our key: the keys of the nodes' own metadata that say the same.
_SAME: Final = {
    "title": ("title", "name"),
    "description": ("description",),
    "provenance": ("provenance",),
    "purpose": ("purpose",),
    "keywords": ("keywords",),
    "publisher": ("pi_institution",),
    "contact": ("contactInfo",),
    "licence": ("licenseTitle",),
    "licence-page": ("licenseUrl",),
    "version": ("version",),
    "type": ("type",),
    "method": ("collectionMethod",),
}
_SEPARATOR: Final = "\n"
_REMEDY: Final = "The form that this prints names every field: eucaim-transfer catalogue --template"


def said_texts(ledger: Ledger) -> tuple[Texts, frozenset[str]]:
    """What stands in the fields, and which of them this program filled in from step 10."""
    kept = catalogue_fields(ledger)
    found = {key: _values(BY_KEY[key], text) for key, text in kept.items() if key in BY_KEY}
    proposed = {key: v for key, v in _proposed(ledger).items() if key not in found}
    return found | proposed, frozenset(proposed)


def _values(field: Field, text: str) -> tuple[str, ...]:
    if field.kind in ("choices", "words"):
        return tuple(part for part in text.split(_SEPARATOR) if part)
    return (text,) if text else ()


def _proposed(ledger: Ledger) -> dict[str, tuple[str, ...]]:
    known = dict(kept_metadata(ledger))
    bound = bound_dataset(ledger)
    if bound is not None:
        known.setdefault("name", (bound.dataset.name,))
        known.setdefault("version", (bound.dataset.version,))
    found: dict[str, tuple[str, ...]] = {}
    for key, names in _SAME.items():
        values = next((v for name in names if (v := _filled(known.get(name, ())))), ())
        # What is no value of ours is not offered: it would have to be put right first.
        if values and not check({key: values}):
            found[key] = values
    return found


def _filled(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(value.strip() for value in values if value.strip())


def check(texts: Texts) -> list[str]:
    """What is wrong with these values, each a sentence that names its field."""
    told = [f"{fault.key}: {fault.text}." for fault in faults_of(FIELDS, texts)]
    for key in _PAGES:
        told += [
            f"{key}: a web address begins with https:// and holds no blank."
            for value in texts.get(key, ())
            if not value.startswith("https://") or " " in value
        ]
    told += [
        "contact-mail: that is no e-mail address."
        for value in texts.get("contact-mail", ())
        if value.count("@") != 1 or " " in value or "." not in value.rpartition("@")[2]
    ]
    return told


def fill_in(ledger: Ledger, texts: Texts) -> None:
    """Keep what a person filled in; an empty value takes a field out.

    Raises:
        UsageError: a field is not known, or a value is none that it takes.
    """
    faults = check(texts)
    if faults:
        raise UsageError(f"Nothing was kept. {' '.join(faults[:8])}", _REMEDY)
    values = {key: _SEPARATOR.join(_filled(values)) for key, values in texts.items()}
    keep_catalogue_fields(ledger, values)


def read_file(path: Path) -> Texts:
    """What a filled-in form says.

    Raises:
        UsageError: it cannot be read, or every fault that it has.
    """
    try:
        return read_metadata(path, FIELDS)
    except UsageError as error:
        raise UsageError(error.what, _REMEDY) from error


def parse_word(word: str) -> tuple[str, tuple[str, ...]]:
    """`KEY=VALUE` of a command line; several values of a list have semicolons between them.

    Raises:
        UsageError: it is none.
    """
    key, equals, value = word.partition("=")
    field = BY_KEY.get(key.strip())
    if not equals or field is None:
        raise UsageError(
            "That fills in no field of the catalogue's entry.",
            f'Write it as --set title="Lung screening". {_REMEDY}',
        )
    if field.kind in ("choices", "words"):
        return field.key, _filled(value.split(";"))
    return field.key, _filled((value,))


def form(texts: Texts | None = None) -> str:
    """The form as TOML, with what stands in the fields."""
    given = texts or {}
    return template([replace(field, value=tuple(given.get(field.key, ()))) for field in FIELDS])
