"""Which values of an original header are shown without being asked for."""

from __future__ import annotations

import pytest

from tests.review.test_outline import outline_of, told
from transfer.deid.model import Element
from transfer.review.masking import hides
from transfer.review.outline import View


@pytest.mark.parametrize(
    ("tag", "vr"),
    [(0x00020013, "SH"), (0x00020016, "AE"), (0x00020017, "AE"), (0x00020018, "AE"),
     (0x00020102, "OB")],
)  # fmt: skip
def test_file_meta_that_names_a_station_or_holds_anything_is_hidden(tag: int, vr: str) -> None:
    assert hides(Element(tag, vr, b"PACS-DOE"))


def test_file_meta_that_says_how_to_read_the_file_is_shown() -> None:
    assert not hides(Element(0x00020010, "UI", b"1.2.840.10008.1.2.1"))
    assert not hides(Element(0x00020000, "UL", b"\xc4\0\0\0"))
    assert not hides(Element(0x00020001, "OB", b"\0\1"))


def test_a_private_block_of_a_makers_is_named_and_that_of_a_hospital_is_not() -> None:
    assert not hides(Element(0x00090010, "LO", b"GEMS_IDEN_01"))
    assert hides(Element(0x00990010, "LO", b"PACS OF DR DOE"))


def test_text_among_binary_numbers_is_hidden_and_numbers_are_not() -> None:
    red = 0x00281201
    assert hides(Element(red, "OW", b"pictures of Jane Doe"))
    assert not hides(Element(red, "OW", bytes(range(32))))


def test_an_element_of_a_hospitals_block_does_not_say_whose_it_is() -> None:
    outline = outline_of(
        Element(0x00990010, "LO", b"PACS OF DR DOE"), Element(0x00991001, "LO", b"x")
    )
    place = outline.lines(View())[1]
    assert outline.tell(place).creator == ""
    assert told(outline, "991001") == ("", "x", True)
