"""The text of an element, and a text written into one, VR by VR."""

from __future__ import annotations

import struct

import pytest

from transfer.deid.text.charset import LATIN_1, CharacterSet
from transfer.deid.text.java import double_text, float_text, parse_float, parse_int, split, trim
from transfer.deid.text.values import Refused, read_text, values_of, write_text


@pytest.mark.parametrize(
    ("vr", "value", "text"),
    [
        ("LO", b" a\\ b \0", "a\\ b"),
        ("PN", b" Doe^John^ ", " Doe^John"),
        ("UI", b"1.2\0", "1.2"),
        ("AS", b"010Y  ", "010Y  "),
        ("LT", b" a \r\n ", " a \r\n"),
        ("DA", b" 20040119 ", " 20040119"),
        ("US", b"\xff\xff\1\0", "65535\\1"),
        ("SS", b"\xf9\xff", "-7"),
        ("UL", b"\xff\xff\xff\xff", "4294967295"),
        ("US", b"\1\0\2", ""),
        ("FL", struct.pack("<f", 1 / 3), "0.33333334"),
        ("FD", struct.pack("<d", 1e10), "1.0E10"),
        ("AT", b"\x54\0\xcd\xab", "0054ABCD"),
        ("OB", b"\1\xab", "01\\AB"),
        ("OW", b"\1\2\3\4", "0201\\0403"),
        ("UN", b"PID", "50\\49\\44"),
        ("UN", b"", ""),
    ],
)
def test_a_value_is_read_as_text(vr: str, value: bytes, text: str) -> None:
    assert read_text(vr, value, LATIN_1, is_little=True) == text


def test_numbers_of_a_big_endian_file_are_read_in_its_order() -> None:
    assert read_text("US", b"\0\1", LATIN_1, is_little=False) == "1"


@pytest.mark.parametrize(
    ("vr", "text", "value"),
    [
        ("LO", " a \\ b ", b"a\\b "),
        ("CS", "unknown sex", b"unknown sex "),
        ("UI", "1.2.3", b"1.2.3\0"),
        ("DA", "20049999", b"20049999"),
        ("TM", "2560", b"2560"),
        ("DT", "2004", b"2004"),
        ("DT", "20190101101112.5+0100", b"20190101101112.5+0100 "),
        ("PN", "A^B^C^D^E^F", b"A^B^C^D^F "),
        ("PN", "A^^=B=C", b"A=B=C "),
        ("US", "65535", b"\xff\xff"),
        ("SL", "-70000", struct.pack("<l", -70000)),
        ("FD", "1e3", struct.pack("<d", 1000.0)),
        ("AT", "00540010", b"\x54\0\x10\0"),
        ("LO", "a\\b\\\\", b"a\\b "),
    ],
)
def test_a_text_is_written(vr: str, text: str, value: bytes) -> None:
    assert write_text(vr, values_of(text), LATIN_1, is_little=True) == value


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "ANON"),
        ("DA", "2004"),
        ("DA", "2004-01-01"),
        ("DA", "   "),
        ("TM", "99"),
        ("TM", "not a time"),
        ("DT", "ANON"),
        ("PN", "X" * 65),
        ("PN", "A=B=C=D"),
        ("US", "70000"),
        ("US", "-1"),
        ("SS", "40000"),
        ("FD", "x"),
        ("AT", "54,10"),
        ("OB", "x"),
        ("OW", "x"),
        ("UN", "x"),
        ("UR", "x"),
    ],
)
def test_a_text_is_refused_by_a_vr(vr: str, text: str) -> None:
    with pytest.raises(Refused):
        write_text(vr, values_of(text), LATIN_1, is_little=True)


def test_codes_are_written_in_java_s_own_character_set() -> None:
    """Only texts of the extended VRs follow the data set's."""
    assert write_text("CS", ["\xe9"], LATIN_1, is_little=True) == b"\xc3\xa9"
    assert write_text("LO", ["\xe9"], LATIN_1, is_little=True) == b"\xe9 "
    assert write_text("LO", ["\u5c71"], CharacterSet("iso8859_1"), is_little=True) == b"? "


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1e7, "1.0E7"),
        (123456.789, "123456.789"),
        (1e-7, "1.0E-7"),
        (5e-324, "4.9E-324"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_numbers_are_printed_as_java_prints_them(number: float, text: str) -> None:
    assert double_text(number) == text


def test_single_precision_is_printed_with_its_own_digits() -> None:
    assert float_text(struct.unpack("<f", struct.pack("<f", 0.1))[0]) == "0.1"
    assert float_text(16777216.0) == "1.6777216E7"


def test_java_reads_integers_strictly_and_floats_less_so() -> None:
    assert parse_int("+7") == 7
    assert parse_float(" 1.5f ") == 1.5
    for text in ("", " 7", "7 ", "0x7", "1_0", "2147483648"):
        with pytest.raises(ValueError, match=r"."):
            parse_int(text)
    for text in ("", "1,5", "1_0", "nan", "x"):
        with pytest.raises(ValueError, match=r"."):
            parse_float(text)


def test_java_splits_and_trims_in_its_own_way() -> None:
    assert split("a//b//", "/") == ["a", "", "b"]
    assert split("", "/") == [""]
    assert split("/", "/") == []
    assert trim("\0\t a\xa0 ") == "a\xa0"
