"""By what the rows of a table are told apart: whose they are, and which time of theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from transfer.clinical.columns import Role
from transfer.clinical.likeness import likeness

KEY_ROLES: Final = (
    Role.PATIENT,
    Role.TIMEPOINT,
    Role.EPISODE,
    Role.STUDY,
    Role.RELATIVE_DAY,
    Role.IMAGING_DATE,
)
"""The columns that make the key of a row."""


class RowKey(NamedTuple):
    """Patient ID as it is written, what it looks like, and the time."""

    patient: str
    likeness: str
    timepoint: str


def key_of(cells: Sequence[str], place: Mapping[Role, int]) -> RowKey:
    """The key of a row, by where the columns are."""
    patient = cell(cells, place.get(Role.PATIENT))
    timed = (
        (Role.EPISODE, Role.TIMEPOINT)
        if Role.TIMEPOINT in place
        else (Role.STUDY, Role.EPISODE, Role.RELATIVE_DAY, Role.IMAGING_DATE)
    )
    timepoint = "\n".join(cell(cells, place.get(role)).strip().casefold() for role in timed)
    return RowKey(patient, likeness(patient), timepoint)


def cell(cells: Sequence[str], place: int | None) -> str:
    """The cell at a place as it is written; empty where the row has none."""
    return "" if place is None or place >= len(cells) else cells[place]
