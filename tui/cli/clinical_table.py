"""`clinical NAME --table`: the tables as they were read, with what the rules found below each row.

What is printed may end in a log: identifiers, dates and free text are masked unless asked for.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from transfer.clinical.marks import Mark, marks_of
from transfer.clinical.preview import (
    PreviewColumn,
    PreviewRow,
    page_after,
    preview_columns,
    preview_rows,
)
from transfer.ledger.clinical import ClinicalFile
from transfer.ledger.connection import Ledger
from transfer.quality.cells import WHOLE_ROW
from transfer.values import ExitCode
from transfer.workspace import Home, Workspace
from tui.choosing import names_of
from tui.cli.output import answering, harmless_json, say
from tui.clinical_table import readable
from tui.figures import count
from tui.text import plain

if TYPE_CHECKING:
    from transfer.ledger.identity import Names

_WIDEST: Final = 24
_SIGNS: Final = {"block": "✗", "ask": "?", "warn": "!", "info": "·"}
Part = tuple[list[PreviewRow], dict[int, list[Mark]]]


def run(options: argparse.Namespace, home: Home, workspace: Workspace) -> int:
    """Print every row of every table, a page at a time, however many there are."""
    with Ledger.open(workspace.ledger, read_only=True) as ledger, answering():
        names = names_of(home, ledger)
        if options.json:
            _print_json(workspace.name, ledger, names, reveals=options.identifiers)
        else:
            _print(ledger, names, reveals=options.identifiers)
    return ExitCode.DONE


def _parts(
    ledger: Ledger,
    file: ClinicalFile,
    columns: Sequence[PreviewColumn],
    names: Names,
    *,
    reveals: bool,
) -> Iterator[Part]:
    after = file.heading_row
    while stored := page_after(ledger, file, after):
        rows = preview_rows(ledger, file, columns, stored, names, reveals=reveals, is_printed=True)
        yield rows, _by_row(marks_of(ledger, [row.row for row in rows]))
        after = rows[-1].row


def _by_row(marks: Sequence[Mark]) -> dict[int, list[Mark]]:
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.row, []).append(mark)
    return found


# For people -------------------------------------------------------------------------------


def _print(ledger: Ledger, names: Names, *, reveals: bool) -> None:
    files = readable(ledger)
    if not files:
        say("No clinical table has been read.")
    for file in files:
        columns = preview_columns(ledger, file)
        widths: list[int] = []
        heading = [_heading(column, reveals) for column in columns]
        say(f"Table {file.key}: {count(file.data_rows, 'row')},"
            f" {count(len(columns), 'column')}")  # fmt: skip
        for column, text in zip(columns, heading, strict=True):
            say(f"  column {column.place + 1}  {text}  {column.attribute}".rstrip())
        # What is said of several columns at once stands at each of them, and is told once here.
        told: set[tuple[str, str]] = set()
        for mark in marks_of(ledger, [file.heading_row]):
            if (mark.rule, mark.message) not in told:
                _print_mark(mark, columns, reveals)
            told.add((mark.rule, mark.message))
        for rows, marks in _parts(ledger, file, columns, names, reveals=reveals):
            if not widths:
                widths = [_width(n, text, rows) for n, text in enumerate(heading)]
                say(_line("row", heading, widths))
            for row in rows:
                state = "" if row.patient else "  ○ no patient of the images"
                state = "  - kept back" if row.is_kept_back else state
                say(_line(row.key, row.cells, widths) + state)
                for mark in marks.get(row.row, ()):
                    _print_mark(mark, columns, reveals)


def _print_mark(mark: Mark, columns: Sequence[PreviewColumn], reveals: bool) -> None:
    sign = _SIGNS.get(mark.severity, "·") if mark.is_open else "✓"
    said = "" if mark.is_open else f" ({mark.standing})"
    say(f"    {sign} {mark.rule}{said} {mark.message}")
    if mark.is_open and mark.allowed:
        say(f"      may stand there: {', '.join(mark.allowed)}")


def _heading(column: PreviewColumn, reveals: bool) -> str:
    told = column.told if not column.told.isdecimal() else f"column {column.told}"
    return plain(column.heading if reveals else told)


def _width(n: int, heading: str, rows: Sequence[PreviewRow]) -> int:
    cells = [len(row.cells[n]) for row in rows if n < len(row.cells)]
    return min(_WIDEST, max([len(heading), *cells]))


def _line(key: str, cells: Sequence[str], widths: Sequence[int]) -> str:
    shown = [_fitted(plain(cell), width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([f"{key:<8}", *shown]).rstrip()


def _fitted(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"


# For programs -----------------------------------------------------------------------------


def _print_json(name: str, ledger: Ledger, names: Names, *, reveals: bool) -> None:
    """One document, written piece by piece: a table may have a million rows."""
    _write(f'{{"transfer": {json.dumps(name)}, "tables": [')
    for n, file in enumerate(readable(ledger)):
        columns = preview_columns(ledger, file)
        head = {
            "key": file.key,
            "rows": file.data_rows,
            "columns": [_column_document(column, reveals) for column in columns],
            "findings": [_mark_document(m) for m in marks_of(ledger, [file.heading_row])],
        }
        _write(f'{", " if n else ""}{_json(head)[:-1]}, "data": [')
        before = ""
        for rows, marks in _parts(ledger, file, columns, names, reveals=reveals):
            for row in rows:
                _write(before + _json(_row_document(row, marks.get(row.row, ()))))
                before = ", "
        _write("]}")
    _write("]}\n")


def _column_document(column: PreviewColumn, reveals: bool) -> dict[str, Any]:
    told = None if column.told.isdecimal() else column.told
    return {
        "index": column.place + 1,
        "heading": column.heading if reveals else told,
        "attribute": column.role.value if column.role else None,
    }


def _row_document(row: PreviewRow, marks: Sequence[Mark]) -> dict[str, Any]:
    return {
        "key": row.key,
        "row": row.number,
        "patient": row.patient or None,
        "kept_back": row.is_kept_back,
        "cells": list(row.cells),
        "findings": [_mark_document(mark) for mark in marks],
    }


def _mark_document(mark: Mark) -> dict[str, Any]:
    return {
        "rule": mark.rule,
        "severity": mark.severity,
        "standing": mark.standing,
        "index": None if mark.place == WHOLE_ROW else mark.place + 1,
        "form": mark.form or None,
        "allowed": list(mark.allowed),
        "message": mark.message,
        "remedy": mark.remedy,
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(", ", ": "))


def _write(text: str) -> None:
    print(harmless_json(text) if text != "]}\n" else text, end="", flush=text.endswith("\n"))
