"""Dates, ages and numbers as tables write them; what a message may tell of a value."""

from __future__ import annotations

import datetime as dt

import pytest

from transfer.clinical.columns import Role, column_told, roles_of
from transfer.clinical.likeness import likeness
from transfer.clinical.values import (
    Order,
    dicom_age_years,
    form_of,
    number,
    whole,
    written_date,
)


@pytest.mark.parametrize(
    ("text", "order", "date"),
    [
        ("2024-01-31", None, "2024-01-31"),
        ("2024-01-31 10:15:00", None, "2024-01-31"),
        ("20240131", None, "2024-01-31"),
        ("31/01/2024", None, "2024-01-31"),
        ("1/31/2024", None, "2024-01-31"),
        ("5.1.2024", None, "2024-01-05"),
        ("05/01/2024", Order.DAY, "2024-01-05"),
        ("05/01/2024", Order.MONTH, "2024-05-01"),
        ("7/7/2024", None, "2024-07-07"),
    ],
)
def test_a_date_is_read(text: str, order: Order | None, date: str) -> None:
    assert written_date(text, order).date == dt.date.fromisoformat(date)


def test_a_date_that_can_be_read_both_ways_is_left_open() -> None:
    assert written_date("05/01/2024").is_open
    assert written_date("05/01/2024").date is None


@pytest.mark.parametrize("text", ["", "2024-02-30", "31/13/2024", "2024", "soon", "9" * 10_000])
def test_what_is_no_date_is_none(text: str) -> None:
    assert written_date(text).date is None
    assert not written_date(text).is_open


def test_numbers_take_either_decimal_sign() -> None:
    assert [number(text) for text in ("61.4", "61,4", "61", "-3", "6 1", "", "1e3")] == [
        61.4, 61.4, 61.0, -3.0, None, None, None,
    ]  # fmt: skip
    assert [whole(text) for text in ("12", "-12", "12.0", "12.5", "", "a")] == [
        12, -12, 12, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "years"),
    [("061Y", 61.0), ("018M", 1.5), ("061", None), ("61Y", None), ("0610Y", None), ("061X", None)],
)
def test_an_age_of_dicom_is_three_digits_and_a_unit(text: str, years: float | None) -> None:
    assert dicom_age_years(text) == years


@pytest.mark.parametrize(
    "value", ["García", "31/01/2024", "A-17", "61.4", "17", "=1+1", "x" * 500, "N/A"]
)
def test_the_form_of_a_value_does_not_tell_the_value(value: str) -> None:
    assert value not in form_of(value)
    assert form_of(value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ab 12", "AB12"),
        ("AB-012", "ab-12"),
        ("A_1", "A-1"),
        ("Á1", "a1"),
        ("12.0", "0012"),
        ("NHC1743608", "NHC-1743608"),
        ("OIL-12", "oil12"),
        ("PAL-O12", "PAL12"),
        ("PAL-012", "PAL12"),
    ],
)
def test_spellings_of_one_id_look_alike(one: str, other: str) -> None:
    assert likeness(one) == likeness(other) != ""


@pytest.mark.parametrize(
    ("one", "other"), [("AB-1-2", "AB-12"), ("A10", "A1"), ("12.5", "125"), ("1-23", "12-3")]
)
def test_other_ids_do_not(one: str, other: str) -> None:
    assert likeness(one) != likeness(other)


def test_columns_are_known_by_their_headings_whatever_their_case_and_signs() -> None:
    headings = ("Patient_ID", "AGE_AT_DIAGNOSIS", "date of diagnosis", "Time point", "Update")

    assert roles_of(headings) == {
        0: Role.PATIENT,
        1: Role.AGE_AT_DIAGNOSIS,
        2: Role.DIAGNOSIS_DATE,
        3: Role.TIMEPOINT,
    }


def test_what_a_person_chose_goes_before_the_heading() -> None:
    assert roles_of(("PatientID", "a", "Age"), {1: Role.AGE}) == {0: Role.PATIENT, 1: Role.AGE}


@pytest.mark.parametrize(
    ("heading", "told"),
    [
        ("Diagnosis date", "column Diagnosis date"),
        ("\x1b[31mred", "column 3"),
        ("[b]bold[/b]", "column 3"),
        ("AB-00017", "column 3"),
        ("x" * 200, "column 3"),
        ("", "column 3"),
    ],
)
def test_a_heading_is_told_only_where_it_surely_is_one(heading: str, told: str) -> None:
    """Control characters, markup and values in the place of headings are not."""
    assert column_told(2, heading) == told
