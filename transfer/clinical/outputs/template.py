"""A draft of the CDM template (EUCAIM's requirements, section 12), as a workbook.

One sheet of the whole course, which holds all of Diagnosis, then one of each further episode. What
is not known stays empty, for the data holder to fill in.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from transfer.clinical.columns import Role
from transfer.clinical.outgoing.table import Outgoing
from transfer.clinical.outputs.variables import Variable, episodes_of, variables_of

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

OVERALL: Final = "Overarching"
_NOTE: Final = (
    "A draft: CDM entities and elements (lines 2 and 3), and whatever else is empty, are for the"
    " data holder to fill in."
)
_CORE: Final = "docProps/core.xml"
# Of a workbook: the same data have to give the same bytes.
_THE_TIME: Final = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook knows no zone
_IN_ZIP: Final = (2000, 1, 1, 0, 0, 0)
_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST: Final = 32_000


def write_template(out: Outgoing, target: BinaryIO) -> None:
    """Write the draft. The same data give the same bytes.

    Raises:
        OSError: the disk.
    """
    from openpyxl import Workbook

    variables = variables_of(out)
    book = Workbook(write_only=True)
    book.properties.title = "Draft of a CDM template"
    book.properties.description = _NOTE
    book.properties.creator = "eucaim-transfer"
    _sheet(book, OVERALL, variables)
    for episode in episodes_of(out.ledger, variables):
        _sheet(book, episode, [v for v in variables if _is_of(v, episode)])
    held = io.BytesIO()
    book.save(held)
    _timeless(book, held, target)


def _is_of(variable: Variable, episode: str) -> bool:
    return variable.role is Role.PATIENT or episode in variable.episodes


def _sheet(book: Workbook, title: str, variables: Sequence[Variable]) -> None:
    sheet: WriteOnlyWorksheet = book.create_sheet(title)
    for line in _lines(variables):
        sheet.append([_cell(sheet, text) for text in line])


def _lines(variables: Sequence[Variable]) -> Iterator[list[str]]:
    yield [variable.heading for variable in variables]
    yield []
    yield []
    yield [variable.standard() for variable in variables]
    yield [variable.example() for variable in variables]
    values = [variable.coded() for variable in variables]
    for n in range(max(map(len, values), default=0)):
        yield [of[n] if n < len(of) else "" for of in values]


def _cell(sheet: WriteOnlyWorksheet, text: str) -> Cell | None:
    """A cell that is text whatever it begins with: nothing in it is ever computed."""
    from openpyxl.cell import WriteOnlyCell

    if not text:
        return None
    cell: Cell = WriteOnlyCell(sheet, "")
    cell.value = _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)[:_LONGEST]
    cell.data_type = "s"
    return cell


def _timeless(book: Workbook, held: BinaryIO, target: BinaryIO) -> None:
    """The same workbook without the time at which it was made."""
    from openpyxl.xml.functions import tostring

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
