"""A machine that slept: who wakes looks whether the transfer is still its own before a byte more
leaves. Without this a request that stood still in its middle would be completed into what another
runner has finished meanwhile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from transfer.errors import EpochLost
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import read_runner

# No other runner starts, let alone finishes anything, in less; looking takes some 3 ms.
_SLEPT_S: Final = 0.25
# The one clock that goes on while a machine is suspended (clock_gettime(2)); macOS has none.
_CLOCK: Final = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Awake:
    """Looked at by every thread before it hands on a piece; asks the ledger only after a pause."""

    def __init__(self, ledger: Path, epoch: int) -> None:
        self._ledger = ledger
        self._epoch = epoch
        self._seen_at = time.clock_gettime(_CLOCK)

    @classmethod
    def of(cls, ledger: Ledger) -> Awake:
        """For the runner that writes this ledger."""
        return cls(ledger.path, read_runner(ledger).epoch if ledger.epoch is None else ledger.epoch)

    def look(self) -> None:
        """Go on.

        Raises:
            EpochLost: another runner has taken over.
            LedgerDamaged: the ledger cannot be read.
        """
        now = time.clock_gettime(_CLOCK)
        if now - self._seen_at > _SLEPT_S:
            with Ledger.open(self._ledger, read_only=True) as ledger:
                if read_runner(ledger).epoch != self._epoch:
                    raise EpochLost(
                        "Another runner has taken over this transfer.",
                        "Nothing to do: it goes on where this one stopped.",
                    )
        # Not before: every thread has to find out.
        self._seen_at = now
