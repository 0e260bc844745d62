"""The mapping file: what it keeps, what it never holds, and what a hostile one can do."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.choosing import (
    choose_order,
    choose_role,
    choose_unit,
    declare_missing,
    leave_out,
)
from transfer.clinical.columns import Role
from transfer.clinical.derive import derive
from transfer.clinical.mapping import ColumnMap, Declared, Mapping, TermMap, Unit
from transfer.clinical.mapping_file import load_mapping, save_mapping
from transfer.clinical.mapping_text import mapping_text, parse_mapping
from transfer.clinical.phase import read_clinical
from transfer.clinical.term_values import choose_term
from transfer.clinical.values import Order
from transfer.errors import UsageError
from transfer.ledger.connection import Ledger
from transfer.ledger.mapping import map_column, map_term, read_mapping

COHORT = {"AB-1": ["20200110"], "AB-2": ["20200601"]}
TABLE = "PatientID,Zeta,Wann,Sexo,Note\nAB-1,732,10/01/2020,H,x\nAB-2,696,02/06/2020,M,y\n"
HEAD = 'format = "eucaim-transfer clinical mapping 1"\n'

ALL = Mapping(
    (
        ColumnMap("Note", is_left_out=True),
        ColumnMap("Sexo", Role.SEX),
        ColumnMap("Wann", Role.DIAGNOSIS_DATE, Order.DAY),
        ColumnMap("Zeta", Role.AGE, unit=Unit.MONTHS),
    ),
    (TermMap(Role.SEX, "H", "Male"),),
    (Declared(Role.TREATMENT, "Dr Data", "not in the registry"),),
)


def say_all(ledger: Ledger) -> None:
    choose_role(ledger, "Zeta", Role.AGE, "")
    choose_unit(ledger, "Zeta", Unit.MONTHS, "")
    choose_role(ledger, "Wann", Role.DIAGNOSIS_DATE, "")
    choose_order(ledger, "Wann", Order.DAY, "")
    choose_role(ledger, "Sexo", Role.SEX, "")
    leave_out(ledger, "Note", "")
    choose_term(ledger, Role.SEX, "H", "Male", "")
    declare_missing(ledger, Role.TREATMENT, "Dr Data", "not in the registry")


def table_in(folder: Path, text: str = TABLE) -> Path:
    table = folder / "thorax_clinical.csv"
    table.write_text(text)
    return table


def test_what_was_said_of_one_table_serves_the_next(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    saved = tmp_path / "mapping.toml"
    with ledger_of(first, COHORT, clinical=table_in(first)) as ledger:
        read_clinical(ledger)
        say_all(ledger)
        assert read_mapping(ledger) == ALL
        counts = save_mapping(ledger, saved)
    assert (counts.columns, counts.terms, counts.declared, counts.left_out) == (4, 1, 1, 0)

    with ledger_of(second, COHORT, clinical=table_in(second)) as ledger:
        read_clinical(ledger)
        loaded = load_mapping(ledger, saved, "Dr Next")

        assert read_mapping(ledger) == ALL
        assert (loaded.columns, loaded.terms, loaded.declared, loaded.waiting) == (4, 1, 1, ())
        assert ledger.rows(
            "SELECT heading, role, date_order FROM clinical_column ORDER BY heading"
        ) == [
            ("Note", "", ""),
            ("PatientID", "patient", ""),
            ("Sexo", "sex", ""),
            ("Wann", "diagnosis-date", "day-first"),
            ("Zeta", "age", ""),
        ]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    saved = tmp_path / "mapping.toml"
    with ledger_of(tmp_path, COHORT) as ledger:
        save_mapping(ledger, saved)
        assert stat.S_IMODE(saved.stat().st_mode) == 0o600
        saved.chmod(0o644)
        save_mapping(ledger, saved)

    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if "draft" in p.name] == []


def test_a_file_that_is_no_mapping_is_never_written_over(tmp_path: Path) -> None:
    table = table_in(tmp_path)
    with (
        ledger_of(tmp_path, COHORT, clinical=table) as ledger,
        pytest.raises(UsageError, match="exists already"),
    ):
        save_mapping(ledger, table)

    assert table.read_text() == TABLE


def test_it_says_what_needs_no_word_in_comments(tmp_path: Path) -> None:
    with ledger_of(tmp_path, COHORT, clinical=table_in(tmp_path)) as ledger:
        read_clinical(ledger)
        save_mapping(ledger, tmp_path / "mapping.toml")

    text = (tmp_path / "mapping.toml").read_text()
    assert '# "PatientID" is patient by its heading' in text
    assert parse_mapping(text.encode()) == Mapping()
    assert max(map(len, text.splitlines())) <= 100


def test_headings_for_columns_that_are_not_here_are_kept_and_told(tmp_path: Path) -> None:
    saved = tmp_path / "mapping.toml"
    saved.write_text(HEAD + '[[column]]\nheading = "Elsewhere"\nattribute = "age"\n')
    with ledger_of(tmp_path, COHORT, clinical=table_in(tmp_path)) as ledger:
        read_clinical(ledger)

        assert load_mapping(ledger, saved, "").waiting == ("Elsewhere",)
        assert read_mapping(ledger).columns == (ColumnMap("Elsewhere", Role.AGE),)


def test_no_patients_value_is_saved(tmp_path: Path) -> None:
    """A table without headings has a patient's row in their place, and a wrong column of terms a
    patient's values."""
    table = table_in(tmp_path, "AB-1,Serrano Ana,Zeta\nAB-2,y,z\n")
    saved = tmp_path / "mapping.toml"
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Serrano^Ana' WHERE id = 1")
        read_clinical(ledger)
        derive(ledger)
        with ledger.transaction():
            for heading in ("AB-1", "Serrano Ana", "Zeta"):
                map_column(ledger, ColumnMap(heading, is_left_out=True), "")
            map_term(ledger, TermMap(Role.TOPOGRAPHY, "ab_01", "Lung"), "")
            map_term(ledger, TermMap(Role.TOPOGRAPHY, "x", "ANA"), "")
            map_term(ledger, TermMap(Role.TOPOGRAPHY, "pulmo", "Lung"), "")

        assert save_mapping(ledger, saved).left_out == 4

    assert parse_mapping(saved.read_bytes()) == Mapping(
        (ColumnMap("Zeta", is_left_out=True),), (TermMap(Role.TOPOGRAPHY, "pulmo", "Lung"),)
    )
    text = saved.read_text().casefold()
    assert not any(word in text for word in ("ab-1", "ab_01", "serrano", "ana"))


def test_a_patients_value_is_not_taken_from_a_file(tmp_path: Path) -> None:
    saved = tmp_path / "mapping.toml"
    saved.write_text(
        f'{HEAD}[[column]]\nheading = "Zeta"\nattribute = "age"\n'
        '[[term]]\nattribute = "topography"\nvalue = "AB-1"\nterm = "Lung"\n'
    )
    with ledger_of(tmp_path, COHORT, clinical=table_in(tmp_path)) as ledger:
        read_clinical(ledger)
        with pytest.raises(UsageError, match="Patient ID or a name"):
            load_mapping(ledger, saved, "")

        assert read_mapping(ledger) == Mapping()


def test_any_text_survives_saving_and_loading(tmp_path: Path) -> None:
    odd = [
        '"',
        "\\",
        "'''",
        "\n[[column]]",
        "#",
        "\x1b[31m",
        "\u202eabc",
        "é",
        "\U0001d504",
        "\x7f",
        "\x85",
    ]
    said = Mapping(
        tuple(ColumnMap(heading, Role.OTHER_DATE) for heading in odd),
        tuple(TermMap(Role.TOPOGRAPHY, value, value) for value in odd if value.strip() == value),
    )
    text = mapping_text(said, [(heading, Role.AGE) for heading in odd])

    assert parse_mapping(text.encode()) == said
    assert all(line.isprintable() for line in text.splitlines())
    with ledger_of(tmp_path, COHORT) as ledger:
        with ledger.transaction():
            map_column(ledger, ColumnMap("\x1b[31m"), "")
        save_mapping(ledger, tmp_path / "m.toml")
        assert "\x1b" not in (tmp_path / "m.toml").read_text()


def test_two_columns_of_one_table_for_one_attribute_are_refused(tmp_path: Path) -> None:
    saved = tmp_path / "mapping.toml"
    saved.write_text(HEAD + '[[column]]\nheading = "Zeta"\nattribute = "sex"\n')
    with ledger_of(tmp_path, COHORT, clinical=table_in(tmp_path)) as ledger:
        read_clinical(ledger)
        choose_role(ledger, "Sexo", Role.SEX, "")
        with pytest.raises(UsageError, match="another column of the same table"):
            load_mapping(ledger, saved, "")

        assert read_mapping(ledger).columns == (ColumnMap("Sexo", Role.SEX),)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "not TOML"),
        (b"PatientID,Sex\nAB-1,F\n", "not TOML"),
        (b"x = " + b"[" * 100_000, "not TOML"),
        (b"", "its format is not"),
        (b'format = "other"\n', "its format is not"),
        ((HEAD + "secret = 1\n").encode(), "something besides"),
        ((HEAD + "column = 3\n").encode(), r"has to be written as \[\[column\]\]"),
        ((HEAD + "[[column]]\nheading = 'a'\n").encode(), "attribute is not one of"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'soul'\n").encode(), "is not one of"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = []\n").encode(), "is not one of"),
        ((HEAD + "[[column]]\nheading = 3\nattribute = 'age'\n").encode(), "heading is a text"),
        ((HEAD + f"[[column]]\nheading = '{'x' * 1001}'\nattribute = 'age'\n").encode(),
         "at most 1,000"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'age'\norder = 'day-first'\n").encode(),
         "belongs to dates"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'relative-day'\nunit = 'months'\n")
         .encode(), "cannot be converted"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'patient'\nleave_out = true\n").encode(),
         "cannot be left out"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'age'\n" * 2).encode(),
         "about the same"),
        ((HEAD + "[[term]]\nattribute = 'age'\nvalue = 'a'\nterm = 'b'\n").encode(),
         "not written in terms"),
        ((HEAD + "[[term]]\nattribute = 'sex'\nvalue = ' '\nterm = 'b'\n").encode(),
         "1 to 200 characters"),
        ((HEAD + "[[missing]]\nattribute = 'sex'\nby = 'a'\nreason = 'b'\n").encode(),
         "cannot be declared"),
        ((HEAD + "[[missing]]\nattribute = 'treatment'\nby = ''\nreason = 'b'\n").encode(),
         "names a person"),
        ((HEAD + "[[column]]\nheading = 'a'\nattribute = 'age'\nrows = ['AB-1']\n").encode(),
         "says something besides"),
    ],
)  # fmt: skip
def test_a_file_that_says_what_cannot_be_is_refused_whole(
    content: bytes, why: str, tmp_path: Path
) -> None:
    saved = tmp_path / "mapping.toml"
    saved.write_bytes(content)
    with ledger_of(tmp_path, COHORT) as ledger:
        with pytest.raises(UsageError, match=why):
            load_mapping(ledger, saved, "")

        assert read_mapping(ledger) == Mapping()


def test_thousands_of_entries_are_refused(tmp_path: Path) -> None:
    saved = tmp_path / "mapping.toml"
    saved.write_text(HEAD + "".join(f"[[column]]\nheading='{n}'\n" for n in range(5000)))
    with (
        ledger_of(tmp_path, COHORT) as ledger,
        pytest.raises(UsageError, match="more than 4,096 entries"),
    ):
        load_mapping(ledger, saved, "")


@pytest.mark.timeout(20)
def test_a_pipe_a_folder_and_a_file_without_end_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "endless", "wb") as file:
        file.truncate(1 << 40)
    with ledger_of(tmp_path, COHORT) as ledger:
        for name, why in (
            ("pipe", "is no file"),
            ("endless", "far too large"),
            (".", "is no file|cannot be opened"),
            ("missing", "cannot be opened"),
        ):
            with pytest.raises(UsageError, match=why):
                load_mapping(ledger, tmp_path / name, "")
