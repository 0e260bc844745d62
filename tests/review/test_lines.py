"""A header before and after, element by element."""

from __future__ import annotations

from tests.review.headers import (
    COMMENTS,
    DESCRIPTION,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    REFERENCED_UID,
    REFERENCES,
    REMOVED,
    but,
    dataset,
    element,
    header,
    why,
)
from transfer.deid.look.identifiers import Kind
from transfer.deid.look.lastlook import Hit
from transfer.deid.model import PIXEL_DATA, Element, Header, Stretch
from transfer.review import lines as review_lines
from transfer.review.lines import Change, Line, Value, compare

BEFORE = header(
    element(MODALITY, "CS", b"CT"),
    element(DESCRIPTION, "LO", b"CHEST "),
    element(PATIENT_NAME, "PN", b"Doe^Jane"),
    element(PATIENT_ID, "LO", b"P1"),
    element(COMMENTS, "LT", b"by the mill "),
)


def told(before: Header, after: Header, *hits: Hit) -> dict[tuple[int, ...], Line]:
    """The lines by their path."""
    return {line.path: line for line in compare(before, after, why, hits).lines}


def test_each_element_says_what_happened_to_it() -> None:
    after = but(
        BEFORE,
        element(PATIENT_NAME, "PN", b"X^Anonymous "),
        element(PATIENT_ID, "LO", b""),
        element(REMOVED, "CS", b"YES "),
        without=(COMMENTS,),
    )
    found = told(BEFORE, after)
    assert {path[0]: line.change for path, line in found.items()} == {
        MODALITY: Change.KEPT,
        DESCRIPTION: Change.KEPT,
        PATIENT_NAME: Change.CHANGED,
        PATIENT_ID: Change.EMPTIED,
        COMMENTS: Change.REMOVED,
        REMOVED: Change.ADDED,
    }


def test_a_value_that_does_not_stay_counts_as_an_original() -> None:
    """It is masked until somebody asks; what stays has to be seen, for it leaves."""
    found = told(BEFORE, but(BEFORE, without=(PATIENT_ID,)))
    assert found[PATIENT_ID,].before == Value("P1", is_original=True)
    assert found[PATIENT_ID,].after is None
    assert found[MODALITY,].before == Value("CT", is_original=False)


def test_what_the_last_look_found_is_an_original_on_both_sides() -> None:
    line = told(BEFORE, BEFORE, Hit((DESCRIPTION,), Kind.NAME))[DESCRIPTION,]
    assert line.hit == "name"
    assert line.before == Value("CHEST", is_original=True)
    assert line.after == Value("CHEST", is_original=True)


def test_padding_alone_is_no_change() -> None:
    after = but(BEFORE, element(DESCRIPTION, "LO", b"CHEST"))
    assert told(BEFORE, after)[DESCRIPTION,].change is Change.KEPT


def test_the_rule_is_the_methods_own_word_for_the_element() -> None:
    assert told(BEFORE, BEFORE)[MODALITY,].rule == "rule of 00080060"


def test_items_are_compared_one_by_one_and_their_sequence_says_whether_any_changed() -> None:
    def references(*uids: bytes) -> Element:
        items = [dataset(element(REFERENCED_UID, "UI", uid)) for uid in uids]
        return element(REFERENCES, "SQ", items)

    before = header(references(b"1.2", b"1.3"))
    found = told(before, header(references(b"1.2", b"9.9")))
    assert found[REFERENCES,].change is Change.CHANGED
    assert found[REFERENCES, 1, REFERENCED_UID].change is Change.KEPT
    assert found[REFERENCES, 2, REFERENCED_UID].change is Change.CHANGED
    assert found[REFERENCES, 2, REFERENCED_UID].where == "(0008,1140)[2](0008,1155)"
    assert told(before, header(references(b"1.2", b"1.3")))[REFERENCES,].change is Change.KEPT
    assert told(before, header(references()))[REFERENCES,].change is Change.EMPTIED


def test_what_lies_in_a_sequence_left_alone_is_told_by_the_rule_of_the_sequence() -> None:
    before = header(
        element(REFERENCES, "SQ", [dataset(element(REFERENCED_UID, "UI", b"1.2"))]),
    )
    line = told(before, before)[REFERENCES, 1, REFERENCED_UID]
    assert line.rule == "rule of 00081140"


def test_of_a_removed_sequence_one_line_is_told() -> None:
    before = header(
        element(REFERENCES, "SQ", [dataset(element(REFERENCED_UID, "UI", b"1.2"))] * 3),
    )
    found = told(before, header())
    assert list(found) == [(REFERENCES,)]
    assert found[REFERENCES,].before == Value("3 items", is_original=True)


def test_only_the_first_items_of_a_long_sequence_are_shown_and_that_is_said() -> None:
    items = [dataset(element(REFERENCED_UID, "UI", b"1.2")) for _ in range(500)]
    before = header(element(REFERENCES, "SQ", items))
    found = told(before, before)
    assert len(found) == 13
    assert found[REFERENCES,].after == Value("500 items, the first 12 shown")


def test_a_header_without_end_is_cut_and_says_so() -> None:
    many = header(*(element(0x00200000 + n, "LO", b"x") for n in range(0x10, 5010)))
    found = compare(many, many, why)
    assert len(found.lines) == review_lines.LINES_LIMIT
    assert found.is_cut


def test_pixel_data_are_told_by_their_size() -> None:
    before = header()
    before.pixels = Element(PIXEL_DATA, "OW", Stretch(100, 524_288))
    line = told(before, before)[PIXEL_DATA,]
    assert line.after == Value("524,288 bytes")
    assert line.change is Change.KEPT


def test_text_in_an_element_of_unknown_kind_is_read_as_text() -> None:
    """A sender that writes UN must not hide a name from whoever reviews."""
    before = header(
        element(0x00091001, "UN", b"Doe again "), element(0x00091002, "UN", b"\0\1\2\3")
    )
    found = told(before, before)
    assert found[0x00091001,].after == Value("Doe again")
    assert found[0x00091001,].is_free_text
    assert found[0x00091002,].after == Value("4 bytes")


def test_names_are_read_in_the_character_set_of_the_file() -> None:
    before = header(
        element(0x00080005, "CS", b"ISO_IR 192"),
        element(PATIENT_NAME, "PN", "Müller^Ö".encode()),
    )
    line = told(before, but(before, without=(PATIENT_NAME,)))[PATIENT_NAME,]
    assert line.before == Value("Müller^Ö", is_original=True)


def test_no_value_shows_in_a_repr() -> None:
    """Values end up in tracebacks; the text must not."""
    line = told(BEFORE, but(BEFORE, without=(PATIENT_NAME,)))[PATIENT_NAME,]
    assert "Doe" not in repr(line)
