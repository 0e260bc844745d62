"""How a run is told to end: by a signal, or by the operator's wish in the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable

from transfer.ledger.connection import Ledger
from transfer.ledger.control import Wish, read_control

_PAUSE_POLL_S = 0.2


class Stop:
    """Whether the run is to end; set by a signal or by the operator's wish."""

    def __init__(self) -> None:
        self.requested = False
        self.at_once = False

    def request(self) -> None:
        """End as soon as what is under way is finished."""
        self.requested = True

    def insist(self) -> None:
        """End now; requests under way are broken off and settled by the next run."""
        self.requested = True
        self.at_once = True

    def __call__(self) -> bool:
        return self.requested


def wishes(ledger: Ledger, stop: Stop) -> Callable[[], bool]:
    """For phases that keep the ledger's thread to themselves: they read the wishes there."""
    looked = 0.0

    def should_stop() -> bool:
        nonlocal looked
        if time.monotonic() - looked >= _PAUSE_POLL_S:
            wish = read_control(ledger).wish
            while wish is Wish.PAUSE and not stop():
                time.sleep(_PAUSE_POLL_S)
                wish = read_control(ledger).wish
            if wish is Wish.STOP:
                stop.request()
            looked = time.monotonic()
        return stop()

    return should_stop
