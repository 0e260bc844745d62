"""What is proposed for a column whose heading is not known, and what is never applied unasked."""

from __future__ import annotations

import pytest

from transfer.clinical.columns import Role, roles_of
from transfer.clinical.mapping import Unit
from transfer.clinical.proposing import Sample, clear_choice, proposals


def proposed(heading: str, *values: str, patients: int = 0, studies: int = 0) -> list[Role]:
    """Roles proposed for a column beside PatientID, the best first."""
    headings = ("PatientID", heading)
    found = proposals(headings, roles_of(headings), {}, {1: Sample(values, patients, studies)})
    return [one.role for one in found.get(1, ())]


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Edad al diagnóstico", Role.AGE_AT_DIAGNOSIS),
        ("sexo", Role.SEX),
        ("FECHA_NACIMIENTO", Role.BIRTH_DATE),
        ("Geburtsdatum", Role.BIRTH_DATE),
        ("Geschlecht", Role.SEX),
        ("data di nascita", Role.BIRTH_DATE),
        ("Date de naissance", Role.BIRTH_DATE),
        ("Leeftijd", Role.AGE),
        ("Idade", Role.AGE),
        ("Dx date", Role.DIAGNOSIS_DATE),
    ],
)
def test_headings_of_other_languages_and_of_hospitals_are_proposed(
    heading: str, role: Role
) -> None:
    assert proposed(heading) == [role]


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        ("Diagnosys date", Role.DIAGNOSIS_DATE),
        ("Lateralty", Role.LATERALITY),
        ("Treatmnt", Role.TREATMENT),
        ("Gebutsdatum", Role.BIRTH_DATE),
    ],
)
def test_a_heading_with_a_slip_of_the_finger_is_proposed(heading: str, role: Role) -> None:
    assert proposed(heading) == [role]


@pytest.mark.parametrize("heading", ["Stage", "Weight", "Image quality", "PSA", "ECOG", "T", ""])
def test_a_heading_that_is_like_none_is_not_proposed(heading: str) -> None:
    assert proposed(heading, "45.5", "61.2") == []


def test_nothing_of_it_is_applied() -> None:
    assert roles_of(("PatientID", "Edad al diagnóstico", "Sexo")) == {0: Role.PATIENT}


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (("31/01/2024", "02.02.2024"), Role.OTHER_DATE),
        (("2024-01-31",), Role.OTHER_DATE),
        (("F", "M", "F"), Role.SEX),
        (("H", "M"), Role.SEX),
        (("Female", "male"), Role.SEX),
        (("Left", "Right", "Bilateral"), Role.LATERALITY),
        (("Pulmón", "MAMA"), Role.TOPOGRAPHY),
        (("8140/3", "8500/3", "other"), Role.PATHOLOGY),
        (("Diagnosis", "Relapse"), Role.EPISODE),
        (("Patient with Cancer", "Control group"), Role.POPULATION),
    ],
)
def test_values_that_speak_for_themselves_are_proposed(values: tuple[str, ...], role: Role) -> None:
    assert proposed("V17", *values) == [role]


@pytest.mark.parametrize(
    "values",
    [
        ("1", "2", "1"),
        ("0", "1"),
        ("M", "M"),
        ("CT", "CT"),
        ("45", "61"),
        ("20245678", "11223344"),
        ("L", "R"),
    ],
)
def test_values_that_may_be_anything_are_not(values: tuple[str, ...]) -> None:
    """A sex of 1 and 2, a treatment of CT, an age without a heading that speaks of one."""
    assert proposed("V17", *values) == []


def test_ages_are_proposed_where_the_heading_speaks_of_an_age() -> None:
    assert proposed("Patient age now", "45.5", "61") == [Role.AGE]
    assert proposed("Age when first dx", "45.5", "61") == [Role.AGE_AT_DIAGNOSIS]
    assert proposed("Age group", "old", "young") == []


def test_values_against_it_take_a_proposal_away() -> None:
    assert proposed("Diagnosis", "2024-01-31", "2024-02-29") == [Role.DIAGNOSIS_DATE]
    assert proposed("Diagnosis", "Carcinoma", "Sarcoma") == []
    assert proposed("Edad", "adulto", "niño") == []


def test_a_column_of_the_images_patient_ids_is_proposed_whatever_its_heading() -> None:
    headings = ("nr", "MRN")
    found = proposals(headings, {}, {}, {1: Sample(("AB-1", "AB-2"), patients=2)})

    assert [one.role for one in found[1]] == [Role.PATIENT]
    assert proposals(headings, {}, {}, {1: Sample(("AB-1", "seen by AB-2"), patients=1)}) == {}


def test_a_column_headed_as_names_is_never_proposed() -> None:
    assert proposed("Nombre", "Female", "Male") == []


def test_a_unit_behind_a_known_heading_is_proposed_with_it() -> None:
    headings = ("PatientID", "Age (months)")
    (one,) = proposals(headings, roles_of(headings), {}, {})[1]

    assert (one.role, one.unit, one.why) == (Role.AGE, Unit.MONTHS, "its heading says months")


def test_relative_months_are_not_proposed_since_they_are_no_whole_days() -> None:
    assert proposed("Relative day (months)", "1", "2") == []
    assert proposed("Relative day (weeks)", "1", "2") == [Role.RELATIVE_DAY]


def test_two_columns_for_one_attribute_are_asked_about() -> None:
    headings = ("PatientID", "Sexo", "Geschlecht", "Edad")
    found = proposals(headings, roles_of(headings), {}, {})

    assert [found[place][0].rivals for place in (1, 2, 3)] == [(2,), (1,), ()]
    assert [clear_choice(found[place]) is None for place in (1, 2, 3)] == [True, True, False]


def test_a_column_that_claims_what_a_known_one_has_is_asked_about() -> None:
    headings = ("PatientID", "Sex", "Sexo")
    found = proposals(headings, roles_of(headings), {}, {})

    assert found[2][0].rivals == (1,)
    assert clear_choice(found[2]) is None


def test_what_a_person_gave_away_is_not_proposed_again() -> None:
    headings = ("PatientID", "Sex", "Sexo", "Edad")
    said = {1: Role.SEX, 3: None}

    assert proposals(headings, roles_of(headings, said), said, {}) == {}
