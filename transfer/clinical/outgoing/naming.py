"""Under which names tables leave: never the source's own, which may tell whose they are."""

from __future__ import annotations

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order


def dataset_of(ledger: Ledger) -> str:
    """What the names of a dataset's files begin with, before their first underscore (TAB-06)."""
    return read_order(ledger).name.replace("_", "-")


def stem_of(dataset: str, number: int) -> str:
    """The name of the dataset's `number`th clinical table, from 1, without an ending."""
    return f"{dataset}_clinical" if number == 1 else f"{dataset}_clinical_{number}"
