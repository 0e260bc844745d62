"""Terms of EUCAIM's coded attributes: what is one, what is proposed, what is never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clinical.ledgers import ledger_of
from transfer.clinical.columns import Role
from transfer.clinical.derive import derive
from transfer.clinical.phase import read_clinical
from transfer.clinical.term_aliases import ALIASES
from transfer.clinical.term_values import (
    choose_term,
    confirm_terms,
    forget_term,
    term_columns,
)
from transfer.clinical.terms import VOCABULARIES, meaning, propose_term, term_of
from transfer.errors import UsageError
from transfer.ledger.mapping import read_mapping

TABLE = (
    "PatientID,Sex,Topography,Pathology\n"
    "AB-1,F,Pulmón,8140/3\nAB-2,M,lung,Adenocarcinoma\nAB-3,1,,NA\nAB-3,F,Colon,8140/3\n"
)
COHORT = {"AB-1": ["20200110"], "AB-2": ["20200601"], "AB-3": ["20200701"]}


def term(role: Role, text: str, *beside: str) -> str | None:
    found = propose_term(role, text, beside)
    return found.term if found else None


def test_population_has_the_five_terms_and_codes_of_eucaim() -> None:
    assert [(one.text, one.code) for one in VOCABULARIES[Role.POPULATION].terms] == [
        ("Patient with Cancer", "COM1001087"),
        ("Patient with lesion not being a malignant tumor", "COM1001086"),
        ("Negative screening", "COM1002626"),
        ("Screening", "COM1002624"),
        ("Control group", "COM1002625"),
    ]


@pytest.mark.parametrize(
    ("role", "text", "is_term"),
    [
        (Role.SEX, "female", "Female"),
        (Role.SEX, " MALE ", "Male"),
        (Role.POPULATION, "COM1002625", "Control group"),
        (Role.POPULATION, "negative  screening", "Negative screening"),
        (Role.PATHOLOGY, "8140/3", "8140/3"),
        (Role.TOPOGRAPHY, "C34.1", "C34.1"),
        (Role.PATHOLOGY, "1140/3", ""),
        (Role.SEX, "F", ""),
        (Role.SEX, "8140/3", ""),
    ],
)
def test_a_term_may_differ_in_case_and_blanks_or_be_its_code(
    role: Role, text: str, is_term: str
) -> None:
    assert term_of(role, text) == is_term


def test_what_a_person_said_goes_before_what_a_value_is() -> None:
    assert meaning({"M": "Female"}, Role.SEX, "M") == "Female"
    assert meaning({}, Role.SEX, "male") == "Male"
    assert meaning({}, Role.SEX, "M") == ""


@pytest.mark.parametrize(
    ("role", "text", "proposed"),
    [
        (Role.SEX, "mujer", "Female"),
        (Role.SEX, "Männlich", "Male"),
        (Role.POPULATION, "Screening negative", "Negative screening"),
        (Role.CONFIRMATION, "core needle biopsy", "Biopsy"),
        (Role.LATERALITY, "izquierda", "Left"),
        (Role.TREATMENT, "cirugía + QT", "Surgery; Chemotherapy"),
        (Role.TREATMENT, "surgery and prayer", None),
        (Role.TREATMENT, "surgery; prayer", None),
        (Role.EPISODE, "recidiva", "Relapse"),
        (Role.TOPOGRAPHY, "brust", "Breast"),
    ],
)
def test_usual_words_are_proposed(role: Role, text: str, proposed: str | None) -> None:
    assert term(role, text) == proposed


@pytest.mark.parametrize("number", ["0", "1", "2", "9"])
def test_numbers_are_never_guessed(number: str) -> None:
    assert term(Role.SEX, number, "0", "1", "2") is None


@pytest.mark.parametrize(
    ("letter", "beside", "proposed"),
    [
        ("F", ("M",), "Female"),
        ("M", ("F",), "Male"),
        ("M", (), "Male"),
        ("H", ("M",), "Male"),
        ("M", ("H",), "Female"),
        ("H", ("F",), "Male"),
        ("M", ("V",), None),
        ("V", ("M",), None),
        ("W", ("M",), "Female"),
        ("W", (), None),
        ("H", (), None),
        ("D", ("M", "F"), None),
    ],
)
def test_a_letter_means_what_its_language_means_by_it(
    letter: str, beside: tuple[str, ...], proposed: str | None
) -> None:
    """M beside H is a woman in Spain; beside V it is a woman in Spain and a man in the
    Netherlands."""
    assert term(Role.SEX, letter, letter, *beside) == proposed


def test_a_word_stands_for_one_term_of_a_list() -> None:
    for vocabulary in VOCABULARIES.values():
        words = [word for one in vocabulary.terms for word in ALIASES[one.text]]
        assert len(words) > 5
        assert sorted(words) == sorted(set(words)), vocabulary.role


def test_values_of_a_column_are_told_with_counts_terms_and_proposals(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        sex, topography, pathology = term_columns(ledger)

        assert [(v.text, v.rows, v.term, v.proposal and v.proposal.term) for v in sex.values] == [
            ("F", 2, "", "Female"),
            ("1", 1, "", None),
            ("M", 1, "", "Male"),
        ]
        assert [(v.text, v.term) for v in topography.values] == [
            ("Colon", "Colon"),
            ("Pulmón", ""),
            ("lung", "Lung"),
        ]
        assert [(v.text, v.rows, v.term) for v in pathology.values] == [
            ("8140/3", 2, "8140/3"),
            ("Adenocarcinoma", 1, ""),
        ]
        assert (sex.unmapped, topography.unmapped, pathology.unmapped) == (3, 1, 0)


def test_a_proposal_counts_once_it_was_confirmed_and_what_is_not_proposed_stays(
    tmp_path: Path,
) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        assert read_mapping(ledger).terms_of(Role.SEX) == {}

        assert confirm_terms(ledger, Role.SEX, "Dr Data") == 2
        assert read_mapping(ledger).terms_of(Role.SEX) == {"F": "Female", "M": "Male"}
        assert read_mapping(ledger).terms_of(Role.TOPOGRAPHY) == {}

        choose_term(ledger, Role.SEX, "1", "female", "Dr Data")
        forget_term(ledger, Role.SEX, "M")
        assert read_mapping(ledger).terms_of(Role.SEX) == {"1": "Female", "F": "Female"}


def test_a_patients_own_value_is_not_shown_and_not_kept(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE.replace("Pulmón", "ab_01").replace("Colon", "Serrano"))
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Serrano^Ana' WHERE id = 1")
        read_clinical(ledger)
        derive(ledger)

        (topography,) = term_columns(ledger, Role.TOPOGRAPHY)
        assert {v.text: v.is_shown for v in topography.values} == {
            "ab_01": False,
            "Serrano": False,
            "lung": True,
        }
        for value, means in (("AB-1", "Lung"), ("serrano", "Lung"), ("x", "Ana Serrano")):
            with pytest.raises(UsageError, match="Patient ID or a name"):
                choose_term(ledger, Role.TOPOGRAPHY, value, means, "")
        assert read_mapping(ledger).terms == ()


def test_an_organ_is_no_name_even_where_a_patient_bears_it(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    table.write_text(TABLE)
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        with ledger.transaction():
            ledger.write("UPDATE patient SET original_name = 'Colon^Maria' WHERE id = 1")
        read_clinical(ledger)

        (topography,) = term_columns(ledger, Role.TOPOGRAPHY)
        assert all(value.is_shown for value in topography.values)


def test_a_column_of_a_hundred_different_values_is_no_column_of_terms(tmp_path: Path) -> None:
    table = tmp_path / "thorax_clinical.csv"
    rows = "".join(f"AB-{n},surgeon {n}\n" for n in range(150))
    table.write_text(f"PatientID,Topography\n{rows}AB-1,lung\n")
    with ledger_of(tmp_path, COHORT, clinical=table) as ledger:
        read_clinical(ledger)
        (column,) = term_columns(ledger)

        assert (column.is_cut, len(column.values)) == (True, 100)
        assert [v.text for v in column.values if v.is_shown] in ([], ["lung"])


@pytest.mark.parametrize(
    ("role", "value", "means", "why"),
    [
        (Role.AGE, "x", "Lung", "not written in terms"),
        (Role.SEX, "", "Female", "stands for no term"),
        (Role.SEX, "NA", "Female", "stands for no term"),
        (Role.SEX, "f" * 201, "Female", "stands for no term"),
        (Role.SEX, "F", "", "no term"),
        (Role.SEX, "F", "Fem\x1bale", "no term"),
        (Role.EPISODE, "x", "Holiday", "no term of Episode"),
    ],
)
def test_what_cannot_be_a_term_is_refused(
    role: Role, value: str, means: str, why: str, tmp_path: Path
) -> None:
    with (
        ledger_of(tmp_path, COHORT) as ledger,
        pytest.raises(UsageError, match=why),
    ):
        choose_term(ledger, role, value, means, "")


def test_another_agreed_word_is_taken_where_the_list_is_open(tmp_path: Path) -> None:
    with ledger_of(tmp_path, COHORT) as ledger:
        choose_term(ledger, Role.SEX, "X", "Indeterminate", "Dr Data")

        assert read_mapping(ledger).terms_of(Role.SEX) == {"X": "Indeterminate"}


def test_the_documentation_names_every_term_and_which_are_eucaims() -> None:
    (section,) = (
        (Path(__file__).parents[2] / "docs" / "clinical-mapping.md")
        .read_text("utf-8")
        .split("## Terms")[1:]
    )
    for vocabulary in VOCABULARIES.values():
        told = [
            f"{one.text}{'*' if one.is_eucaim else ''}{f' ({one.code})' if one.code else ''}"
            for one in vocabulary.terms
        ]
        assert f"| {', '.join(told)} |" in section
