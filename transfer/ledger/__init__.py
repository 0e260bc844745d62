"""The ledger: one SQLite file per transfer, the only thing its processes share."""

from transfer.ledger.connection import Ledger

__all__ = ["Ledger"]
