"""What two methods make of the same header, where it is not the same."""

from __future__ import annotations

from tests.review.headers import (
    COMMENTS,
    MODALITY,
    PATIENT_ID,
    REFERENCED_UID,
    REFERENCES,
    but,
    dataset,
    element,
    header,
    why,
)
from transfer.review.contrast import contrast
from transfer.review.lines import Comparison, Value, compare

BEFORE = header(
    element(MODALITY, "CS", b"CT"),
    element(PATIENT_ID, "LO", b"P1"),
    element(COMMENTS, "LT", b"by the mill"),
    element(REFERENCES, "SQ", [dataset(element(REFERENCED_UID, "UI", b"1.2"))]),
)


def made(*others: object, without: tuple[int, ...] = ()) -> Comparison:
    """What a method makes that writes these and removes those."""
    return compare(BEFORE, but(BEFORE, *others, without=without), why)  # type: ignore[arg-type]


def test_two_methods_that_do_the_same_do_not_differ() -> None:
    assert contrast(made(without=(COMMENTS,)), made(without=(COMMENTS,))) == []


def test_an_element_that_only_one_keeps_is_a_difference_and_its_value_is_masked() -> None:
    """What one method takes out may be what identifies: the other's leak is not shown unasked."""
    (found,) = contrast(made(without=(COMMENTS,)), made())
    assert found.path == (COMMENTS,)
    assert found.values == (None, Value("by the mill", is_original=True))


def test_two_pseudonyms_for_one_value_are_a_difference_and_are_shown() -> None:
    (found,) = contrast(
        made(element(PATIENT_ID, "LO", b"X-1")), made(element(PATIENT_ID, "LO", b"Y-2"))
    )
    assert found.values == (Value("X-1"), Value("Y-2"))


def test_of_a_sequence_that_one_removes_one_difference_is_told() -> None:
    found = contrast(made(without=(REFERENCES,)), made())
    assert [difference.path for difference in found] == [(REFERENCES,)]


def test_what_lies_in_a_sequence_is_told_by_itself() -> None:
    other = made(
        element(REFERENCES, "SQ", [dataset(element(REFERENCED_UID, "UI", b"9.9"))]),
    )
    found = contrast(made(), other)
    assert [difference.path for difference in found] == [(REFERENCES, 1, REFERENCED_UID)]
