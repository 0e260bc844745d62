"""Who runs the transfer: the advisory lock, the epoch, and the runner's own row."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from transfer.clock import utc_now
from transfer.errors import RunnerHeld
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import refuse_purged

# A watcher takes the lock for an instant to see whether it is free; a starting runner must not
# mistake that instant for another runner.
_PATIENCE_S = 1.0
_PAUSE_S = 0.02
_ASK_FIRST = "ask-first"


@dataclass(frozen=True, slots=True)
class RunnerRecord:
    """The last runner's own account of itself. `pid` is None once it has ended in good order."""

    epoch: int
    pid: int | None
    host: str | None
    phase: str
    message: str
    remedy: str
    exit_code: int | None


def read_runner(ledger: Ledger) -> RunnerRecord:
    """What the last runner recorded; see `is_held` for whether it still lives."""
    row = ledger.row("SELECT epoch, pid, host, phase, message, remedy, exit_code FROM runner")
    assert row is not None, "the first migration writes this row"
    return RunnerRecord(*row)


def is_held(lock: Path) -> bool:
    """Whether a living runner holds the transfer, by its lock and nothing else."""
    try:
        # For reading: who looks must be able to where nothing can be written at the moment.
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def kept_from_runners(lock: Path, ledger: Ledger, *, removes: bool = False) -> Iterator[None]:
    """While this lasts no runner can start: for what a person changes in a moment, without
    becoming the runner. `removes`: originals are removed meanwhile.

    Raises:
        RunnerHeld: a living runner has the transfer.
        StepBlocked: its originals are removed, or being removed.
    """
    if not removes:
        refuse_purged(ledger)
    # Shared, so that others who look do not take us for a runner.
    descriptor = _lock(lock, ledger, fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(lock: Path, ledger: Ledger, how: int) -> int:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    patience = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() < patience:
                time.sleep(_PAUSE_S)
                continue
            is_runner = is_held(lock)
            os.close(descriptor)
            raise _held(read_runner(ledger), is_runner=is_runner) from None


def _held(holder: RunnerRecord, *, is_runner: bool) -> RunnerHeld:
    if not is_runner:
        return RunnerHeld(
            "Somebody is changing this transfer at this moment.", "Wait a moment, then try again."
        )
    # Between its lock and its row a runner is known by the lock alone.
    who = f": process {holder.pid} on {holder.host}" if holder.pid is not None else ""
    return RunnerHeld(
        f"Another runner works on this transfer{who}.",
        "Watch it with: eucaim-transfer status NAME --watch, or end it with:"
        " eucaim-transfer stop NAME",
    )


def doubt_what_went(ledger: Ledger) -> None:
    """The ledger is older than what was sent (put back from a copy, or without its log), or was
    made anew: the node is asked before anything goes. Inside a transaction."""
    ledger.write("INSERT OR REPLACE INTO setting VALUES (?, '1')", _ASK_FIRST)
    ledger.record_event("runner", "The ledger may not know all that went; the node is asked first.")


def asks_first(ledger: Ledger) -> bool:
    """Whether requests may have been made that the ledger does not know of."""
    return bool(ledger.number("SELECT 1 FROM setting WHERE name = ?", _ASK_FIRST))


def doubt_is_over(ledger: Ledger) -> None:
    """What the node may have is marked, request by request."""
    with ledger.transaction():
        ledger.write("DELETE FROM setting WHERE name = ?", _ASK_FIRST)


def _note(descriptor: int, attempt: int) -> None:
    """Keep in the lock file how many requests were made: a ledger that knows of fewer is not the
    one that they were made from."""
    os.pwrite(descriptor, b"%-20d\n" % attempt, 0)


def _last_noted(descriptor: int) -> int:
    found = os.pread(descriptor, 21, 0).strip()
    return int(found) if found.isdigit() else 0


class Holder:
    """This process's hold on a transfer, from `take` to `release` or the process's end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, lock: Path, ledger: Ledger, phase: str) -> Holder:
        """Become the runner: take the lock, raise the epoch, write our row.

        Raises:
            RunnerHeld: a living runner has it; the text names its process and host.
            StepBlocked: its originals are removed.
        """
        refuse_purged(ledger)
        descriptor = _lock(lock, ledger, fcntl.LOCK_EX)
        known = ledger.number("SELECT max(id) FROM attempt")
        is_older = _last_noted(descriptor) > known
        with ledger.transaction():
            if is_older:
                doubt_what_went(ledger)
            # A runner that ended in good order took its wishes with it; one that was killed left
            # them behind. A wish that comes in from now on is meant for this runner.
            ledger.write("UPDATE control SET wish = 'run' WHERE (SELECT pid FROM runner) NOTNULL")
            ledger.write(
                "UPDATE runner SET epoch = epoch + 1, pid = ?, host = ?, phase = ?, message = '',"
                " remedy = '', exit_code = NULL, started_at_utc = ?, ended_at_utc = NULL",
                os.getpid(),
                os.uname().nodename,
                phase,
                utc_now(),
            )
            ledger.record_event("runner", f"Runner took over in phase {phase}.")
        if is_older:
            _note(descriptor, known)
        ledger.epoch = read_runner(ledger).epoch
        ledger.leased = partial(_note, descriptor)
        return cls(descriptor)

    def enter(self, ledger: Ledger, phase: str) -> None:
        """Say which phase the runner is in."""
        with ledger.transaction():
            ledger.write("UPDATE runner SET phase = ?", phase)
            ledger.record_event("phase", f"Phase: {phase}.")

    def release(self, ledger: Ledger, exit_code: int, message: str = "", remedy: str = "") -> None:
        """Give the place up and say how it ended."""
        with ledger.transaction():
            ledger.write(
                "UPDATE runner SET pid = NULL, phase = 'ended', message = ?, remedy = ?,"
                " exit_code = ?, ended_at_utc = ?",
                message,
                remedy,
                exit_code,
                utc_now(),
            )
            ledger.write("UPDATE control SET wish = 'run'")
            ledger.record_event("runner", f"Runner ended with exit code {exit_code}.")
        self.drop()

    def drop(self) -> None:
        """Let go of the lock without a word in the ledger."""
        os.close(self._descriptor)
