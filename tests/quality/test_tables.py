"""Faults of the clinical table as a table (EUCAIM's requirements, section 12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.cohort import (
    AS_IS,
    PATIENTS,
    clean_images,
    scanned,
    told,
    write_images,
    write_table,
)
from tests.quality.tabled import COARSENED, rows, said, table_text
from transfer.clinical.mapping import ColumnMap
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import map_column
from transfer.quality.answers import answer
from transfer.quality.judging import judge
from transfer.quality.rules.telling import telling_columns

CLEAN = table_text(rows())


def test_a_clean_table_gives_no_finding(tmp_path: Path) -> None:
    assert said(tmp_path, rows()) == []


def test_a_first_column_of_another_name_is_refused_and_nothing_else_is_said(
    tmp_path: Path,
) -> None:
    """Which rows are whose cannot be told then, so links and ages are not judged."""
    found = said(tmp_path, CLEAN.replace("PatientID", "Patient"))

    assert told(found) == [("TAB-01", "R1", "block")]
    assert "not PatientID" in found[0].message


@pytest.mark.parametrize("heading", ["patient id", "Patient_ID", "PATIENTID", " PatientID "])
def test_a_first_heading_spelt_otherwise_is_corrected(tmp_path: Path, heading: str) -> None:
    assert told(said(tmp_path, CLEAN.replace("PatientID", heading, 1))) == [
        ("TAB-01", "R1", "info")
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "neither CSV, XLSX nor JSON"),
        (b"PK\x03\x04 no workbook", "cannot be read"),
        (b'PatientID,Note\nA,"' + b"x" * 200_000, "does not end"),
        (b"PatientID," + b"x" * 2_000_000, "million characters"),
        (b'[{"PatientID": "A", "Age": 1', "cannot be read as a table"),
    ],
)
def test_a_table_that_cannot_be_read_is_one_finding(
    tmp_path: Path, content: bytes, words: str
) -> None:
    found = said(tmp_path, content)

    assert told(found) == [("TAB-01", "R1", "block")]
    assert words in found[0].message


def test_a_table_that_is_gone_is_one_finding(tmp_path: Path) -> None:
    found = said(tmp_path, CLEAN, before=lambda ledger: None, name="made_clinical.csv")
    assert found == []

    (tmp_path / "second").mkdir()
    missing = said(
        tmp_path / "second",
        CLEAN,
        before=lambda ledger: _read_again_without_table(ledger, tmp_path / "second"),
    )
    assert told(missing) == [("TAB-01", "R1", "block")]


def _read_again_without_table(ledger: object, folder: Path) -> None:
    from transfer.clinical.phase import read_clinical
    from transfer.ledger.connection import Ledger

    assert isinstance(ledger, Ledger)
    (folder / "tables" / "made_clinical.csv").unlink()
    read_clinical(ledger)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (table_text(rows(), delimiter=";").encode(), "semicolons"),
        (table_text(rows(), delimiter="\t").encode(), "tabs"),
        (b"\xef\xbb\xbf" + CLEAN.encode(), "byte-order mark"),
        (CLEAN.encode("utf-16"), "UTF-16"),
        (CLEAN.encode("utf-16-le"), "UTF-16"),
        (CLEAN.replace("Surgery", "Cirugía").encode("latin-1"), "Latin-1"),
        (CLEAN.replace("61.4", '"61,4"').encode(), "decimal sign is a comma"),
        (("sep=;\r\n" + table_text(rows(), delimiter=";")).encode(), "names the separator"),
        (CLEAN.replace("\r\n", "\r\n\r\n", 1).encode(), "blank rows"),
    ],
)
def test_another_dialect_is_recognised_and_told(tmp_path: Path, content: bytes, words: str) -> None:
    found = said(tmp_path, content)

    assert told(found) == [("TAB-02", "R1", "info")]
    assert words in found[0].message


def test_a_row_with_a_value_too_many_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, CLEAN.replace("Female", "Female,F"))

    assert told(found) == [("TAB-03", "R2", "block")]
    assert found[0].message == "Row 2 has 15 values where the heading has 14."


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("", "no heading in column 2"),
        (" Population", "blanks around the heading in column 2"),
        ("Sex", "the same heading in column 2, 3"),
        ("sex", "the same heading in column 2, 3"),
    ],
)
def test_headings_that_are_not_clear_are_refused(tmp_path: Path, heading: str, words: str) -> None:
    """Of two columns of one heading the first one counts, and the values may not fit it."""
    all_found = said(tmp_path, CLEAN.replace("Population", heading, 1))
    found = [f for f in all_found if not f.rule.startswith("CLP")]

    assert told(found) == [("TAB-04", "R1", "block")]
    assert words in found[0].message


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("Surname", "Lind", "column Surname (names)"),
        ("e-mail", "", "(e-mail addresses)"),
        ("National ID", "1", "(national or insurance numbers)"),
        ("Remarks", "write to a.lind@example.org", "an e-mail address, row 2"),
        ("Remarks", "call +34 612 345 678", "a phone number, row 2"),
    ],
)
def test_a_column_that_tells_who_a_patient_is_is_asked_about(
    tmp_path: Path, column: str, value: str, words: str
) -> None:
    found = said(tmp_path, rows({column: value}, {column: ""}))

    assert told(found) == [("TAB-05", "R1", "ask")]
    assert words in found[0].message
    assert value not in found[0].message or not value or value in words or len(value) == 1


def test_the_name_of_the_patient_in_a_free_text_is_asked_about(tmp_path: Path) -> None:
    """The images tell the name; the message does not."""
    images = clean_images()
    for image in images[:4]:
        image.PatientName = "Wojciechowska^Zofia"

    found = said(
        tmp_path,
        rows({"Remarks": "Mrs. Wojciechowska came late"}, {"Remarks": ""}),
        images=images,
    )

    assert told(found) == [("TAB-05", "R1", "ask")]
    assert "column Remarks (what the images tell of the patient, row 2" in found[0].message
    assert "Wojciechowska" not in found[0].message


def test_a_file_name_without_the_dataset_is_a_warning(tmp_path: Path) -> None:
    assert told(said(tmp_path, CLEAN, name="clinical.csv")) == [("TAB-06", "R1", "warn")]


def test_the_table_of_another_dataset_in_the_same_folder_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "other_clinical.csv").write_text(CLEAN)
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "tables").symlink_to(tmp_path / "tables")

    from tests.quality.cohort import clean_images, findings_of, write_images

    (tmp_path / "tables" / "made_clinical.csv").write_text(CLEAN)
    write_images(tmp_path / "source", clean_images())
    found = findings_of(
        tmp_path / "source",
        tmp_path / "home",
        clinical=tmp_path / "tables" / "made_clinical.csv",
    )

    assert told(found) == [("TAB-07", "R1", "warn")]


def test_no_value_of_a_table_stands_in_a_message(tmp_path: Path) -> None:
    """Every rule at once over a table full of faults; rows and headings are named, values not."""
    secrets = ("ZZ-777", "qwertz", "31/02/2020", "abcde", "199,5x")
    found = said(
        tmp_path,
        rows(
            {
                "Age at diagnosis": secrets[4],
                "Diagnosis date": secrets[2],
                "Episode": secrets[1],
                "Relative days": "",
            },
            {"PatientID": secrets[0], "Episode": "", "Relative days": secrets[3]},
        ),
    )

    assert len(found) >= 5
    text = " ".join(f"{f.message} {f.remedy}" for f in found)
    assert [secret for secret in (*secrets, *PATIENTS) if secret in text] == []


def test_a_table_without_headings_does_not_have_its_values_told_as_headings(
    tmp_path: Path,
) -> None:
    found = said(tmp_path, "ABC-000103,Lind,=cmd|'/c calc'!A1\nABC-000107,Berg,x\n")

    assert told(found) == [("TAB-01", "R1", "block")]
    assert "Lind" not in found[0].message + found[0].remedy


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("DNI 12345678Z", "a Spanish DNI or NIE"),
        ("X1234567L", "a Spanish DNI or NIE"),
        ("RSSMRA85T10A562S", "an Italian codice fiscale"),
        ("2 55 08 14 168 025 38", "a French NIR"),
        ("see 943 476 5919", "an NHS number"),
    ],
)
def test_a_national_number_that_proves_itself_is_asked_about(
    tmp_path: Path, value: str, words: str
) -> None:
    found = said(tmp_path, rows({"Remarks": value}, {"Remarks": ""}))

    assert told(found) == [("TAB-05", "R1", "ask")]
    assert f"column Remarks ({words}, row 2 for one)" in found[0].message


@pytest.mark.parametrize(
    "value",
    ["12345678A", "X1234567A", "RSSMRA85T10A562T", "2 55 08 14 168 025 39", "943 476 5918",
     "8140/3", "1.2.840.113619.2", "45.5", "2024-01-31", "CT thorax with contrast"],
)  # fmt: skip
def test_what_only_looks_like_one_is_not(tmp_path: Path, value: str) -> None:
    assert said(tmp_path, rows({"Remarks": value}, {"Remarks": ""})) == []


NHS = ("9434765919", "4010232137", "9876543210", "1234567881")


@pytest.mark.parametrize(("last", "is_told"), [(NHS[3], True), ("1234567880", False)])
def test_a_column_of_numbers_with_a_check_digit_is_one_only_if_all_are_right(
    tmp_path: Path, last: str, is_told: bool
) -> None:
    """One number in eleven is right by accident."""
    table = [
        {**rows()[0], "PatientID": f"N-{n}", "Reference": number}
        for n, number in enumerate((*NHS[:3], last))
    ]

    found = [f for f in said(tmp_path, table) if f.rule == "TAB-05"]

    assert ["(NHS numbers, row 2 for one)" in f.message for f in found] == [True] * is_told


@pytest.mark.parametrize("value", ["born 7 March 1954", "*07.03.1954", "1954-03-07", "07/03/1954"])
def test_the_birth_date_of_the_patient_in_a_free_text_is_asked_about(
    tmp_path: Path, value: str
) -> None:
    images = clean_images()
    for image in images[:4]:
        image.PatientBirthDate = "19540307"

    found = said(tmp_path, rows({"Remarks": value}, {"Remarks": ""}), images=images)

    assert [one for one in told(found) if one[0] == "TAB-05"] == [("TAB-05", "R1", "ask")]


@pytest.mark.parametrize("value", [PATIENTS[0], PATIENTS[1], f"scan_{PATIENTS[0]}.nii"])
def test_a_patient_id_in_another_column_is_asked_about_where_ids_are_replaced(
    tmp_path: Path, value: str
) -> None:
    table = rows({"Reference": value}, {"Reference": ""})
    assert [f.rule for f in said(tmp_path, table)] == []

    (tmp_path / "method").mkdir()
    found = said(tmp_path / "method", table, now=COARSENED)
    assert told(found) == [("TAB-05", "R1", "ask")]
    assert value not in found[0].message


@pytest.mark.parametrize(
    ("choice", "leave"), [(None, False), ("leave-out", False), ("harmless", True)]
)
def test_columns_that_tell_leave_only_when_a_person_says_that_they_are_harmless(
    tmp_path: Path, choice: str | None, leave: bool
) -> None:
    table = rows({"Remarks": "a@example.org", "Surname": "x"}, {"Remarks": "", "Surname": ""})
    places = {list(table[0]).index(column) for column in ("Remarks", "Surname")}
    write_images(tmp_path / "source", clean_images())
    path = write_table(tmp_path / "made_clinical.csv", table)
    with scanned(tmp_path / "source", tmp_path / "home", path) as ledger:
        judge(ledger, AS_IS)
        if choice is not None:
            answer(ledger, "TAB-05", choice, None, "Dr A", "looked at")
            judge(ledger, AS_IS)

        assert {place for _, place in telling_columns(ledger)} == (set() if leave else places)


def test_a_column_that_a_person_leaves_out_tells_nobody_anything(tmp_path: Path) -> None:
    def left_out(ledger: Ledger) -> None:
        map_column(ledger, ColumnMap("Surname", is_left_out=True), "Dr A")

    assert said(tmp_path, rows({"Surname": "Lind"}, {"Surname": ""}), before=left_out) == []
