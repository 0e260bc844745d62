"""What rules about clinical tables share: how a column is told, and how many rows are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from transfer.clinical.columns import Role, column_told
from transfer.ledger.clinical import (
    ClinicalColumn,
    ClinicalFile,
    clinical_columns,
    clinical_files,
)
from transfer.ledger.connection import Ledger
from transfer.quality.rule import Circumstances, Found

NAMED_AT_MOST: Final = 1000
"""Rows of one kind of fault that get a finding each; the rest share one."""


def linked_tables(ledger: Ledger) -> Iterator[tuple[ClinicalFile, list[ClinicalColumn]]]:
    """Every table that was read and begins with PatientID."""
    for file in clinical_files(ledger):
        columns = clinical_columns(ledger, file.row)
        if not file.problem and any(column.role == Role.PATIENT for column in columns):
            yield file, columns


def told(column: ClinicalColumn) -> str:
    """A column in a message."""
    return column_told(column.place, column.heading)


def bounded(found: Iterator[Found], now: Circumstances) -> Iterator[Found]:
    """The first findings one by one; all others as one, with their number, unless all are to be
    named."""
    last: Found | None = None
    for n, one in enumerate(found):
        if n < NAMED_AT_MOST or now.names_all:
            yield one
        elif last is None:
            last = replace(one, message=f"There is more of this kind: {one.message}")
        else:
            last = replace(last, n=last.n + one.n)
    if last is not None:
        yield last
