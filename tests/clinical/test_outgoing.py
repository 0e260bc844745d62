"""Clinical tables as they leave: which rows and columns, under which names, in which form."""

from __future__ import annotations

import csv
import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clinical.leaving import (
    EUCAIM,
    KEY,
    LETHE,
    METHODS,
    SCRIPT,
    answered,
    csv_of,
    leaving,
    lines_of,
)
from tests.clinical.ledgers import exclude_study
from transfer.clinical.choosing import choose_role
from transfer.clinical.columns import Role
from transfer.clinical.derive import derive
from transfer.clinical.leaving import ClinicalField
from transfer.clinical.mapping import ColumnMap, TermMap, Unit
from transfer.clinical.outgoing.columns import ColumnLeftOut, WhyColumn
from transfer.clinical.outgoing.dates import DatePolicy
from transfer.clinical.outgoing.going import WhyRow
from transfer.clinical.outgoing.looking import Told
from transfer.clinical.outgoing.proof import prove
from transfer.clinical.outgoing.table import open_outgoing
from transfer.clinical.outgoing.writing import write_csv
from transfer.deid.methods import MethodSpec
from transfer.deid.recipe import new_uid, pseudonym
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_rows
from transfer.ledger.mapping import keep_back, map_column, map_term

A, B = pseudonym(KEY, "HOSP0004"), pseudonym(KEY, "HOSP0005")
TWO = {"HOSP0004": ["20190312", "20190620"], "HOSP0005": ["20200229"]}


# Identity -----------------------------------------------------------------------------------


@pytest.mark.parametrize("by", METHODS.values(), ids=METHODS)
def test_a_table_bears_the_names_of_the_images(by: MethodSpec | None, tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0004,II\nHOSP0005,I\n", by) as (ledger, how):
        out = open_outgoing(ledger, how)
        names = [
            ledger.names.patient(*row)
            for row in ledger.rows("SELECT original_id, pseudonym FROM patient ORDER BY id")
        ]
        assert lines_of(out) == ["PatientID,Stage", f"{names[0]},II", f"{names[1]},I"]
        assert (names == list(TWO)) is (by is None)
        assert out.problems() == ()


def test_a_row_goes_with_its_patient_and_under_that_patients_name_only(tmp_path: Path) -> None:
    """A person said that ` 4` is HOSP0004: it leaves as what the images are called."""
    table = "PatientID,Stage\n 4,II\nHOSP0005,I\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        with ledger.transaction():
            ledger.write("INSERT INTO clinical_link VALUES (' 4', 1, 1)")
        derive(ledger)
        assert lines_of(open_outgoing(ledger, how))[1:] == [f"{A},II", f"{B},I"]


def test_rows_that_are_nobodys_of_the_images_stay_here_and_are_counted(tmp_path: Path) -> None:
    table = (
        "PatientID,Stage\nHOSP0004,II\nHOSP0009,I\nHOSP0005,I\nHOSP0006,III\nHOSP0004,I,x\n,IV\n"
    )
    patients = TWO | {"HOSP0006": ["20210101"]}
    with leaving(tmp_path, patients, table) as (ledger, how):
        exclude_study(ledger, 3)
        keep_back(ledger, 5, "A. Person", "withdrew")
        out = open_outgoing(ledger, how)
        assert lines_of(out) == ["PatientID,Stage", f"{A},II"]
        assert (out.tables[0].rows, out.patients) == (1, 1)
        assert out.tables[0].left_out == {
            WhyRow.UNLINKED: 2, WhyRow.KEPT_BACK: 1, WhyRow.NOT_GOING: 1, WhyRow.WIDTH: 1,
        }  # fmt: skip


def test_a_patient_whose_images_all_failed_takes_the_rows_along(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0004,II\nHOSP0005,I\n") as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE instance SET state = 'failed' WHERE series_id = 3")
        assert lines_of(open_outgoing(ledger, how)) == ["PatientID,Stage", f"{A},II"]


def test_what_was_never_de_identified_does_not_leave_under_its_original_name(
    tmp_path: Path,
) -> None:
    with leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0004,II\nHOSP0005,I\n") as (ledger, how):
        with ledger.transaction():
            ledger.write("UPDATE patient SET pseudonym = NULL WHERE id = 2")
        assert lines_of(open_outgoing(ledger, how)) == ["PatientID,Stage", f"{A},II"]


def test_a_transfer_that_de_identifies_gives_no_table_without_its_key(tmp_path: Path) -> None:
    with (
        leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0004,II\n") as (ledger, _),
        pytest.raises(UsageError, match="without the same key"),
    ):
        open_outgoing(ledger, None)


def test_a_study_leaves_under_the_uid_of_its_images_and_an_unknown_one_not_at_all(
    tmp_path: Path,
) -> None:
    table = (
        "PatientID,StudyInstanceUID,Stage\nHOSP0004,1.2.3.1.0,a\nHOSP0004, 1.2.3.1.1 ,b\n"
        "HOSP0005,1.2.3.1.0,c\nHOSP0005,,d\n"
    )
    with leaving(tmp_path, TWO, table) as (ledger, how):
        exclude_study(ledger, 2)
        out = open_outgoing(ledger, how)
        assert lines_of(out)[1:] == [
            f"{A},{new_uid('1.2.3.1.0', A)},a", f"{A},,b", f"{B},,c", f"{B},,d",
        ]  # fmt: skip
        assert out.told() == (Told("thorax_clinical.csv", "StudyInstanceUID", "study", 2, "R3"),)


# Dates --------------------------------------------------------------------------------------

DATED = (
    "PatientID,DiagnosisDate,Age,Date of first treatment,Visit date\n"
    "HOSP0004,14/03/2019,61.5,21/04/2019,20/06/2019\n"
    "HOSP0005,28/02/2020,70.1,unknown,31/02/2020\n"
)


@pytest.mark.parametrize("by", [EUCAIM, LETHE])
def test_under_a_profile_dates_keep_year_and_month_and_the_days_between_leave_beside_them(
    by: MethodSpec, tmp_path: Path
) -> None:
    with leaving(tmp_path, TWO, DATED, by) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert out.policy is DatePolicy.MONTH
        assert lines_of(out) == [
            "PatientID,DiagnosisDate,DiagnosisDate (relative day),Age,Date of first treatment,"
            "Date of first treatment (relative day),Visit date,Visit date (relative day)",
            f"{A},2019-03-01,0,61.5,2019-04-01,38,2019-06-01,98",
            f"{B},2020-02-01,0,70.1,,,,",
        ]
        assert out.baseline == "Day 0 is the date of diagnosis."
        assert [(told.heading, told.why, told.cells) for told in out.told()] == [
            ("Visit date", "date", 1), ("Visit date (relative day)", "date", 1)
        ]  # fmt: skip


def test_under_a_script_relative_days_leave_alone(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, DATED, SCRIPT) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert out.policy is DatePolicy.DAYS
        heading, first, second = lines_of(out)
        assert heading == (
            "PatientID,DiagnosisDate (relative day),Age,"
            "Date of first treatment (relative day),Visit date (relative day)"
        )
        assert first.split(",")[1:] == ["0", "61.5", "38", "98"]
        assert second.split(",")[1:] == ["0", "70.1", "", ""]


def test_where_images_go_as_they_are_dates_leave_whole_and_in_one_form(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, DATED, None) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert out.policy is DatePolicy.AS_IS
        assert lines_of(out)[1:] == [
            "HOSP0004,2019-03-14,61.5,2019-04-21,2019-06-20",
            "HOSP0005,2020-02-28,70.1,,",
        ]


def test_whole_dates_cannot_be_wished_for_beside_de_identified_images(tmp_path: Path) -> None:
    with (
        leaving(tmp_path, TWO, DATED) as (ledger, how),
        pytest.raises(UsageError, match="cannot leave whole"),
    ):
        open_outgoing(ledger, how, DatePolicy.AS_IS)


@pytest.mark.parametrize("policy", [DatePolicy.MONTH, DatePolicy.DAYS])
def test_a_birth_date_never_leaves_but_where_images_go_as_they_are(
    policy: DatePolicy, tmp_path: Path
) -> None:
    table = "PatientID,DateOfBirth,Age\nHOSP0004,1958-01-31,61.5\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        out = open_outgoing(ledger, how, policy)
        assert lines_of(out) == ["PatientID,Age", f"{A},61.5"]
        assert out.tables[0].columns_left_out == (
            ColumnLeftOut(1, "DateOfBirth", WhyColumn.BIRTH_DATE),
        )


def test_the_relative_days_of_the_table_leave_as_they_are(tmp_path: Path) -> None:
    table = (
        "PatientID,Relative day,Date of imaging acquisition\nHOSP0004,-12,2019-03-12\n"
        "HOSP0004,88,2019-06-20\nHOSP0005,7.0,2020-02-29\n"
    )
    with leaving(tmp_path, TWO, table) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert [line.split(",")[1:] for line in lines_of(out)[1:]] == [
            ["-12", "2019-03-01", "-12"], ["88", "2019-06-01", "88"], ["7.0", "2020-02-01", "7"]
        ]  # fmt: skip
        assert out.baseline == "Day 0 is the day from which the table's own relative days count."


def test_day_0_is_the_diagnosis_else_the_row_of_day_0_else_the_first_study(tmp_path: Path) -> None:
    patients = {"A": ["20190312"], "B": ["20190312"], "C": ["20190612", "20190312"]}
    table = (
        "PatientID,DiagnosisDate,Relative day,Date of imaging acquisition,Treatment date\n"
        "A,2019-03-01,,2019-03-12,2019-03-31\n"
        "B,,0,2019-03-12,2019-03-31\n"
        "C,,,2019-03-12,2019-03-31\n"
    )
    with leaving(tmp_path, patients, table, SCRIPT) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert [line.split(",")[-2:] for line in lines_of(out)[1:]] == [
            ["11", "30"], ["0", "19"], ["0", "19"]
        ]  # fmt: skip
        assert out.baseline == (
            "Day 0 is the date of diagnosis, else the date of the row with relative day 0, else"
            " the patient's first study."
        )


def test_where_the_table_counts_from_a_day_that_nobody_knows_its_dates_give_no_other(
    tmp_path: Path,
) -> None:
    """Two meanings of day 0 in one table would be worse than a gap that is told."""
    table = "PatientID,Relative day,Treatment date\nHOSP0004,40,2019-04-01\n"
    with leaving(tmp_path, TWO, table, SCRIPT) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert lines_of(out)[1].split(",")[1:] == ["40", ""]
        assert [(told.why, told.first_row) for told in out.told()] == [("day-0", "R2")]


def test_the_day_of_the_image_is_the_relative_day_of_a_row_that_has_no_other(
    tmp_path: Path,
) -> None:
    table = "PatientID,DiagnosisDate,Scan date\nHOSP0004,2019-03-01,2019-03-12\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        fields = [column.field for column in open_outgoing(ledger, how).tables[0].columns]
        assert fields == [
            ClinicalField("PatientID", "patient", "identifier"),
            ClinicalField("DiagnosisDate", "diagnosis-date", "date"),
            ClinicalField("DiagnosisDate (relative day)", "", "days"),
            ClinicalField("Scan date", "imaging-date", "date"),
            ClinicalField("Scan date (relative day)", "relative-day", "days"),
        ]


# Form ---------------------------------------------------------------------------------------


def test_whatever_form_it_came_in_a_table_leaves_in_one(tmp_path: Path) -> None:
    """Semicolons, a byte-order mark, Latin-1, decimal commas in columns of numbers alone."""
    table = (
        "\ufeff Patient_ID ;Age;PSA;Note;Code\r\n"
        'HOSP0004;61,5;-4,02;"a; 1,5 ml";1,5\r\nHOSP0005;70,1;NA;"x ""y"" z";C61\r\n'
    ).encode()
    with leaving(tmp_path, TWO, table) as (ledger, how):
        assert csv_of(open_outgoing(ledger, how)) == (
            "PatientID,Age,PSA,Note,Code\r\n"
            f'{A},61.5,-4.02,"a; 1,5 ml","1,5"\r\n{B},70.1,NA,"x ""y"" z",C61\r\n'
        )


def test_latin_1_leaves_as_utf_8(tmp_path: Path) -> None:
    table = "PatientID,Órgano\nHOSP0004,Pulmón\n".encode("latin-1")
    with leaving(tmp_path, TWO, table) as (ledger, how):
        assert lines_of(open_outgoing(ledger, how)) == ["PatientID,Órgano", f"{A},Pulmón"]


def test_data_for_a_node_are_never_altered_for_a_spreadsheet(tmp_path: Path) -> None:
    table = "PatientID,Relative day,Note\nHOSP0004,-12,=1+1\nHOSP0005,+3,@x\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        assert lines_of(open_outgoing(ledger, how))[1:] == [f"{A},-12,=1+1", f"{B},+3,@x"]


def test_terms_and_units_leave_as_persons_said(tmp_path: Path) -> None:
    table = "PatientID,Sex,Age,Relative day\nHOSP0004,varón,738,2\nHOSP0005,female,841,-1\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        map_term(ledger, TermMap(Role.SEX, "varón", "Male"), "A. Person")
        map_column(ledger, ColumnMap("Age", Role.AGE, unit=Unit.MONTHS), "A. Person")
        map_column(
            ledger, ColumnMap("Relative day", Role.RELATIVE_DAY, unit=Unit.WEEKS), "A. Person"
        )
        assert lines_of(open_outgoing(ledger, how))[1:] == [
            f"{A},Male,61.5,14", f"{B},Female,70.1,-7"
        ]  # fmt: skip


def test_a_column_that_was_left_out_or_names_a_person_stays_here(tmp_path: Path) -> None:
    table = "PatientID,Surname,Doctor,Stage\nHOSP0004,Quintanilla,Dr X,II\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        map_column(ledger, ColumnMap("Doctor", is_left_out=True), "A. Person")
        out = open_outgoing(ledger, how)
        assert lines_of(out) == ["PatientID,Stage", f"{A},II"]
        assert out.tables[0].columns_left_out == (
            ColumnLeftOut(1, "Surname", WhyColumn.TELLING),
            ColumnLeftOut(2, "Doctor", WhyColumn.LEFT_OUT),
        )


def test_ages_over_89_leave_as_90_where_a_person_said_so(tmp_path: Path) -> None:
    table = "PatientID,Age,AgeAtDiagnosis\nHOSP0004,93.5,89.9\nHOSP0005,93.5,91\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        answered(ledger, "AGE-04", "P1", "cap")
        assert lines_of(open_outgoing(ledger, how))[1:] == [f"{A},90,89.9", f"{B},93.5,91"]


def test_the_column_of_patient_ids_leaves_first_wherever_it_stood(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "Stage,Case\nII,HOSP0004\nI,HOSP0005\n") as (ledger, how):
        choose_role(ledger, "Case", Role.PATIENT, "A. Person")
        derive(ledger)
        assert lines_of(open_outgoing(ledger, how)) == ["PatientID,Stage", f"{A},II", f"{B},I"]


def test_headings_that_leave_are_filled_and_told_apart(tmp_path: Path) -> None:
    """Readers of JSON know a value by its heading alone."""
    table = "PatientID,, Stage ,stage,PatientID\nHOSP0004,a,b,c,d\n"
    with leaving(tmp_path, TWO, table) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert lines_of(out)[0] == "PatientID,Column 2,Stage,stage 2,PatientID 2"


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    notes=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=6
    )
)
def test_any_text_leaves_as_it_was_read_and_is_read_again_as_it_left(
    notes: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("PatientID", "Note", "X"), *(("HOSP0004", n, "x") for n in notes)])
    folder = tmp_path_factory.mktemp("any")
    with leaving(folder, TWO, text.getvalue(), None) as (ledger, how):
        out = open_outgoing(ledger, how)
        left = csv_of(out)
        prove(out, out.tables[0], io.BytesIO(left.encode()))
        read = [row.cells for row in clinical_rows(ledger, 1)]
        assert read
        assert [tuple(row) for row in csv.reader(io.StringIO(left, newline=""))][1:] == read


def test_a_table_of_which_nothing_leaves_is_a_heading(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, "PatientID,Stage\nHOSP0009,II\n") as (ledger, how):
        out = open_outgoing(ledger, how)
        assert csv_of(out) == "PatientID,Stage\r\n"
        assert (list(out.subjects()), out.patients, out.baseline) == ([], 0, "")


def test_the_same_ledger_gives_the_same_bytes(tmp_path: Path) -> None:
    with leaving(tmp_path, TWO, DATED) as (ledger, how):
        first, second = io.BytesIO(), io.BytesIO()
        one = write_csv(out := open_outgoing(ledger, how), out.tables[0], first)
        other = write_csv(out := open_outgoing(ledger, how), out.tables[0], second)
        assert first.getvalue() == second.getvalue()
        assert one == other
        assert one.sha256 == hashlib.sha256(first.getvalue()).hexdigest()
        assert one.size_bytes == len(first.getvalue())


def test_memory_does_not_grow_with_the_rows_of_a_table(tmp_path: Path) -> None:
    """Pages of 2,000 are held, and a few bytes a patient."""

    def peak_bytes(rows: int) -> int:
        folder = tmp_path / str(rows)
        folder.mkdir()
        table = "PatientID,Age,Scan date,Note\n" + "".join(
            f"HOSP000{4 + n % 2},{n % 90}.5,2019-03-{1 + n % 28:02},words {n}\n"
            for n in range(rows)
        )
        with leaving(folder, TWO, table) as (ledger, how), (folder / "left").open("w+b") as file:
            out = open_outgoing(ledger, how)
            assert out.patients == 2
            tracemalloc.start()
            try:
                assert write_csv(out, out.tables[0], file).rows == rows
                file.seek(0)
                prove(out, out.tables[0], file)
                return tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()

    few = peak_bytes(5_000)
    assert peak_bytes(15_000) < few + 1_000_000


# Names and subjects -------------------------------------------------------------------------


def test_tables_are_named_after_the_dataset_and_never_after_their_files(tmp_path: Path) -> None:
    tables = {
        "Quintanilla_a.csv": "PatientID,Stage\nHOSP0004,II\n",
        "Quintanilla_b.csv": "PatientID,Dose\nHOSP0004,1.5\nHOSP0005,2\n",
    }
    with leaving(tmp_path, TWO, tables) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert [(table.name, table.key, table.rows) for table in out.tables] == [
            ("thorax_clinical.csv", "R1", 1), ("thorax_clinical_2.csv", "R3", 2)
        ]  # fmt: skip


def test_a_subject_has_the_rows_of_all_tables_and_every_table(tmp_path: Path) -> None:
    tables = {
        "a.csv": "PatientID,Stage\nHOSP0005,I\nHOSP0004,II\n",
        "b.csv": "PatientID,Dose\nHOSP0004,1.5\nHOSP0004,2\n",
    }
    with leaving(tmp_path, TWO, tables) as (ledger, how):
        out = open_outgoing(ledger, how)
        first, second = list(out.subjects())
        assert first[:2] == (1, "R3")
        assert first[2].pseudonym == A
        assert [(t.name, list(t.rows)) for t in first[2].tables] == [
            ("thorax_clinical", [(A, "II")]), ("thorax_clinical_2", [(A, "1.5"), (A, "2")])
        ]  # fmt: skip
        assert [len(table.rows) for table in second[2].tables] == [1, 0]
        assert [row for row, _, _ in out.subjects(1)] == [2]
        assert out.subject(2) == second[1:]
        assert out.patients == 2


@pytest.mark.parametrize(
    ("diagnosed", "studied", "left"),
    [
        # A first and a last of a month, with the days between them, are one day only.
        ("2019-01-01", "20190131", ["", "0"]),
        ("2019-01-02", "20190131", ["2019-01-01", "0"]),
        ("2019-01-01", "20190130", ["2019-01-01", "0"]),
        ("2020-02-29", "20200301", ["", "0"]),
        ("2019-02-28", "20190301", ["", "0"]),
        ("2020-02-28", "20200301", ["2020-02-01", "0"]),
    ],
)
def test_a_month_that_would_give_the_day_away_stays_here(
    diagnosed: str, studied: str, left: list[str], tmp_path: Path
) -> None:
    table = f"PatientID,Diagnosis date\nHOSP0004,{diagnosed}\n"
    with leaving(tmp_path, {"HOSP0004": [studied]}, table) as (ledger, how):
        out = open_outgoing(ledger, how)
        assert lines_of(out)[1].split(",")[1:] == left
        prove(out, out.tables[0], io.BytesIO(csv_of(out).encode()))
        assert {told.why for told in out.told()} == (set() if left[0] else {"month"})
