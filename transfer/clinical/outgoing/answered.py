"""What persons answered that decides what leaves."""

from __future__ import annotations

import importlib

from transfer.clinical.columns import telling
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger


def telling_columns(ledger: Ledger) -> frozenset[tuple[int, int]]:
    rules = importlib.import_module("transfer.quality.rules.telling")
    if found := getattr(rules, "telling_columns", None):
        return frozenset(found(ledger))
    return frozenset(
        (file.row, column.place)
        for file in clinical_files(ledger)
        for column in clinical_columns(ledger, file.row)
        if telling(column.heading)
    )


def capped_patients(ledger: Ledger) -> frozenset[int]:
    rules = importlib.import_module("transfer.quality.rules.age")
    found = getattr(rules, "capped_patients", None)
    return frozenset(found(ledger)) if found else frozenset()
