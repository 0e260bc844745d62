"""After a command in which a person decided something: the ledger as it is now is kept."""

from __future__ import annotations

import contextlib
from typing import Final

_DECIDES: Final = frozenset(
    {
        "check",
        "select",
        "mend",
        "timepoints",
        "clinical",
        "legal",
        "publish",
        "dataset",
        "catalogue",
        "ticket",
        "step",
    }
)


def keep_good_state(command: str, name: str | None) -> None:
    """Keep a copy of the transfer's ledger, where that is due. What the command did stands whatever
    becomes of it; a damaged ledger is told by whoever reads it next."""
    if name is None or command not in _DECIDES:
        return
    from transfer.errors import TransferError
    from transfer.ledger.backup import keep_backup
    from transfer.ledger.connection import Ledger
    from transfer.workspace import Home

    with (
        contextlib.suppress(TransferError),
        Ledger.open(Home.find().workspace(name).ledger) as ledger,
    ):
        keep_backup(ledger)
