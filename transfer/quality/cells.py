"""Which cells of a clinical table a finding is about: column, form of the value, what may stand
there. Never a value (EUCAIM's requirements, TAB-08)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

WHOLE_ROW: Final = -1
"""The place of a fault that no single column has."""


class Cell(NamedTuple):
    """One cell, of the row that the finding's key names; of the heading's key, the whole column.

    `place` counts from 0. `form` is how the value is written, see `transfer.clinical.values`;
    `allowed` what may stand there, for people.
    """

    place: int
    form: str = ""
    allowed: tuple[str, ...] = ()


def write_cells(cells: Iterable[Cell]) -> str:
    """For the ledger; empty where there are none."""
    kept = [[cell.place, cell.form, list(cell.allowed)] for cell in cells]
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else ""


def read_cells(text: str) -> tuple[Cell, ...]:
    """The cells of a finding, from `Finding.cells`."""
    if not text:
        return ()
    return tuple(Cell(place, form, tuple(allowed)) for place, form, allowed in json.loads(text))
