"""What config.toml may say about how clinical data go to a UPV node.

Structure and endpoint are not public (upv-node.md 4.2): each is an option here and nowhere an
assumption. Nothing said means that the checked files are handed over by a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from adapters.kinds import Option
from adapters.upv.templates import PLACE
from adapters.values import is_https_address, is_text

Mode = Literal["eform-json", "file-csv", "handover"]
Envelope = Literal["none", "dataset-service"]
Type = Literal["text", "number", "date"]

_MODES: Final = ("eform-json", "file-csv", "handover")
_METHODS: Final = ("PUT", "POST")
_ENVELOPES: Final = ("none", "dataset-service")
_TYPES: Final = ("text", "number", "date")
_PLACES: Final = frozenset({"project", "subproject", "timepoint", "subject", "file"})
_ENTRY: Final = frozenset({"page", "field", "type", "values", "once"})
# RFC 9110 5.1; a header that the request makes itself cannot be configured.
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_OUR_HEADERS: Final = frozenset(
    {
        "accept",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "if-none-match",
        "transfer-encoding",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column's value goes in an eForm. `values` are the only ones that it may have, and
    what stands for each on the node; empty where any may. `is_once`: of a patient, not of a row.
    `kind` is None where the column's own form decides."""

    page: str
    field_name: str
    kind: Type | None = None
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_once: bool = False


@dataclass(frozen=True, slots=True)
class ClinicalSettings:
    """How clinical data go. Addresses are templates; an empty one is not known, and an empty
    `eform_read_url` or `clinical_read_url` means that nothing is read back. `file_field` is the
    field of a form that holds the file; without one the file itself is the body."""

    mode: Mode
    is_chosen: bool
    eform_url: str
    eform_method: str
    eform_read_url: str
    envelope: Envelope
    mapping: Mapping[str, Place]
    clinical_url: str
    clinical_method: str
    clinical_read_url: str
    file_field: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> ClinicalSettings:
        """From options that were checked when the profile was loaded."""
        eform_url = given.get("eform_url", "")
        names_subject = "{subject}" in eform_url
        return cls(
            mode=mode_of(given),
            is_chosen="clinical_mode" in given,
            eform_url=eform_url,
            eform_method=given.get("eform_method", "PUT"),
            eform_read_url=given.get("eform_read_url", eform_url if names_subject else ""),
            envelope=given.get("eform_envelope", "none"),
            mapping={key: _place(entry) for key, entry in given.get("eform_mapping", {}).items()},
            clinical_url=given.get("clinical_url", ""),
            clinical_method=given.get("clinical_method", "POST"),
            clinical_read_url=given.get("clinical_read_url", ""),
            file_field=given.get("clinical_file_field", ""),
            query=dict(given.get("clinical_query", {})),
            headers=dict(given.get("clinical_headers", {})),
        )


def mode_of(given: Mapping[str, Any]) -> Mode:
    """What is chosen; else by the address that is known; else by hand."""
    if "clinical_mode" in given:
        return cast(Mode, given["clinical_mode"])
    if given.get("eform_url"):
        return "eform-json"
    return "file-csv" if given.get("clinical_url") else "handover"


def lacking(given: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The keys that the mode needs and that are missing, each with what is not known without it;
    empty when it is complete."""
    mode = mode_of(given)
    if mode == "eform-json":
        url = given.get("eform_url", "")
        if not url:
            return [("eform_url", "The address where the node takes eForms is not known.")]
        told = [url, *given.get("clinical_query", {}).values()]
        told += given.get("clinical_headers", {}).values()
        in_body = given.get("eform_envelope", "none") != "none"
        if not in_body and not any("{subject}" in text for text in told):
            return [("eform_url", "The requests would not say whose eForm they bring.")]
    if mode == "file-csv" and not given.get("clinical_url"):
        return [("clinical_url", "The address where the node takes clinical tables is not known.")]
    return ()


def needs_timepoint(given: Mapping[str, Any]) -> bool:
    """Whether a request names the configured timepoint."""
    texts = [given.get(key, "") for key in ("eform_url", "eform_read_url", "clinical_url")]
    for key in ("clinical_query", "clinical_headers"):
        texts += given.get(key, {}).values()
    return any("{timepoint}" in text for text in texts)


def _place(entry: Mapping[str, Any]) -> Place:
    return Place(
        page=entry["page"],
        field_name=entry["field"],
        kind=entry.get("type"),
        values=dict(entry.get("values", {})),
        is_once=entry.get("once", entry["page"] in ONCE_PAGES),
    )


ONCE_PAGES: Final = ("inclusion_criteria", "patient_data")
"""The pages that the dataset-service reads (upv-node.md 4.1): one of each for a patient."""


def _is_address(value: object) -> bool:
    """https, with places in path and query only: no transfer chooses the host."""
    if not isinstance(value, str) or not value.lower().startswith("https://"):
        return False
    if not set(PLACE.findall(value)) <= _PLACES:
        return False
    plain = PLACE.sub("x", value)
    if set("{}\\ ") & set(plain) or plain.split("/")[2] != value.split("/")[2]:
        return False
    bare, _, query = plain.partition("?")
    return is_https_address(bare) and "#" not in query and query.isascii()


def _is_address_or_empty(value: object) -> bool:
    return value == "" or _is_address(value)


def _is_queries(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_text(key) and isinstance(text, str) and set(PLACE.findall(text)) <= _PLACES
        for key, text in value.items()
    )


def _is_headers(value: object) -> bool:
    return _is_queries(value) and all(
        _HEADER_NAME.match(key)
        and key.lower() not in _OUR_HEADERS
        and text.isascii()
        and (text == "" or text.isprintable())
        for key, text in cast("dict[str, str]", value).items()
    )


def _is_mapping(value: object) -> bool:
    if not isinstance(value, dict) or not all(_is_entry(entry) for entry in value.values()):
        return False
    places = [_place(entry) for entry in value.values()]
    # A page comes once for a patient or once for each row, not both.
    once = {place.page: place.is_once for place in places}
    return all(once[place.page] is place.is_once for place in places)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not {"page", "field"} <= entry.keys() <= _ENTRY:
        return False
    values = entry.get("values", {})
    return (
        is_text(entry["page"])
        and is_text(entry["field"])
        and entry.get("type", "text") in _TYPES
        and isinstance(entry.get("once", False), bool)
        and isinstance(values, dict)
        and all(isinstance(text, str) for text in values.values())
    )


_ADDRESS: Final = (
    "an address that begins with https://, in whose path and query {project}, {subproject}, "
    "{timepoint}, {subject} and {file} are filled in"
)
_TEXTS: Final = "a table of texts, in which {project}, {subproject} and {subject} are filled in"

CLINICAL_OPTIONS: Final[Mapping[str, Option]] = MappingProxyType(
    {
        "clinical_mode": Option(lambda value: value in _MODES, " | ".join(_MODES)),
        "eform_url": Option(_is_address, _ADDRESS),
        "eform_method": Option(lambda value: value in _METHODS, " | ".join(_METHODS)),
        "eform_read_url": Option(_is_address_or_empty, f"{_ADDRESS}; empty where none gives back"),
        "eform_envelope": Option(lambda value: value in _ENVELOPES, " | ".join(_ENVELOPES)),
        "eform_mapping": Option(
            _is_mapping,
            "a table for each column heading or attribute, with page and field, and if you like "
            "type (text | number | date), values (a table of texts) and once (true | false, the "
            "same for all of a page)",
        ),
        "clinical_url": Option(_is_address, _ADDRESS),
        "clinical_method": Option(lambda value: value in _METHODS, " | ".join(_METHODS)),
        "clinical_read_url": Option(
            _is_address_or_empty, f"{_ADDRESS}; empty where none gives back"
        ),
        "clinical_file_field": Option(is_text, "the name of a form field"),
        "clinical_query": Option(_is_queries, _TEXTS),
        "clinical_headers": Option(_is_headers, _TEXTS),
    }
)
