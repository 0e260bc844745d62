"""Under which address the node was sent to last: its name alone may lead elsewhere by now."""

from __future__ import annotations

from typing import Final

from transfer.ledger.connection import Ledger

_ADDRESS: Final = "node-address"


def leads_elsewhere(ledger: Ledger, address: str) -> bool:
    """Whether the node was sent to under another address before. Then what was seen there counts
    no more: it may be another server, or the same one moved; its listing tells."""
    last = ledger.row("SELECT value FROM setting WHERE name = ?", _ADDRESS)
    return last is not None and last[0] != address


def remember_address(ledger: Ledger, address: str) -> None:
    """This is where instances go from now on."""
    last = ledger.row("SELECT value FROM setting WHERE name = ?", _ADDRESS)
    if last is not None and last[0] == address:
        return
    with ledger.transaction():
        ledger.write("INSERT OR REPLACE INTO setting VALUES (?, ?)", _ADDRESS, address)
        if last is not None:
            ledger.record_event("runner", "The node has another address; all is looked for there.")
