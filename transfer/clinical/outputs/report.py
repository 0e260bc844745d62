"""The error report on clinical tables, for whoever mends them: CSV for a spreadsheet, JSON for a
program (EUCAIM's requirements, TAB-08).

By row keys and numbers, with the form of a value and what may stand there; never a value. Streamed.
"""

from __future__ import annotations

import csv
import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final

from transfer.clinical.columns import column_told
from transfer.clinical.outputs.place import refuse_among_sources
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.quality.cells import WHOLE_ROW, Cell, read_cells
from transfer.quality.export import harmless
from transfer.quality.rule import Circumstances
from transfer.quality.rules import BY_ID
from transfer.quality.table_errors import table_errors
from transfer.workspace import private_opener, sync_folder

_COLUMNS: Final = (
    "rule", "title", "severity", "standing", "level", "key", "table", "row", "column",
    "column_number", "form", "allowed", "n", "message", "remedy",
)  # fmt: skip
_NO_CELL: Final = Cell(WHOLE_ROW)
_HEADINGS_ROW: Final = 1

Write = Callable[[IO[str], Iterator["Fault"], str], int]


class Tables:
    """Where the rows of all tables stand: a row key counts through them."""

    def __init__(self, ledger: Ledger) -> None:
        files = clinical_files(ledger)
        self._first = [file.heading_row for file in files]
        self._told = [
            {c.place: column_told(c.place, c.heading) for c in clinical_columns(ledger, file.row)}
            for file in files
        ]

    def at(self, key: str) -> tuple[int, int] | None:
        """Table, from 1, and row as a spreadsheet shows it, the heading being row 1."""
        if key[:1] != "R" or not key[1:].isdecimal():
            return None
        row = int(key[1:])
        table = bisect_right(self._first, row)
        return (table, row - self._first[table - 1] + _HEADINGS_ROW) if table else None

    def told(self, table: int, place: int) -> str:
        """A column by its heading, where that surely is one; else by its number."""
        return self._told[table - 1].get(place, f"column {place + 1}").removeprefix("column ")


class Fault:
    """One finding with its place."""

    def __init__(self, finding: Finding, tables: Tables, transfer: str) -> None:
        self.finding = finding
        rule = BY_ID.get(finding.rule)
        self.title = rule.title if rule else ""
        self.remedy = finding.remedy.replace("NAME", transfer)
        self.at = tables.at(finding.key)
        self._tables = tables

    @property
    def cells(self) -> tuple[Cell, ...]:
        return read_cells(self.finding.cells)

    def cell(self, cell: Cell) -> dict[str, Any]:
        """What is said of one cell; of a whole row nothing of a column."""
        if cell.place == WHOLE_ROW or self.at is None:
            column, number = "", None
        else:
            column, number = self._tables.told(self.at[0], cell.place), cell.place + 1
        return {
            "column": column,
            "column_number": number,
            "form": cell.form,
            "allowed": list(cell.allowed),
        }

    def document(self) -> dict[str, Any]:
        """Everything but the cells."""
        f = self.finding
        table, row = self.at or (None, None)
        return {
            "rule": f.rule,
            "title": self.title,
            "severity": f.severity,
            "standing": f.standing,
            "level": f.level,
            "key": f.key,
            "table": table,
            "row": row,
            "n": f.n,
            "message": f.message,
            "remedy": self.remedy,
        }


def write_errors(ledger: Ledger, circumstances: Circumstances, path: Path, transfer: str) -> int:
    """Write the report for its owner alone, whole or not at all; how many findings. The ending
    says the form: `.csv` or `.json`.

    Raises:
        UsageError: the ending is another, the file exists, lies among the data or cannot be
            written.
    """
    forms: dict[str, Write] = {".csv": _write_csv, ".json": _write_json}
    write = forms.get(path.suffix.lower())
    if write is None:
        raise UsageError(
            "An error report is written as CSV or as JSON.",
            "Let the name of the file end with .csv or .json.",
        )
    refuse_among_sources(ledger, path)
    tables = Tables(ledger)
    faults = (Fault(f, tables, transfer) for f in table_errors(ledger, circumstances))
    try:
        return _written(path, lambda file: write(file, faults, transfer))
    except FileExistsError:
        raise UsageError(
            "The file for the error report exists already; nothing was written.",
            "Name another file, or move that one away first.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The error report cannot be written: {error.strerror or 'it is not known why'}.",
            "Name a file in a folder that you may write to.",
        ) from error


def _written(path: Path, write: Callable[[IO[str]], int]) -> int:
    with open(path, "x", encoding="utf-8", newline="", opener=private_opener) as file:
        try:
            count = write(file)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    sync_folder(path.absolute().parent)
    return count


def _write_csv(file: IO[str], faults: Iterator[Fault], _: str) -> int:
    """A line a cell; nothing in it is a formula to a spreadsheet (RFC 4180, no byte-order mark)."""
    writer = csv.DictWriter(file, _COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    count = 0
    for fault in faults:
        count += 1
        for cell in fault.cells or (_NO_CELL,):
            line = {**fault.document(), **fault.cell(cell)}
            line["allowed"] = "; ".join(cell.allowed)
            writer.writerow(
                {name: "" if (v := line[name]) is None else harmless(v) for name in _COLUMNS}
            )
    return count


def _write_json(file: IO[str], faults: Iterator[Fault], transfer: str) -> int:
    """One document, a finding a line."""
    file.write(f'{{"transfer": {json.dumps(transfer)}, "errors": [')
    count, before = 0, "\n"
    for fault in faults:
        count += 1
        document = fault.document() | {"cells": [fault.cell(cell) for cell in fault.cells]}
        file.write(before + json.dumps(document, ensure_ascii=False))
        before = ",\n"
    file.write("\n]}\n")
    return count
