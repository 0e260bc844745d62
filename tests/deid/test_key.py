"""The form of a key: what is taken, what is refused, and that a new one is like Lethe's own."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

import pytest

from tests.conftest import ABSENT_SHARED
from transfer.deid.keys.key import check_digit, check_key, fingerprint, has_upper_case, new_key
from transfer.errors import UsageError

GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)
# Made up; 1_735_787_045_678 ms and ten bytes of 0xA5.
KEY = "019424f8632e7696a5a5a5a5a5a5a5a50"
HEX = "0123456789abcdef"


def test_the_keys_that_lethe_takes_are_taken_as_they_are() -> None:
    """Keys of the golden cases, with which the real program ran."""
    keys = []
    for name in ("clinical.json", "layout.json"):
        if not (GOLDEN / name).exists():
            pytest.skip(ABSENT_SHARED)
        keys.append(json.loads((GOLDEN / name).read_text("utf-8"))["secret_key"])
    assert [check_key(key) for key in keys] == keys
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("payload", "digit"),
    [("53269057", "b"), ("53269057e12fe2b74ba07c892560a2", "f"), ("0", "0"), ("", "0")],
)
def test_the_check_digit_is_the_one_of_the_published_examples(payload: str, digit: str) -> None:
    """RFC 6920 section 8.2 prints the first two."""
    assert check_digit(payload) == digit


def test_a_new_key_is_a_time_ordered_uuid_and_its_check_digit() -> None:
    key = new_key(lambda: 1_735_787_045.678, lambda size: b"\xa5" * size)
    assert key == KEY
    made = uuid.UUID(key[:32])
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == 1_735_787_045_678


def test_new_keys_are_good_keys_and_no_two_are_the_same() -> None:
    keys = {new_key() for _ in range(500)}
    assert len(keys) == 500
    assert {check_key(key) for key in keys} == keys


def test_every_single_wrong_digit_is_noticed() -> None:
    wrong = [
        KEY[:place] + digit + KEY[place + 1 :]
        for place in range(33)
        for digit in HEX
        if digit != KEY[place]
    ]
    assert len(wrong) == 33 * 15
    for key in wrong:
        with pytest.raises(UsageError, match="check digit is wrong"):
            check_key(key)


def test_every_swap_of_neighbours_is_noticed_but_of_0_and_f() -> None:
    """The limit of the scheme, as of Luhn's own with 0 and 9."""
    unnoticed = []
    for first in HEX:
        for second in HEX:
            payload = f"5{first}{second}7" * 8
            swapped = f"5{second}{first}7" + payload[4:]
            if first != second and check_digit(payload) == check_digit(swapped):
                unnoticed.append(first + second)
    assert unnoticed == ["0f", "f0"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "No key was given"),
        (" \n", "No key was given"),
        (KEY[:-1], "has 32 characters"),
        (KEY + "0", "has 34 characters"),
        (KEY[:-1] + "8", "check digit is wrong"),
        ("g" + KEY[1:], "no hexadecimal digits"),
        (KEY[:8] + "-" + KEY[9:], "no hexadecimal digits"),
        # FULLWIDTH DIGIT ZERO, which Python's own conversion takes for a 0.
        ("\uff10" + KEY[1:], "no hexadecimal digits"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(text: str, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refused:
        check_key(text)
    assert refused.value.remedy.startswith("Copy it again")


def test_a_refusal_never_quotes_the_key() -> None:
    for text in (KEY[:-1] + "8", KEY[:-1], "g" + KEY[1:]):
        with pytest.raises(UsageError) as refused:
            check_key(text)
        shown = f"{refused.value!r} {refused.value} {refused.value.remedy}"
        assert KEY[4:12] not in shown


def test_blanks_around_a_key_do_not_count_and_capitals_do() -> None:
    """The pseudonyms are digests of the key's text: capitals give others."""
    assert check_key(f"  {KEY}\r\n") == KEY
    assert check_key(KEY.upper()) == KEY.upper()
    assert has_upper_case(KEY.upper())
    assert not has_upper_case(KEY)
    assert fingerprint(KEY.upper()) != fingerprint(KEY)


def test_a_fingerprint_is_stable_and_holds_nothing_of_the_key() -> None:
    assert fingerprint(KEY) == "6fb8fdf836bf8191"
    assert fingerprint(KEY)[:6] not in KEY
