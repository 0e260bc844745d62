"""The limit on bandwidth as people see and set it: in force, until when, and what comes then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from adapters.bandwidth import LiveSchedule
from transfer.bandwidth import FOREVER, Limit, Schedule, holds_until, in_force, parse_rate
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.control import Control, set_bandwidth
from transfer.workspace import Home, Workspace
from tui import figures

SCHEDULE = "schedule"
"""What one writes instead of a rate to give up a limit of one's own."""
KEPT = "A runner at work keeps to the limits that it read before."
_LATER_DAY = "%a %H:%M"
_TODAY = "%H:%M"


@dataclass(frozen=True, slots=True)
class Standing:
    """The limits on a transfer at a moment. `schedule` is the one read last, `trouble` why a newer
    one is not heeded."""

    limit: Limit
    at: datetime
    schedule: Schedule | None = None
    trouble: UsageError | None = None
    zone: tzinfo | None = None

    @property
    def is_worth_telling(self) -> bool:
        """There is a limit, or there will be."""
        return self.schedule is not None or self.limit.bytes_per_s is not None

    @property
    def told(self) -> str:
        """In one line: `limit 20 Mbit/s (2.50 MB/s) until 18:00, then no limit`."""
        limit = self.limit
        words = limit_told(limit.bytes_per_s)
        if limit.is_by_hand and self.schedule is not None:
            words += ", set by hand,"
        elif self.schedule is not None and limit.until is None and limit.bytes_per_s is not None:
            words += ", as config.toml says"
        if limit.until is None:
            return words.rstrip(",")
        until = clock_told(limit.until, self.at, self.zone)
        return f"{words} until {until}, then {rate_told(limit.then_bytes_per_s)}"

    @property
    def next_change_told(self) -> str:
        """When a limit set now would end; empty where nothing ends it."""
        until = holds_until(self.schedule, self.at, self.zone)
        return "" if until in (None, FOREVER) else clock_told(until, self.at, self.zone)

    def time_left(self, eta_s: float) -> str:
        """`about 2 min left`; `at most 5 h left` where the limit will be lifted before that."""
        span, limit = figures.span(eta_s), self.limit
        is_lifted = (
            limit.until is not None
            and limit.bytes_per_s is not None
            and eta_s > (limit.until - self.at).total_seconds()
            and (limit.then_bytes_per_s is None or limit.then_bytes_per_s > limit.bytes_per_s)
        )
        return f"{'at most' if is_lifted else 'about'} {span} left"

    def document(self) -> dict[str, Any]:
        """For `limits` of `status --json`."""
        limit, by = self.limit, None
        if limit.is_by_hand:
            by = "person"
        elif self.schedule is not None:
            by = SCHEDULE
        until = None if limit.until is None else limit.until.astimezone(UTC)
        return {
            "bytes_per_s": limit.bytes_per_s,
            "by": by,
            "until": None if until is None else until.isoformat().replace("+00:00", "Z"),
            "then_bytes_per_s": limit.then_bytes_per_s,
            "schedule": list(self.schedule.lines) if self.schedule else [],
        }


class Limits:
    """The limits of a home's transfers. Blocks where it says so."""

    def __init__(self, home: Home, now: Callable[[], datetime], zone: tzinfo | None = None) -> None:
        self._live = LiveSchedule(home.config_folder)
        self._now = now
        self.zone = zone

    def look(self) -> Limits:
        """Read config.toml if it is another than before. Blocks."""
        self._live()
        return self

    def standing(self, control: Control) -> Standing:
        """The limit in force by a transfer's row and by config.toml at the last look."""
        schedule, now = self._live.schedule, self._now()
        limit = in_force(schedule, control, now, self.zone)
        return Standing(limit, now, schedule, self._live.trouble, self.zone)

    def demand(self) -> None:
        """Refuse to begin with limits that nobody can know. Blocks.

        Raises:
            UsageError: config.toml cannot be used.
        """
        self._live.demand()

    def order(self, workspace: Workspace, text: str) -> None:
        """Set a limit, lift it, or leave it to the schedule again; until the schedule changes next
        where there is one. Blocks.

        Raises:
            UsageError: it is no rate, there is no schedule, or config.toml cannot be used.
        """
        self._live.demand()
        schedule = self._live()
        rate, until = heard(text), None
        if text.strip().lower() == SCHEDULE:
            if schedule is None:
                raise UsageError(
                    "There is no schedule.",
                    "Write one as [bandwidth] of config.toml; docs/bandwidth.md shows how.",
                )
        else:
            until = holds_until(schedule, self._now(), self.zone)
        with Ledger.open(workspace.ledger) as ledger:
            set_bandwidth(ledger, rate, until)


def heard(text: str) -> int | None:
    """Bytes a second out of what a person wrote; None for no limit, or the schedule's.

    Raises:
        UsageError: it is no rate.
    """
    return None if text.strip().lower() == SCHEDULE else parse_rate(text)


def rate_told(bytes_per_s: int | None) -> str:
    """A limit as lines are sold: `20 Mbit/s`; `no limit`."""
    if bytes_per_s is None:
        return "no limit"
    value, unit = bytes_per_s * 8 / 1e3, "kbit/s"
    for larger in ("Mbit/s", "Gbit/s"):
        if value >= 1000:
            value, unit = value / 1e3, larger
    return f"{value:.4g} {unit}"


def limit_told(bytes_per_s: int | None) -> str:
    """A limit beside which a measured rate can be read: `limit 20 Mbit/s (2.50 MB/s)`."""
    if bytes_per_s is None:
        return "no limit"
    return f"limit {rate_told(bytes_per_s)} ({figures.rate(bytes_per_s)})"


def clock_told(at: datetime, now: datetime, zone: tzinfo | None) -> str:
    """A moment of the coming days on the clock on the wall: `18:00`, `Mon 08:00`."""
    wall, today = at.astimezone(zone), now.astimezone(zone)
    return wall.strftime(_TODAY if wall.date() == today.date() else _LATER_DAY)
