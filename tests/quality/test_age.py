"""Faults of ages (EUCAIM's requirements, section 3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.quality.cohort import (
    AS_IS,
    clean_images,
    findings_of,
    scanned,
    told,
    write_images,
    write_table,
)
from tests.quality.faults import put
from tests.quality.tabled import NAME, rows, said
from transfer.ledger.findings import read_findings
from transfer.ledger.mends import mends_of, undo_mend
from transfer.quality.answers import answer
from transfer.quality.judging import judge
from transfer.quality.rules.age import capped_patients


def with_age(age: str | None) -> list[Dataset]:
    """The clean images, of which the first patient's say this age, or none."""
    images = clean_images()
    for image in images[:4]:
        if age is None:
            del image.PatientAge
        else:
            put(image, "PatientAge", age)
    return images


@pytest.mark.parametrize(
    ("age", "words"),
    [(None, "is missing"), ("", "is missing"), ("61", "is not three digits"), ("61Y ", "is not")],
)
def test_a_study_without_an_age_in_header_or_table_is_named(
    tmp_path: Path, age: str | None, words: str
) -> None:
    write_images(tmp_path / "source", with_age(age))

    found = findings_of(tmp_path / "source", tmp_path / "home")

    assert told(found) == [("AGE-01", "S1", "block")]
    assert words in found[0].message


def test_an_age_that_the_table_lets_compute_is_enough(tmp_path: Path) -> None:
    """Age at diagnosis 61.4 on 2024-01-20, study on 2024-01-31: 61.4 again (AGE-05)."""
    write_images(tmp_path / "source", with_age(None))
    table = write_table(
        tmp_path / NAME,
        rows({"Diagnosis date": "2022-01-31", "Date of radiology detection": "2022-01-02"}),
    )
    with scanned(tmp_path / "source", tmp_path / "home", table) as ledger:
        judge(ledger, AS_IS)

        assert read_findings(ledger) == []
        assert ledger.rows("SELECT * FROM study_age ORDER BY study_id") == [
            (1, 63.4, "table"),
            (2, 58.0, "table"),
        ]


def test_relative_days_let_the_age_be_computed_as_well(tmp_path: Path) -> None:
    table = [
        {**row, "Relative days": "731"}
        for row in rows({"Diagnosis date": ""}, {"Diagnosis date": ""})
    ]
    write_images(tmp_path / "source", with_age(None))
    with scanned(
        tmp_path / "source", tmp_path / "home", write_table(tmp_path / NAME, table)
    ) as ledger:
        judge(ledger, AS_IS)

        assert ledger.row("SELECT years, source FROM study_age WHERE study_id = 1") == (
            63.4,
            "table",
        )


def test_without_a_table_the_age_of_the_header_is_kept(tmp_path: Path) -> None:
    write_images(tmp_path / "source", with_age("018M"))
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        judge(ledger, AS_IS)

        assert ledger.rows("SELECT * FROM study_age ORDER BY study_id") == [
            (1, 1.5, "header"),
            (2, 58.0, "header"),
        ]


def test_header_and_table_that_differ_by_more_than_a_year_are_told(tmp_path: Path) -> None:
    assert told(said(tmp_path, rows({"Age at diagnosis": "66.0"}))) == [("AGE-02", "S1", "warn")]


def test_a_header_that_counts_completed_years_does_not_differ(tmp_path: Path) -> None:
    assert said(tmp_path, rows({"Age at diagnosis": "61.9"})) == []


@pytest.mark.parametrize(
    ("age", "words"),
    [
        ("121.0", "is out of range"),
        ("-1.0", "is out of range"),
        ("sixty", "is no number (letters)"),
        ("61y", "is no number (letters and digits)"),
        ("61.4.1", "is no number (digits and signs)"),
    ],
)
def test_an_impossible_age_in_the_table_is_refused(tmp_path: Path, age: str, words: str) -> None:
    found = said(tmp_path, rows({"Age at diagnosis": age}))

    assert told(found) == [("AGE-03", "R2", "block")]
    assert found[0].message == f"Age in row 2, column Age at diagnosis, {words}."


def test_ages_without_a_decimal_are_one_warning(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Age at diagnosis": "61"}, {"Age at diagnosis": "58"}))

    assert told(found) == [("AGE-03", "R1", "warn")]
    assert found[0].n == 2


@pytest.mark.parametrize("header", ["090Y", "101Y"])
def test_a_patient_above_89_is_asked_about(tmp_path: Path, header: str) -> None:
    write_images(tmp_path / "source", with_age(header))

    found = findings_of(tmp_path / "source", tmp_path / "home")

    assert told(found) == [("AGE-04", "P1", "ask")]


def test_a_patient_above_89_by_the_table_is_asked_about(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Age at diagnosis": "90.6"}), images=with_age("090Y"))

    assert told(found) == [("AGE-04", "P1", "ask")]


def test_somebody_of_89_is_not(tmp_path: Path) -> None:
    write_images(tmp_path / "source", with_age("089Y"))

    assert findings_of(tmp_path / "source", tmp_path / "home") == []


def months(*ages: str) -> list[dict[str, str]]:
    return rows(*({"Age at diagnosis": age} for age in ages))


def test_ages_that_cannot_be_years_are_asked_about_once_and_not_row_by_row(tmp_path: Path) -> None:
    found = said(tmp_path, months("737", "696"))

    assert told(found) == [("AGE-06", "R1", "ask")]
    assert found[0].message == (
        "Ages in column Age at diagnosis are mostly above 120: they are not years. In which unit"
        " are they?"
    )


@pytest.mark.parametrize(
    ("unit", "expected"),
    [("months", []), ("years", [("AGE-03", "R2", "block"), ("AGE-03", "R3", "block")])],
)
def test_the_unit_that_a_person_names_decides_what_the_ages_are(
    tmp_path: Path, unit: str, expected: list[tuple[str, str, str]]
) -> None:
    write_images(tmp_path / "source", clean_images())
    table = write_table(tmp_path / NAME, months("737", "696"))
    with scanned(tmp_path / "source", tmp_path / "home", table) as ledger:
        judge(ledger, AS_IS)
        answer(ledger, "AGE-06", unit, None, "A. Person", "the register's unit")
        judge(ledger, AS_IS)

        assert [one for one in told(read_findings(ledger)) if one[0][:3] == "AGE"] == expected


def test_an_age_above_89_that_only_the_table_gives_is_asked_about(tmp_path: Path) -> None:
    """The study was when the patient was 89; the diagnosis came a year later."""
    table = rows(
        {
            "Age at diagnosis": "90.1",
            "Date of radiology detection": "2025-01-31",
            "Diagnosis date": "2025-01-31",
            "Date of first treatment": "2025-02-20",
        }
    )

    assert told(said(tmp_path, table, images=with_age("089Y"))) == [("AGE-04", "P1", "ask")]


def test_capped_ages_are_mended_in_all_images_of_the_patient(tmp_path: Path) -> None:
    """In what leaves; of what comes later of this patient as well."""
    write_images(tmp_path / "source", with_age("093Y"))
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        answer(ledger, "AGE-04", "cap", None, "A. Person", "local rule")
        ledger.write("DELETE FROM mend_series WHERE series_id = 2")
        judge(ledger, AS_IS)

        assert [f.standing for f in read_findings(ledger, rule="AGE-04", standing=None)] == [
            "answered"
        ]
        assert capped_patients(ledger) == {1}
        assert [(m.kind, m.value) for m in (*mends_of(ledger, 1), *mends_of(ledger, 2))] == [
            ("top-age", "090Y"),
            ("top-age", "090Y"),
        ]
        assert mends_of(ledger, 3) == ()


def test_a_cap_that_is_taken_back_is_asked_about_again(tmp_path: Path) -> None:
    write_images(tmp_path / "source", with_age("093Y"))
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        answer(ledger, "AGE-04", "cap", None, "A. Person", "local rule")
        assert undo_mend(ledger, 1, "A. Person", "it allows them")
        judge(ledger, AS_IS)

        assert ("AGE-04", "P1", "ask") in told(read_findings(ledger))
        assert capped_patients(ledger) == frozenset()
