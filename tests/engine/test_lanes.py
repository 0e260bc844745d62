"""As many requests at a time as raise throughput. The line and the clock are simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from transfer.runner.lanes import Lanes

MIB = 1024 * 1024


@dataclass
class Line:
    """A node behind a line: `rate_of` says what so many requests at a time bring, in bytes/s."""

    rate_of: Callable[[int], float]
    most: int = 8
    now_s: float = 1000.0
    moved: float = 0.0
    answered: float = 0.0

    def __post_init__(self) -> None:
        self.lanes = Lanes(lambda: self.now_s, self.most)

    def run(self, seconds: float) -> int:
        """Let requests of one mebibyte run for so long; how many run at a time afterwards."""
        until = self.now_s + seconds
        while self.now_s < until:
            self.now_s += 0.25
            step = self.rate_of(self.lanes.allowed) * 0.25
            answers = int(self.answered + step / MIB) - int(self.answered)
            self.moved += step
            self.answered += step / MIB
            for _ in range(answers):
                self.lanes.answered()
            self.lanes.look(int(self.moved))
        return self.lanes.allowed


def each_brings(one: float, most: float) -> Callable[[int], float]:
    """Every request brings as much, until the line is full."""
    return lambda requests: min(requests * one, most)


def test_more_requests_run_while_each_brings_more() -> None:
    assert Line(each_brings(10e6, 1e9)).run(60) == 8


def test_no_more_run_than_the_operator_allows() -> None:
    line = Line(each_brings(10e6, 1e9), most=3)
    assert line.lanes.allowed == 3
    assert line.run(120) == 3


def test_requests_that_only_share_a_full_line_are_taken_back() -> None:
    line = Line(each_brings(6e6, 12e6))
    line.run(600)
    assert [line.run(5) for _ in range(60)].count(2) >= 50
    assert line.moved >= 0.97 * 12e6 * 900


def test_one_request_is_left_where_one_fills_the_line() -> None:
    assert Line(lambda _: 12e6).run(900) <= 2


def test_a_node_that_gets_slower_by_them_has_fewer() -> None:
    """Latency that grows without throughput."""
    assert Line(lambda requests: 40e6 if requests <= 2 else 40e6 / requests).run(300) <= 3


def test_a_busy_node_halves_them_once_for_all_requests_under_way() -> None:
    line = Line(each_brings(10e6, 1e9))
    line.run(60)
    began = line.now_s - 1
    line.lanes.troubled(began)
    line.lanes.troubled(began)
    assert line.lanes.allowed == 4


def test_a_node_that_stays_busy_keeps_one() -> None:
    line = Line(each_brings(10e6, 1e9))
    for _ in range(9):
        line.now_s += 10
        line.lanes.troubled(line.now_s - 1)
        assert line.lanes.allowed >= 1
    assert line.lanes.allowed == 1


def test_after_trouble_they_come_back_one_by_one() -> None:
    line = Line(each_brings(10e6, 1e9))
    line.run(60)
    line.lanes.troubled(line.now_s)
    assert line.run(25) == 4
    assert line.run(120) == 8


def test_a_bound_that_comes_down_holds_at_once() -> None:
    line = Line(each_brings(10e6, 1e9))
    line.run(60)
    line.lanes.most = 1
    assert line.lanes.allowed == 1


def test_a_bound_that_was_lifted_is_used() -> None:
    line = Line(each_brings(10e6, 1e9), most=2)
    line.run(60)
    line.lanes.most = 8
    assert line.run(60) == 8


def test_a_pause_is_not_taken_for_a_slow_line() -> None:
    line = Line(each_brings(10e6, 1e9))
    line.run(60)
    for _ in range(400):
        line.now_s += 0.25
        line.lanes.restart()
    assert line.run(30) == 8


@pytest.mark.parametrize("most", [0, -1])
def test_one_request_at_least_is_allowed(most: int) -> None:
    assert Lanes(lambda: 0.0, most).allowed == 1
