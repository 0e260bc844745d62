"""A request that is broken costs about a minute, whatever the line."""

from __future__ import annotations

import pytest

from transfer.runner.request_size import RequestSize

MIB = 1024 * 1024


def test_the_first_requests_are_small() -> None:
    assert RequestSize().most_bytes(None) == MIB


def test_a_request_lasts_a_minute_at_the_rate_of_the_last_ones() -> None:
    size = RequestSize()
    size.ended(20_000_000, 80.0, 100.0)
    assert size.most_bytes(None) == 12_000_000


def test_a_faster_request_counts_at_once_and_a_slower_one_in_part() -> None:
    size = RequestSize()
    size.ended(1_000_000, 1.0, 1.0)
    size.ended(2_000_000, 1.0, 1.0)
    assert size.most_bytes(None) == 120_000_000
    size.ended(1_000_000, 1.0, 1.0)
    assert size.most_bytes(None) == 102_000_000


@pytest.mark.parametrize("wait_s", [20, 50, 100, 250])
def test_a_node_that_takes_its_time_for_an_answer_is_no_slow_line(wait_s: int) -> None:
    """The wait is the same for one instance as for a whole batch."""
    size, holds = RequestSize(), MIB
    for _ in range(4):
        size.ended(holds, holds / 12_500_000, holds / 12_500_000 + wait_s)
        holds = min(256 * MIB, size.most_bytes(None))
    assert holds == 256 * MIB


def test_a_slow_line_behind_the_buffer_of_a_connection_is_seen() -> None:
    """At 1 Mbit/s a connection takes the first 4 MiB at once."""
    size, holds = RequestSize(), MIB
    for _ in range(4):
        size.ended(holds, max(0, holds - 4 * MIB) / 125_000, holds / 125_000)
        holds = min(256 * MIB, size.most_bytes(None))
    assert holds == 8 * MIB


def test_the_operators_limit_bounds_it_before_and_after_the_first_answer() -> None:
    size = RequestSize()
    assert size.most_bytes(1000) == 60_000
    size.ended(10_000_000, 1.0, 1.0)
    assert size.most_bytes(1000) == 60_000


def test_a_request_without_bytes_says_nothing() -> None:
    size = RequestSize()
    size.ended(0, 5.0, 5.0)
    assert size.most_bytes(None) == MIB


def test_after_one_that_was_cut_late_the_next_holds_what_had_gone_in_a_minute() -> None:
    """A line that has become slow cuts every large request: none would ever end."""
    size = RequestSize()
    size.ended(100_000_000, 10.0, 10.0)
    size.broken(30_000_000, 300.0)
    assert size.most_bytes(None) == 6_000_000


def test_one_that_was_cut_early_says_nothing_about_the_line() -> None:
    size = RequestSize()
    size.ended(100_000_000, 10.0, 10.0)
    size.broken(1_000_000, 1.0)
    assert size.most_bytes(None) == 600_000_000


def test_one_that_was_cut_late_with_nothing_gone_leaves_one_instance() -> None:
    size = RequestSize()
    size.broken(0, 100.0)
    assert size.most_bytes(None) == 1
