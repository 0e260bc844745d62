"""Figures: sizes, rates and spans of time as people read them."""

from __future__ import annotations

import pytest

from transfer.errors import UsageError
from tui import figures


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (526_336, "526 kB"),
        (999_600, "1.00 MB"),
        (12_400_000, "12.4 MB"),
        (20_000_000_000_000, "20.0 TB"),
    ],
)
def test_a_size_has_three_figures(size_bytes: int, text: str) -> None:
    assert figures.size(size_bytes) == text


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0 %"), (0.5, "50 %"), (0.99999, "99 %"), (1.0, "100 %")]
)
def test_only_what_is_complete_reads_a_hundred_percent(part: float, text: str) -> None:
    assert figures.percent(part) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (89, "89 s"), (96, "2 min"), (7_800, "2 h 10 min"), (200_000, "2 days 7 h")],
)
def test_a_span_is_no_more_exact_than_anybody_could_know(seconds: float, text: str) -> None:
    assert figures.span(seconds) == text


@pytest.mark.parametrize(
    ("text", "bytes_per_s"),
    [
        ("5M", 5_000_000),
        ("500k", 500_000),
        ("1.5 MB/s", 1_500_000),
        ("2G", 2_000_000_000),
        ("none", None),
        ("0", None),
        ("", None),
    ],
)
def test_a_rate_is_read_as_people_write_it(text: str, bytes_per_s: int | None) -> None:
    assert figures.parse_rate(text) == bytes_per_s


@pytest.mark.parametrize("text", ["fast", "-5M", "5X", "12", "1e9", "5M5"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a rate"):
        figures.parse_rate(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("12 h", 43_200),
        ("3d", 259_200),
        ("2 h 10 min", 7_800),
        ("1D12H", 129_600),
    ],
)
def test_a_span_of_time_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert figures.parse_span(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "soon", "5", "0s", "-3d", "367d", "3 weeks", "1" * 5000 + "d"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a span"):
        figures.parse_span(text)
