"""Which columns of a table leave, under which heading, and how their cells are made."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES, Form
from transfer.clinical.columns import DATES, Role, is_birth
from transfer.clinical.leaving import ClinicalField
from transfer.clinical.mapping import Mapping
from transfer.clinical.outgoing.dates import DatePolicy
from transfer.ledger.clinical import ClinicalColumn

PATIENT_HEADING: Final = "PatientID"


class How(StrEnum):
    """What is done to the cells of a column."""

    PATIENT = "patient"
    STUDY = "study"
    DATE = "date"
    MONTH = "month"
    RELATIVE = "relative"
    NUMBER = "number"
    TERM = "term"
    AS_IT_IS = "as-it-is"


class WhyColumn(StrEnum):
    """Why a column does not leave: a person left it out; it seems to tell who the patient is and
    nobody answered for it (TAB-05); it holds birth dates, and the age says enough."""

    LEFT_OUT = "left-out"
    TELLING = "telling"
    BIRTH_DATE = "birth-date"


@dataclass(frozen=True, slots=True)
class OutgoingColumn:
    """A column as it leaves. `place` is that of its source in the table as it was read, from 0."""

    heading: str
    role: Role | None
    form: Form
    place: int
    how: How = How.AS_IT_IS

    @property
    def field(self) -> ClinicalField:
        """The same for a node."""
        return ClinicalField(self.heading, self.role or "", self.form)


@dataclass(frozen=True, slots=True)
class ColumnLeftOut:
    """A column that stays here."""

    place: int
    heading: str
    why: WhyColumn


_HOW: Final = {
    Form.YEARS: How.NUMBER,
    Form.DAYS: How.NUMBER,
    Form.NUMBER: How.NUMBER,
    Form.TERM: How.TERM,
}


def columns_of(
    columns: Sequence[ClinicalColumn],
    mapping: Mapping,
    policy: DatePolicy,
    telling: Collection[int],
    numbers: Collection[int],
) -> tuple[tuple[OutgoingColumn, ...], tuple[ColumnLeftOut, ...]]:
    """The columns that leave, PatientID first, and those that do not.

    `telling` and `numbers` are places of columns that tell who the patient is, and of columns
    without an attribute in which only numbers stand.
    """
    kept: list[OutgoingColumn] = []
    out: list[ColumnLeftOut] = []
    has_days = any(column.role == Role.RELATIVE_DAY for column in columns)
    for column in sorted(columns, key=lambda c: c.role != Role.PATIENT):
        if why := _why_not(column, mapping, policy, telling):
            out.append(ColumnLeftOut(column.place, column.heading, why))
        else:
            kept += _leaving(column, policy, numbers, has_days=has_days)
    return tuple(_spelt(kept)), tuple(out)


def _why_not(
    column: ClinicalColumn, mapping: Mapping, policy: DatePolicy, telling: Collection[int]
) -> WhyColumn | None:
    if column.role == Role.PATIENT:
        return None
    said = mapping.column(column.heading)
    if said is not None and said.is_left_out:
        return WhyColumn.LEFT_OUT
    if policy is not DatePolicy.AS_IS and is_birth_column(column):
        return WhyColumn.BIRTH_DATE
    return WhyColumn.TELLING if column.place in telling else None


def is_birth_column(column: ClinicalColumn) -> bool:
    """Whether a column holds birth dates: it is known to, or nothing else is known of its dates and
    its heading says so. The days from there to day 0 would be an age to the day."""
    return column.role == Role.BIRTH_DATE or (
        column.role == Role.OTHER_DATE and is_birth(column.heading)
    )


def _leaving(
    column: ClinicalColumn, policy: DatePolicy, numbers: Collection[int], *, has_days: bool
) -> Iterator[OutgoingColumn]:
    heading, place = column.heading.strip(), column.place
    role = Role(column.role) if column.role else None
    form = ATTRIBUTES[role].form if role is not None else Form.TEXT
    if role is Role.PATIENT:
        yield OutgoingColumn(PATIENT_HEADING, role, form, place, How.PATIENT)
    elif role is Role.STUDY:
        yield OutgoingColumn(heading, role, form, place, How.STUDY)
    elif role in DATES:
        if policy is DatePolicy.AS_IS:
            yield OutgoingColumn(heading, role, form, place, How.DATE)
            return
        if policy is DatePolicy.MONTH:
            yield OutgoingColumn(heading, role, form, place, How.MONTH)
        # The day of the image is the relative day of the row, where the table has no other.
        of_row = Role.RELATIVE_DAY if role is Role.IMAGING_DATE and not has_days else None
        days = f"{heading} (relative day)".strip()
        yield OutgoingColumn(days, of_row, Form.DAYS, place, How.RELATIVE)
    elif role is None and place in numbers:
        yield OutgoingColumn(heading, role, Form.NUMBER, place, How.NUMBER)
    else:
        yield OutgoingColumn(heading, role, form, place, _HOW.get(form, How.AS_IT_IS))


def _spelt(columns: Sequence[OutgoingColumn]) -> Iterator[OutgoingColumn]:
    """With headings that are neither empty nor given twice: by them readers tell columns apart."""
    taken: set[str] = set()
    for column in columns:
        heading = wanted = column.heading or f"Column {column.place + 1}"
        number = 1
        while heading.casefold() in taken:
            number += 1
            heading = f"{wanted} {number}"
        taken.add(heading.casefold())
        yield OutgoingColumn(heading, column.role, column.form, column.place, column.how)
