"""One node for each dataset (rule ORD-03 of EUCAIM's transfer rules)."""

from __future__ import annotations

from transfer.errors import TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import Order, read_order
from transfer.workspace import Home


def told_elsewhere(home: Home, order: Order) -> str:
    """That the same folder goes to another node already, in a sentence; empty where it does not.

    Told, not refused: a folder may hold more than one dataset, and nothing goes by it alone.
    """
    for name in home.names():
        if name == order.name:
            continue
        try:
            with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
                other = read_order(ledger)
        except TransferError:
            continue
        if other.source == order.source and other.node != order.node:
            return (
                f"The same folder goes to {other.node} in the transfer {name}: a dataset belongs"
                " on one node only. Choose with select what goes where."
            )
    return ""
