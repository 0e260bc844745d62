"""The week of limits: what holds at a moment, when that changes, and whose word goes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transfer.bandwidth import (
    DAY,
    FOREVER,
    NO_LIMIT,
    WEEK,
    Limit,
    Schedule,
    Span,
    holds_until,
    in_force,
    limit_at,
    seconds_to_move,
)
from transfer.ledger.control import Control

MADRID = ZoneInfo("Europe/Madrid")
OFFICE = Schedule.of([Span(d * DAY + 480, d * DAY + 1080, 2_500_000) for d in range(5)], None)
"""Monday to Friday from 08:00 to 18:00."""
ZONES = [ZoneInfo(name) for name in ("Europe/Madrid", "Australia/Lord_Howe", "America/St_Johns")]


def _madrid(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "limit", "until"),
    [
        ("2026-11-27T07:59", None, "2026-11-27T08:00"),
        ("2026-11-27T08:00", 2_500_000, "2026-11-27T18:00"),
        ("2026-11-27T17:59", 2_500_000, "2026-11-27T18:00"),
        ("2026-11-27T18:00", None, "2026-11-30T08:00"),
        ("2026-11-29T12:00", None, "2026-11-30T08:00"),
    ],
)
def test_what_holds_is_told_with_its_end(now: str, limit: int | None, until: str) -> None:
    """27 November 2026 is a Friday."""
    found = limit_at(OFFICE, _madrid(now), MADRID)
    then = 2_500_000 if limit is None else None
    assert found == Limit(limit, _madrid(until), then)


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = Schedule.of([Span(4 * DAY + 1320, 5 * DAY + 360, None)], 1_000_000)
    assert limit_at(friday_night, _madrid("2026-11-28T05:59"), MADRID).bytes_per_s is None
    assert limit_at(friday_night, _madrid("2026-11-28T22:30"), MADRID).bytes_per_s == 1_000_000


def test_a_window_from_sunday_night_goes_on_into_monday() -> None:
    sunday_night = Schedule.of([Span(6 * DAY + 1320, 7 * DAY + 360, None)], 1_000_000)
    found = limit_at(sunday_night, _madrid("2026-11-30T01:00"), MADRID)
    assert found == Limit(None, _madrid("2026-11-30T06:00"), 1_000_000)


def test_on_the_day_on_which_the_clock_is_put_forward_an_hour_is_left_out() -> None:
    """29 March 2026: after 01:59 comes 03:00. A window from 02:30 begins with that."""
    window = Schedule.of([Span(6 * DAY + 150, 6 * DAY + 300, 1_000_000)], None)
    found = limit_at(window, _madrid("2026-03-29T01:30"), MADRID)
    assert found == Limit(None, _madrid("2026-03-29T03:00"), 1_000_000)


def test_on_the_day_on_which_the_clock_is_put_back_an_hour_comes_twice() -> None:
    """25 October 2026: after 02:59 comes 02:00 again. A window from 02:30 to 04:00 is left at
    that, and entered again half an hour later."""
    window = Schedule.of([Span(6 * DAY + 150, 6 * DAY + 240, 1_000_000)], None)
    found = limit_at(window, _madrid("2026-10-25T02:30"), MADRID)
    assert found == Limit(1_000_000, _madrid("2026-10-25T02:00", fold=1), None)
    found = limit_at(window, _madrid("2026-10-25T02:00", fold=1), MADRID)
    assert found == Limit(None, _madrid("2026-10-25T02:30", fold=1), 1_000_000)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Some windows that do not overlap, the last perhaps over the end of the week."""
    # Clocks are changed on Sundays between one and three.
    edge = st.integers(0, WEEK - 1) | st.integers(6 * DAY + 55, 6 * DAY + 185)
    edges = sorted(draw(st.sets(edge, min_size=2, max_size=8)))
    limits = st.sampled_from([None, 1_000, 1_000_000, 2_500_000])
    spans = [Span(a, b, draw(limits)) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2:
        spans.append(Span(edges[-1], WEEK + draw(st.integers(0, edges[0])), draw(limits)))
    return Schedule.of(spans, draw(limits))


MOMENTS = st.integers(0, 3 * 365 * DAY).map(
    lambda n: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
)
CHANGES = [datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (4, 4), (10, 25), (11, 1))]
NEAR = st.tuples(st.sampled_from(CHANGES), st.integers(-60, 16 * 60)).map(
    lambda near: near[0] + timedelta(minutes=near[1])
)
"""Around the days on which the clocks of the zones are changed."""


@given(schedules(), NEAR | MOMENTS, st.sampled_from(ZONES))
def test_a_limit_holds_until_the_very_minute_that_is_told_and_no_longer(
    schedule: Schedule, now: datetime, zone: ZoneInfo
) -> None:
    """Against every minute on the clock on the wall, one by one."""
    found = limit_at(schedule, now, zone)
    end = found.until or now + timedelta(days=1)
    minute = now.replace(second=0, microsecond=0)
    while minute < min(end, now + timedelta(days=1)):
        wall = minute.astimezone(zone)
        on_the_wall = schedule.on_the_wall(wall.weekday() * DAY + wall.hour * 60 + wall.minute)
        assert on_the_wall == found.bytes_per_s
        minute += timedelta(minutes=1)
    if found.until is not None:
        assert found.until > now
        after = limit_at(schedule, found.until, zone).bytes_per_s
        assert (after, after != found.bytes_per_s) == (found.then_bytes_per_s, True)


@given(schedules(), st.integers(0, WEEK - 1))
def test_each_minute_of_the_week_has_the_limit_of_the_step_before_it(
    schedule: Schedule, minute: int
) -> None:
    begun = [limit for begin, limit in schedule.steps if begin <= minute]
    assert schedule.on_the_wall(minute) == begun[-1]


def test_a_person_goes_before_the_schedule_until_it_changes_next() -> None:
    now = _madrid("2026-11-27T10:00")
    until = holds_until(OFFICE, now, MADRID)
    assert until == _madrid("2026-11-27T18:00")
    order = Control(bytes_per_s=None, limit_until=until)
    assert in_force(OFFICE, order, now, MADRID) == Limit(None, until, None, True)
    later = _madrid("2026-11-30T08:00")
    assert in_force(OFFICE, order, later, MADRID) == limit_at(OFFICE, later, MADRID)


def test_over_a_schedule_that_never_changes_a_person_s_limit_stays() -> None:
    always = Schedule.of([], 1_000_000)
    now = _madrid("2026-11-27T10:00")
    assert holds_until(always, now, MADRID) == FOREVER
    order = Control(bytes_per_s=5_000, limit_until=FOREVER)
    assert in_force(always, order, now, MADRID) == Limit(5_000, is_by_hand=True)


def test_a_limit_from_before_there_was_a_schedule_gives_way_to_it() -> None:
    now, order = _madrid("2026-11-27T10:00"), Control(bytes_per_s=5_000)
    assert holds_until(None, now, MADRID) is None
    assert in_force(None, order, now, MADRID) == Limit(5_000, is_by_hand=True)
    assert in_force(OFFICE, order, now, MADRID).bytes_per_s == 2_500_000


def test_a_limit_that_has_run_out_is_none_where_the_schedule_is_gone() -> None:
    order = Control(bytes_per_s=5_000, limit_until=_madrid("2026-11-27T18:00"))
    assert in_force(None, order, _madrid("2026-11-27T18:00"), MADRID) == NO_LIMIT


@pytest.mark.parametrize(
    ("now", "rate", "size", "seconds"),
    [
        # Under 2.5 MB/s: what comes at 18:00 nobody knows; it is counted at the rate of now.
        ("2026-11-27T17:00", 2_500_000, 2_500_000 * 7200, 7200),
        # At night with 10 MB/s: from 08:00 on a quarter of that.
        ("2026-11-27T07:00", 10_000_000, 10_000_000 * 7200, 3600 + 4 * 3600),
        # A whole week of it, and an hour.
        ("2026-11-27T18:00", 10_000_000, 10_000_000 * (118 * 3600 + 50 * 900 + 3600), 608_400),
    ],
)
def test_the_time_left_heeds_the_hours_in_which_less_may_go(
    now: str, rate: int, size: int, seconds: int
) -> None:
    at = _madrid(now)
    limit = limit_at(OFFICE, at, MADRID)
    assert seconds_to_move(size, rate, OFFICE, limit, at, MADRID) == pytest.approx(seconds)


def test_the_time_left_under_a_limit_of_one_s_own_goes_on_with_the_schedule() -> None:
    at = _madrid("2026-11-27T07:00")
    own = Limit(10_000_000, at + timedelta(hours=1), 2_500_000, is_by_hand=True)
    size = 10_000_000 * 3600 + 2_500_000 * 3600
    assert seconds_to_move(size, 10_000_000, OFFICE, own, at, MADRID) == pytest.approx(7200)
