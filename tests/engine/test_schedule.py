"""The schedule of bandwidth in a runner at work: what it lets leave, on a clock of our own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.bandwidth import LiveSchedule
from transfer.bandwidth import holds_until
from transfer.ledger.connection import Ledger
from transfer.ledger.control import set_bandwidth
from transfer.runner import pace
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.settings import Settings
from transfer.runner.stop import Stop
from transfer.runner.stream import Watch

FRIDAY = datetime(2026, 11, 27, tzinfo=UTC)
OFFICE = '[bandwidth]\n"mon-fri 08:00-18:00" = "8 Mbit/s"\notherwise = "32 Mbit/s"\n'

_UNLIMITED = 10**9
"""What no limit of these lets leave in a minute."""


class Clock:
    """Both clocks of a runner; who waits puts them forward."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.begun = FRIDAY

    def monotonic(self) -> float:
        return self.passed_s

    def wall(self) -> datetime:
        return self.begun + timedelta(seconds=self.passed_s)

    def put_to(self, hour: float) -> None:
        self.passed_s = max(self.passed_s, hour * 3600)


class Waiting(threading.Condition):
    """A condition in which nobody waits for real."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self._clock.passed_s += timeout
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def _sent_in(watch: Watch, clock: Clock, seconds: float) -> int:
    """Bytes that one request is let send in so long."""
    end, sent = clock.passed_s + seconds, 0
    while clock.passed_s < end and sent < _UNLIMITED:
        piece = watch.bandwidth.piece_bytes()
        watch.bandwidth.take(piece)
        sent += piece
    return sent


async def test_the_runner_slows_down_and_speeds_up_by_the_hour_by_the_file_and_by_order(
    tmp_path: Path, clock: Clock
) -> None:
    config, at = tmp_path / "config.toml", tmp_path / "ledger.sqlite"
    config.write_text(OFFICE)
    Ledger.create(at).close()
    schedule = LiveSchedule(tmp_path)
    settings = Settings(False, schedule=schedule, wall_clock=clock.wall, zone=UTC)
    ledger = LedgerThread()
    await ledger.open(at)
    try:
        watch = Watch(ledger, settings, Stop(), 1)
        watch.bandwidth.awake = _Awake()  # type: ignore[assignment] # it has no row to look at
        watch.bandwidth._changed = Waiting(clock)

        async def sent_at(hour: float) -> int:
            clock.put_to(hour)
            await watch.look()
            return _sent_in(watch, clock, 60)

        night = await sent_at(7)
        assert night == pytest.approx(60 * 4_000_000, rel=0.02)
        assert await sent_at(8) / night == pytest.approx(1 / 4, rel=0.02)
        assert await sent_at(18) / night == pytest.approx(1, rel=0.02)

        config.write_text(OFFICE.replace("32 Mbit/s", "16 Mbit/s"))
        assert await sent_at(19) / night == pytest.approx(1 / 2, rel=0.02)
        config.write_text(OFFICE.replace('"8 Mbit/s"', "what?"))
        assert await sent_at(20) / night == pytest.approx(1 / 2, rel=0.02)

        clock.put_to(21)
        until = holds_until(schedule.schedule, clock.wall(), UTC)
        assert until == FRIDAY + timedelta(days=3, hours=8)
        await ledger(_limit(8_000_000, until))
        assert await sent_at(21) / night == pytest.approx(2, rel=0.02)
        assert await sent_at(3 * 24 + 9) / night == pytest.approx(1 / 4, rel=0.02)
    finally:
        await ledger.aclose()


def _limit(bytes_per_s: int, until: datetime) -> Callable[[Ledger], None]:
    return lambda ledger: set_bandwidth(ledger, bytes_per_s, until)


class _Awake:
    """The machine that never slept."""

    def look(self) -> None:
        return
