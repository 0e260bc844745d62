"""Java's regular expressions, calendar and tables, as observed on a Java 17."""

from __future__ import annotations

import pytest

from transfer.deid.script.calendar import Moment, date_of, day_number, parse_moment
from transfer.deid.script.javahash import hashtable_order, properties_order
from transfer.deid.script.regex import BadPattern, Untranslatable, java_pattern


@pytest.mark.parametrize(
    ("pattern", "text", "replaced"),
    [
        (r"\w+", "\xc4\xe9 x", "\xc4\xe9 #"),
        (".", "a\x85b", "#\x85#"),
        ("$", "a\r\n", "a#\r\n#"),
        ("(?i)abc", "ABCabc", "##"),
        ("a(?i)b", "aBAb", "#Ab"),
        (r"\p{Alpha}+", "a1\xe9", "#1\xe9"),
        (r"\p{L}+", "a1\xe9", "#1#"),
        ("[a[bc]]+", "xabcx", "x#x"),
        (r"\Qa.b\E", "a.b axb", "# axb"),
        ("a*+b", "aab", "#"),
        ("(?<n>a)\\k<n>", "aa", "#"),
        (r"\h+", "a\xa0 b", "a#b"),
        (r"\x41\u00e9\0101", "A\xe9A", "#"),
        ("a*", "baac", "#b##c#"),
    ],
)
def test_a_pattern_matches_what_java_matches(pattern: str, text: str, replaced: str) -> None:
    assert java_pattern(pattern).sub("#", text) == replaced


@pytest.mark.parametrize("pattern", ["(", ")", "[", "*a", "a**", "a{,2}", "{", "\\q", "\\"])
def test_what_java_refuses_is_told_apart(pattern: str) -> None:
    """Such a script loads, and its files are quarantined."""
    with pytest.raises(BadPattern):
        java_pattern(pattern)


@pytest.mark.parametrize(
    "pattern", ["[a-z&&[^b]]", "\\G", "\\p{IsLatin}", "(?x)a", "x(?i)a|b", "(?<=a|bc)d"]
)
def test_what_only_we_cannot_say_is_refused(pattern: str) -> None:
    with pytest.raises(Untranslatable):
        java_pattern(pattern)


@pytest.mark.parametrize(
    ("date", "number"),
    [
        ((1970, 1, 1), 2440588),
        ((1582, 10, 15), 2299161),
        ((1582, 10, 4), 2299160),
        ((1582, 10, 5), 2299161),
        ((2004, 13, 1), 2453372),
        ((2004, 3, 0), 2453065),
        ((-5, 1, 10), 2440588 - 721347),
    ],
)
def test_a_date_is_counted_as_javas_lenient_calendar_does(
    date: tuple[int, int, int], number: int
) -> None:
    assert day_number(*date) == number


def test_a_day_has_its_date_on_either_side_of_the_change() -> None:
    assert date_of(2299160) == (1582, 10, 4)
    assert date_of(2299161) == (1582, 10, 15)
    assert date_of(day_number(-5, 1, 10)) == (6, 1, 10)


def test_hours_may_run_over_into_the_next_day() -> None:
    assert parse_moment("20040119251234") == Moment(2453024, 25 * 3600 + 12 * 60 + 34)
    assert parse_moment("20040119251234").resolved().day == 2453025


def test_the_keys_of_a_properties_table_come_in_javas_order() -> None:
    """It decides between two rules for one element that are spelled differently."""
    keys = ["set.[0008,1030]A", "set.[0008,103E]A", "set.[0008,103e]B"]
    assert properties_order(keys) == [
        "set.[0008,1030]A", "set.[0008,103e]B", "set.[0008,103E]A",
    ]  # fmt: skip
    many = [f"param.P{number}" for number in range(30)]
    order = [key.removeprefix("param.P") for key in properties_order(many)]
    assert " ".join(order) == (
        "20 22 21 28 27 29 24 23 26 25 11 10 0 17 16 2 19 1 18 4 13 12 3 6 15 5 14 8 7 9"
    )


def test_the_tags_of_a_hashtable_come_in_javas_order() -> None:
    """It decides in which order elements are inserted, and so who gets which number."""
    tags = [
        0x00080020, 0x00100010, 0x00100020, 0x00081030, 0x0020000D,
        0x0020000E, 0x00080050, 0x00120062, 0x00120063, 0x00131013,
    ]  # fmt: skip
    assert hashtable_order(tags) == [
        0x00100010, 0x00100020, 0x00080050, 0x00080020, 0x00131013,
        0x00120063, 0x00081030, 0x00120062, 0x0020000E, 0x0020000D,
    ]  # fmt: skip
