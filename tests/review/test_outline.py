"""A header as an outline: what folds, what is found, what is masked, and what it costs."""

from __future__ import annotations

import pytest

from transfer.deid.model import DataSet, Element, Header, Stretch
from transfer.review.outline import WINDOW, Kind, Outline, View
from transfer.scan.elements import Encoding

MODALITY, NAME, BODY_PART = 0x00080060, 0x00100010, 0x00180015
SEQUENCE, INNER = 0x00081140, 0x00081155
LITTLE = Encoding(is_implicit=False, is_little=True)
BIG = Encoding(is_implicit=False, is_little=False)


def dataset(*elements: Element) -> DataSet:
    return {element.tag: element for element in elements}


def outline_of(*elements: Element, encoding: Encoding = LITTLE) -> Outline:
    return Outline(Header({}, "1.2.840.10008.1.2.1", encoding, dataset(*elements)))


def keys(outline: Outline, view: View) -> list[str]:
    return [place.key for place in outline.lines(view)]


def told(outline: Outline, key: str, view: View | None = None) -> tuple[str, str, bool]:
    """Name, value and whether it is masked, of one line."""
    place = next(p for p in outline.lines(view or View()) if p.key == key)
    entry = outline.tell(place)
    return entry.name, entry.value, entry.is_masked


def uid(text: str) -> Element:
    return Element(INNER, "UI", text.encode())


def test_sequences_are_folded_until_they_are_opened_and_a_sole_item_opens_with_its_sequence() -> (
    None
):
    outline = outline_of(
        Element(MODALITY, "CS", b"CT"), Element(SEQUENCE, "SQ", [dataset(uid("1.2"))])
    )
    view = View()
    assert keys(outline, view) == ["80060", "81140"]
    outline.turn(view, outline.lines(view)[1])
    assert keys(outline, view) == ["80060", "81140", "81140.1", "81140.1.81155"]
    outline.turn(view, outline.lines(view)[1])
    assert keys(outline, view) == ["80060", "81140"]


def test_of_several_items_each_opens_by_itself() -> None:
    outline = outline_of(
        Element(SEQUENCE, "SQ", [dataset(uid("1.2")), dataset(uid("1.3")), dataset(uid("1.4"))])
    )
    view = View()
    outline.turn(view, outline.lines(view)[0])
    assert keys(outline, view) == ["81140", "81140.1", "81140.2", "81140.3"]
    outline.turn(view, outline.lines(view)[2])
    assert keys(outline, view) == ["81140", "81140.1", "81140.2", "81140.2.81155", "81140.3"]


def test_a_level_of_a_hundred_thousand_lines_is_shown_through_a_window() -> None:
    items = [dataset(uid(f"1.{number}")) for number in range(100_000)]
    outline = outline_of(Element(SEQUENCE, "SQ", items))
    view = View()
    outline.turn(view, outline.lines(view)[0])
    lines = outline.lines(view)
    assert len(lines) == 1 + WINDOW + 1
    assert (lines[-1].kind, lines[-1].within) == (Kind.AFTER, 100_000 - WINDOW)
    outline.turn(view, lines[-1])
    lines = outline.lines(view)
    assert (lines[1].kind, lines[1].within) == (Kind.BEFORE, WINDOW)
    assert lines[2].path == (SEQUENCE, WINDOW + 1)


def test_what_is_searched_for_is_found_in_what_is_folded_and_then_unfolded() -> None:
    items = [dataset(uid(f"1.{number}")) for number in range(5_000)]
    outline = outline_of(Element(MODALITY, "CS", b"CT"), Element(SEQUENCE, "SQ", items))
    (hit,) = outline.find("1.4321")
    assert hit == (SEQUENCE, 4322, INNER)
    view = View()
    outline.reveal(view, hit)
    assert "81140.10E2.81155" in keys(outline, view)


@pytest.mark.parametrize("text", ["0018,0015", "(0018,0015)", "00180015", "body part", "CHES"])
def test_an_element_is_found_by_tag_by_name_and_by_value(text: str) -> None:
    outline = outline_of(Element(MODALITY, "CS", b"CT"), Element(BODY_PART, "CS", b"CHEST"))
    assert outline.find(text) == [(BODY_PART,)]


def test_an_element_that_is_not_there_has_a_place_where_it_would_be() -> None:
    outline = outline_of(Element(MODALITY, "CS", b"CT"), Element(0x00280010, "US", b"\2\0"))
    assert outline.nearest(MODALITY) == ((MODALITY,), True)
    assert outline.nearest(BODY_PART) == ((MODALITY,), False)


def test_the_deepest_nesting_is_walked_and_told() -> None:
    inner: DataSet = dataset(uid("1.2.3"))
    for _ in range(60):
        inner = dataset(Element(SEQUENCE, "SQ", [inner]))
    outline = outline_of(*inner.values())
    assert [len(path) for path in outline.find("1.2.3")] == [121]
    places, is_cut = outline.walk(1_000)
    assert (len(places), is_cut) == (121, False)


def test_a_private_element_is_named_by_its_creators_dictionary() -> None:
    outline = outline_of(
        Element(0x00190010, "LO", b"SIEMENS MR HEADER "),
        Element(0x0019100C, "UN", b"1000"),
        Element(0x001910EE, "UN", b"whatever"),
    )
    assert told(outline, "190010") == ("Private Creator", "SIEMENS MR HEADER", False)
    assert told(outline, "19100C") == ("B_value", "1000", True)
    assert told(outline, "1910EE")[0] == ""
    place = outline.lines(View())[2]
    assert outline.tell(place).creator == "SIEMENS MR HEADER"


@pytest.mark.parametrize(
    ("element", "is_masked"),
    [
        (Element(NAME, "PN", b"Quintanilla^Ada"), True),
        (Element(0x00100020, "LO", b"HOSP-1"), True),
        (Element(0x00080020, "DA", b"20240117"), True),
        (Element(0x0008103E, "LO", b"CHEST Quintanilla"), True),
        (Element(0x00080018, "UI", b"1.2.3.4"), True),
        (Element(0x00191001, "DS", b"1.5"), True),
        (Element(0x00080060, "CS", b"Quintanilla"), True),
        (Element(0x00181030, "LO", b"Quintanilla"), True),
        (Element(0x00201041, "DS", b"born 1961"), True),
        (Element(0x00080060, "CS", b"CT"), False),
        (Element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2"), False),
        (Element(0x00080070, "LO", b"ACME"), False),
        (Element(0x00201041, "DS", b"-12.5 "), False),
        (Element(0x00280010, "US", b"\0\2"), False),
        (Element(0x00100010, "PN", b""), False),
    ],
)
def test_whatever_may_say_who_somebody_is_is_masked(element: Element, is_masked: bool) -> None:
    """A value in a place where it does not belong counts as what it may be: a name."""
    outline = outline_of(element)
    assert outline.tell(outline.lines(View())[0]).is_masked is is_masked


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (Element(0x00420011, "OB", bytes(range(20))),
         "20 bytes: 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f …"),
        (Element(0x00420011, "OB", b"\1\2"), "2 bytes: 01 02"),
        (Element(0x00420011, "OB", Stretch(900, 70_000)), "70,000 bytes: 0a 0b …"),
        (Element(0x00420011, "OB", Stretch(5, 70_000)), "70,000 bytes"),
        (Element(0x00204000, "LT", b"a" * 5000), "a" * 1024 + "… (5,000 bytes)"),
        (Element(0x00280010, "US", b"\2\1"), "258"),
        (Element(0x00280010, "US", b"\2"), "1 byte"),
        (Element(SEQUENCE, "SQ", [{}, {}]), "2 items"),
    ],
)  # fmt: skip
def test_a_value_is_told_with_its_length_where_it_is_long_or_no_text(
    element: Element, value: str
) -> None:
    header = Header({}, "1.2.840.10008.1.2.1", LITTLE, dataset(element))
    outline = Outline(header, {900: b"\x0a\x0b"})
    assert outline.tell(outline.lines(View())[0]).value == value


def test_numbers_of_a_big_endian_data_set_are_read_as_such() -> None:
    outline = outline_of(Element(0x00280010, "US", b"\1\2"), encoding=BIG)
    assert told(outline, "280010") == ("Rows", "258", False)


def test_file_meta_information_stands_first_and_pixel_data_last() -> None:
    header = Header(
        {0x00020010: b"1.2.840.10008.1.2.1\0"},
        "1.2.840.10008.1.2.1",
        LITTLE,
        dataset(Element(MODALITY, "CS", b"CT")),
        Element(0x7FE00010, "OW", Stretch(10, 512)),
        [Element(0xFFFAFFFA, "SQ", [])],
    )
    assert keys(Outline(header), View()) == ["20010", "80060", "7FE00010", "FFFAFFFA"]


def test_control_characters_of_a_value_are_marked_and_never_kept() -> None:
    raw = b"a\x1b[31mb\x07c" + "\u202e".encode()
    outline = outline_of(Element(0x00080005, "CS", b"ISO_IR 192"), Element(0x00204000, "LT", raw))
    assert told(outline, "204000")[1] == "a\ufffd[31mb\ufffdc\ufffd"
