"""What persons said about columns, carried out on the rows that were read already.

No table is read again: attributes, orders of dates, Patient IDs and times of rows are told anew
from what the ledger holds. An answer that was given about another column is asked for again; all
others stand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from transfer.clinical.attributes import ATTRIBUTES
from transfer.clinical.columns import DATES, Role, roles_of
from transfer.clinical.keys import KEY_ROLES, cell, key_of
from transfer.clinical.mapping import (
    ColumnMap,
    chosen_of,
    order_in_force,
    words_of,
)
from transfer.clinical.people import DATE_RULE
from transfer.clinical.units import AGES
from transfer.clinical.values import DateOrder
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    clinical_columns,
    clinical_files,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import read_mapping
from transfer.ledger.remapping import (
    forget_answers,
    forget_terms,
    rekey,
    rekey_patients,
    rows_of_any_width,
    set_orders,
    set_roles,
)

_ASKED: Final = ("open", "mixed")


_CANCER: Final = (
    Role.CONFIRMATION, Role.PATHOLOGY, Role.PROTOCOL, Role.TREATMENT, Role.TREATMENT_DATE,
    Role.DETECTION_DATE, Role.DIAGNOSIS_DATE, Role.AGE_AT_DIAGNOSIS,
)  # fmt: skip
_ABOUT: Final[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
    {
        "AGE-03": AGES,
        "AGE-06": AGES,
        "CLP-20": DATES,
        "CLP-21": (Role.TREATMENT, Role.TREATMENT_DATE),
        "CLP-22": (Role.PATHOLOGY, Role.CONFIRMATION),
        "CLP-23": (Role.SEX,),
        "CLP-24": (Role.TOPOGRAPHY,),
        "CLN-10": _CANCER,
        "REL-02": (Role.RELATIVE_DAY,),
        "REL-06": (Role.RELATIVE_DAY,),
        "REL-08": (Role.RELATIVE_DAY,),
        "UNQ-01": KEY_ROLES,
    }
)
_RULES_OF: Final[Mapping[Role, frozenset[str]]] = MappingProxyType(
    {
        role: frozenset(
            {one.positive, one.negative, *(r for r, roles in _ABOUT.items() if role in roles)}
        )
        for role, one in ATTRIBUTES.items()
    }
)
"""The rules whose findings are about the column of an attribute."""


def follow_words(ledger: Ledger, headings: Collection[str]) -> None:
    """Carry out what was said of the columns with these headings, inside the transaction in which
    it was kept."""
    before = _holders(ledger)
    for file in clinical_files(ledger):
        if not file.problem:
            _follow(ledger, file, headings)
    after = _holders(ledger)
    # What a value means was said of the values of that column.
    forget_terms(ledger, [r for r, held in before.items() if held - after.get(r, set())])


def _holders(ledger: Ledger) -> dict[Role, set[str]]:
    found: dict[Role, set[str]] = {}
    for file in clinical_files(ledger):
        for column in clinical_columns(ledger, file.row):
            if column.role:
                found.setdefault(Role(column.role), set()).add(column.heading)
    return found


def _follow(ledger: Ledger, file: ClinicalFile, about: Collection[str]) -> None:
    columns = clinical_columns(ledger, file.row)
    headings = [column.heading for column in columns]
    said = words_of(read_mapping(ledger), headings)
    roles = roles_of(headings, chosen_of(said))
    before = {column.place: Role(column.role) for column in columns if column.role}
    moved = {
        role
        for place in before.keys() | roles.keys()
        if before.get(place) is not roles.get(place)
        for role in (before.get(place), roles.get(place))
        if role is not None
    }
    # Whose dates are looked through anew: those that were none before, and those spoken of.
    dated = [
        c.place
        for c in columns
        if roles.get(c.place) in DATES and (before.get(c.place) not in DATES or c.heading in about)
    ]
    orders = _orders(ledger, file, said, dated)
    orders |= {c.place: "" for c in columns if c.date_order and roles.get(c.place) not in DATES}
    set_orders(ledger, file.row, orders)
    if moved:
        set_roles(ledger, file.row, {c.place: roles.get(c.place) for c in columns})
        _move_rows(ledger, file, {role: place for place, role in roles.items()}, moved)
    rules = {rule for role in moved for rule in _RULES_OF[role]}
    if _is_asked_anew(columns, orders):
        rules.add(DATE_RULE)
    if rules:
        forget_answers(ledger, file, None if Role.PATIENT in moved else rules)


def _move_rows(
    ledger: Ledger, file: ClinicalFile, place: Mapping[Role, int], moved: Collection[Role]
) -> None:
    if Role.PATIENT in moved:
        rekey_patients(
            ledger,
            file.row,
            lambda cells: key_of(cells, place),
            has_patient=Role.PATIENT in place,
        )
    elif any(role in KEY_ROLES for role in moved):
        rekey(ledger, file.row, lambda cells: key_of(cells, place))


def _orders(
    ledger: Ledger, file: ClinicalFile, said: Mapping[int, ColumnMap], places: Collection[int]
) -> dict[int, str]:
    seen = {place: DateOrder() for place in places}
    looked = [n for n in places if (word := said.get(n)) is None or word.order is None]
    for _, cells in rows_of_any_width(ledger, file.row) if looked else ():
        for place in looked:
            seen[place].see(cell(cells, place))
    return {place: order_in_force(said.get(place), one) for place, one in seen.items()}


def _is_asked_anew(columns: Sequence[ClinicalColumn], orders: Mapping[int, str]) -> bool:
    """Whether a column of dates joined those whose order one answer tells (REL-07)."""
    known = {c.place for c in columns if c.date_order in _ASKED}
    return any(order in _ASKED and place not in known for place, order in orders.items())
