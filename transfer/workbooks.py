"""Workbooks that this program writes: cells that are only text, and the same bytes each time."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_CORE: Final = "docProps/core.xml"
# Of a workbook: the same data have to give the same bytes.
_THE_TIME: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zone
_IN_ZIP: Final = (2000, 1, 1, 0, 0, 0)
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST: Final = 32_000


def new_workbook(title: str, note: str) -> Workbook:
    """A workbook to be written sheet by sheet, under this program's name."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.title = title
    book.properties.description = note
    book.properties.creator = "eucaim-transfer"
    return book


def text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell | None:
    """A cell that is text whatever it begins with: nothing in it is ever computed."""
    from openpyxl.cell import WriteOnlyCell

    if not text:
        return None
    cell: Cell = WriteOnlyCell(sheet, "")
    cell.value = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST]
    cell.data_type = "s"
    return cell


def save_timeless(book: Workbook, target: BinaryIO) -> None:
    """The workbook without the time at which it was made.

    Raises:
        OSError: the disk.
    """
    from openpyxl.xml.functions import tostring

    held = io.BytesIO()
    book.save(held)
    book.properties.created = book.properties.modified = _THE_TIME
    with (
        zipfile.ZipFile(held) as made,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for name in made.namelist():
            content = made.read(name) if name != _CORE else tostring(book.properties.to_tree())
            member = zipfile.ZipInfo(name, _IN_ZIP)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, content)
