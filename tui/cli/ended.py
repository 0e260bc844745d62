"""Which commands go on once the originals of a transfer are removed; all others are refused."""

from __future__ import annotations

import contextlib
from typing import Final

from transfer.errors import LedgerDamaged, UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import refuse_purged
from transfer.workspace import Home

_GO_ON: Final = frozenset(
    {"new", "status", "report", "recall", "purge", "legal", "ticket", "step", "doctor", "recover"}
)


def refuse_ended(command: str, name: str | None) -> None:
    """Let no command begin that needs originals which are removed.

    A transfer that is not there, or cannot be read, is for the command itself to tell.

    Raises:
        StepBlocked: they are, or are being removed.
    """
    if not name or command in _GO_ON:
        return
    with contextlib.suppress(UsageError, LedgerDamaged):
        workspace = Home.find().workspace(name)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            refuse_purged(ledger)
