"""Each rule on annotations finds its own fault in an annotated cohort, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.quality.annotated import (
    LABEL_MAP,
    STRUCTURE_SET,
    annotated,
    segment,
    segmentation,
)
from tests.quality.cohort import AS_IS, scanned, told
from tests.quality.faults import judged
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
from transfer.quality.judging import judge
from transfer.quality.rules import BY_ID

ASKED = [
    ("SEG-06", "all", "ask"),
    ("SEG-07", "all", "ask"),
    ("SEG-08", "all", "ask"),
    ("SEG-09", "all", "ask"),
]
"""What is asked once where annotations are part of the dataset."""

FAULTS: list[tuple[Dataset, list[tuple[str, str, str]]]] = [
    (segmentation([segment(2)]), [("SEG-01", "E5", "block")]),
    (segmentation([segment(1), segment(1)]), [("SEG-01", "E5", "block")]),
    (segmentation([segment(1), segment(3)]), [("SEG-01", "E5", "block")]),
    (segmentation([segment(SegmentLabel=None)]), [("SEG-02", "E5", "block")]),
    (segmentation([segment(SegmentDescription="unknown")]), [("SEG-03", "E5", "block")]),
    (segmentation([segment(SegmentAlgorithmType="BY HAND")]), [("SEG-04", "E5", "block")]),
    (segmentation([segment(SegmentAlgorithmName="")]), [("SEG-05", "E5", "block")]),
    (
        segmentation([segment(SegmentAlgorithmType="AUTOMATIC", SegmentAlgorithmName=None)]),
        [("SEG-05", "E5", "warn")],
    ),
    (segmentation(of="1.2.826.3.99"), [("SEG-10", "E5", "block")]),
    (segmentation(of=None), [("SEG-10", "E5", "block")]),
]


@pytest.mark.parametrize(("planted", "found"), FAULTS, ids=lambda value: str(value)[:24])
def test_a_fault_is_found_and_nothing_else(
    planted: Dataset, found: list[tuple[str, str, str]], tmp_path: Path
) -> None:
    source = annotated(planted).write(tmp_path / "source")
    assert sorted(told(judged(source, tmp_path / "home"))) == sorted([*found, *ASKED])


@pytest.mark.parametrize(
    "made",
    [
        segmentation(),
        segmentation([segment(1), segment(2)]),
        segmentation([segment(SegmentAlgorithmType="MANUAL", SegmentAlgorithmName=None)]),
    ],
    ids=["one", "two", "by hand"],
)
def test_a_segmentation_without_a_fault_leaves_but_the_questions(
    made: Dataset, tmp_path: Path
) -> None:
    source = annotated(made).write(tmp_path / "source")
    assert told(judged(source, tmp_path / "home")) == ASKED


def test_a_label_map_may_leave_numbers_out(tmp_path: Path) -> None:
    """Its segment numbers are values of pixels."""
    made = segmentation([segment(3), segment(7)])
    made.SOPClassUID = LABEL_MAP
    source = annotated(made).write(tmp_path / "source")
    assert told(judged(source, tmp_path / "home")) == ASKED


def test_an_rt_structure_set_is_no_dicom_segmentation(tmp_path: Path) -> None:
    made = segmentation()
    made.SOPClassUID, made.Modality = STRUCTURE_SET, "RTSTRUCT"
    del made.SegmentSequence
    source = annotated(made).write(tmp_path / "source")
    assert sorted(told(judged(source, tmp_path / "home"))) == sorted(
        [("SEG-11", "E5", "warn"), *ASKED]
    )


def test_images_that_were_left_out_are_missing_for_their_segmentation(tmp_path: Path) -> None:
    source = annotated(segmentation()).write(tmp_path / "source")
    found = judged(
        source,
        tmp_path / "home",
        before=lambda ledger: ledger.write(
            "UPDATE instance SET state = 'excluded' WHERE series_id = 1"
        ),
    )
    assert ("SEG-10", "E5", "block") in told(found)


def test_nothing_is_asked_about_annotations_that_were_left_out(tmp_path: Path) -> None:
    source = annotated(segmentation(of=None)).write(tmp_path / "source")
    found = judged(
        source,
        tmp_path / "home",
        before=lambda ledger: ledger.write(
            "UPDATE instance SET state = 'excluded' WHERE series_id = 5"
        ),
    )
    assert found == []


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        ("SEG-06", "2", "0"),
        ("SEG-06", "1", "two"),
        ("SEG-07", "Radiologist", " "),
        ("SEG-08", "5 years or more", "\x1b[2J"),
        ("SEG-09", "T2w", ""),
    ],
)
def test_what_is_asked_once_takes_answers_of_its_form(rule: str, good: str, bad: str) -> None:
    accepts = BY_ID[rule].accepts
    assert accepts is not None
    assert (accepts(good), accepts(bad)) == (True, False)


def test_an_answer_settles_what_was_open_and_not_what_comes_later(tmp_path: Path) -> None:
    """Of two labels that are missing one was known when the person spoke."""
    first = segmentation([segment(SegmentLabel=None)])
    source = annotated(first).write(tmp_path / "source")
    with scanned(source, tmp_path / "home") as ledger:
        judge(ledger, AS_IS)
        assert settle_findings(ledger, "SEG-02", None, "answered", "Tumour", "Dr A", "") == ["E5"]
        _another(ledger)
        judge(ledger, AS_IS)
        found = read_findings(ledger, rule="SEG-02", standing=None)
    assert [(f.key, f.standing) for f in found] == [("E5", "answered"), ("E6", "open")]


def _another(ledger: Ledger) -> None:
    ledger.write(
        "INSERT INTO series SELECT 6, study_id, '1.2.826.3.10', modality, '10', description,"
        " body_part, manufacturer, NULL FROM series WHERE id = 5"
    )
    columns = [row[1] for row in ledger.rows("PRAGMA table_info(instance)")]
    changed = {"id": "NULL", "series_id": "6", "sop_instance_uid": "'1.2.826.1.10'"}
    values = ", ".join(changed.get(column, column) for column in columns)
    ledger.write(f"INSERT INTO instance SELECT {values} FROM instance WHERE series_id = 5")  # noqa: S608 - literals
