"""Lists of eForms, as QP-Insights and the dataset-service keep them: one subject, one row.

`{"subjectName": …, "eForm": {"pages": [{"page_name": …, "page_data": {field: {"value": …}}}]}}`;
an eForm may also be flat, or empty. Source: the reference of the UPV node, sections 2.2 and 4.1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from transfer.clinical.json_stream import as_text, records_of
from transfer.clinical.rows import MOST_COLUMNS, Row, Table, TableProblem, checked

_SUBJECT: Final = "subjectName"
_FORM: Final = "eForm"
_PAGES: Final = "pages"
_BEGIN: Final = re.compile(r'\{\s*"(?:eForm|pages)"\s*:')
_KNOWN: Final = frozenset((_SUBJECT, _FORM))

Place = tuple[str, str]
"""A page, empty where the form is flat, and a field of it."""


def begins_like_eform(head: str) -> bool:
    """Whether a file that begins with an object begins with an eForm."""
    return _BEGIN.match(head) is not None


def is_eform(record: dict[str, Any]) -> bool:
    """Whether a record is the eForm of a subject, or one that lacks its subject."""
    return isinstance(record.get(_FORM), dict) or isinstance(record.get(_PAGES), list)


def read_eforms(path: Path, codec: str) -> Table:
    """Open a list of eForms. A field is headed by its name, with its page in front only where
    several pages have a field of that name.

    Raises:
        TableProblem: it is no such list, or holds what does not fit into a row; also while rows
            are read.
        OSError: the disk.
    """
    notes: set[str] = {"eforms"}
    places: dict[Place, None] = {}
    for record in records_of(path, codec):
        places |= dict.fromkeys(place for place, _ in _values(record, notes))
        if len(places) >= MOST_COLUMNS:
            raise TableProblem("too-many-columns")
    rows = (
        checked(Row(number, _cells(record, places, notes)))
        for number, record in enumerate(records_of(path, codec), 2)
    )
    return Table("json", ("PatientID", *map(as_text, _headings(places))), rows, notes)


def _headings(places: dict[Place, None]) -> Iterator[str]:
    pages_with = Counter(field for _, field in places)
    for page, field in places:
        yield field if pages_with[field] == 1 or not page else f"{page}.{field}"


def _cells(record: dict[str, Any], places: dict[Place, None], notes: set[str]) -> tuple[str, ...]:
    found: dict[Place, str] = {}
    for place, text in _values(record, notes):
        if place in found:
            raise TableProblem("repeated-field")
        found[place] = text
    return (as_text(record[_SUBJECT]), *(found.get(place, "") for place in places))


def _values(record: dict[str, Any], notes: set[str]) -> Iterator[tuple[Place, str]]:
    subject, form = record.get(_SUBJECT), record.get(_FORM)
    if not isinstance(subject, str) or not isinstance(form, dict):
        raise TableProblem("eform-without-subject")
    if record.keys() - _KNOWN:
        notes.add("eform-more")
    pages = form.get(_PAGES)
    if pages is None:
        yield from _fields("", form, notes)
        return
    if not isinstance(pages, list):
        raise TableProblem("nested-eform")
    if form.keys() - {_PAGES}:
        notes.add("eform-more")
    for page in pages:
        data = page.get("page_data", {}) if isinstance(page, dict) else None
        name = page.get("page_name", "") if isinstance(page, dict) else None
        if not isinstance(data, dict) or not isinstance(name, str):
            raise TableProblem("nested-eform")
        yield from _fields(name, data, notes)


def _fields(page: str, data: dict[str, Any], notes: set[str]) -> Iterator[tuple[Place, str]]:
    for field, held in data.items():
        value = held
        if isinstance(held, dict):
            if "value" not in held:
                raise TableProblem("nested-eform")
            if len(held) > 1:
                notes.add("eform-more")
            value = held["value"]
        if isinstance(value, dict | list):
            raise TableProblem("nested-eform")
        yield (page, field), as_text(value)
