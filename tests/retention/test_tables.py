"""What becomes of every column: nothing is kept because it was forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recall.cohorts import cohort
from transfer.errors import UsageError
from transfer.ledger.retention import read_retention
from transfer.retention.purging import Hands, purge
from transfer.retention.tables import EMPTIED, FIXED, PAGED, SMALL, unknown_columns
from transfer.workspace import Home, Workspace

HANDS = Hands(lambda: "ab" * 32, lambda ledger: None, lambda: None, lambda line: None)


def test_every_column_of_the_ledger_has_its_fate(tmp_path: Path) -> None:
    with cohort(tmp_path) as ledger:
        assert unknown_columns(ledger) == []


def test_every_fate_is_that_of_a_column_that_there_is(tmp_path: Path) -> None:
    with cohort(tmp_path) as ledger:
        there: dict[str, set[str]] = {}
        for table, column in ledger.rows(
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c"
            " WHERE t.type = 'table'"
        ):
            there.setdefault(table, set()).add(column)
    assert set(EMPTIED) <= set(there)
    for table, told in {**PAGED, **SMALL, **FIXED}.items():
        assert told.columns == there[table], table


def test_a_column_that_nobody_knows_stops_a_removal_before_it_begins(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with cohort(tmp_path) as ledger:
        with ledger.transaction():
            ledger.write("ALTER TABLE patient ADD COLUMN nickname TEXT")
        with pytest.raises(UsageError, match=r"patient\.nickname\. Nothing was removed"):
            purge(home, Workspace(tmp_path), ledger, HANDS)
        assert not read_retention(ledger).is_begun
