"""When the node is asked again while a page is open, and how that is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from transfer.errors import NodeError, RunnerHeld, TransferError
from tui import figures

CREATING_S: Final = 10.0
WAITING_S: Final = 600.0


class Polling:
    """Asks every so many seconds, one question at a time. What the ledger says of the last answer
    counts too, so that opening a page again asks nothing oftener."""

    def __init__(self, every_s: float | None) -> None:
        self.every_s = every_s
        self.is_asking = False
        self.is_on = True
        self._last: datetime | None = None
        self._is_given_up = False

    def asks(self) -> None:
        """A question is on its way."""
        self.is_asking = True
        self._is_given_up = False

    def answered(self, now: datetime) -> None:
        """The answer is here."""
        self.is_asking, self._last = False, now

    def failed(self, now: datetime, error: TransferError) -> None:
        """There was none. It is asked again in its time, unless that would fail in the same way."""
        self.is_asking, self._last = False, now
        may_repeat = isinstance(error, NodeError) and error.retry.allowed
        self._is_given_up = not (may_repeat or isinstance(error, RunnerHeld))

    def seen(self, at: datetime | None) -> None:
        """The last answer that the ledger knows of."""
        if at is not None and (self._last is None or at > self._last):
            self._last = at

    @property
    def is_live(self) -> bool:
        """Whether it asks by itself."""
        return self.every_s is not None and self.is_on and not self._is_given_up

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to ask."""
        if not self.is_live or self.is_asking or self.every_s is None:
            return False
        return self._last is None or now - self._last >= timedelta(seconds=self.every_s)

    def told(self, now: datetime) -> str:
        """When it was asked last, and when it will be."""
        if self.is_asking:
            return "Asking…"
        last = f"Asked at {self._last:%H:%M:%S} UTC" if self._last else "Not asked yet"
        if not self.is_live or self.every_s is None:
            return f"{last}."
        left = self.every_s - (now - self._last).total_seconds() if self._last else 0.0
        return f"{last}, again in {figures.span(max(1.0, left))}."
