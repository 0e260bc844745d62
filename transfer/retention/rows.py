"""Originals out of the ledger: page by page, so that it goes on where it was killed."""

from __future__ import annotations

from typing import Final

from transfer import checkpoint
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import keep_last_removed, last_removed
from transfer.retention.names import COLUMNS, open_page
from transfer.retention.tables import EMPTIED, PAGED, SETTINGS_KEPT, SMALL

PAGE: Final = 20_000


def remove_rows(ledger: Ledger, *, keeps_names: bool) -> None:
    """Put in the place of every original what says nothing, and empty what holds nothing else. May
    be killed anywhere and repeated."""
    _count_rows(ledger)
    for table in PAGED:
        _remove_pages(ledger, table, keeps_names=keeps_names)
    checkpoint.passed("purge-pages")
    for table in EMPTIED:
        with ledger.transaction():
            ledger.write(f"DELETE FROM {table}")  # noqa: S608 - our own words
    checkpoint.passed("purge-emptied")
    with ledger.transaction():
        for table, told in SMALL.items():
            if told.removed:
                ledger.write(f"UPDATE {table} SET {_assignments(table)}")  # noqa: S608 - our own words
        ledger.write(
            "DELETE FROM setting WHERE name NOT IN (SELECT value FROM json_each(?))",
            "[" + ", ".join(f'"{name}"' for name in SETTINGS_KEPT) + "]",
        )


def _count_rows(ledger: Ledger) -> None:
    """How many rows of clinical tables each patient had; before there are none any more."""
    with ledger.transaction():
        ledger.write(
            "INSERT OR IGNORE INTO rows_removed SELECT patient_id, count(*) FROM clinical_row"
            " WHERE patient_id IS NOT NULL GROUP BY patient_id"
        )


def _remove_pages(ledger: Ledger, table: str, *, keeps_names: bool) -> None:
    last = ledger.number(f"SELECT max(id) FROM {table}")  # noqa: S608 - our own words
    done = last_removed(ledger, table)
    while done < last:
        high = min(done + PAGE, last)
        with ledger.transaction():
            if table in COLUMNS or table == "volume":
                open_page(ledger, table, done + 1, high, keeps=keeps_names)
            ledger.write(
                f"UPDATE {table} SET {_assignments(table)} WHERE id BETWEEN ? AND ?",  # noqa: S608 - our own words
                done + 1,
                high,
            )
            keep_last_removed(ledger, table, high)
        done = high
        checkpoint.passed("purge-page")


def _assignments(table: str) -> str:
    removed = (PAGED.get(table) or SMALL[table]).removed
    return ", ".join(f"{column} = {instead}" for column, instead in removed.items())
