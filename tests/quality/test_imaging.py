"""Each rule on imaging attributes finds its own fault in a clean cohort, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import ExplicitVRLittleEndian

from tests.quality.cohort import AS_IS, clean_images, findings_of, write_images
from tests.quality.faults import Cohort, Fault, check, found_of, put
from transfer.ledger.timepoints import assign_all

RT_STRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
DOSE_REPORT = "1.2.840.10008.5.1.4.1.1.88.67"


FAULTS = [
    Fault(
        "no Modality",
        lambda c: c.set(1, Modality=None),
        [("IMG-02", "E1", "block")],
    ),
    Fault("empty Modality", lambda c: c.set(1, Modality=""), [("IMG-02", "E1", "block")]),
    Fault(
        "a Modality of nobody's",
        lambda c: c.set(1, Modality="CAT"),
        [("IMG-02", "E1", "block")],
    ),
    Fault(
        "a Modality that is retired",
        lambda c: c.set(1, Modality="DS"),
        [("IMG-02", "E1", "warn")],
    ),
    Fault(
        "no Body Part Examined",
        lambda c: c.set(2, BodyPartExamined=None),
        [("IMG-03", "E2", "block")],
    ),
    Fault(
        "a Body Part Examined that says nothing",
        lambda c: c.set(2, BodyPartExamined="UNKNOWN"),
        [("IMG-03", "E2", "block")],
    ),
    Fault(
        "a Body Part Examined that is no term",
        lambda c: c.set(2, BodyPartExamined="ELSEWHERE"),
        [("IMG-03", "E2", "warn")],
    ),
    Fault(
        "a Body Part Examined in small letters",
        lambda c: c.set(2, BodyPartExamined="Thorax"),
        [("IMG-03", "E2", "warn")],
    ),
    Fault(
        "no Manufacturer",
        lambda c: c.set(3, Manufacturer=None),
        [("IMG-04", "E3", "block")],
    ),
    Fault(
        "a Manufacturer that says nothing",
        lambda c: c.set(3, Manufacturer="N/A"),
        [("IMG-04", "E3", "block")],
    ),
    Fault(
        "no date at all",
        lambda c: c.set(4, AcquisitionDate=None, ContentDate=None, SeriesDate=None, StudyDate=None),
        [("IMG-05", "E4", "block")],
    ),
    Fault(
        "an Acquisition Date that no calendar has",
        lambda c: c.set(4, AcquisitionDate="20240231"),
        [("IMG-05", "E4", "block")],
    ),
    Fault(
        "an Acquisition Date in the form of before 1993",
        lambda c: c.set(4, AcquisitionDate="2024.01.31"),
        [("IMG-05", "E4", "block")],
    ),
    Fault(
        "an Acquisition Date in the future",
        lambda c: c.set(4, AcquisitionDate="20260602"),
        [("IMG-05", "E4", "block")],
    ),
    Fault(
        "an Acquisition Date before CT was there",
        lambda c: c.set(4, AcquisitionDate="19690720"),
        [("IMG-05", "E4", "warn")],
    ),
    Fault(
        "an Acquisition Date that other dates can give",
        lambda c: c.set(4, AcquisitionDate=None),
        [("IMG-06", "E4", "ask")],
    ),
    Fault(
        "a SOP Class of a maker's own",
        lambda c: c.set(1, SOPClassUID="1.3.12.2.1107.5.9.1"),
        [("IMG-08", "E1", "block")],
    ),
    Fault(
        "no Patient's Sex",
        lambda c: c.set(1, PatientSex=None),
        [("IMG-13", "E1", "warn")],
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_nothing_else(fault: Fault, tmp_path: Path) -> None:
    check(fault, tmp_path)


def test_a_clean_cohort_gives_no_finding(tmp_path: Path) -> None:
    write_images(tmp_path / "source", clean_images())
    assert findings_of(tmp_path / "source", tmp_path / "home") == []


def test_a_clean_cohort_of_several_studies_gives_no_finding(tmp_path: Path) -> None:
    """Of several studies it is said to which episode and timepoint each belongs."""
    write_images(tmp_path / "source", clean_images(studies=2))
    found = findings_of(
        tmp_path / "source",
        tmp_path / "home",
        before=lambda ledger: assign_all(ledger, "Diagnosis"),
    )
    assert found == []


@pytest.mark.parametrize(
    ("keyword", "offered"),
    [
        ("AcquisitionDateTime", "Acquisition DateTime (0008,002A)"),
        ("ContentDate", "Content Date (0008,0023)"),
        ("SeriesDate", "Series Date (0008,0021)"),
        ("StudyDate", "Study Date (0008,0020)"),
    ],
)
def test_the_date_that_is_nearest_to_the_acquisition_is_offered(
    keyword: str, offered: str, tmp_path: Path
) -> None:
    """IMG-06 names the order: acquisition, content, series, study."""
    order = ["AcquisitionDateTime", "ContentDate", "SeriesDate", "StudyDate"]
    values = {name: "20240131" for name in order[order.index(keyword) :]}
    values |= {name: "" for name in order[: order.index(keyword)]}
    cohort = Cohort().set(1, AcquisitionDate=None, **values)
    (finding,) = findings_of(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert (finding.rule, finding.n) == ("IMG-06", 2)
    assert f"can be taken from {offered}." in finding.message


@pytest.mark.parametrize(("sop_class", "modality"), [(RT_STRUCT, "RTSTRUCT"), (DOSE_REPORT, "SR")])
def test_what_is_no_image_needs_no_body_part_and_no_day_of_acquisition(
    sop_class: str, modality: str, tmp_path: Path
) -> None:
    """Reports and structure sets have neither attribute by the standard."""
    cohort = Cohort().set(
        1,
        SOPClassUID=sop_class,
        Modality=modality,
        AcquisitionDate=None,
        BodyPartExamined=None,
        PatientSex=None,
    )
    found = findings_of(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert [f.rule for f in found if f.rule.startswith("IMG")] == []


def test_a_transfer_syntax_of_nobody_s_is_told_and_stops_what_changes_pixels(
    tmp_path: Path,
) -> None:
    images = clean_images()
    write_images(tmp_path / "source", images)
    path = tmp_path / "source" / "0001.dcm"
    known = str(ExplicitVRLittleEndian).encode() + b"\0"
    odd = b"1.2.3.4.5.6.7.8.9.1\0"
    assert len(known) == len(odd)
    path.write_bytes(path.read_bytes().replace(known, odd))
    now = [
        (f.rule, f.key, f.severity, f.n)
        for f in findings_of(tmp_path / "source", tmp_path / "home")
    ]
    assert now == [("IMG-09", "E1", "warn", 1)]
    blanking = replace(AS_IS, method="script", blanks_pixels=True)
    found = findings_of(tmp_path / "source", tmp_path / "other", blanking)
    assert ("IMG-09", "E1", "block") in [(f.rule, f.key, f.severity) for f in found]


def test_a_class_of_a_maker_s_own_is_no_finding_where_the_node_takes_it(tmp_path: Path) -> None:
    fault = next(fault for fault in FAULTS if fault.name == "a SOP Class of a maker's own")
    (found,) = found_of(fault, tmp_path / "one")
    assert found.rule == "IMG-08"
    takes = replace(fault, now=replace(AS_IS, takes_unknown_classes=True))
    assert found_of(takes, tmp_path / "two") == []


def test_two_faults_of_one_series_are_one_finding_a_rule_with_the_count_of_both(
    tmp_path: Path,
) -> None:
    cohort = Cohort()
    put(cohort.images[0], "BodyPartExamined", "Thorax")
    cohort.images[1].BodyPartExamined = ""
    (finding,) = findings_of(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert (finding.rule, finding.key, finding.severity, finding.n) == ("IMG-03", "E1", "block", 2)
