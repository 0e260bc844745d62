"""What the operator wishes of a running transfer: rows that the runner reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from transfer.ledger.connection import Ledger


class Wish(StrEnum):
    """Go on, take no new request, or end."""

    RUN = "run"
    PAUSE = "pause"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Control:
    """The wishes in force. `bytes_per_s` None is no limit; `concurrency` None is the node's.

    Until `limit_until` that limit goes before the schedule of bandwidth; None: it gives way to one.
    """

    wish: Wish = Wish.RUN
    bytes_per_s: int | None = None
    concurrency: int | None = None
    limit_until: datetime | None = None


def read_control(ledger: Ledger) -> Control:
    """The wishes in force now."""
    row = ledger.row("SELECT wish, bytes_per_s, concurrency, limit_until_utc FROM control")
    assert row is not None, "the first migration writes this row"
    until = None if row[3] is None else datetime.fromisoformat(row[3])
    return Control(Wish(row[0]), row[1], row[2], until)


def set_wish(ledger: Ledger, wish: Wish) -> None:
    """Ask the runner to run, pause or stop."""
    with ledger.transaction():
        ledger.write("UPDATE control SET wish = ?", wish.value)
        ledger.record_event("control", f"Wish: {wish.value}.")


def set_bandwidth(ledger: Ledger, bytes_per_s: int | None, until: datetime | None = None) -> None:
    """Limit the payload rate; None lifts the limit. It goes before the schedule until then; with
    no `until` it gives way to one, and without a rate either the schedule alone decides."""
    until_utc = None if until is None else until.astimezone(UTC).isoformat()
    with ledger.transaction():
        ledger.write(
            "UPDATE control SET bytes_per_s = ?, limit_until_utc = ?", bytes_per_s, until_utc
        )
        limit = "none" if bytes_per_s is None else f"{bytes_per_s} B/s"
        end = "" if until_utc is None else f", before the schedule until {until_utc}"
        ledger.record_event("control", f"Bandwidth limit: {limit}{end}.")


def set_concurrency(ledger: Ledger, requests: int | None) -> None:
    """Set how many requests run at the same time; None leaves it to the node's own figure."""
    with ledger.transaction():
        ledger.write("UPDATE control SET concurrency = ?", requests)
