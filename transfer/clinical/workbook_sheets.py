"""The sheets of a workbook, for whoever chooses one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from transfer.clinical.columns import is_patient_heading
from transfer.clinical.workbook_form import first_cells

_ZIP: Final = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `begins_with_patients`: its first cell is PatientID, as a clinical table's is."""

    name: str = field(repr=False)
    begins_with_patients: bool = False


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook by its content. Raises: OSError."""
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def sheets_of(path: Path) -> list[Sheet]:
    """The sheets of a workbook, in its own order.

    Raises:
        TableProblem: it cannot be read.
        OSError: the disk.
    """
    return [Sheet(name, is_patient_heading(first)) for name, first in first_cells(path)]
