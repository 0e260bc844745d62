"""Labels are what XNAT would make of them, told beforehand."""

from __future__ import annotations

import pytest

from adapters.xnat.labels import Labels, clean, is_made_up, labels_of, subject_key
from transfer.values import StudyInstanceUID, StudyRef


def _study(patient: str, uid: str = "1.2.3") -> StudyRef:
    return StudyRef(StudyInstanceUID(uid), patient)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("SUBJ-001", "SUBJ-001"),
        ("a_b", "a_b"),
        ("A.1", "A_1"),
        ("A 1", "A_1"),
        ("Müller^X", "M_ller_X"),
        (" padded \0", "padded"),
        ("٣", "_"),
    ],
)
def test_letters_digits_underscore_and_hyphen_stay_and_the_rest_becomes_an_underscore(
    text: str, label: str
) -> None:
    assert clean(text) == label


def test_a_session_is_the_pseudonym_and_a_short_hash_of_the_study() -> None:
    assert labels_of(_study("SUBJ-001")) == Labels("SUBJ-001", "SUBJ-001_c47f5b18")


def test_two_studies_of_one_patient_get_two_sessions() -> None:
    one, other = labels_of(_study("P1", "1.2.3")), labels_of(_study("P1", "1.2.4"))
    assert one.subject == other.subject
    assert one.session != other.session


@pytest.mark.parametrize(
    ("patient", "subject"),
    [
        ("", "NOID-c47f5b18"),
        (" \0", "NOID-c47f5b18"),
        ("^^", "ID-dd9c8445"),
        ("患者", "ID-9db4a3b3"),
        ("x" * 129, "ID-0ec9eb33"),
    ],
)
def test_a_patient_id_that_gives_no_label_gets_a_number(patient: str, subject: str) -> None:
    labels = labels_of(_study(patient))
    assert is_made_up(_study(patient))
    assert labels == Labels(subject, f"{subject}_c47f5b18")


def test_studies_without_a_patient_id_are_not_taken_for_one_patients() -> None:
    assert labels_of(_study("", "1.2.3")).subject != labels_of(_study("", "1.2.4")).subject


def test_case_and_odd_characters_do_not_make_another_subject() -> None:
    assert subject_key("pat.1") == subject_key("PAT_1")
    assert subject_key("pat-1") != subject_key("PAT_1")
