"""The records of a JSON file, one at a time: a list of them, or one a line (JSON Lines).

What is held is one record and a piece of the file. Numbers stay as they are written: 45.50 is not
45.5.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from transfer.clinical.rows import MOST_CHARACTERS, TableProblem

_CHUNK: Final = 256 * 1024
_BETWEEN: Final = re.compile(r"[ \t\r\n,]*")


def records_of(path: Path, codec: str) -> Iterator[dict[str, Any]]:
    """Each record once its end is there.

    Raises:
        TableProblem: what stands there is no record, or one that never ends.
        OSError: the disk.
    """
    decoder = new_decoder()
    with path.open(encoding=codec, errors="replace") as file:
        held = file.read(_CHUNK).lstrip()
        is_list = held.startswith("[")
        at = 1 if is_list else 0
        while True:
            at = _end_of_gap(held, at)
            if at == len(held):
                if not (held := file.read(_CHUNK)):
                    if is_list:
                        # What is missing at the end would be missing patients.
                        raise TableProblem("unreadable-json")
                    return
                at = 0
                continue
            if is_list and held[at] == "]":
                if held[at + 1 :].strip() or file.read(_CHUNK).strip():
                    raise TableProblem("unreadable-json")
                return
            try:
                record, end = decoder.raw_decode(held, at)
            except _Repeated:
                raise TableProblem("repeated-key") from None
            except RecursionError:
                raise TableProblem("unreadable-json") from None
            except ValueError:
                held, at = _more(file.read(_CHUNK), held[at:]), 0
                continue
            if not isinstance(record, dict):
                raise TableProblem("unreadable-json")
            yield record
            at = end


def _end_of_gap(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _more(piece: str, held: str) -> str:
    """What is held of a record whose end was not there, and the next piece of the file."""
    if not piece:
        raise TableProblem("unreadable-json")
    if len(held) > 2 * MOST_CHARACTERS:
        raise TableProblem("row-too-long")
    return held + piece


class _Repeated(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Repeated
    return record


def new_decoder() -> json.JSONDecoder:
    """Numbers as text; a key that stands twice is refused by an exception of ours."""
    return json.JSONDecoder(
        object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=lambda _: ""
    )


def whole_document(path: Path, codec: str) -> Any:
    """A file that is small enough to be read at once.

    Raises:
        TableProblem: it is no JSON.
        OSError: the disk.
    """
    with path.open(encoding=codec, errors="replace") as file:
        text = file.read()
    try:
        return new_decoder().decode(text)
    except _Repeated:
        raise TableProblem("repeated-key") from None
    except (ValueError, RecursionError):
        raise TableProblem("unreadable-json") from None


def as_text(value: Any) -> str:
    """A value as a cell; what is empty in JSON is empty here."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        # An escape can name half a character, which no other text can hold.
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False)
