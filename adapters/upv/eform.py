"""A subject's eForm, in the form in which the dataset-service meets it (upv-node.md 4.1).

    {"pages": [{"page_name": …, "page_data": {FIELD: {"value": …}}}]}

Two pages are read there: `inclusion_criteria` (baseline_date, age_at_diagnosis) and `patient_data`
(gender); they come once for a patient. All other columns go to a page `clinical_data` for each
row, named after its timepoint where it has one. Page and field names of a project's own template
stand in `eform_mapping`. Empty cells are left out. The same data give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from adapters.upv.clinical_options import Envelope, Place, Type
from transfer.clinical.attributes import Form
from transfer.clinical.columns import Role, column_told
from transfer.clinical.leaving import (
    ClinicalDocument,
    ClinicalField,
    ClinicalSubject,
    SubjectTable,
)
from transfer.clinical.values import form_of
from transfer.errors import ClinicalRefused

MEDIA_TYPE: Final = "application/json"
PAGE: Final = "clinical_data"

# The dataset-service knows two words for sex; whatever else it reads counts as other.
_GENDER: Final = MappingProxyType(
    {
        "female": "FEMALE",
        "f": "FEMALE",
        "male": "MALE",
        "m": "MALE",
        "other": "OTHER",
        "o": "OTHER",
        "unknown": "OTHER",
        "intersex": "OTHER",
    }
)
_BY_ROLE: Final[Mapping[str, Place]] = MappingProxyType(
    {
        Role.DIAGNOSIS_DATE: Place("inclusion_criteria", "baseline_date", "date", is_once=True),
        Role.AGE_AT_DIAGNOSIS: Place(
            "inclusion_criteria", "age_at_diagnosis", "number", is_once=True
        ),
        Role.SEX: Place("patient_data", "gender", "text", _GENDER, is_once=True),
    }
)
_BY_FORM: Final[Mapping[str, Type]] = MappingProxyType(
    {Form.DATE: "date", Form.YEARS: "number", Form.DAYS: "number", Form.NUMBER: "number"}
)
_NUMBER: Final = re.compile(r"[-+]?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class _Column:
    place: Place
    column: ClinicalField
    at: int

    @property
    def told(self) -> str:
        return column_told(self.at, self.column.heading)


@dataclass(slots=True)
class _Page:
    """A page under way. `said` remembers which column gave a field its value."""

    name: str
    data: dict[str, object] = field(default_factory=dict)
    said: dict[str, _Column] = field(default_factory=dict)


def eform_document(
    subject: ClinicalSubject, mapping: Mapping[str, Place], envelope: Envelope, node: str
) -> ClinicalDocument:
    """The body of the request for one subject.

    Raises:
        ClinicalRefused: a value does not fit its field, or rows of the patient contradict.
    """
    pages = _Pages(mapping, node)
    for number, table in enumerate(subject.tables, 1):
        pages.take(table, "" if number == 1 else f"_table_{number}")
    form: dict[str, object] = {"pages": pages.written()}
    if envelope == "dataset-service":
        form = {"subjectName": subject.pseudonym, "eForm": form}
    text = json.dumps(form, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return ClinicalDocument(
        f"{_file_stem(subject.pseudonym)}_clinical.json", MEDIA_TYPE, text.encode()
    )


class _Pages:
    """The pages of one eForm: those of the patient first, then those of rows as they come."""

    def __init__(self, mapping: Mapping[str, Place], node: str) -> None:
        self._mapping = mapping
        self._node = node
        self._once: dict[str, _Page] = {}
        self._of_rows: list[_Page] = []

    def take(self, table: SubjectTable, suffix: str) -> None:
        columns = list(self._columns(table.fields))
        marks = _marks(table)
        for row, mark in zip(table.rows, marks, strict=True):
            of_row: dict[str, _Page] = {}
            for column in columns:
                text = row[column.at].strip()
                if not text:
                    continue
                name = column.place.page
                if column.place.is_once:
                    page = self._once.setdefault(name, _Page(name))
                else:
                    page = of_row.setdefault(name, _Page(f"{name}{suffix}{mark}"))
                self._put(page, column, text)
            self._of_rows += of_row.values()

    def _columns(self, fields: Sequence[ClinicalField]) -> Iterator[_Column]:
        taken: set[str] = set()
        for at, column in enumerate(fields):
            if column.role == Role.PATIENT:
                continue
            place = self._mapping.get(column.heading) or self._mapping.get(column.role)
            place = place or _BY_ROLE.get(column.role)
            if place is None:
                name = _slug(column.heading) or f"column_{at + 1}"
                free = (name if n == 1 else f"{name}_{n}" for n in count(1))
                place = Place(PAGE, next(name for name in free if name not in taken))
                taken.add(place.field_name)
            yield _Column(place, column, at)

    def _put(self, page: _Page, column: _Column, text: str) -> None:
        value, name = self._value(column, text), column.place.field_name
        if name in page.data and page.data[name] != value:
            before = page.said[name]
            where = "" if before.at == column.at else f" or {before.told}"
            raise ClinicalRefused(
                f"The values of {column.told}{where} differ, and the eForm has one place for "
                f"them: {page.name}, {name}.",
                "Correct the table, or give them places of their own by eform_mapping in "
                "config.toml.",
                node=self._node,
            )
        page.data[name] = value
        page.said[name] = column

    def _value(self, column: _Column, text: str) -> object:
        place = column.place
        if place.values:
            translated = place.values.get(text)
            if translated is None and place.values is _GENDER:
                translated = _GENDER.get(text.casefold())
            if translated is None:
                raise self._refused(column, text, "none of the values that its field takes")
            text = translated
        kind = place.kind or _BY_FORM.get(column.column.form, "text")
        value = _READERS[kind](text)
        if value is None:
            raise self._refused(column, text, f"no {kind} as its field takes it")
        return value

    def _refused(self, column: _Column, text: str, why: str) -> ClinicalRefused:
        place = f"{column.place.page}, {column.place.field_name}"
        return ClinicalRefused(
            f"A value of {column.told} is {why} ({place}); its form is {form_of(text)}.",
            "Correct the table or map its value to a term; or set type and values of this field "
            "in eform_mapping of config.toml.",
            node=self._node,
        )

    def written(self) -> list[dict[str, object]]:
        order = sorted(self._once.values(), key=lambda page: page.name)
        return [
            {
                "page_name": page.name,
                "page_data": {name: {"value": page.data[name]} for name in sorted(page.data)},
            }
            for page in [*order, *self._of_rows]
        ]


def _marks(table: SubjectTable) -> list[str]:
    """What tells the pages of a patient's rows apart: the timepoint, else the number of the row
    where there is more than one."""
    at = next((i for i, f in enumerate(table.fields) if f.role == Role.TIMEPOINT), None)
    points = [_slug(row[at]) if at is not None else "" for row in table.rows]
    seen = Counter(points)
    marks = []
    for number, point in enumerate(points, 1):
        mark = f"_timepoint_{point}" if point else ""
        marks.append(mark if seen[point] == 1 else f"{mark}_row_{number}")
    return marks


def _slug(text: str) -> str:
    """A heading as a name: `Tumour size (mm)` gives `tumour_size_mm`."""
    plain = unicodedata.normalize("NFKD", text[:256]).casefold()
    words = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return "_".join(words.split())


def _file_stem(pseudonym: str) -> str:
    if _SAFE_NAME.fullmatch(pseudonym):
        return pseudonym
    plain = re.sub(r"[^A-Za-z0-9]", "_", pseudonym)[:60]
    digest = hashlib.sha256(pseudonym.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{plain}-{digest[:12]}"


def _as_text(text: str) -> object:
    # What is no Unicode text cannot stand in JSON.
    return None if any(unicodedata.category(c) == "Cs" for c in text) else text


def _as_number(text: str) -> object:
    """A number that JSON's readers give back as it was written; whole ones stay whole."""
    if not _NUMBER.fullmatch(text):
        return None
    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    as_float = float(exact)
    return as_float if Decimal(repr(as_float)) == exact else None


def _as_date(text: str) -> object:
    if not _DATE.fullmatch(text):
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        return None


_READERS: Final[Mapping[Type, Any]] = MappingProxyType(
    {"text": _as_text, "number": _as_number, "date": _as_date}
)
