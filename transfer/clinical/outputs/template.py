"""A draft of the CDM template (EUCAIM's requirements, section 12), as a workbook.

One sheet of the whole course, which holds all of Diagnosis, then one of each further episode. What
is not known stays empty, for the data holder to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from transfer.clinical.columns import Role
from transfer.clinical.outgoing.table import Outgoing
from transfer.clinical.outputs.variables import Variable, episodes_of, variables_of
from transfer.workbooks import new_workbook, save_timeless, text_cell

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

OVERALL: Final = "Overarching"
_NOTE: Final = (
    "A draft: CDM entities and elements (lines 2 and 3), and whatever else is empty, are for the"
    " data holder to fill in."
)


def write_template(out: Outgoing, target: BinaryIO) -> None:
    """Write the draft. The same data give the same bytes.

    Raises:
        OSError: the disk.
    """
    variables = variables_of(out)
    book = new_workbook("Draft of a CDM template", _NOTE)
    _sheet(book, OVERALL, variables)
    for episode in episodes_of(out.ledger, variables):
        _sheet(book, episode, [v for v in variables if _is_of(v, episode)])
    save_timeless(book, target)


def _is_of(variable: Variable, episode: str) -> bool:
    return variable.role is Role.PATIENT or episode in variable.episodes


def _sheet(book: Workbook, title: str, variables: Sequence[Variable]) -> None:
    sheet: WriteOnlyWorksheet = book.create_sheet(title)
    for line in _lines(variables):
        sheet.append([text_cell(sheet, text) for text in line])


def _lines(variables: Sequence[Variable]) -> Iterator[list[str]]:
    yield [variable.heading for variable in variables]
    yield []
    yield []
    yield [variable.standard() for variable in variables]
    yield [variable.example() for variable in variables]
    values = [variable.coded() for variable in variables]
    for n in range(max(map(len, values), default=0)):
        yield [of[n] if n < len(of) else "" for of in values]
