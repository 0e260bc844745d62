"""A person's word on a column: carried out on rows that were read, and on a table read later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.board import State, confirm_all, mapping_board, missing_attributes
from transfer.clinical.choosing import (
    choose_order,
    choose_role,
    choose_unit,
    declare_missing,
    leave_out,
    take_back,
)
from transfer.clinical.columns import Role
from transfer.clinical.derive import derive
from transfer.clinical.mapping import ColumnMap, Unit, chosen_of
from transfer.clinical.people import people
from transfer.clinical.phase import read_clinical
from transfer.clinical.term_values import choose_term
from transfer.clinical.units import suspicious_unit, written_days, written_years
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.ledger.clinical import clinical_columns, clinical_files
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import keep_back, read_mapping, withdraw

COHORT = {"AB-1": ["20200110"], "AB-2": ["20200601"]}
TABLE = (
    "nr,NHC,Zeta,Wann,Omega\n"
    "1,AB-1,732,10/01/2020,Female\n"
    "2,AB-2,696,02/06/2020,Male\n"
)  # fmt: skip


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as made:
        read_clinical(made)
        yield made


def roles(ledger: Ledger) -> dict[str, str]:
    return {c.heading: c.role for c in clinical_columns(ledger, 1) if c.role}


def links(ledger: Ledger) -> list[tuple[str, int | None]]:
    derive(ledger)
    return ledger.rows("SELECT patient, patient_id FROM clinical_row ORDER BY id")


def settle(ledger: Ledger, rule: str, key: str, value: str = "x") -> None:
    with ledger.transaction():
        word = ledger.write(
            "INSERT INTO word (subject, value, person, reason, said_at_utc)"
            " VALUES ('answer', ?, 'A. Person', '', '')",
            value,
        )
        ledger.write(
            "INSERT INTO settled (rule, key, standing, value, word_id)"
            " VALUES (?, ?, 'answered', ?, ?)",
            rule,
            key,
            value,
            word,
        )


def settled(ledger: Ledger) -> set[tuple[str, str]]:
    return set(ledger.rows("SELECT rule, key FROM settled"))


def test_another_column_may_hold_the_patient_id_by_a_persons_word(ledger: Ledger) -> None:
    assert links(ledger) == [("", None), ("", None)]

    choose_role(ledger, "NHC", Role.PATIENT, "Dr Data")

    assert links(ledger) == [("AB-1", 1), ("AB-2", 2)]


def test_a_table_that_is_read_later_is_read_by_what_was_said(
    ledger: Ledger, tmp_path: Path
) -> None:
    choose_role(ledger, "NHC", Role.PATIENT, "")
    choose_role(ledger, "Wann", Role.DIAGNOSIS_DATE, "")
    choose_order(ledger, "Wann", Order.MONTH, "")
    (tmp_path / "thorax_clinical.csv").write_text(TABLE + "3,AB-3,500,03/04/2020,Female\n")

    read_clinical(ledger)

    assert links(ledger) == [("AB-1", 1), ("AB-2", 2), ("AB-3", None)]
    assert roles(ledger) == {"NHC": "patient", "Wann": "diagnosis-date"}
    assert clinical_columns(ledger, clinical_files(ledger)[0].row)[3].date_order == "month-first"


def test_reading_and_carrying_out_come_to_the_same(ledger: Ledger, tmp_path: Path) -> None:
    for heading, role in (
        ("NHC", Role.PATIENT), ("Wann", Role.IMAGING_DATE), ("nr", Role.TIMEPOINT),
    ):  # fmt: skip
        choose_role(ledger, heading, role, "")
    carried_out = ledger.rows("SELECT patient, likeness, timepoint FROM clinical_row ORDER BY id")
    columns = clinical_columns(ledger, 1)
    with ledger.transaction():
        ledger.write("UPDATE clinical_file SET sha256 = ''")

    read_clinical(ledger)

    assert carried_out == [("AB-1", "ab1", "\n1"), ("AB-2", "ab2", "\n2")]
    assert (
        ledger.rows("SELECT patient, likeness, timepoint FROM clinical_row ORDER BY id")
        == carried_out
    )
    assert clinical_columns(ledger, 1) == columns


def test_what_was_taken_back_counts_no_longer(ledger: Ledger) -> None:
    choose_role(ledger, "NHC", Role.PATIENT, "")
    choose_role(ledger, "Wann", Role.DIAGNOSIS_DATE, "")
    take_back(ledger, "NHC")
    take_back(ledger, "Wann")

    assert roles(ledger) == {}
    assert links(ledger) == [("", None), ("", None)]
    assert [c.date_order for c in clinical_columns(ledger, 1)] == ["", "", "", "", ""]


def test_a_known_heading_gives_way_to_a_persons_word(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Age,Years\nAB-1,5,61\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        choose_role(ledger, "Years", Role.AGE, "")
        assert roles(ledger) == {"PatientID": "patient", "Years": "age"}

        choose_role(ledger, "Years", None, "")
        choose_role(ledger, "Age", None, "")
        assert roles(ledger) == {"PatientID": "patient"}


def test_an_attribute_is_given_to_one_column(ledger: Ledger) -> None:
    choose_role(ledger, "Zeta", Role.AGE, "")

    with pytest.raises(UsageError, match="was given to column Zeta already"):
        choose_role(ledger, "nr", Role.AGE, "")
    choose_role(ledger, "Wann", Role.OTHER_DATE, "")
    choose_role(ledger, "nr", Role.OTHER_DATE, "")
    assert roles(ledger) == {"Zeta": "age", "Wann": "other-date", "nr": "other-date"}


def test_where_two_words_claim_one_attribute_neither_counts() -> None:
    said = {
        0: ColumnMap("a", Role.AGE),
        1: ColumnMap("b", Role.AGE),
        2: ColumnMap("c", Role.SEX),
        3: ColumnMap("d"),
    }
    assert chosen_of(said) == {0: None, 1: None, 2: Role.SEX, 3: None}


def test_dates_are_read_in_the_order_that_a_person_said(ledger: Ledger) -> None:
    choose_role(ledger, "NHC", Role.PATIENT, "")
    choose_role(ledger, "Wann", Role.DIAGNOSIS_DATE, "")
    derive(ledger)
    assert clinical_columns(ledger, 1)[3].date_order == "open"
    assert [str(p.diagnosis) for p in people(ledger)] == ["None", "None"]

    choose_order(ledger, "Wann", Order.DAY, "Dr Data")

    assert [str(p.diagnosis) for p in people(ledger)] == ["2020-01-10", "2020-06-02"]


def test_a_persons_order_goes_before_the_answer_for_the_table(ledger: Ledger) -> None:
    choose_role(ledger, "NHC", Role.PATIENT, "")
    choose_role(ledger, "Wann", Role.DIAGNOSIS_DATE, "")
    settle(ledger, "REL-07", "R1", "month-first")
    derive(ledger)
    assert [str(p.diagnosis) for p in people(ledger)] == ["2020-10-01", "2020-02-06"]

    choose_order(ledger, "Wann", Order.DAY, "")

    assert [str(p.diagnosis) for p in people(ledger)] == ["2020-01-10", "2020-06-02"]


def test_the_answer_on_the_order_is_asked_again_for_a_column_of_dates_that_joins(
    tmp_path: Path,
) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Diagnosis date,Wann\nAB-1,10/01/2020,02/03/2020\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        settle(ledger, "REL-07", "R1", "day-first")
        settle(ledger, "TAB-05", "R1", "harmless")

        choose_role(ledger, "Wann", Role.IMAGING_DATE, "")

        assert settled(ledger) == {("TAB-05", "R1")}


def test_ages_in_months_and_days_in_weeks_are_converted(ledger: Ledger) -> None:
    for heading, role in (("NHC", Role.PATIENT), ("Zeta", Role.AGE), ("nr", Role.RELATIVE_DAY)):
        choose_role(ledger, heading, role, "")
    choose_unit(ledger, "Zeta", Unit.MONTHS, "")
    choose_unit(ledger, "nr", Unit.WEEKS, "")
    derive(ledger)

    assert [(p.rows[0].age, p.rows[0].relative_day) for p in people(ledger)] == [
        (61.0, 7),
        (58.0, 14),
    ]


def test_months_are_refused_for_relative_days(ledger: Ledger) -> None:
    choose_role(ledger, "nr", Role.RELATIVE_DAY, "")

    for unit in (Unit.MONTHS, Unit.YEARS):
        with pytest.raises(UsageError, match="no fixed number of days"):
            choose_unit(ledger, "nr", unit, "")


def test_a_unit_and_an_order_belong_to_columns_that_have_one(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="neither ages nor relative days"):
        choose_unit(ledger, "Zeta", Unit.MONTHS, "")
    with pytest.raises(UsageError, match="holds no dates"):
        choose_order(ledger, "Zeta", Order.DAY, "")
    with pytest.raises(UsageError, match="No clinical table"):
        choose_role(ledger, "Not there", Role.AGE, "")


def test_a_unit_and_an_order_leave_with_the_attribute_that_they_were_said_of(
    ledger: Ledger,
) -> None:
    choose_role(ledger, "Zeta", Role.AGE, "", Unit.MONTHS)
    choose_role(ledger, "Zeta", Role.RELATIVE_DAY, "")

    assert read_mapping(ledger).columns == (ColumnMap("Zeta", Role.RELATIVE_DAY),)


@pytest.mark.parametrize(
    ("role", "values", "units"),
    [
        (Role.AGE, ("780", "650", "512"), ("months", "weeks", "days")),
        (Role.AGE, ("22000", "19000"), ("days",)),
        (Role.AGE_AT_DIAGNOSIS, ("45.5", "61", "130"), ()),
        (Role.AGE, ("", "NA", "old"), ()),
        (Role.RELATIVE_DAY, ("1.5", "2.25", "0"), ("weeks", "months", "years")),
        (Role.RELATIVE_DAY, ("12", "12.0", "-400"), ()),
        (Role.SEX, ("780",), ()),
    ],
)
def test_values_that_make_no_sense_raise_a_doubt_about_the_unit(
    role: Role, values: tuple[str, ...], units: tuple[str, ...]
) -> None:
    assert suspicious_unit(role, values) == units


def test_values_leave_in_the_units_of_eucaim() -> None:
    assert [written_years("780", unit) for unit in (None, Unit.YEARS, Unit.MONTHS)] == [
        "780",
        "780",
        "65.0",
    ]
    assert written_years("23741", Unit.DAYS) == "65.0"
    assert written_years("old", Unit.MONTHS) == ""
    assert [written_days("-2", unit) for unit in (None, Unit.WEEKS, Unit.MONTHS)] == [
        "-2",
        "-14",
        "",
    ]


def test_the_column_of_patient_ids_is_not_left_out(ledger: Ledger) -> None:
    choose_role(ledger, "NHC", Role.PATIENT, "")
    with pytest.raises(UsageError, match="cannot be left out"):
        leave_out(ledger, "NHC", "")

    take_back(ledger, "NHC")
    leave_out(ledger, "NHC", "")
    with pytest.raises(UsageError, match="cannot be left out"):
        choose_role(ledger, "NHC", Role.PATIENT, "")
    leave_out(ledger, "NHC", "", is_left_out=False)
    assert read_mapping(ledger).columns == (ColumnMap("NHC"),)


def test_a_column_that_is_left_out_keeps_what_it_holds(ledger: Ledger) -> None:
    choose_role(ledger, "Wann", Role.BIRTH_DATE, "")
    leave_out(ledger, "Wann", "Dr Data")

    assert roles(ledger) == {"Wann": "birth-date"}


def test_answers_about_another_column_are_asked_again_and_all_others_stand(
    tmp_path: Path,
) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Sex,Omega,Age\nAB-1,F,Male,61\nAB-2,M,Male,58\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        for rule, key in (
            ("CLP-03", "R2"), ("CLP-23", "R2"), ("AGE-03", "R3"), ("LNK-02", "R3"),
            ("TAB-05", "R1"), ("AGE-04", "P1"),
        ):  # fmt: skip
            settle(ledger, rule, key)

        choose_role(ledger, "Omega", Role.SEX, "")

        assert settled(ledger) == {
            ("AGE-03", "R3"), ("LNK-02", "R3"), ("TAB-05", "R1"), ("AGE-04", "P1"),
        }  # fmt: skip
        assert ledger.number("SELECT count(*) FROM word") == 6


def test_where_rows_belong_to_others_all_answers_on_them_are_asked_again(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Omega,Sex\nab 1,AB-2,F\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        for rule, key in (("CLP-03", "R2"), ("TAB-05", "R1"), ("AGE-04", "P1")):
            settle(ledger, rule, key)
        with ledger.transaction():
            ledger.write("INSERT INTO clinical_link VALUES ('ab 1', 1, 1)")

        choose_role(ledger, "Omega", Role.PATIENT, "")

        assert settled(ledger) == {("AGE-04", "P1")}
        assert ledger.rows("SELECT * FROM clinical_link") == []
        assert links(ledger) == [("AB-2", 2)]


def test_a_row_that_was_kept_back_stays_kept_back_under_its_new_id(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Omega\n17,AB-1\n18,AB-2\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        keep_back(ledger, 3, "Dr Data", "no consent")

        choose_role(ledger, "Omega", Role.PATIENT, "")

        assert ledger.rows("SELECT patient, person, reason FROM clinical_kept_back") == [
            ("AB-2", "Dr Data", "no consent")
        ]


def test_a_row_that_was_kept_back_stays_so_while_no_column_holds_the_id(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("nr,Omega,Zeta\n17,AB-1,a\n18,AB-2,b\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        choose_role(ledger, "nr", Role.PATIENT, "")
        keep_back(ledger, 3, "Dr Data", "no consent")

        take_back(ledger, "nr")
        choose_role(ledger, "Omega", Role.PATIENT, "")
        assert ledger.rows("SELECT patient FROM clinical_kept_back") == [("AB-2",)]

        take_back(ledger, "Omega")
        choose_role(ledger, "nr", Role.PATIENT, "")
        assert ledger.rows("SELECT patient, person FROM clinical_kept_back") == [("18", "Dr Data")]


def test_what_values_mean_is_asked_again_where_another_column_holds_them(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Sex,Omega,Side\nAB-1,1,2,x\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        choose_term(ledger, Role.SEX, "1", "Female", "")
        choose_term(ledger, Role.LATERALITY, "x", "Left", "")
        with ledger.transaction():
            ledger.write("INSERT INTO population_set VALUES ('a', 1)")

        choose_role(ledger, "Omega", Role.SEX, "")

        mapping = read_mapping(ledger)
        assert (mapping.terms_of(Role.SEX), mapping.terms_of(Role.LATERALITY)) == (
            {},
            {"x": "Left"},
        )
        assert ledger.number("SELECT count(*) FROM population_set") == 1


def test_a_word_and_what_follows_from_it_stand_or_fall_together(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("transfer.clinical.applying.set_roles", torn)
    with pytest.raises(KeyboardInterrupt):
        choose_role(ledger, "NHC", Role.PATIENT, "")

    assert (read_mapping(ledger).columns, roles(ledger)) == ((), {})


def test_the_board_says_what_each_column_holds_and_how_that_is_known(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(
        "PatientID,Sexo,Edad al dx (meses),Wann,Nombre,Zeta\n"
        "AB-1,H,732,10/01/2020,ANA,x\nAB-2,M,,02/06/2020,LUIS,y\n"
    )
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        leave_out(ledger, "Zeta", "")
        board = {column.heading: column for column in mapping_board(ledger)}

        assert {heading: column.state for heading, column in board.items()} == {
            "PatientID": State.SURE,
            "Sexo": State.LIKELY,
            "Edad al dx (meses)": State.LIKELY,
            "Wann": State.LIKELY,
            "Nombre": State.NONE,
            "Zeta": State.LEFT_OUT,
        }
        assert board["Wann"].forms == (("date-like, with /", 2),)
        assert board["Edad al dx (meses)"].forms == (("a whole number", 1), ("empty", 1))
        assert (board["Nombre"].telling, board["Sexo"].sampled) == ("names", 2)


def test_all_that_is_beyond_doubt_is_confirmed_at_once_and_the_rest_is_asked(
    tmp_path: Path,
) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text("PatientID,Sexo,Edad al dx (meses),Lado,Lateralität\nAB-1,H,732,izq,links\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        confirmed = confirm_all(ledger, "Dr Data")

        assert (confirmed.done, confirmed.asked) == (2, 2)
        assert read_mapping(ledger).columns == (
            ColumnMap("Edad al dx (meses)", Role.AGE_AT_DIAGNOSIS, unit=Unit.MONTHS),
            ColumnMap("Sexo", Role.SEX),
        )
        assert confirm_all(ledger, "").done == 0


def test_a_long_table_is_sampled_over_its_whole_length(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    late = "".join(f"AB-{n},{7 if n > 5999 else 'old'}\n" for n in range(12_000))
    table.write_text(f"PatientID,Zeta\n{late}")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        zeta = mapping_board(ledger)[1]

        assert zeta.sampled == 1000
        assert zeta.forms == (("letters", 500), ("a whole number", 500))


def test_what_the_source_does_not_hold_is_declared_by_a_person_with_a_reason(
    ledger: Ledger,
) -> None:
    assert {m.role: m.is_declarable for m in missing_attributes(ledger)}[Role.TREATMENT]

    for person, reason in (("", "why"), ("Dr Data", " ")):
        with pytest.raises(UsageError, match="by a named person, with a reason"):
            declare_missing(ledger, Role.TREATMENT, person, reason)
    with pytest.raises(UsageError, match="Sex cannot be declared"):
        declare_missing(ledger, Role.SEX, "Dr Data", "why")
    declare_missing(ledger, Role.TREATMENT, "Dr Data", "not in the registry")

    (one,) = [m for m in missing_attributes(ledger) if m.declared is not None]
    assert (one.role, one.declared and one.declared.person) == (Role.TREATMENT, "Dr Data")
    withdraw(ledger, Role.TREATMENT)
    assert all(m.declared is None for m in missing_attributes(ledger))
