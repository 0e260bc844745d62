"""What the line may be used for at which hour: a week of limits, and the one in force now.

A week is read on the clock on the wall. On the days on which that clock is put forward or back, an
hour that is left out is left out here too, and one that comes twice counts twice.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.control import Control

DAY: Final = 24 * 60
WEEK: Final = 7 * DAY
FOREVER: Final = datetime.max.replace(tzinfo=UTC)
"""Until when a limit holds that a person set over a schedule that never changes."""
_RATE = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)\s*([kmg]?)(bits?(?:/s)?|bps|(?:i?b)?(?:/s)?)", re.IGNORECASE
)
_FACTORS: Final = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_LEAST_BYTES_PER_S: Final = 1_000


def parse_rate(text: str) -> int | None:
    """Bytes a second out of `20 Mbit/s`, `5M`, `500K`, `1.5 MB/s`; None for `none`, `0` or nothing.

    Raises:
        UsageError: it is no rate.
    """
    cleaned = text.strip()
    if cleaned.lower() in ("", "none", "no limit", "unlimited", "off", "0"):
        return None
    found = _RATE.fullmatch(cleaned)
    value = 0.0
    if found:
        in_bits = found[3].lower().startswith(("bit", "bps"))
        value = float(found[1]) * _FACTORS[found[2].lower()] / (8 if in_bits else 1)
    if value < _LEAST_BYTES_PER_S:
        raise UsageError(
            "That is not a rate this program can keep.",
            "Write for example 20 Mbit/s, 5M (5 MB a second), 500K, or none.",
        )
    return int(value)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the week, in minutes since Monday 00:00; `end` is not in it and above `begin`, past
    `WEEK` where it goes on into the next one. `bytes_per_s` None is no limit."""

    begin: int
    end: int
    bytes_per_s: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A week of limits: from each minute since Monday 00:00 on, rising from 0, its bytes a second.
    `lines` are the same as somebody wrote them."""

    steps: tuple[tuple[int, int | None], ...]
    lines: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, spans: Iterable[Span], otherwise: int | None, lines: tuple[str, ...] = ()
    ) -> Schedule:
        """Out of spans that do not overlap; `otherwise` holds outside of all of them."""
        inside = dict[int, int | None]()
        outside = {0}
        for span in spans:
            inside[span.begin % WEEK] = span.bytes_per_s
            outside.add(span.end % WEEK)
            if span.end > WEEK:
                inside[0] = span.bytes_per_s
        steps: list[tuple[int, int | None]] = []
        for minute in sorted(outside | inside.keys()):
            limit = inside.get(minute, otherwise)
            if not steps or steps[-1][1] != limit:
                steps.append((minute, limit))
        return cls(tuple(steps), lines)

    def on_the_wall(self, minute: int) -> int | None:
        """Bytes a second at a minute of the week."""
        return self.steps[bisect_right(self.steps, minute, key=lambda step: step[0]) - 1][1]

    def minutes_to_step(self, minute: int) -> int:
        """From a minute of the week to the next step, as if no clock were changed meanwhile."""
        later = (begin for begin, _ in self.steps if begin > minute)
        return next(later, WEEK) - minute


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit in force, until when, and what holds then; rates in bytes a second, None is no
    limit. `until` None: nothing changes it by itself. `is_by_hand`: a person's, not the
    schedule's."""

    bytes_per_s: int | None
    until: datetime | None = None
    then_bytes_per_s: int | None = None
    is_by_hand: bool = False


NO_LIMIT: Final = Limit(None)


def limit_at(schedule: Schedule, now: datetime, zone: tzinfo | None = None) -> Limit:
    """What a schedule says at a moment, read in `zone` (None: this machine's), and when that
    changes next; it looks no further than eight days ahead."""
    limit = schedule.on_the_wall(_minute(now, zone))
    at = now.astimezone(UTC).replace(second=0, microsecond=0)
    end = at + timedelta(days=8)
    while (at := _next_step(schedule, at, zone)) <= end:
        then = schedule.on_the_wall(_minute(at, zone))
        if then != limit:
            return Limit(limit, at, then)
    return Limit(limit)


def in_force(
    schedule: Schedule | None, control: Control, now: datetime, zone: tzinfo | None = None
) -> Limit:
    """The limit at a moment: a person's as long as it holds, else the schedule's."""
    until = control.limit_until
    if until is not None and now < until:
        if until == FOREVER:
            return Limit(control.bytes_per_s, is_by_hand=True)
        then = None if schedule is None else limit_at(schedule, until, zone).bytes_per_s
        return Limit(control.bytes_per_s, until, then, is_by_hand=True)
    if schedule is not None:
        return limit_at(schedule, now, zone)
    if until is None and control.bytes_per_s is not None:
        return Limit(control.bytes_per_s, is_by_hand=True)
    return NO_LIMIT


def seconds_to_move(
    size_bytes: float,
    bytes_per_s: float,
    schedule: Schedule | None,
    limit: Limit,
    now: datetime,
    zone: tzinfo | None = None,
) -> float:
    """How long so many bytes take at the rate of now, or at the schedule's limit where that is
    lower. Under a limit that will be lifted it is the longest that they can take."""
    if schedule is None or (limit.is_by_hand and limit.until is None):
        return size_bytes / bytes_per_s
    passed_s = 0.0
    if limit.is_by_hand and limit.until is not None:
        passed_s = (limit.until - now).total_seconds()
        if size_bytes <= passed_s * bytes_per_s:
            return size_bytes / bytes_per_s
        size_bytes -= passed_s * bytes_per_s
        now = limit.until
    begins = [begin * 60 for begin, _ in schedule.steps]
    ends = [*begins[1:], WEEK * 60]
    rates = [min(bytes_per_s, rate or bytes_per_s) for _, rate in schedule.steps]
    a_week = sum((end - begin) * r for begin, end, r in zip(begins, ends, rates, strict=True))
    weeks, left = divmod(size_bytes, a_week)
    passed_s += weeks * WEEK * 60
    wall_s = _minute(now, zone) * 60 + now.second
    while True:
        part = bisect_right(begins, wall_s) - 1
        lasts_s = ends[part] - wall_s
        if left <= lasts_s * rates[part]:
            return passed_s + left / rates[part]
        left -= lasts_s * rates[part]
        passed_s += lasts_s
        wall_s = ends[part] % (WEEK * 60)


def holds_until(
    schedule: Schedule | None, now: datetime, zone: tzinfo | None = None
) -> datetime | None:
    """How long a limit holds that a person sets now: until the schedule changes next, `FOREVER`
    where it never does. None without a schedule: until there is one, or another limit."""
    if schedule is None:
        return None
    return limit_at(schedule, now, zone).until or FOREVER


def _minute(at: datetime, zone: tzinfo | None) -> int:
    """The minute of the week that the clock on the wall shows."""
    wall = at.astimezone(zone)
    return wall.weekday() * DAY + wall.hour * 60 + wall.minute


def _next_step(schedule: Schedule, at: datetime, zone: tzinfo | None) -> datetime:
    """The next whole minute, after one, at which the limit may be another: a step of the schedule,
    or the clock put forward or back before it."""
    step = at + timedelta(minutes=schedule.minutes_to_step(_minute(at, zone)))
    offset = at.astimezone(zone).utcoffset()
    if step.astimezone(zone).utcoffset() == offset:
        return step
    before, after = at, step
    while after - before > timedelta(minutes=1):
        between = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if between.astimezone(zone).utcoffset() == offset:
            before = between
        else:
            after = between
    return after
