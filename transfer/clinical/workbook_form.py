"""Workbooks (XLSX): one sheet as rows of text, its formulas as values, its dates as dates.

A workbook is a zip of XML. What it unpacks to is measured before openpyxl is given it, for that
holds one row, and all texts, at a time.
"""

from __future__ import annotations

import datetime as dt
import errno
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from transfer.clinical.columns import is_patient_heading
from transfer.clinical.rows import Row, Table, TableProblem, checked
from transfer.prolog import declares_type

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_MEBIBYTE: Final = 1024 * 1024
_LARGEST_SHEET: Final = 2048 * _MEBIBYTE
_LARGEST_OTHER: Final = 128 * _MEBIBYTE
# openpyxl holds all of them, at five times their size.
_TEXTS: Final = "xl/sharedStrings.xml"
_LARGEST_TEXTS: Final = 64 * _MEBIBYTE
_MEMBERS: Final = 10_000
# Real sheets unpack to 10 or 20 times their size; a run of blanks to a thousand times.
_RATIO: Final = 250
_LONGEST_ROW: Final = 8 * _MEBIBYTE
_CHUNK: Final = _MEBIBYTE
_SHEET_ROWS: Final = 1_048_576
# A cell with a formula and no value; of text, none is a value too (ECMA-376, 18.3.1.4).
_UNCOMPUTED: Final = re.compile(
    rb"<(?:\w+:)?c(?![^>]*\bt=[\"']str[\"'])(?:\s[^>]*)?>\s*"
    rb"<(?:\w+:)?f\b[^>]*(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PREFIXED_ROW: Final = re.compile(rb"<\w+:row[\s>/]")
_FORMULA: Final = re.compile(rb"<(?:\w+:)?f[\s>/]")
_ERRORS: Final = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!")
)


def read_workbook(path: Path, sheet: str) -> Table:
    """Open a sheet by its name; without a name the only one, or the only one with PatientID first.

    Raises:
        TableProblem: it cannot be read, or which sheet is meant cannot be told; also while rows
            are read.
        OSError: the disk.
    """
    with _border():
        _refuse_bomb(path)
    with ExitStack() as opened:
        book = _open(path, opened)
        names = [name for name in book.sheetnames if hasattr(book[name], "iter_rows")]
        chosen, notes = _choose(book, names, sheet)
        with _border():
            if _measure(path, str(getattr(book[chosen], "_worksheet_path", ""))):
                notes.add("formulas")
        rows = _rows(book, chosen, notes, opened.pop_all())
    for row in rows:
        return Table("xlsx", _trimmed(row.cells), rows, notes, chosen)
    raise TableProblem("empty")


def first_cells(path: Path) -> list[tuple[str, str]]:
    """Each sheet of rows with its first cell, in the workbook's own order.

    Raises:
        TableProblem: it cannot be read.
        OSError: the disk.
    """
    with _border(), ExitStack() as opened:
        _refuse_bomb(path)
        book = _open(path, opened)
        names = [name for name in book.sheetnames if hasattr(book[name], "iter_rows")]
        return [(name, _first_cell(book, name)) for name in names]


@contextmanager
def _border() -> Iterator[None]:
    """openpyxl and zipfile fail on hostile files in dozens of ways; all mean the same here."""
    try:
        yield
    except TableProblem:
        raise
    except Exception as error:
        # A disk that fails is no damaged workbook; a place before the file's beginning is one.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise TableProblem("unreadable-workbook") from error


def _open(path: Path, opened: ExitStack) -> Workbook:
    """The workbook, whatever the name of its file ends with; it is closed with `opened`."""
    import warnings

    from openpyxl import load_workbook

    file = opened.enter_context(path.open("rb"))
    with _border(), warnings.catch_warnings():
        # About styles and extensions that are of no use here.
        warnings.simplefilter("ignore")
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    opened.callback(book.close)
    return book


def _refuse_bomb(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > _MEMBERS:
            raise TableProblem("workbook-bomb")
        for member in members:
            is_sheet = member.filename.startswith("xl/worksheets/")
            largest = _LARGEST_SHEET if is_sheet else _LARGEST_OTHER
            ratio = member.file_size / max(member.compress_size, 1)
            is_dense = member.file_size > _MEBIBYTE and ratio > _RATIO
            if member.file_size > largest or is_dense:
                raise TableProblem("workbook-bomb")
            if member.filename == _TEXTS and member.file_size > _LARGEST_TEXTS:
                raise TableProblem("workbook-too-large")
            if member.filename.endswith((".xml", ".rels")):
                # No spreadsheet program writes document types, entities or two-byte XML.
                with archive.open(member) as file:
                    is_wide = file.read(2) in _WIDE
                with archive.open(member) as file:
                    if is_wide or declares_type(file):
                        raise TableProblem("unreadable-workbook")


_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


def _measure(path: Path, member: str) -> bool:
    """Whether a sheet has formulas.

    Raises:
        TableProblem: a row in it is far longer than any that was typed, or a formula has no value.
    """
    has_formulas, held = False, b""
    with zipfile.ZipFile(path) as archive, archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            held += chunk
            # A cell may go on in the next piece.
            end = _last_row(held)
            whole, held = held[:end], held[end:]
            if len(held) > _LONGEST_ROW:
                raise TableProblem("row-too-long")
            has_formulas |= _has_formula(whole)
    return _has_formula(held) or has_formulas


def _has_formula(xml: bytes) -> bool:
    if _FORMULA.search(xml) is None:
        return False
    if _UNCOMPUTED.search(xml):
        raise TableProblem("formula-without-value")
    return True


def _last_row(xml: bytes) -> int:
    """Where the last row begins; some programs put a prefix before every name."""
    at = xml.rfind(b"<row")
    if at >= 0:
        return at
    return max((found.start() for found in _PREFIXED_ROW.finditer(xml)), default=0)


def _choose(book: Workbook, names: list[str], wanted: str) -> tuple[str, set[str]]:
    if wanted:
        if wanted not in names:
            raise TableProblem("no-such-sheet")
        return wanted, {"one-of-sheets"} if len(names) > 1 else set()
    if len(names) == 1:
        return names[0], set()
    with _border():
        fitting = [name for name in names if is_patient_heading(_first_cell(book, name))]
    if len(fitting) != 1:
        raise TableProblem("which-sheet")
    return fitting[0], {"only-table"}


def _first_cell(book: Workbook, name: str) -> str:
    for row in _cells(book, name):
        return _text(row[0], set()) if row else ""
    return ""


def _cells(book: Workbook, name: str) -> Iterator[tuple[Any, ...]]:
    import warnings

    sheet: Any = book[name]
    # What a sheet says of its own size need not be true.
    sheet.reset_dimensions()
    rows = iter(sheet.iter_rows(values_only=True))
    for _ in range(_SHEET_ROWS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = next(rows, None)
        if row is None:
            return
        yield row
    raise TableProblem("too-many-rows")


def _rows(book: Workbook, name: str, notes: set[str], opened: ExitStack) -> Iterator[Row]:
    with opened, _border():
        blank, seen = 0, False
        for number, values in enumerate(_cells(book, name), 1):
            cells = tuple(_text(value, notes) for value in values)
            if not any(cell.strip() for cell in cells):
                blank += 1
                continue
            if blank and seen:
                notes.add("blank-rows")
            blank, seen = 0, True
            yield checked(Row(number, cells))


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Without the empty cells at the end, which a spreadsheet keeps where something once was."""
    last = max((i for i, cell in enumerate(cells) if cell.strip()), default=-1)
    return cells[: last + 1]


def _text(value: Any, notes: set[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, dt.datetime):
        notes.add("dates")
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        notes.add("dates")
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if value in _ERRORS:
        notes.add("error-cells")
        return ""
    return str(value)
