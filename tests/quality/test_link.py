"""Faults of the link between images and table (EUCAIM's requirements, section 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.cohort import (
    AS_IS,
    PATIENTS,
    clean_images,
    scan_here,
    scanned,
    told,
    write_images,
    write_table,
)
from tests.quality.tabled import NAME, rows, said, table_text
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
from transfer.quality.judging import judge


def test_a_patient_without_a_row_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, rows()[1:])

    assert told(found) == [("LNK-01", "P1", "block")]
    assert found[0].message == "Patient P1 has images but no row in the clinical table."


def test_a_row_without_images_is_named(tmp_path: Path) -> None:
    table = [*rows(), {**rows()[0], "PatientID": "XYZ-9"}]

    found = said(tmp_path, table)

    assert told(found) == [("LNK-01", "R4", "block")]
    assert found[0].message == "Row 4 has no images."


def test_a_row_without_an_id_is_named(tmp_path: Path) -> None:
    found = said(tmp_path, [*rows(), {**rows()[0], "PatientID": ""}])

    assert told(found) == [("CLP-01", "R4", "block")]
    assert found[0].message == "Row 4, column PatientID: Patient ID is empty."


def test_a_patient_who_is_left_out_needs_no_row_and_the_row_no_images(tmp_path: Path) -> None:
    def leave_out(ledger: Ledger) -> None:
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'excluded' WHERE series_id IN (1, 2)")

    assert said(tmp_path, rows(), before=leave_out) == []
    (tmp_path / "without").mkdir()
    assert said(tmp_path / "without", rows()[1:], before=leave_out) == []


@pytest.mark.parametrize(
    "spelt",
    ["abc-000103", "ABC-103", " ABC-000103", "ABC-000103 ", "ABC_000103", "ÁBC-000103", "ABC- 103"],
)
def test_ids_that_look_alike_are_asked_about_and_never_linked_unasked(
    tmp_path: Path, spelt: str
) -> None:
    """Blanks, case, leading zeros, accents; one finding, which names row and patient by keys."""
    found = said(tmp_path, rows({"PatientID": spelt}))

    assert told(found) == [("LNK-02", "R2", "ask")]
    assert found[0].message == (
        "The PatientID of row 2 and that of patient P1 look alike. Same patient?"
    )
    assert found[0].example == "P1"


@pytest.mark.parametrize("spelt", ["1030.0", "1.03E+03", "01030"])
def test_the_form_of_a_number_does_not_make_another_patient(tmp_path: Path, spelt: str) -> None:
    images = clean_images()
    for image in images[:4]:
        image.PatientID = "1030"

    assert told(said(tmp_path, rows({"PatientID": spelt}), images=images)) == [
        ("LNK-02", "R2", "ask")
    ]


def test_an_id_that_looks_like_two_patients_has_to_be_written_clearly(tmp_path: Path) -> None:
    images = clean_images()
    for image in images[4:]:
        image.PatientID = "abc-000103"

    found = said(tmp_path, rows({"PatientID": "ABC-103"})[:1], images=images)

    assert told(found) == [("LNK-02", "R2", "block")]


def _with_answer(folder: Path, value: str) -> list[tuple[str, str, str]]:
    write_images(folder / "source", clean_images())
    table = write_table(folder / NAME, rows({"PatientID": "abc-000103"}))
    with scanned(folder / "source", folder / "home", table) as ledger:
        judge(ledger, AS_IS)
        assert settle_findings(ledger, "LNK-02", ["R2"], "answered", value, "A. Person", "seen")
        judge(ledger, AS_IS)
        found = read_findings(ledger, standing=None)
        first = [(f.rule, f.key, f.standing) for f in found]

        # The table is saved anew with another row in it: what was said of the IDs still holds.
        write_table(
            folder / NAME, [{**rows()[0], "PatientID": "NEW-1"}, *rows({"PatientID": "abc-000103"})]
        )
        scan_here(ledger)
        judge(ledger, AS_IS)
        again = [(f.rule, f.key, f.standing) for f in read_findings(ledger)]
    return [*first, ("again", "", ""), *again]


def test_the_same_patient_is_linked_and_stays_linked_when_the_table_is_saved_anew(
    tmp_path: Path,
) -> None:
    assert _with_answer(tmp_path, "same") == [
        ("LNK-02", "R2", "answered"),
        ("again", "", ""),
        ("LNK-01", "R2", "open"),
    ]


def test_different_patients_lack_their_row_and_their_images(tmp_path: Path) -> None:
    assert _with_answer(tmp_path, "different") == [
        ("LNK-01", "P1", "open"),
        ("LNK-01", "R2", "open"),
        ("LNK-02", "R2", "answered"),
        ("again", "", ""),
        ("LNK-01", "P1", "open"),
        ("LNK-01", "R2", "open"),
        ("LNK-01", "R3", "open"),
    ]


def test_images_alone_are_asked_about_once(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images())
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        assert told(read_findings(ledger)) == [("LNK-03", "all", "ask")]

        settle_findings(ledger, "LNK-03", None, "answered", "image-only", "A. Person", "agreed")
        judge(ledger, AS_IS)

        assert read_findings(ledger) == []
        assert [f.standing for f in read_findings(ledger, standing=None)] == ["answered"]


def test_a_patient_twice_in_a_table_of_one_row_each_is_refused(tmp_path: Path) -> None:
    found = said(tmp_path, [*rows(), rows()[0]])

    assert told(found) == [("UNQ-01", "R4", "block")]
    assert found[0].message == "Rows 2 and 4 describe the same patient."


def test_a_timepoint_twice_is_refused_and_several_timepoints_are_not(tmp_path: Path) -> None:
    vertical = [
        {**row, "Episode": "Diagnosis", "Timepoint": number}
        for number in ("1", "2")
        for row in rows()
    ]
    assert said(tmp_path, vertical) == []

    (tmp_path / "twice").mkdir()
    found = said(tmp_path / "twice", [*vertical, vertical[3]])

    assert told(found) == [("UNQ-01", "R6", "block")]
    assert found[0].message == "Rows 5 and 6 describe the same timepoint of the same patient."


def test_the_table_of_a_folder_of_tables_is_linked_as_one(tmp_path: Path) -> None:
    from tests.quality.cohort import findings_of

    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "made_a.csv").write_text(table_text(rows()[:1]))
    (tables / "made_b.csv").write_text(table_text(rows()[1:]))
    (tables / "_ignored.csv").write_text("no table")
    write_images(tmp_path / "source", clean_images())

    assert findings_of(tmp_path / "source", tmp_path / "home", clinical=tables) == []


def test_original_ids_stand_in_no_finding(tmp_path: Path) -> None:
    found = said(tmp_path, rows({"PatientID": "abc-000103"}, {"PatientID": "nobody"}))

    assert len(found) == 3
    text = " ".join(f.message + f.remedy for f in found)
    assert [one for one in (*PATIENTS, "abc-000103", "nobody") if one in text] == []
