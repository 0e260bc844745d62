"""Other transfers of a home that went to the same destination."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from transfer.ledger.order import Order
from transfer.workspace import Workspace

_IS_THERE: Final = "SELECT 1 FROM transfer WHERE node = ? AND destination = ?"
# An attempt that nobody saw end may have arrived. The last table came later than the others.
_SENT: Final = (
    "SELECT 1 FROM attempt LIMIT 1",
    "SELECT 1 FROM tally WHERE state IN ('sent', 'verified') AND n > 0 LIMIT 1",
    "SELECT 1 FROM volume WHERE sent_at_utc IS NOT NULL LIMIT 1",
)


def sent_beside(workspace: Workspace, order: Order) -> Iterator[Path]:
    """Ledgers of other transfers that sent, or may have sent, something to the destination of
    this one. One that cannot be read is left out: it may be of any node."""
    for path in sorted(workspace.folder.parent.glob("*/ledger.sqlite")):
        if path != workspace.ledger and _has_sent(path.absolute().as_uri(), order):
            yield path


def _has_sent(uri: str, order: Order) -> bool:
    # Not by `Ledger.open`: it would bring the schema of every transfer of the home up to date.
    try:
        with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=5.0)) as connection:
            if connection.execute(_IS_THERE, (order.node, order.destination)).fetchone() is None:
                return False
            return any(connection.execute(asked).fetchone() for asked in _SENT)
    except sqlite3.Error:
        return False
