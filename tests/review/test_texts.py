"""Free text that stays, each distinct value once (DID-06)."""

from __future__ import annotations

from tests.review.headers import (
    COMMENTS,
    DESCRIPTION,
    MODALITY,
    PATIENT_NAME,
    but,
    element,
    header,
    why,
)
from transfer.deid.look.identifiers import Kind
from transfer.deid.look.lastlook import Hit
from transfer.review import texts
from transfer.review.lines import Line, compare
from transfer.review.texts import TextTally


def lines(description: bytes, *hits: Hit) -> tuple[Line, ...]:
    """A slice that keeps its description and loses its comments and name."""
    before = header(
        element(MODALITY, "CS", b"CT"),
        element(DESCRIPTION, "LO", description),
        element(PATIENT_NAME, "PN", b"Doe"),
        element(COMMENTS, "LT", b"private"),
    )
    after = but(before, element(PATIENT_NAME, "PN", b"X"), without=(COMMENTS,))
    return compare(before, after, why, hits).lines


def test_a_value_is_listed_once_with_the_number_of_its_series() -> None:
    tally = TextTally()
    for key, text in (("E1", b"CHEST "), ("E2", b"HEAD"), ("E3", b"CHEST")):
        tally.add(key, lines(text))
    assert [(t.text, t.series, t.first) for t in tally.texts()] == [
        ("HEAD", 1, "E2"),
        ("CHEST", 2, "E1"),
    ]
    assert tally.series == 3


def test_only_text_that_stays_as_it_came_is_listed() -> None:
    tally = TextTally()
    tally.add("E1", lines(b"CHEST"))
    assert [text.keyword for text in tally.texts()] == ["SeriesDescription"]


def test_what_the_last_look_found_is_marked_as_an_original() -> None:
    tally = TextTally()
    tally.add("E1", lines(b"CHEST Doe", Hit((DESCRIPTION,), Kind.NAME)))
    (text,) = tally.texts()
    assert text.is_original
    assert "Doe" not in repr(text)


def test_distinct_values_without_end_fill_the_list_and_no_more() -> None:
    tally = TextTally()
    for number in range(texts.VALUES_LIMIT + 3):
        tally.add(f"E{number}", lines(b"D%d" % number))
    assert len(tally.texts()) == texts.VALUES_LIMIT
    assert tally.is_full


def test_texts_that_people_write_come_before_codes() -> None:
    before = header(
        element(0x00080104, "LO", b"Finding"),
        element(0x00080070, "LO", b"ACME"),
        element(0x00204000, "LT", b"see report"),
    )
    tally = TextTally()
    tally.add("E1", compare(before, before, why).lines)
    assert [text.keyword for text in tally.texts()] == [
        "ImageComments",
        "Manufacturer",
        "CodeMeaning",
    ]


def test_a_code_that_is_no_code_is_text_that_somebody_wrote_and_is_listed() -> None:
    """At the root a profile lets it leave, whatever it says."""
    options, kind = 0x00180022, 0x00080008
    before = header(
        element(options, "CS", b"ask Dr Doe"), element(kind, "CS", b"ORIGINAL\\PRIMARY")
    )
    tally = TextTally()
    tally.add("E1", compare(before, before, why).lines)
    assert [(text.keyword, text.text) for text in tally.texts()] == [("ScanOptions", "ask Dr Doe")]


def test_what_stays_beside_a_text_that_a_method_adds_is_listed() -> None:
    method = 0x00120063
    before = header(element(method, "LO", b"by Dr Doe"))
    after = but(before, element(method, "LO", b"by Dr Doe\\EUCAIM profile"))
    tally = TextTally()
    tally.add("E1", compare(before, after, why).lines)
    assert [text.text for text in tally.texts()] == ["by Dr Doe"]


def test_a_private_time_that_is_none_is_what_somebody_wrote() -> None:
    """The method lethe keeps some private elements by their tags, whatever stands in them."""
    slope, when = 0x2005100E, 0x00080030
    before = header(element(slope, "TM", b"ask Dr Doe"), element(when, "TM", b"101112.5"))
    found = compare(before, before, why, ()).lines
    tally = TextTally()
    tally.add("E1", found)
    assert [t.text for t in tally.texts()] == ["ask Dr Doe"]
