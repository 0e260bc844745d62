"""Specific Character Set: which codec a value names, and what it does to texts."""

from __future__ import annotations

import pytest

from transfer.deid.text.charset import CharacterSet, Undecodable, character_set


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (b"ISO_IR 100", CharacterSet("iso8859_1")),
        (b"ISO 2022 IR 100 ", CharacterSet("iso8859_1")),
        (b"ISO_IR 192", CharacterSet("utf_8")),
        (b"GB18030 ", CharacterSet("gb18030")),
        (b"\\ISO 2022 IR 87", CharacterSet("ascii", True)),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87 ", CharacterSet("jis_x0201", True)),
        (b"", None),
        (b"  ", None),
        (b"GBK", None),
        (b"ISO_IR 6", None),
        (b"nonsense\\ISO_IR 100", None),
    ],
)
def test_only_the_first_value_chooses_the_codec(term: bytes, expected: CharacterSet | None) -> None:
    assert character_set(term) == expected


@pytest.mark.parametrize(
    ("term", "value", "text"),
    [
        (b"ISO_IR 144", b"\xbb\xee\xda", "\u041b\u044e\u043a"),
        (b"ISO_IR 166", b"\xa1\x80", "\u0e01\ufffd"),
        (b"ISO_IR 13", b"\xd4\xcf\\~", "\uff94\uff8f\\~"),
        (b"\\ISO 2022 IR 87", b"Yamada\x1b$B;3ED\x1b(B^", "Yamada\u5c71\u7530^"),
        (b"\\ISO 2022 IR 149", b"\x1b$)C\xfb\xf3^\\", "\u6d2a^\u20a9"),
        (b"\\ISO 2022 IR 159", b"\x1b$(D\x30\x21", "\u4e02"),
        (b"ISO 2022 IR 100\\ISO 2022 IR 144", b"\xe9\x1b-L\xbb", "\xe9\u041b"),
        (b"\\ISO 2022 IR 6", b"a\xe9", "a\ufffd"),
        (b"\\ISO 2022 IR 6", b"a\x1b%Gb", "a\x1b%Gb"),
        (b"ISO_IR 192", b"\xff", "\ufffd"),
    ],
)
def test_texts_are_read(term: bytes, value: bytes, text: str) -> None:
    charset = character_set(term)
    assert charset is not None
    assert charset.decode(value) == text


@pytest.mark.parametrize("value", [b"a\x1b", b"a\x1b$", b"\x1b$(", b"\x1b$B;3E"])
def test_a_text_cut_inside_a_character_is_no_text(value: bytes) -> None:
    """Java runs over the end of the value, and CTP takes the element for absent."""
    charset = character_set(b"\\ISO 2022 IR 87")
    assert charset is not None
    with pytest.raises(Undecodable):
        charset.decode(value)


@pytest.mark.parametrize(
    ("term", "text", "value"),
    [
        (b"ISO_IR 100", "\xe9\u5c71", b"\xe9?"),
        (b"ISO 2022 IR 13\\ISO 2022 IR 87", "\uff94\u5c71\\", b"\xd4?\\"),
        (b"\\ISO 2022 IR 149", "\u6d2a", b"?"),
        (b"ISO 2022 IR 149", "\u6d2a\\", b"\xfb\xf3\x82"),
        (b"ISO 2022 IR 87", "\u5c71a", b";3!)"),
        (b"ISO_IR 166", "\u0e01\x80", b"\xa1?"),
        (b"ISO_IR 192", "\U0001f600", b"\xf0\x9f\x98\x80"),
    ],
)
def test_texts_are_written_without_escape_sequences(term: bytes, text: str, value: bytes) -> None:
    """What the first character set lacks becomes a question mark (CTP, observed)."""
    charset = character_set(term)
    assert charset is not None
    assert charset.encode(text) == value
