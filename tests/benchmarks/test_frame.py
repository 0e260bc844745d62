"""The frame of the benchmarks: what a figure of the table means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.frame import Bench, Kind, Target, as_markdown, compare
from tests.benchmarks.process import Failed, measured

_KINDS: dict[str, Kind] = {"ours": "ours", "loop": "peer", "disk": "limit"}
_RATES = {"ours": [10.0, 40.0, 12.0], "loop": [5.0, 10.0, 4.0], "disk": [20.0, 80.0, 20.0]}


def test_contenders_take_turns_so_that_a_slower_hour_is_slow_for_all() -> None:
    """One after the other would give whoever comes first the quiet machine."""
    called: list[str] = []

    def one(name: str) -> dict[str, float]:
        called.append(name)
        return {"cpu_s": 1.0}

    bench = Bench(Path(), rounds=2)

    bench.interleave({"ours": lambda: one("ours"), "peer": lambda: one("peer")})

    assert called == ["ours", "peer", "ours", "peer"]


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    """Not the ratio of two medians, which mixes a fast round with a slow one."""
    row = compare("scan", "files/s", _RATES, _KINDS)[0]

    assert (row.median, row.low, row.high) == (12.0, 10.0, 40.0)
    assert row.to_peer == 3.0
    assert row.to_limit == 0.5


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (Target(3, "loop"), "≥ 3 times loop: 3 met"),
        (Target(0.6, "disk"), "≥ 0.6 times disk: 0.5 MISSED"),
        (Target(12, is_floor=False), "≤ 12: 12 met"),
        (Target(11, is_floor=False), "≤ 11: 12 MISSED"),
    ],
)
def test_the_table_says_what_was_asked_what_was_reached_and_whether_that_is_enough(
    target: Target, told: str
) -> None:
    """A reader must not have to divide."""
    row = compare("scan", "files/s", _RATES, _KINDS, [target])[0]

    table = as_markdown([row])

    assert told in table


def test_the_cpu_of_a_measured_program_holds_that_of_its_children() -> None:
    """Workers de-identify: the CPU of the runner alone would flatter."""
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"

    figures, _ = measured([sys.executable, "-c", parent])

    assert figures["cpu_s"] >= 0.2


def test_a_measured_program_that_fails_is_no_measurement() -> None:
    """What failed at once would be the fastest of all."""
    with pytest.raises(Failed, match="ended with 3"):
        measured([sys.executable, "-c", "raise SystemExit(3)"])
