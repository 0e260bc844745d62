"""The time that the stand-in goes by: the wall's, which a test can put forward by days."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch; `ahead_s` is how far this clock is ahead of the wall's."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return time.time() + self.ahead_s

    def advance(self, seconds: float) -> None:
        self.ahead_s += seconds


def as_written(moment: float) -> str:
    """A date as the service writes it, which is not RFC 3339."""
    return datetime.fromtimestamp(moment, UTC).isoformat(" ", "microseconds")
