"""A transfer's mapping in its ledger, with who said what."""

from __future__ import annotations

from collections.abc import Sequence

from transfer.clinical.columns import Role
from transfer.clinical.mapping import ColumnMap, Declared, Mapping, TermMap, Unit
from transfer.clinical.values import Order
from transfer.clock import utc_now
from transfer.ledger.connection import Ledger


def read_mapping(ledger: Ledger) -> Mapping:
    """Everything that was said."""
    columns = [
        ColumnMap(
            heading,
            Role(role) if role else None,
            Order(order) if order else None,
            Unit(unit) if unit else None,
            bool(is_left_out),
        )
        for heading, role, order, unit, is_left_out in ledger.rows(
            "SELECT heading, role, date_order, unit, is_left_out FROM mapped_column"
            " ORDER BY heading"
        )
    ]
    terms = [
        TermMap(Role(role), value, term)
        for role, value, term in ledger.rows(
            "SELECT role, value, term FROM mapped_term ORDER BY role, value"
        )
    ]
    declared = [
        Declared(Role(role), person, reason)
        for role, person, reason in ledger.rows(
            "SELECT role, person, reason FROM declared ORDER BY role"
        )
    ]
    return Mapping(tuple(columns), tuple(terms), tuple(declared))


def map_column(ledger: Ledger, said: ColumnMap, person: str) -> None:
    """Keep a person's word on a column, inside a transaction; an earlier one is replaced. Rows that
    were read follow by `transfer.clinical.applying`, which is how others say it."""
    ledger.write(
        "INSERT OR REPLACE INTO mapped_column VALUES (?, ?, ?, ?, ?, ?, ?)",
        said.heading,
        said.role.value if said.role else None,
        said.order.value if said.order else None,
        said.unit.value if said.unit else None,
        said.is_left_out,
        person,
        utc_now(),
    )


def forget_column(ledger: Ledger, heading: str) -> None:
    """Take back what was said of a column, inside a transaction; as above."""
    ledger.write("DELETE FROM mapped_column WHERE heading = ?", heading)


def map_term(ledger: Ledger, said: TermMap, person: str) -> None:
    """Keep which term a value means, inside a transaction."""
    ledger.write(
        "INSERT OR REPLACE INTO mapped_term VALUES (?, ?, ?, ?, ?)",
        said.role.value,
        said.value,
        said.term,
        person,
        utc_now(),
    )


def forget_term(ledger: Ledger, role: Role, value: str) -> None:
    """Take that back."""
    with ledger.transaction():
        ledger.write("DELETE FROM mapped_term WHERE role = ? AND value = ?", role.value, value)


def declare(ledger: Ledger, said: Declared) -> None:
    """Keep that the source does not hold an attribute (CLP-90)."""
    with ledger.transaction():
        declare_inside(ledger, said)


def declare_inside(ledger: Ledger, said: Declared) -> None:
    """As `declare`, inside a transaction of the caller."""
    ledger.write(
        "INSERT OR REPLACE INTO declared VALUES (?, ?, ?, ?)",
        said.role.value,
        said.person,
        said.reason,
        utc_now(),
    )
    ledger.record_event("declared", f"{said.role.value} was declared not available.")


def withdraw(ledger: Ledger, role: Role) -> None:
    """Take a declaration back."""
    with ledger.transaction():
        ledger.write("DELETE FROM declared WHERE role = ?", role.value)
        ledger.record_event("declared", f"The declaration of {role.value} was taken back.")


def keep_back(ledger: Ledger, row: int, person: str, reason: str) -> None:
    """Keep back all rows with the Patient ID of this row, by a person's word: they do not leave."""
    keep_back_rows(ledger, [row], person, reason)


def keep_back_rows(ledger: Ledger, rows: Sequence[int], person: str, reason: str) -> None:
    """As `keep_back`, for the Patient IDs of all these rows at once."""
    with ledger.transaction():
        now = utc_now()
        ledger.write_many(
            "INSERT OR REPLACE INTO clinical_kept_back"
            " SELECT patient, ?, ?, ? FROM clinical_row WHERE id = ?",
            [(person, reason, now, row) for row in rows],
        )
        first = f"R{rows[0]}" if rows else "none"
        more = f" and {len(rows) - 1:,} more" if len(rows) > 1 else ""
        ledger.record_event("clinical", f"Rows of the Patient ID of {first}{more} are kept back.")


def let_go(ledger: Ledger, row: int) -> None:
    """Take that back."""
    let_go_rows(ledger, [row])


def let_go_rows(ledger: Ledger, rows: Sequence[int]) -> None:
    """Take it back for the Patient IDs of all these rows at once."""
    with ledger.transaction():
        ledger.write_many(
            "DELETE FROM clinical_kept_back WHERE patient ="
            " (SELECT patient FROM clinical_row WHERE id = ?)",
            [(row,) for row in rows],
        )
        ledger.record_event("clinical", "Rows that were kept back are let go.")
