"""A clock that is behind, or absurdly ahead; one that nothing keeps; a zone that is unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.asking import make_host
from transfer.machine.clock import check_clock, check_time_sync, check_time_zone

INSTALLED = 1_772_000_000.0  # 2026-02-25
DAY = 86_400.0


def test_a_clock_from_before_the_installation_is_wrong() -> None:
    """A host whose battery is empty starts in 1970 or 2000; no certificate is valid then."""
    result = check_clock(now_s=946_684_800.0, installed_s=INSTALLED)
    assert (result.state, result.exit_code) == ("fail", 6)
    assert result.message.startswith("The clock of this host is wrong: it says 2000-01-01")
    assert result.whom == "this host's administrator"


def test_a_clock_of_the_day_of_the_installation_is_good_in_any_zone() -> None:
    assert check_clock(now_s=INSTALLED - 0.9 * DAY, installed_s=INSTALLED).state == "ok"


def test_a_clock_far_in_the_future_is_worth_a_look() -> None:
    result = check_clock(now_s=INSTALLED + 3651 * DAY, installed_s=INSTALLED)
    assert result.state == "warn"
    assert "ten years after this program was installed" in result.message


def test_the_clock_of_whoever_runs_the_tests_is_good() -> None:
    assert check_clock().state == "ok"


def test_a_clock_that_timesyncd_keeps_is_good(tmp_path: Path) -> None:
    host = make_host(tmp_path, {"/run/systemd/timesync/synchronized": ""})
    assert check_time_sync(host).message == "The clock is kept right by NTP."


def test_where_it_cannot_be_told_nothing_is_guessed(tmp_path: Path) -> None:
    result = check_time_sync(make_host(tmp_path, {}))
    assert (result.state, result.is_known) == ("ok", False)
    assert result.message == "Whether NTP keeps the clock right cannot be told here."


@pytest.mark.parametrize(
    ("zone", "state"),
    [
        ("", "ok"),
        ("UTC", "ok"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "ok"),
        ("Mars/Olympus", "warn"),
        (":Mars/Olympus", "warn"),
        ("../../etc/passwd", "warn"),
    ],
)
def test_a_time_zone_that_nobody_knows_is_told(tmp_path: Path, zone: str, state: str) -> None:
    assert check_time_zone(make_host(tmp_path, {}, {"TZ": zone})).state == state
