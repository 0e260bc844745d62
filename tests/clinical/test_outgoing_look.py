"""The last look over clinical tables: what still tells whose a row is does not leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clinical.leaving import EUCAIM, METHODS, SCRIPT, answered, leaving, lines_of
from tests.deid.rules import script
from transfer.clinical.columns import Role
from transfer.clinical.mapping import ColumnMap
from transfer.clinical.outgoing.table import open_outgoing
from transfer.clinical.outgoing.written_dates import holds_date, holds_day_of
from transfer.deid.keys.seal import PATIENT_ID, STUDY_UID
from transfer.deid.methods import MethodSpec
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.mapping import map_column
from transfer.prepare.method import OpenMethod

TWO = {"HOSP0004": ["20190312", "20190620"], "XK-77120": ["20200229"]}


def harmless(ledger: Ledger) -> None:
    """A person says that the columns which TAB-05 asks about name nobody; what is found in them all
    the same is the last look's."""
    answered(ledger, "TAB-05", "R1", "harmless")


def told(ledger: Ledger, how: OpenMethod | None) -> list[tuple[str, str]]:
    """Row key and what is said of it, up to the words that are always there."""
    found = open_outgoing(ledger, how).problems()
    assert all((f.rule, f.severity, f.level) == ("DID-03", "block", "table") for f in found)
    return [(f.key, f.message.partition("patient: ")[2] or f.message) for f in found]


def know(ledger: Ledger, patient: int, kind: str, text: str) -> None:
    """What the images of a patient told."""
    with ledger.transaction():
        ledger.write("INSERT INTO patient_fact VALUES (?, ?, ?)", patient, kind, text)


def looked(folder: Path, cells: list[str], by: MethodSpec | None = EUCAIM) -> list[tuple[str, str]]:
    """What is found in a column of notes; the row of HOSP0004 has the first cell, and so on."""
    ids = ["HOSP0004", "XK-77120"]
    rows = "".join(f'{i},"{c}"\n' for i, c in zip(ids, cells, strict=False))
    with leaving(folder, TWO, "PatientID,Note\n" + rows, by) as (ledger, how):
        harmless(ledger)
        know(ledger, 1, "name", "Quintanilla^Ximena")
        know(ledger, 1, "birth date", "19580131")
        know(ledger, 1, "accession number", "ACC9912345")
        return told(ledger, how)


# The patient's own identifiers --------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("seen by Dr X, Quintanilla said so", "name"),
        ("XIMENA came alone", "name"),
        ("born 31.1.1958", "birth date"),
        ("order ACC9912345", "accession number"),
        ("see HOSP0004", "patient ID"),
        ("hosp-0004", "patient ID"),
    ],
)
def test_an_identifier_of_the_patient_in_a_text_stops_the_row(
    cell: str, kind: str, tmp_path: Path
) -> None:
    found = looked(tmp_path, [cell])
    assert len(found) == 1
    assert found[0][0] == "R2"
    assert f"column Note ({kind})" in found[0][1]


def test_what_is_found_is_told_by_row_and_column_and_never_by_its_value(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,Note\nHOSP0004,see HOSP0004\n") as (ledger, how):
        harmless(ledger)
        (found,) = open_outgoing(ledger, how).problems()
        assert found == Finding(
            "DID-03",
            "block",
            "table",
            "R2",
            "Row R2 of the clinical table would leave with an original identifier of a patient:"
            " column Note (patient ID).",
            found.remedy,
        )
        assert "--leave-out" in found.remedy


def test_clean_rows_are_passed(tmp_path: Path) -> None:
    assert looked(tmp_path, ["61 years, stage II, 1.5 ml, grade 3/4", "T2N0M0 Gleason 3+4=7"]) == []


def test_an_identifier_of_one_patient_is_no_word_in_the_row_of_another(tmp_path: Path) -> None:
    """Ximena is in nobody's way where the patient is not called so."""
    assert looked(tmp_path, ["", "Ximena (the sister) has the same"]) == []


def test_what_stays_here_is_searched_for_in_what_leaves(tmp_path: Path) -> None:
    table = (
        "PatientID,Surname,DateOfBirth,MRN,Note\n"
        "HOSP0004,Quintanilla,31/01/1958,88/4412-Z,Mrs Quintanilla\n"
        "XK-77120,Li,1960-12-24,99/1234-A,file 99/1234-A\n"
    )
    with leaving(tmp_path, TWO, table) as (ledger, how):
        harmless(ledger)
        for heading in ("Surname", "MRN"):
            map_column(ledger, ColumnMap(heading, is_left_out=True), "A. Person")
        assert told(ledger, how) == [
            ("R2", "column Note (name)."), ("R3", "column Note (other ID).")
        ]  # fmt: skip


def test_where_images_go_as_they_are_nothing_is_looked_for(tmp_path: Path) -> None:
    assert looked(tmp_path, ["HOSP0004, Quintanilla, 2019-03-12"], None) == []


# Other patients' ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "XK-77120", "like (XK-77120).", "see:xk-77120", "XK\u2013077120", "XK77120", "XK 77120",
        "see XK 77120 too", "XK-77120_CT", "viewer/?p=XK-77120&q=1", "XK%2D77120",
        "XK-7\u200f7120", "\uff38\uff2b77120",
    ],
)  # fmt: skip
def test_another_patients_id_stops_the_row(cell: str, tmp_path: Path) -> None:
    assert [(key, "(patient ID)" in what) for key, what in looked(tmp_path, [cell])] == [
        ("R2", True)
    ]


def test_an_original_uid_stops_the_row_whoever_s_it_is(tmp_path: Path) -> None:
    table = (
        "PatientID,Series,Image,Other\nHOSP0004,1.2.4.3,,\nHOSP0004,,file 1.2.5.1.dcm,\n"
        "HOSP0004,,,1.2.840.10008.5.1.4.1.1.2\n"
    )
    with leaving(tmp_path, TWO, table) as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE series SET series_uid = '1.2.4.9.77.3' WHERE id = 3")
            ledger.write("UPDATE instance SET sop_instance_uid = '1.2.5.9.77.1' WHERE id = 1")
            for row, cell, old in ((2, "1.2.4.9.77.3", "1.2.4.3"), (3, "1.2.5.9.77.1", "1.2.5.1")):
                ledger.write(
                    "UPDATE clinical_row SET cells = replace(cells, ?, ?) WHERE id = ?",
                    old, cell, row,
                )  # fmt: skip
        harmless(ledger)
        assert told(ledger, how) == [("R2", "column Series (UID)."), ("R3", "column Image (UID).")]


@pytest.mark.parametrize("age", ["61", "1", "7"])
def test_a_number_is_an_age_before_it_is_somebodys_short_id(age: str, tmp_path: Path) -> None:
    patients = {str(n): ["20190312"] for n in range(1, 80)}
    table = "PatientID,Age at visit,Score\n"
    table += "".join(f"{n},{age},{80 - n}\n" for n in range(1, 80))
    with leaving(tmp_path, patients, table) as (ledger, how):
        assert told(ledger, how) == []


def test_a_column_that_repeats_short_ids_is_found_all_the_same(tmp_path: Path) -> None:
    table = "PatientID,Case,Age\n7,007,61\n12,12,61\n15,15,15\n"
    patients = {n: ["20190312"] for n in ("7", "12", "15")}
    with leaving(tmp_path, patients, table) as (ledger, how):
        (found,) = open_outgoing(ledger, how).problems()
        assert (found.rule, found.key) == ("DID-03", "R1")
        assert "column Case repeats the original Patient ID" in found.message


def test_a_transfer_may_be_called_by_the_day_on_which_it_was_made(tmp_path: Path) -> None:
    """The name that is suggested ends with it."""
    with leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0004,II\n") as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE transfer SET name = 'health-ri-2026-11-27'")

        assert open_outgoing(ledger, how).problems() == ()


def test_a_heading_or_a_dataset_that_is_a_patient_s_id_stops_the_table(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,XK-77120\nHOSP0004,II\n") as (ledger, how):
        (found,) = open_outgoing(ledger, how).problems()
        assert "heading" in found.message
        assert "column 2 of what leaves" in found.message
        with ledger.transaction():
            ledger.write("UPDATE transfer SET name = 'HOSP0004'")
        assert len(open_outgoing(ledger, how).problems()) == 2


@pytest.mark.parametrize(
    "heading",
    ["Quintanilla Ximena", "QUINTANILLA", "CT 2019-03-12", "x@hospital.example", "612 345 678"],
)
def test_a_heading_that_is_a_first_row_stops_the_table(heading: str, tmp_path: Path) -> None:
    """A table without headings has a patient's values in their place."""
    with leaving(tmp_path, TWO, f"PatientID,{heading}\nHOSP0004,II\n") as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Quintanilla^Ximena' WHERE id = 1")
        (found,) = open_outgoing(ledger, how).problems()
        assert "column 2 of what leaves" in found.message
        assert heading not in found.message


def test_a_word_of_the_field_is_a_heading_though_somebody_is_called_so(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,Stage,Lung\nHOSP0004,II,yes\n") as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Stage^Lung' WHERE id = 1")
        assert open_outgoing(ledger, how).problems() == ()


@pytest.mark.parametrize(
    "cell", ["born 580131", "310158-1234", "5801311234", "Quin\u200bta\u00adnilla", "XIM%45NA"]
)
def test_an_identifier_that_a_reader_sees_is_found_however_it_is_hidden(
    cell: str, tmp_path: Path
) -> None:
    assert [key for key, _ in looked(tmp_path, [cell])] == ["R2"]


@pytest.mark.parametrize(
    "heading", ["Fecha de nacimiento (date)", "Date of birth (DOB)", "Patient Birth Date 2"]
)
@pytest.mark.parametrize("by", [EUCAIM, SCRIPT])
def test_a_birth_date_under_any_heading_leaves_no_age_to_the_day(
    heading: str, by: MethodSpec, tmp_path: Path
) -> None:
    table = f"PatientID,{heading}\nHOSP0004,1958-01-31\n"
    with leaving(tmp_path, TWO, table, by) as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE clinical_column SET role = ? WHERE number = 1", Role.OTHER_DATE)
        assert lines_of(open_outgoing(ledger, how))[0] == "PatientID"


def test_a_date_column_that_holds_the_day_of_birth_stops_the_row(tmp_path: Path) -> None:
    table = "PatientID,Some date\nHOSP0004,1958-01-31\nXK-77120,2020-02-01\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        know(ledger, 1, "birth date", "19580131")
        assert told(ledger, how) == [("R2", "column Some date (birth date).")]


def test_the_longest_cell_that_is_read_is_looked_through_at_once(tmp_path: Path) -> None:
    """None of the patterns may go over it again and again."""
    long = "1.2." * 10_000 + "12-" * 10_000 + "a 1 de " * 8_000
    table = f"PatientID,Note\nHOSP0004,{long}\nHOSP0004,{long}HOSP0004\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        harmless(ledger)
        assert [key for key, _ in told(ledger, how)] == ["R3"]


# Dates --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "2019-03-12", "12/03/2019", "03.12.2019", "20190312", "12-Mar-2019", "12/03/19",
        "biopsy on 2019-03-12, then home", "ingreso 12 de marzo de 2019", "March 12th, 2019",
        "3. Mai 2019", "scan_20190312", "12032019", "seen 12/3/19", "am 12.3.19 gesehen",
        "seen 20200506", "20200506101500", "12-MAR-19", "2019-Mar-12", "2019 Mar 12", "12/mar/2019",
        "12 / 03 / 2019", "12 03 2019", "12_03_2019", "12|03|2019", "12/3-2019", "12. 3. 2019",
        "12\u201103\u20112019", "12\u200f/03/2019", "\uff11\uff12/\uff10\uff13/2019",
        "2019\u5e743\u670812\u65e5", "Tue Mar 12 10:00:00 2019", "12.III.2019",
        "12 \u043c\u0430\u0440\u0442\u0430 2019",
        "12 \u039c\u03b1\u03c1\u03c4\u03af\u03bf\u03c5 2019",
        "12. b\u0159ezna 2019",
    ],
)  # fmt: skip
def test_a_date_with_its_day_stops_the_row_wherever_it_stands(cell: str, tmp_path: Path) -> None:
    assert looked(tmp_path, [cell], SCRIPT) == [
        (
            "R2",
            "Row R2 of the clinical table would leave with the day of a date: column Note (date"
            " with its day).",
        )
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "March 2019", "2019", "2019-03", "May be 12", "1.5-2.0", "12345678", "20199999", "3/4",
        "10-12-14 mm", "ICD-O 8140/3", "1.2.840.10008.1.2", "120/80", "T1-2019", "99/99/2019",
        "0.20190312", "c. 12 cases in 2019", "scan_20200101", "v1.2.19", "10.1.2.19",
        "cycles 3-6-12", "12 mai 20 mg", "stage 3, 12 dec 20", "2019 10 mg",
    ],
)  # fmt: skip
def test_what_is_no_day_is_none(cell: str) -> None:
    """Eight digits within a text are a day only where it is one of the patient's."""
    assert not holds_date(cell)
    assert not holds_day_of(cell, frozenset({"20190312"}))


def test_a_column_that_is_said_to_hold_dates_leaves_by_the_policy(tmp_path: Path) -> None:
    table = "PatientID,Ingreso\nHOSP0004,2019-03-12\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        (found,) = open_outgoing(ledger, how).problems()
        assert "--map" in found.remedy
        with ledger.transaction():
            ledger.write("UPDATE clinical_column SET role = ? WHERE number = 1", Role.OTHER_DATE)
        assert open_outgoing(ledger, how).problems() == ()


# The key ------------------------------------------------------------------------------------


def renamed(ledger: Ledger, pseudonym: str = "", study: str = "") -> None:
    """The images of patient 1 under another name than the key gives."""
    seal = ledger.names.seal
    with ledger.transaction():
        if pseudonym:
            ledger.write(
                "UPDATE patient SET pseudonym = ? WHERE id = 1", seal.close(pseudonym, PATIENT_ID)
            )
        if study:
            ledger.write(
                "UPDATE study SET out_study_uid = ? WHERE id = 2", seal.close(study, STUDY_UID)
            )


@pytest.mark.parametrize("by", [m for m in METHODS.values() if m], ids=list(METHODS)[1:])
def test_another_pseudonym_than_the_key_gives_stops_the_table(
    by: MethodSpec, tmp_path: Path
) -> None:
    table = "PatientID,StudyInstanceUID\nXK-77120,\nHOSP0004,1.2.3.1.0\n"
    with leaving(tmp_path, TWO, table, by) as (ledger, how):
        assert open_outgoing(ledger, how).problems() == ()
        renamed(ledger, pseudonym="EUCAIM-1")
        (found,) = open_outgoing(ledger, how).problems()
        assert (found.rule, found.key) == ("DID-12", "R3")
        assert "HOSP" not in found.message


@pytest.mark.parametrize("by", [m for m in METHODS.values() if m], ids=list(METHODS)[1:])
def test_another_study_uid_than_the_key_gives_stops_the_table(
    by: MethodSpec, tmp_path: Path
) -> None:
    table = "PatientID,StudyInstanceUID\nHOSP0004,1.2.3.1.0\n"
    with leaving(tmp_path, TWO, table, by) as (ledger, how):
        renamed(ledger, study="1.2.826.0.1.1")
        (found,) = open_outgoing(ledger, how).problems()
        assert (found.rule, found.key) == ("DID-12", "R2")


def test_a_script_that_names_by_more_than_the_id_is_believed(tmp_path: Path) -> None:
    """Without an image nobody can ask it; the names of the images are what counts."""
    rules = {"00100020": "@hash(StudyDate,12)", "0020000D": "@keep()"}
    by = MethodSpec("site.script", key=EUCAIM.key, script=script(rules))
    patients = {"HOSP0004": ["20190312"]}
    with leaving(tmp_path, patients, "PatientID,Stage\nHOSP0004,II\n", by) as (ledger, how):
        assert open_outgoing(ledger, how).problems() == ()
