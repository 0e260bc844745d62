"""Each rule on de-identification finds its own fault in a clean cohort, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.quality.cohort import AS_IS, TODAY, told
from tests.quality.faults import INTEGRITY, NOT_REQUIRED, Cohort, Fault, check, judged
from transfer.deid.methods import MethodSpec, build_method, label_of
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import Finding
from transfer.ledger.traits import traits_row
from transfer.quality.attributes import PIXELS_BLANKED, Traits
from transfer.quality.document import write_traits
from transfer.quality.rule import Circumstances

ROOT = "1.2.840.10008.5.1.4.1.1."
BY_PROFILE = Circumstances(today=TODAY, method="eucaim")
BY_SCRIPT = Circumstances(today=TODAY, method="site.script")


def _private(cohort: Cohort) -> None:
    block = cohort.images[0].private_block(0x0029, "MAKER", create=True)
    block.add_new(0x10, "LO", "whatever")


def _nested_private(cohort: Cohort) -> None:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.private_block(0x0029, "MAKER", create=True).add_new(0x10, "LO", "whatever")
    cohort.images[0].RequestAttributesSequence = [item]


def _overlay(cohort: Cohort) -> None:
    cohort.images[0].add_new(0x60000010, "US", 4)


FAULTS = [
    Fault(
        "a mark without a method",
        lambda c: c.set(1, DeidentificationMethod=None),
        [("DID-02", "E1", "block")],
    ),
    Fault("a private element", _private, [("DID-04", "E1", "block")]),
    Fault("a private element in a sequence", _nested_private, [("DID-04", "E1", "block")]),
    Fault("an overlay", _overlay, [("DID-04", "E1", "block")]),
    Fault(
        "a Series Description",
        lambda c: c.set(2, SeriesDescription="Thorax lung"),
        [("DID-06", "E2", "ask")],
    ),
    Fault(
        "a comment on an image",
        lambda c: c.set(2, ImageComments="called home"),
        [("DID-06", "E2", "ask")],
    ),
    Fault(
        "text that is said to be burned in",
        lambda c: c.set(3, BurnedInAnnotation="YES"),
        [("DID-07", "E3", "block")],
    ),
    Fault(
        "an ultrasound, whatever it says of itself",
        lambda c: c.set(3, SOPClassUID=f"{ROOT}6.1", Modality="US"),
        [("DID-07", "E3", "block")],
    ),
    Fault(
        "a secondary capture",
        lambda c: c.set(3, SOPClassUID=f"{ROOT}7", BurnedInAnnotation=None),
        [("DID-07", "E3", "block")],
    ),
    Fault(
        "a dose page",
        lambda c: c.set(3, ImageType=["DERIVED", "SECONDARY", "DOSE_INFO"]),
        [("DID-07", "E3", "block")],
    ),
    Fault(
        "a document",
        lambda c: c.set(3, SOPClassUID=f"{ROOT}104.1", Modality="DOC"),
        [("DID-07", "E3", "block")],
    ),
    Fault(
        "a head",
        lambda c: c.set(4, BodyPartExamined="HEAD"),
        [("DID-09", "E4", "block")],
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_nothing_else(fault: Fault, tmp_path: Path) -> None:
    check(fault, tmp_path)


def found(folder: Path, now: Circumstances = AS_IS, **elements: Any) -> list[Finding]:
    return judged(Cohort().set(1, **elements).write(folder / "source"), folder / "home", now)


@pytest.mark.parametrize("part", ["BRAIN", "HEADNECK", "NECK", "SKULL", "WHOLEBODY"])
@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_what_shows_the_face_is_asked_about(part: str, modality: str, tmp_path: Path) -> None:
    assert told(found(tmp_path, BodyPartExamined=part, Modality=modality)) == [
        ("DID-09", "E1", "block")
    ]


@pytest.mark.parametrize(
    "elements",
    [
        {"BodyPartExamined": "HEAD", "RecognizableVisualFeatures": "NO"},
        {"BodyPartExamined": "HEAD", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
        {"BodyPartExamined": "HEAD", "Modality": "CR"},
    ],
    ids=["defaced already", "a localizer", "a projection"],
)
def test_what_shows_no_face_is_not_asked_about(elements: dict[str, Any], tmp_path: Path) -> None:
    assert found(tmp_path, **elements) == []


def test_a_head_without_a_body_part_is_known_by_its_description(tmp_path: Path) -> None:
    """Else choosing the body part later would be the first that anybody hears of a face."""
    rules = {f.rule for f in found(tmp_path, BodyPartExamined="", SeriesDescription="CT_Brain 1mm")}
    assert rules == {"IMG-03", "DID-06", "DID-09"}


def test_a_chest_described_with_a_neck_is_a_chest(tmp_path: Path) -> None:
    rules = {f.rule for f in found(tmp_path, SeriesDescription="Chest incl. neck")}
    assert rules == {"DID-06"}


def test_a_message_names_the_attribute_and_never_its_text(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, SeriesDescription="Mr Miller, again")
    assert finding.message == (
        "Free text goes along in 2 instances: Series Description (0008,103E)."
    )


@pytest.mark.parametrize("now", [BY_PROFILE, BY_SCRIPT], ids=["profile", "script"])
@pytest.mark.parametrize(
    "fault",
    [f for f in FAULTS if f.told[0][0] in ("DID-02", "DID-04", "DID-06")],
    ids=lambda fault: fault.name,
)
def test_where_a_method_is_in_force_the_source_is_not_blamed_for_its_header(
    fault: Fault, now: Circumstances, tmp_path: Path
) -> None:
    check(replace(fault, now=now, told=[]), tmp_path)


@pytest.mark.parametrize("now", [NOT_REQUIRED, INTEGRITY], ids=["not required", "integrity"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_where_nobody_asks_for_de_identified_images_nothing_is_said(
    fault: Fault, now: Circumstances, tmp_path: Path
) -> None:
    check(replace(fault, now=now, told=[]), tmp_path)


def leaving(elements: dict[int, str]) -> Any:
    """Have all instances of the first Series leave with such a header."""

    def made(ledger: Ledger) -> None:
        row = traits_row(ledger, write_traits(Traits(elements)))
        ledger.write("UPDATE instance SET out_traits_id = ? WHERE series_id = 1", row)

    return made


_FIT = {
    0x00020010: "1.2.840.10008.1.2.1",
    0x00080016: f"{ROOT}2",
    0x00080022: "20240101",
    0x00080060: "CT",
    0x00080070: "Maker",
    0x00100040: "F",
    0x00120062: "YES",
    0x00120063: "By hand",
    0x00180015: "CHEST",
}


def test_private_elements_that_a_script_leaves_are_for_a_person_to_judge(tmp_path: Path) -> None:
    source = Cohort().write(tmp_path / "source")
    left = leaving({**_FIT, -1: "0029"})
    one = judged(source, tmp_path / "one", BY_SCRIPT, left)
    assert [(f.rule, f.key, f.severity, f.standing) for f in one] == [
        ("DID-04", "E1", "block", "open")
    ]
    # A profile of ours leaves only what it keeps by name, also with pixel rules beside it.
    assert judged(source, tmp_path / "two", BY_PROFILE, left) == []
    with_pixels = replace(BY_PROFILE, method="eucaim + pixels")
    assert judged(source, tmp_path / "three", with_pixels, left) == []


def test_a_script_is_no_profile_because_its_file_is_called_like_one() -> None:
    spec = MethodSpec("eucaim", script=b"<script></script>")
    assert label_of(spec, build_method(spec)).name == "script eucaim"


def test_no_change_of_a_header_takes_text_out_of_a_picture(tmp_path: Path) -> None:
    """A method that writes Burned In Annotation NO, or drops what says Ultrasound, blanks
    nothing."""
    source = Cohort().set(1, BurnedInAnnotation="YES").write(tmp_path / "source")
    made = leaving({**_FIT, 0x00280301: "NO"})
    found = judged(source, tmp_path / "home", BY_PROFILE, made)
    assert [(f.rule, f.key, f.severity, f.standing) for f in found] == [
        ("DID-07", "E1", "block", "open")
    ]


def test_pictures_that_pixel_rules_blanked_need_no_look(tmp_path: Path) -> None:
    source = Cohort().set(1, BurnedInAnnotation="YES").write(tmp_path / "source")
    blanking = replace(BY_PROFILE, blanks_pixels=True)
    made = leaving({**_FIT, PIXELS_BLANKED.tag: "YES"})
    assert judged(source, tmp_path / "blanked", blanking, made) == []
    # Before they were at work nobody knows which pictures they cover.
    assert judged(source, tmp_path / "before", blanking) == []
    # A picture that they do not cover is asked about.
    missed = judged(source, tmp_path / "missed", blanking, leaving(_FIT))
    assert told(missed) == [("DID-07", "E1", "block")]


def test_a_face_stays_in_the_picture_when_its_body_part_is_dropped(tmp_path: Path) -> None:
    source = Cohort().set(1, BodyPartExamined="HEAD").write(tmp_path / "source")
    found = judged(source, tmp_path / "home", BY_PROFILE, leaving(_FIT))
    assert [(f.rule, f.key, f.standing) for f in found] == [("DID-09", "E1", "open")]


def test_a_body_part_that_was_chosen_here_brings_the_question_of_faces(tmp_path: Path) -> None:
    source = Cohort().set(1, BodyPartExamined="").write(tmp_path / "source")
    found = judged(source, tmp_path / "home", BY_PROFILE, leaving({**_FIT, 0x00180015: "HEAD"}))
    assert [(f.rule, f.key, f.standing) for f in found] == [
        ("DID-09", "E1", "open"),
        ("IMG-03", "E1", "mended"),
    ]


def test_a_fault_that_the_method_takes_away_is_mended_and_one_that_it_makes_stands(
    tmp_path: Path,
) -> None:
    source = Cohort().set(1, Modality="CAT").write(tmp_path / "source")
    made = leaving({**_FIT, 0x00080070: ""})
    found = judged(source, tmp_path / "home", BY_PROFILE, made)
    assert [(f.rule, f.key, f.severity, f.standing) for f in found] == [
        ("IMG-02", "E1", "block", "mended"),
        ("IMG-04", "E1", "block", "open"),
    ]
