"""Tables in JSON: a list of records, records one a line, or an object with one list a column.

Records are read one at a time. Numbers stay as they are written: 45.50 is not 45.5.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from transfer.clinical.columns import is_patient_heading
from transfer.clinical.rows import (
    MOST_CHARACTERS,
    MOST_COLUMNS,
    Row,
    Table,
    TableProblem,
    checked,
)

_CHUNK: Final = 256 * 1024
_WHOLE_BYTES: Final = 64 * 1024 * 1024
_BETWEEN: Final = " \t\r\n,"


def read_json_table(path: Path, codec: str) -> Table:
    """Open a table in JSON; its columns in the order in which they first appear.

    Raises:
        TableProblem: it is empty or no table; also while rows are read.
        OSError: the disk.
    """
    if _is_by_columns(path, codec):
        return _by_columns(path, codec)
    columns: dict[str, None] = {}
    for record in _records(path, codec):
        columns |= dict.fromkeys(record)
        if len(columns) > MOST_COLUMNS:
            raise TableProblem("too-many-columns")
    if not columns:
        raise TableProblem("empty")
    headings = _patient_first(columns)
    rows = (
        checked(Row(number, tuple(_text(record.get(heading)) for heading in headings)))
        for number, record in enumerate(_records(path, codec), 2)
    )
    return Table("json", tuple(map(_text, headings)), rows)


def _patient_first(columns: Iterable[str]) -> tuple[str, ...]:
    """The keys of a record have no order; where PatientID is one of them it comes first."""
    return tuple(sorted(columns, key=lambda heading: not is_patient_heading(heading)))


def _is_by_columns(path: Path, codec: str) -> bool:
    """Whether it is one object whose first value is a list or an object: no record has that."""
    with path.open(encoding=codec, errors="replace") as file:
        head = file.read(_CHUNK).lstrip()
    if not head.startswith("{"):
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
    with path.open(encoding=codec, errors="replace") as file:
        document = _decoded(_decoder(), file.read())[0]
    if not document:
        raise TableProblem("empty")
    columns = {heading: _column(document[heading]) for heading in _patient_first(document)}
    count = max(map(len, columns.values()))
    rows = (
        checked(
            Row(
                number + 2,
                tuple(_text(c[number]) if number < len(c) else "" for c in columns.values()),
            )
        )
        for number in range(count)
    )
    return Table("json", tuple(map(_text, columns)), rows)


def _column(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return list(values.values())
    if isinstance(values, list):
        return values
    raise TableProblem("unreadable-json")


def _records(path: Path, codec: str) -> Iterator[dict[str, Any]]:
    """Each record once its end is there; what is held is one record and a piece of the file."""
    decoder = _decoder()
    with path.open(encoding=codec, errors="replace") as file:
        held = _opened(file)
        while True:
            held = held.lstrip(_BETWEEN)
            if not held:
                if not (held := file.read(_CHUNK)):
                    return
                continue
            if held.startswith("]"):
                return
            try:
                record, end = decoder.raw_decode(held)
            except _Repeated:
                raise TableProblem("repeated-key") from None
            except RecursionError:
                raise TableProblem("unreadable-json") from None
            except ValueError:
                more = file.read(_CHUNK)
                if not more:
                    raise TableProblem("unreadable-json") from None
                if len(held) > 2 * MOST_CHARACTERS:
                    raise TableProblem("row-too-long") from None
                held += more
                continue
            if not isinstance(record, dict):
                raise TableProblem("unreadable-json")
            yield record
            held = held[end:]


def _opened(file: TextIO) -> str:
    """The beginning, behind the bracket of a list where there is one."""
    held = file.read(_CHUNK).lstrip()
    return held[1:] if held.startswith("[") else held


class _Repeated(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Repeated
    return record


def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=lambda _: ""
    )


def _decoded(decoder: json.JSONDecoder, text: str) -> tuple[dict[str, Any], int]:
    try:
        document, end = decoder.raw_decode(text.lstrip())
    except _Repeated:
        raise TableProblem("repeated-key") from None
    except (ValueError, RecursionError):
        raise TableProblem("unreadable-json") from None
    return document, end


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        # An escape can name half a character, which no other text can hold.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False)
