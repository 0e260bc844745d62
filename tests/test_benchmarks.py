"""What the benchmarks' table says of figures."""

from __future__ import annotations

from tests.benchmarks.frame import Kind, Target, compare

KINDS: dict[str, Kind] = {"ours": "ours", "limit": "limit"}


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    ours, limit = compare(
        "send", "s", {"ours": [2.0, 9.0, 8.0], "limit": [1.0, 3.0, 4.0]}, KINDS,
        [Target(2.5, "limit", is_floor=False)],
    )  # fmt: skip
    assert (ours.to_limit, limit.to_limit) == (2.0, None)
    assert ours.judged == (("≤ 2.5 times limit", 2.0, True),)


def test_nothing_is_met_against_what_was_measured_as_nothing() -> None:
    ours, _ = compare(
        "send", "s", {"ours": [5.0, 5.0], "limit": [0.0, 1.0]}, KINDS,
        [Target(9, "limit", is_floor=False)],
    )  # fmt: skip
    assert ours.to_limit is None
    assert ours.judged == (("≤ 9 times limit", 0.0, False),)
