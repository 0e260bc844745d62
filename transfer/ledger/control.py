"""What the operator wishes of a running transfer: rows that the runner reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transfer.ledger.connection import Ledger


class Wish(StrEnum):
    """Go on, take no new request, or end."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Control:
    """The wishes in force. `bytes_per_s` None is no limit; `concurrency` None is the node's."""

    wish: Wish = Wish.RUN
    bytes_per_s: int | None = None
    concurrency: int | None = None


def read_control(ledger: Ledger) -> Control:
    """The wishes in force now."""
    row = ledger.row("SELECT wish, bytes_per_s, concurrency FROM control")
    assert row is not None, "the first migration writes this row"
    return Control(Wish(row[0]), row[1], row[2])


def set_wish(ledger: Ledger, wish: Wish) -> None:
    """Ask the runner to run, pause or stop."""
    with ledger.transaction():
        ledger.write("UPDATE control SET wish = ?", wish.value)
        ledger.record_event("control", f"Wish: {wish.value}.")


def set_bandwidth(ledger: Ledger, bytes_per_s: int | None) -> None:
    """Limit the payload rate; None lifts the limit."""
    with ledger.transaction():
        ledger.write("UPDATE control SET bytes_per_s = ?", bytes_per_s)
        limit = "none" if bytes_per_s is None else f"{bytes_per_s} B/s"
        ledger.record_event("control", f"Bandwidth limit: {limit}.")


def set_concurrency(ledger: Ledger, requests: int | None) -> None:
    """Set how many requests run at the same time; None leaves it to the node's own figure."""
    with ledger.transaction():
        ledger.write("UPDATE control SET concurrency = ?", requests)
