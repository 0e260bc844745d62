"""How a scan ended: done, or blocked by files that nobody could read and nobody left out."""

from __future__ import annotations

from transfer.ledger.census import take_census
from transfer.ledger.connection import Ledger
from transfer.ledger.files import count_unread, count_unreadable
from transfer.ledger.steps import read_step, set_step
from transfer.values import StepState


def record_scanned(ledger: Ledger) -> None:
    """The source was looked through to its end."""
    census, unreadable = take_census(ledger), count_unreadable(ledger)
    found = f"{census.instances.found} instances in {census.files.seen} files."
    if unreadable:
        # Not done: the next run looks again, for the share or the permission may be back.
        found = f"{found} {unreadable} files or folders could not be read."
        set_step(ledger, "scan", StepState.BLOCKED, found)
    else:
        set_step(ledger, "scan", StepState.DONE, found)


def is_scanned(ledger: Ledger) -> bool:
    """Whether the source was looked through to its end; some of it may be unreadable."""
    record = read_step(ledger, "scan")
    return record is not None and record.state in (StepState.DONE, StepState.BLOCKED)


def settle_scan(ledger: Ledger) -> None:
    """A person left out what cannot be read, or wants it again: say anew how the scan ended."""
    record = read_step(ledger, "scan")
    if record is None or not is_scanned(ledger) or count_unread(ledger):
        return
    if (record.state is StepState.BLOCKED) != bool(count_unreadable(ledger)):
        record_scanned(ledger)
