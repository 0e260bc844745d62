"""Faults of dates and relative days (EUCAIM's requirements, section 6)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
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
from tests.quality.tabled import COARSENED, NAME, rows, said, table_text
from transfer.clinical.columns import Role
from transfer.clinical.mapping import ColumnMap
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding, read_findings, settle_findings
from transfer.ledger.mapping import map_column
from transfer.quality.attributes import STUDY_DATE, Traits
from transfer.quality.judging import judge, write_traits


def without_true_dates() -> list[Dataset]:
    """The first patient's dates were changed before the images came here."""
    images = clean_images()
    for image in images[:4]:
        image.LongitudinalTemporalInformationModified = "MODIFIED"
    return images


def days_of(ledger: Ledger) -> list[tuple[object, ...]]:
    return ledger.rows("SELECT study_id, days, source FROM study_day ORDER BY study_id")


def test_relative_days_count_from_the_diagnosis_by_original_dates(tmp_path: Path) -> None:
    """Studies on 2024-01-31 and 2024-03-15; diagnoses on 2024-01-20 and 2024-03-10."""
    write_images(tmp_path / "source", clean_images())
    table = write_table(tmp_path / NAME, rows())
    with scanned(tmp_path / "source", tmp_path / "home", table) as ledger:
        judge(ledger, COARSENED)

        assert days_of(ledger) == [(1, 11, "diagnosis"), (2, 5, "diagnosis")]
        assert read_findings(ledger) == []


def test_without_a_table_they_count_from_the_first_study(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images(studies=2))
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        judge(ledger, COARSENED)

        assert days_of(ledger) == [
            (1, 0, "first study"),
            (2, 90, "first study"),
            (3, 0, "first study"),
            (4, 90, "first study"),
        ]


def test_a_row_of_day_0_is_the_baseline_where_no_diagnosis_is_dated(tmp_path: Path) -> None:
    headings = ("PatientID", "Timepoint", "Study date", "Relative days")
    table = [
        dict(zip(headings, values, strict=True))
        for values in (
            ("ABC-000103", "1", "2024-01-01", "0"),
            ("ABC-000103", "2", "2024-01-31", "30"),
            ("ABC-000107", "1", "2024-03-15", "0"),
        )
    ]
    write_images(tmp_path / "source", clean_images())
    path = write_table(tmp_path / NAME, table)
    with scanned(tmp_path / "source", tmp_path / "home", path) as ledger:
        judge(ledger, COARSENED)

        assert days_of(ledger) == [(1, 30, "day 0"), (2, 0, "day 0")]
        assert [f for f in read_findings(ledger) if f.rule.startswith("REL")] == []


def test_altered_dates_without_relative_days_are_refused(tmp_path: Path) -> None:
    found = said(tmp_path, rows(), images=without_true_dates())

    assert told(found) == [("REL-01", "P1", "block")]


def test_altered_dates_with_relative_days_in_the_table_are_no_fault(tmp_path: Path) -> None:
    """Nothing is computed from dates that are not true, so the given day is not compared."""
    table = rows({"Relative days": "12", "Diagnosis date": ""}, {"Relative days": "5"})

    assert told(said(tmp_path, table, images=without_true_dates())) == [("CLP-05", "R2", "block")]


@pytest.mark.parametrize("value", ["11.5", "eleven", "1 1"])
def test_a_relative_day_that_is_no_whole_number_is_refused(tmp_path: Path, value: str) -> None:
    found = said(tmp_path, rows({"Relative days": value}, {"Relative days": "5"}))

    assert told(found) == [("REL-02", "R2", "block")]
    assert value not in found[0].message


@pytest.mark.parametrize("value", ["11", "11.0", "+11"])
def test_a_relative_day_that_agrees_with_the_dates_is_no_fault(tmp_path: Path, value: str) -> None:
    assert said(tmp_path, rows({"Relative days": value}, {"Relative days": ""})) == []


def test_a_relative_day_that_differs_from_the_dates_is_refused(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Relative days": "-3"}, {"Relative days": "5"}))

    assert told(found) == [("REL-03", "S1", "block")]
    assert found[0].message == (
        "The relative day in row 2 differs by 14 days from the dates of study S1."
    )


def leaving(ledger: Ledger, *dates: str) -> None:
    """As if de-identification had given the instances these study dates, one a Series."""
    with ledger.transaction():
        for series, date in enumerate(dates, 1):
            row = ledger.write(
                "INSERT INTO traits (document) VALUES (?)",
                write_traits(Traits({STUDY_DATE.tag: date, -900 - series: "x"})),
            )
            ledger.write("UPDATE instance SET out_traits_id = ? WHERE series_id = ?", row, series)


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("20230205", "20230506", "20230320", "20230618"), []),
        (("20230205", "20230507", "20230320", "20230618"), ["P1"]),
        (("20240101", "20240401", "20240301", "20240601"), []),
        (("", "", "", ""), []),
    ],
    ids=["shifted alike", "shifted by a day more", "all on the first of a month", "emptied"],
)
def test_dates_of_a_patient_move_by_the_same_days(
    tmp_path: Path, dates: tuple[str, ...], expected: list[str]
) -> None:
    """Studies on 31 January and 30 April 2024, 15 March and 13 June 2024; one Series each."""
    images = [i for n, i in enumerate(clean_images(studies=2)) if n % 4 < 2]
    write_images(tmp_path / "source", images)
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        leaving(ledger, *dates)
        judge(ledger, replace(AS_IS, method="site.script"))

        assert [f.key for f in read_findings(ledger, rule="REL-04")] == expected


def test_coarsened_dates_need_a_baseline(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Diagnosis date": ""}), now=COARSENED)
    assert told(found) == [("CLP-05", "R2", "block"), ("REL-05", "P1", "block")]

    (tmp_path / "as-is").mkdir()
    as_is = said(tmp_path / "as-is", rows({"Diagnosis date": ""}))
    assert told(as_is) == [("CLP-05", "R2", "block")]


def test_a_table_without_diagnosis_dates_is_one_finding_where_dates_are_coarsened(
    tmp_path: Path,
) -> None:
    table = [{k: v for k, v in row.items() if k != "Diagnosis date"} for row in rows()]

    assert told(said(tmp_path, table, now=COARSENED)) == [
        ("CLP-05", "R1", "block"),
        ("REL-05", "all", "block"),
    ]


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2024-13-01", "date-like, with -"),
        ("2024-02-30", "date-like, with -"),
        ("32/01/2024", "date-like, with /"),
        ("spring", "letters"),
        ("2024", "a whole number"),
    ],
)
def test_what_is_no_date_is_refused_with_its_form(tmp_path: Path, value: str, form: str) -> None:
    found = said(tmp_path, rows({"Date of first treatment": value}))

    assert told(found) == [("REL-07", "R2", "block")]
    assert found[0].message == (
        f"Row 2 has no readable date in column Date of first treatment ({form})."
    )


@pytest.mark.parametrize(
    "value", ["20/01/2024", "20.1.2024", "2024/01/20", "20240120", "20-Jan-2024"]
)
def test_a_date_of_another_form_is_converted_and_told(tmp_path: Path, value: str) -> None:
    found = said(tmp_path, rows({"Diagnosis date": value}), now=COARSENED)

    assert told(found) == [("REL-07", "R1", "info")]


def ambiguous() -> list[dict[str, str]]:
    return rows({"Diagnosis date": "05/01/2024"}, {"Diagnosis date": "10/03/2024"})


def test_a_date_that_can_be_read_both_ways_is_asked_about(tmp_path: Path) -> None:
    found = said(tmp_path, ambiguous())

    assert told(found) == [("REL-07", "R1", "ask")]
    assert found[0].message.endswith("Which order?")


def test_one_date_of_the_column_that_can_be_read_one_way_settles_all(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"Diagnosis date": "15/01/2024"}, {"Diagnosis date": "10/03/2024"}))

    assert told(found) == [("REL-07", "R1", "info")]


@pytest.mark.parametrize(
    ("word", "day", "count"), [("day-first", "2024-01-05", 26), ("month-first", "2024-05-01", -91)]
)
def test_the_answer_decides_how_dates_are_read(
    tmp_path: Path, word: str, day: str, count: int
) -> None:
    assert (dt.date(2024, 1, 31) - dt.date.fromisoformat(day)).days == count
    write_images(tmp_path / "source", clean_images())
    table = write_table(tmp_path / NAME, ambiguous())
    with scanned(tmp_path / "source", tmp_path / "home", table) as ledger:
        judge(ledger, AS_IS)
        settle_findings(ledger, "REL-07", None, "answered", word, "A. Person", "the register's way")
        judge(ledger, AS_IS)

        assert days_of(ledger)[0] == (1, count, "diagnosis")
        assert read_findings(ledger, standing=None)[0].standing == "answered"


def test_the_clean_table_has_no_fault_where_dates_are_coarsened(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images())
    found = findings_of(tmp_path / "source", tmp_path / "home", AS_IS)
    assert found == []


DATED = ("PatientID", "Timepoint", "Study date", "Relative days")


def dated(*values: tuple[str, str, str, str]) -> list[dict[str, str]]:
    return [dict(zip(DATED, row, strict=True)) for row in values]


def about_days(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [one for one in told(found) if one[0].startswith("REL")]


def test_two_rows_of_a_patient_count_from_one_day(tmp_path: Path) -> None:
    table = dated(
        ("ABC-000103", "1", "2024-01-01", "0"),
        ("ABC-000103", "2", "2024-01-31", "31"),
        ("ABC-000107", "1", "2024-03-15", "0"),
    )

    found = [f for f in said(tmp_path, table) if f.rule.startswith("REL")]

    assert told(found) == [("REL-02", "R3", "block"), ("REL-03", "S1", "block")]
    assert found[0].message == (
        "Relative days in rows 2 and 3 of one patient count from days that are 1 day apart."
    )


def test_two_tables_of_a_patient_count_from_one_day(tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    tables.mkdir()
    first = dated(("ABC-000103", "1", "2024-01-01", "0"), ("ABC-000107", "1", "2024-03-15", "0"))
    second = dated(("ABC-000103", "2", "2024-02-10", "50"))
    (tables / "made_a.csv").write_text(table_text(first))
    (tables / "made_b.csv").write_text(table_text(second))
    write_images(tmp_path / "source", clean_images())

    found = findings_of(tmp_path / "source", tmp_path / "home", clinical=tables)

    assert about_days(found) == [("REL-02", "R5", "block")]


def test_a_column_of_relative_days_with_decimals_is_one_fault_of_the_column(
    tmp_path: Path,
) -> None:
    table = dated(*((f"N-{n}", "1", "2024-01-01", f"{n}.5") for n in range(40)))

    found = [f for f in said(tmp_path, table) if f.rule.startswith("REL")]

    assert told(found) == [("REL-02", "R1", "block")]
    assert "weeks, months or years" in found[0].message
    assert found[0].n == 40


@pytest.mark.parametrize(("day", "is_told"), [("999", False), ("1000", True), ("-1200", True)])
def test_an_offset_that_the_etl_cannot_keep_is_told(
    tmp_path: Path, day: str, is_told: bool
) -> None:
    diagnosed = (dt.date(2024, 1, 31) - dt.timedelta(days=int(day))).isoformat()
    table = rows({"Diagnosis date": diagnosed, "Relative days": day}, {"Relative days": ""})

    expected = [("REL-06", "all", "warn")] if is_told else []
    assert about_days(said(tmp_path, table)) == expected


def test_a_column_of_dates_that_a_person_leaves_out_need_not_be_readable(tmp_path: Path) -> None:
    def left_out(ledger: Ledger) -> None:
        map_column(ledger, ColumnMap("Entry date", Role.OTHER_DATE, is_left_out=True), "Dr A")

    table = rows({"Entry date": "spring"}, {"Entry date": ""})
    assert told(said(tmp_path, table)) == [("REL-07", "R2", "block")]
    (tmp_path / "out").mkdir()
    assert said(tmp_path / "out", table, before=left_out) == []
