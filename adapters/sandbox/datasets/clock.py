"""The time that the stand-in goes by: the wall's, which a test can put forward by days."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path


class Clock:
    """Seconds since the epoch. How far it was put forward is kept in `file`, so that after a new
    start nothing lies in the future."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._ahead_s = float(file.read_text("utf-8")) if file.exists() else 0.0

    def now(self) -> float:
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        self._ahead_s += seconds
        self._file.write_text(str(self._ahead_s), "utf-8")


def as_written(moment: float) -> str:
    """A date as the service writes it, which is not RFC 3339."""
    return datetime.fromtimestamp(moment, UTC).isoformat(" ", "microseconds")
