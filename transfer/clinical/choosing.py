"""What persons say about columns and attributes: checked, kept, and carried out at once.

No table is read again. Judging anew is the caller's, once after all changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transfer.clinical.applying import follow_words
from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.columns import DATES, Role, column_told
from transfer.clinical.mapping import ColumnMap, Declared, Unit, words_of
from transfer.clinical.units import OWN_UNIT, UNITS_OF
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import declare, forget_column, map_column, read_mapping


def choose_role(
    ledger: Ledger, heading: str, role: Role | None, person: str, unit: Unit | None = None
) -> None:
    """Say which attribute a column holds, or with None that it holds none; and in what unit, where
    that is another than was said before.

    Raises:
        UsageError: no table has the column, or a person gave the attribute to another one.
    """
    _keep(ledger, _role_word(ledger, heading, role, unit), person)


def choose_roles(
    ledger: Ledger, chosen: Sequence[tuple[str, Role, Unit | None]], person: str
) -> int:
    """Say of several columns at once what `choose_role` says of one; how many of them could be
    taken. The others stay as they are."""
    taken: list[str] = []
    with ledger.transaction():
        for heading, role, unit in chosen:
            try:
                said = _role_word(ledger, heading, role, unit)
            except UsageError:
                continue
            map_column(ledger, said, person.strip())
            taken.append(heading)
        follow_words(ledger, taken)
    return len(taken)


def _role_word(ledger: Ledger, heading: str, role: Role | None, unit: Unit | None) -> ColumnMap:
    before = _word(ledger, heading)
    _refuse_second(ledger, heading, role)
    if role is Role.PATIENT and before.is_left_out:
        raise _patient_stays()
    order = before.order if role in DATES else None
    units = UNITS_OF.get(role, ()) if role is not None else ()
    unit = unit or before.unit
    is_other = unit in units and role is not None and unit is not OWN_UNIT[role]
    return replace(before, role=role, order=order, unit=unit if is_other else None)


def choose_order(ledger: Ledger, heading: str, order: Order | None, person: str) -> None:
    """Say whether the day or the month comes first in the dates of a column.

    Raises:
        UsageError: no table has the column, or it holds no dates.
    """
    before = _word(ledger, heading)
    if before.role not in DATES:
        raise UsageError(
            "That column holds no dates, as far as is known.",
            "Say first which date it is, with --map COLUMN=other-date for one.",
        )
    _keep(ledger, replace(before, order=order), person)


def choose_unit(ledger: Ledger, heading: str, unit: Unit | None, person: str) -> None:
    """Say in what a column of ages or of relative days is counted.

    Raises:
        UsageError: no table has the column, it holds neither, or the unit has no fixed number of
            days.
    """
    before = _word(ledger, heading)
    units = UNITS_OF.get(before.role, ()) if before.role is not None else ()
    if not units:
        raise UsageError(
            "That column holds neither ages nor relative days, as far as is known.",
            "Say first what it holds, with --map COLUMN=age for one.",
        )
    if unit is not None and unit not in units:
        raise UsageError(
            f"Relative days cannot be told from {unit}, which have no fixed number of days.",
            "Give whole days or weeks in the table, or the dates themselves.",
        )
    is_own = before.role is not None and unit is OWN_UNIT[before.role]
    _keep(ledger, replace(before, unit=None if is_own else unit), person)


def leave_out(ledger: Ledger, heading: str, person: str, *, is_left_out: bool = True) -> None:
    """Say that a column does not leave, or that it does after all.

    Raises:
        UsageError: no table has the column, or it is the one with the Patient ID.
    """
    before = _word(ledger, heading)
    if before.role is Role.PATIENT and is_left_out:
        raise _patient_stays()
    _keep(ledger, replace(before, is_left_out=is_left_out), person)


def take_back(ledger: Ledger, heading: str) -> None:
    """Forget what was said of a column; what its heading tells counts again."""
    with ledger.transaction():
        forget_column(ledger, heading)
        follow_words(ledger, [heading])


def declare_missing(ledger: Ledger, role: Role, person: str, reason: str) -> None:
    """Keep a person's word that the source does not hold an attribute (CLP-90).

    Raises:
        UsageError: EUCAIM asks for it without exception, or the person or reason is missing.
    """
    attribute = ATTRIBUTES[role]
    if not attribute.is_declarable:
        raise UsageError(
            f"{attribute.title} cannot be declared not available.",
            "These can: " + ", ".join(r for r, a in ATTRIBUTES.items() if a.is_declarable) + ".",
        )
    if not person.strip() or not reason.strip():
        raise UsageError(
            "That an attribute is not available is declared by a named person, with a reason.",
            "Add --by PERSON --reason TEXT; both are kept with the transfer.",
        )
    declare(ledger, Declared(role, person.strip(), reason.strip()))


def _word(ledger: Ledger, heading: str) -> ColumnMap:
    """What was said of a column so far; where nothing was, that its attribute is the one that its
    heading tells."""
    held = [
        column.role
        for file in clinical_files(ledger)
        for column in clinical_columns(ledger, file.row)
        if column.heading == heading
    ]
    if not held:
        raise UsageError(
            "No clinical table that was read has that column.",
            "See the columns with: eucaim-transfer clinical NAME --show",
        )
    role = next((Role(one) for one in held if one), None)
    return read_mapping(ledger).column(heading) or ColumnMap(heading, role)


def _refuse_second(ledger: Ledger, heading: str, role: Role | None) -> None:
    if role is None or role is Role.OTHER_DATE:
        return
    mapping = read_mapping(ledger)
    for file in clinical_files(ledger):
        headings = [column.heading for column in clinical_columns(ledger, file.row)]
        if headings.count(heading) > 1:
            raise UsageError(
                "More than one column has that heading, so which one is meant cannot be told.",
                "Give each column of the table a heading of its own (TAB-04).",
            )
        for place, said in words_of(mapping, headings).items():
            if heading in headings and said.role is role and said.heading != heading:
                raise UsageError(
                    f"{ATTRIBUTES[role].title} was given to {column_told(place, said.heading)}"
                    " already; one column holds an attribute.",
                    "Take that back first: eucaim-transfer clinical NAME --unmap COLUMN",
                )


def _patient_stays() -> UsageError:
    return UsageError(
        "The column with the Patient ID cannot be left out: without it rows belong to nobody.",
        "It leaves under the pseudonyms of the images.",
    )


def _keep(ledger: Ledger, said: ColumnMap, person: str) -> None:
    with ledger.transaction():
        map_column(ledger, said, person.strip())
        follow_words(ledger, [said.heading])
