"""Tables in JSON: a list of records, records one a line, an object with one list a column, or a
list of eForms."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any, Final

from transfer.clinical.columns import is_patient_heading
from transfer.clinical.json_stream import as_text, records_of, whole_document
from transfer.clinical.rows import MOST_COLUMNS, Row, Table, TableProblem, checked

_HEAD: Final = 256 * 1024
_WHOLE_BYTES: Final = 32 * 1024 * 1024


def read_json_table(path: Path, codec: str) -> Table:
    """Open a table in JSON; its columns in the order in which they first appear.

    Raises:
        TableProblem: it is empty or no table; also while rows are read.
        OSError: the disk.
    """
    if _is_by_columns(path, codec):
        return _by_columns(path, codec)
    first = next(islice(records_of(path, codec), 1), None)
    if first is None:
        raise TableProblem("empty")
    from transfer.clinical.eform_form import is_eform, read_eforms

    if is_eform(first):
        return read_eforms(path, codec)
    columns: dict[str, None] = {}
    for record in records_of(path, codec):
        columns |= dict.fromkeys(record)
        if len(columns) > MOST_COLUMNS:
            raise TableProblem("too-many-columns")
    if not columns:
        raise TableProblem("empty")
    headings = _patient_first(columns)
    rows = (
        checked(Row(number, tuple(as_text(record.get(heading)) for heading in headings)))
        for number, record in enumerate(records_of(path, codec), 2)
    )
    return Table("json", tuple(map(as_text, headings)), rows)


def _patient_first(columns: Iterable[str]) -> tuple[str, ...]:
    """The keys of a record have no order; where PatientID is one of them it comes first."""
    return tuple(sorted(columns, key=lambda heading: not is_patient_heading(heading)))


def _is_by_columns(path: Path, codec: str) -> bool:
    """Whether it is one object whose first value is a list or an object: no record has that."""
    with path.open(encoding=codec, errors="replace") as file:
        head = file.read(_HEAD).lstrip()
    if not head.startswith("{"):
        return False
    from transfer.clinical.eform_form import begins_like_eform

    if begins_like_eform(head):
        return False
    try:
        _, end = json.JSONDecoder().raw_decode(head[1:].lstrip())
    except (ValueError, RecursionError):
        return False
    rest = head[1:].lstrip()[end:].lstrip(" \t\r\n:")
    return rest.startswith(("[", "{"))


def _by_columns(path: Path, codec: str) -> Table:
    if path.stat().st_size > _WHOLE_BYTES:
        raise TableProblem("json-too-large")
    document = whole_document(path, codec)
    if not document:
        raise TableProblem("empty")
    columns = {heading: _column(document[heading]) for heading in _patient_first(document)}
    count = max(map(len, columns.values()))
    rows = (
        checked(
            Row(
                number + 2,
                tuple(as_text(c[number]) if number < len(c) else "" for c in columns.values()),
            )
        )
        for number in range(count)
    )
    return Table("json", tuple(map(as_text, columns)), rows)


def _column(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return list(values.values())
    if isinstance(values, list):
        return values
    raise TableProblem("unreadable-json")
