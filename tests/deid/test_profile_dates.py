"""Under `eucaim` no date keeps its day."""

from __future__ import annotations

import pytest

from transfer.deid.profiles.dates import first_of_month


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"20040119", b"20040101"),
        (b"20040119 ", b"20040101"),
        (b"2004-01-19", b"20040101"),
        (b"2004.01.19", b"20040101"),
        (b"200401", b"20040101"),
        (b"20040119\\20050228", b"20040101\\20050201"),
        (b"20040119\\ANON", b"20040101\\"),
        (b"20040230", b"20040201"),
        (b"", b""),
        (b"2004", b""),
        (b"20041301", b""),
        (b"20040019", b""),
        (b"00040119", b""),
        (b"20040119-20040228", b""),
        (b"19.01.2004", b""),
        (b"2004-01.19", b""),
        (b"20040119123456", b""),
        (b"ANON", b""),
        (b"\xb2\xb0\xb0\xb4", b""),
    ],
)
def test_a_date_is_coarsened_or_emptied(value: bytes, expected: bytes) -> None:
    """Whatever can be read as one date; everything else says nothing any more."""
    assert first_of_month(value, has_time=False) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"20040119123456.789", b"20040101123456.789"),
        (b"20040119123456.789+0100", b"20040101123456.789+0100"),
        (b"20040119123456.789-0500", b"20040101123456.789-0500"),
        (b"2004-01-19T12:34:56Z", b"20040101123456"),
        (b"20040119 123456", b"20040101123456"),
        (b"2004011912", b"2004010112"),
        (b"20040119", b"20040101"),
        (b"200401", b"20040101"),
        (b"2004", b"2004"),
        (b"2004-0119", b""),
        (b"20040119-20040228", b""),
        (b"19/01/2004 12:00", b""),
        (b"20041301120000", b""),
    ],
)
def test_a_date_time_keeps_its_time_and_loses_its_day(value: bytes, expected: bytes) -> None:
    """Offsets from UTC included, which `lethe` empties or mangles."""
    assert first_of_month(value, has_time=True) == expected


def test_a_value_without_end_is_emptied_at_once() -> None:
    """Any bytes may come."""
    assert first_of_month(b"20040119\\" * 20_000, has_time=True) == b""
    assert first_of_month(b" " * 60_000 + b"20040119", has_time=True) == b"20040101"
