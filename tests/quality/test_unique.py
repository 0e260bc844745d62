"""Each rule on whose images they are, and on what is there twice, finds its own fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quality.cohort import clean_images, told, write_images
from tests.quality.faults import Cohort, Fault, check, judged, put
from transfer.quality.rules.unique import is_placeholder


def _again(cohort: Cohort) -> None:
    cohort.images.append(cohort.images[0])


def _again_otherwise(cohort: Cohort) -> None:
    other = clean_images()[0]
    other.ImageComments = ""
    other.PixelData = bytes(32)
    other["PixelData"].VR = "OW"
    cohort.images.append(other)


FAULTS = [
    Fault(
        "no Patient ID",
        lambda c: c.set(1, PatientID="").set(2, PatientID=""),
        [("IMG-01", "S1", "block")],
    ),
    Fault(
        "a Patient ID that says nothing",
        lambda c: c.set(1, PatientID="UNKNOWN").set(2, PatientID="UNKNOWN"),
        [("IMG-01", "S1", "block")],
    ),
    Fault(
        "no Patient ID in a part of a study",
        lambda c: c.set(2, PatientID=None),
        [("IMG-01", "S2", "block")],
    ),
    Fault(
        "a Patient ID of 65 characters",
        lambda c: c.set(3, PatientID="A" * 64 + "B").set(4, PatientID="A" * 64 + "B"),
        [("IMG-01", "S2", "block")],
    ),
    Fault(
        "a Patient ID of stars",
        lambda c: c.set(1, PatientID="***").set(2, PatientID="***"),
        [("IMG-01", "S1", "warn")],
    ),
    Fault("the same file twice", _again, [("UNQ-02", "all", "warn")]),
    Fault("one UID with two contents", _again_otherwise, [("UNQ-03", "0009.dcm", "block")]),
    Fault(
        "a study of two patients",
        lambda c: c.set(2, PatientID="ABC-000103-B"),
        [("UNQ-04", "S1", "block")],
    ),
    Fault(
        "a series of two patients",
        lambda c: c.set(3, SeriesInstanceUID="1.2.826.3.1.1.1"),
        [("UNQ-04", "E1", "block")],
    ),
    Fault(
        "a series number twice in a study",
        lambda c: c.set(2, SeriesNumber="1"),
        [("UNQ-06", "S1", "warn")],
    ),
    Fault(
        "a Patient ID of two names",
        lambda c: c.set(1, PatientName="Doe^Jane").set(2, PatientName="Roe^Mary"),
        [("UNQ-07", "P1", "warn")],
    ),
    Fault(
        "a Patient ID of two birth dates",
        lambda c: c.set(1, PatientBirthDate="19500101").set(2, PatientBirthDate="19510101"),
        [("UNQ-07", "P1", "warn")],
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_nothing_else(fault: Fault, tmp_path: Path) -> None:
    check(fault, tmp_path)


@pytest.mark.parametrize(
    "text",
    ["***", "0", "000", "xxx", "XX", "ANON", "Anonymous", "test", "1111", "-_-"],
)
def test_a_placeholder_is_nobody_s_id(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize("text", ["7", "11", "A", "AA1", "ANON-17", "test3", "0001", "P-0"])
def test_a_short_or_dull_id_may_be_somebody_s(text: str) -> None:
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "other", ["DOE^JANE", "Doe^Jane^^", "Doe, Jane", "Doe^J.", "Doe^Jane^Mary", "Jane Doe", ""]
)
def test_one_name_spelt_in_two_ways_is_one_person_s(other: str, tmp_path: Path) -> None:
    cohort = Cohort().set(1, PatientName="Doe^Jane").set(2, PatientName=other)
    assert judged(cohort.write(tmp_path / "source"), tmp_path / "home") == []


def test_a_birth_date_that_one_file_does_not_tell_is_no_other_one(tmp_path: Path) -> None:
    cohort = Cohort().set(1, PatientBirthDate="19500101").set(2, PatientBirthDate="")
    assert judged(cohort.write(tmp_path / "source"), tmp_path / "home") == []


def test_several_persons_of_one_id_are_counted_and_never_named(tmp_path: Path) -> None:
    cohort = Cohort().set(1, PatientName="Doe^Jane").set(2, PatientName="Roe^Mary")
    (finding,) = judged(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert (finding.n, finding.example) == (2, "E2")
    assert finding.message == (
        "This Patient ID is used with 2 different names: it may be that of several persons."
    )


def test_a_series_in_two_studies_of_one_patient_is_worth_a_look(tmp_path: Path) -> None:
    """Nobody gets another's images; but one of the two was filed in the wrong place."""
    cohort = Cohort(clean_images(studies=2)).set(3, SeriesInstanceUID="1.2.826.3.1.1.1")
    found = judged(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert told(f for f in found if f.rule != "TPT-02") == [("UNQ-04", "E1", "warn")]


def test_a_study_of_two_patients_names_both_by_their_keys(tmp_path: Path) -> None:
    cohort = Cohort().set(2, PatientID="ABC-000103-B")
    found = judged(cohort.write(tmp_path / "source"), tmp_path / "home")
    (finding,) = (f for f in found if f.rule == "UNQ-04")
    assert finding.message == "This study belongs to 2 patients: P1, P2."


def test_what_a_person_left_out_is_in_nobody_s_way(tmp_path: Path) -> None:
    """With one of the two patients' parts excluded the study belongs to one."""
    cohort = Cohort().set(2, PatientID="ABC-000103-B")
    found = judged(
        cohort.write(tmp_path / "source"),
        tmp_path / "home",
        before=lambda ledger: ledger.write(
            "UPDATE instance SET state = 'excluded' WHERE series_id = 2"
        ),
    )
    assert found == []


def test_series_without_a_number_share_none(tmp_path: Path) -> None:
    cohort = Cohort().set(1, SeriesNumber=None).set(2, SeriesNumber=None)
    assert judged(cohort.write(tmp_path / "source"), tmp_path / "home") == []


def test_each_further_content_of_a_uid_is_a_finding_of_its_own(tmp_path: Path) -> None:
    """So that a person can say of each file that it is the wrong one."""
    images = clean_images()
    for value in ("A", "B"):
        other = clean_images()[0]
        put(other, "ImageComments", value)
        images.append(other)
    write_images(tmp_path / "source", images)
    found = judged(tmp_path / "source", tmp_path / "home")
    assert told(found) == [("UNQ-03", "0009.dcm", "block"), ("UNQ-03", "0010.dcm", "block")]
    assert {f.example for f in found} == {"I1"}
