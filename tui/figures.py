"""Figures as people read them: sizes, rates, spans of time, counts."""

from __future__ import annotations

import re
from datetime import datetime

from transfer.bandwidth import parse_rate as parse_rate
from transfer.errors import UsageError
from transfer.journey.waiting import since as began_at
from transfer.sentences import count as count
from transfer.sentences import size as size

_SPAN = re.compile(r"(?:[0-9]{1,9} ?(?:s|min|m|h|d) ?)+")
_SPAN_PART = re.compile(r"([0-9]+) ?(s|min|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_LONGEST_S = 366 * 86_400


def rate(bytes_per_s: float) -> str:
    """A rate: `48.2 MB/s`."""
    return f"{size(bytes_per_s)}/s"


def span(seconds: float) -> str:
    """A span of time, no more exact than anybody could know: `16 s`, `4 min`, `2 h 10 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} days {hours % 24} h"


def moment(utc: str) -> str:
    """A time of the ledger to the minute: `2026-03-12 08:00 UTC`."""
    return f"{utc[:10]} {utc[11:16]} UTC"


def since(utc: str, now: datetime) -> str:
    """Since when something is as it is, and how long: `since 2026-03-12 08:00 UTC (5 h 10 min)`;
    empty where it is not known."""
    began = began_at(utc)
    if began is None:
        return ""
    passed_s = (now - began).total_seconds()
    return f"since {moment(utc)}" + (f" ({span(passed_s)})" if passed_s >= 60 else "")


def share(done: float, total: float) -> float:
    """How much of a total is done, 0 to 1; 0 while the total is unknown."""
    return min(1.0, max(0.0, done / total)) if total > 0 else 0.0


def percent(part: float) -> str:
    """A share as a whole percentage. Only what is complete reads 100 %."""
    return "100 %" if part >= 1 else f"{int(part * 100)} %"


def parse_span(text: str) -> float:
    """Seconds out of `90s`, `10m`, `2 h 10 min`, `3d`; at most a year.

    Raises:
        UsageError: it is no span of time.
    """
    cleaned = text.strip().lower()
    parts = _SPAN_PART.findall(cleaned) if _SPAN.fullmatch(cleaned) else []
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= _LONGEST_S:
        raise UsageError(
            "That is not a span of time.", "Write for example 90s, 10m, 12h or 3d; at most 366d."
        )
    return float(seconds)
