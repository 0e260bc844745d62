"""What the scan keeps of a header for the rules, and that a header in memory says the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.scan import files
from tests.scan.files import put
from transfer.deid.header.reading import read_header
from transfer.quality.attributes import (
    BODY_PART,
    DEIDENTIFICATION_CODES,
    MANUFACTURER,
    OVERLAY_GROUPS,
    PRIVATE_GROUPS,
    READ,
    RECOGNIZABLE_FEATURES,
    REFERENCES,
    SEGMENTS,
    Attribute,
)
from transfer.quality.extract import document_of_header
from transfer.scan.inspect import inspect_file

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def both_of(folder: Path, made: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> dict[int, str]:
    """The traits of a file, after having seen that the header in memory says the same."""
    path = put(folder, files.part10(made, syntax))
    facts = inspect_file(str(path))
    assert facts.header is not None
    fd = os.open(path, os.O_RDONLY)
    try:
        header = read_header(fd, path.stat().st_size)
    finally:
        os.close(fd)
    assert document_of_header(header) == facts.header.traits
    return {int(tag): text for tag, text in json.loads(facts.header.traits).items()}


def test_what_rules_read_is_kept_as_text(tmp_path: Path) -> None:
    traits = both_of(tmp_path, files.image())
    assert (traits[BODY_PART.tag], traits[MANUFACTURER.tag]) == ("CHEST", "Maker")


@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
)
def test_every_encoding_says_the_same(tmp_path: Path, syntax: str) -> None:
    made = files.image()
    if syntax == "1.2.840.10008.1.2.2":
        # The document names the transfer syntax, and big endian headers are turned when read.
        path = put(tmp_path, files.part10(made, syntax))
        facts = inspect_file(str(path))
        assert facts.header is not None
        assert json.loads(facts.header.traits)[str(BODY_PART.tag)] == "CHEST"
    else:
        assert both_of(tmp_path, made, syntax)[BODY_PART.tag] == "CHEST"


def needs(attribute: Attribute) -> None:
    if attribute not in READ:
        pytest.skip(f"no rule reads {attribute.name}")


def test_private_groups_are_listed_wherever_they_lie(tmp_path: Path) -> None:
    needs(PRIVATE_GROUPS)
    made = files.image()
    made.add_new(0x00190010, "LO", "MAKER")
    made.add_new(0x00191001, "LO", "secret")
    inner = Dataset()
    inner.add_new(0x00410010, "LO", "OTHER")
    made.RequestAttributesSequence = Sequence([inner])
    assert both_of(tmp_path, made)[PRIVATE_GROUPS.tag] == "0019,0041"


def test_private_blocks_that_an_archive_moved_are_read_as_any_other(tmp_path: Path) -> None:
    """A PACS that adds its own block moves those of others: xx10 becomes xx11."""
    needs(PRIVATE_GROUPS)
    made = files.image()
    made.add_new(0x00290011, "LO", "SIEMENS CSA HEADER")
    made.add_new(0x00291108, "CS", "IMAGE NUM 4")
    made.add_new(0x002911FF, "UN", b"\0" * 5000)
    assert both_of(tmp_path, made)[PRIVATE_GROUPS.tag] == "0029"


def test_overlays_and_curves_are_listed(tmp_path: Path) -> None:
    needs(OVERLAY_GROUPS)
    made = files.image()
    made.add_new(0x50000010, "US", 1)
    made.add_new(0x60020010, "US", 16)
    made.add_new(0x54000100, "SQ", Sequence([]))
    assert both_of(tmp_path, made)[OVERLAY_GROUPS.tag] == "5000,6002"


def test_a_clean_header_has_no_groups_to_tell_of(tmp_path: Path) -> None:
    traits = both_of(tmp_path, files.image())
    assert traits
    assert not {PRIVATE_GROUPS.tag, OVERLAY_GROUPS.tag, DEIDENTIFICATION_CODES.tag} & set(traits)


@pytest.mark.parametrize(("items", "said"), [(0, None), (1, "YES"), (2, "YES")])
def test_method_codes_count_when_there_are_any(
    tmp_path: Path, items: int, said: str | None
) -> None:
    needs(DEIDENTIFICATION_CODES)
    code = Dataset()
    code.CodeValue = "113100"
    made = files.image()
    made.DeidentificationMethodCodeSequence = Sequence([code] * items)
    assert both_of(tmp_path, made).get(DEIDENTIFICATION_CODES.tag) == said
    made["DeidentificationMethodCodeSequence"].is_undefined_length = True
    assert both_of(tmp_path, made).get(DEIDENTIFICATION_CODES.tag) == said


def test_an_image_that_is_defaced_already_says_so(tmp_path: Path) -> None:
    needs(RECOGNIZABLE_FEATURES)
    made = files.image()
    made.RecognizableVisualFeatures = "NO"
    assert both_of(tmp_path, made)[RECOGNIZABLE_FEATURES.tag] == "NO"


def segmentation() -> Dataset:
    made = files.image()
    made.SOPClassUID = SEGMENTATION
    made.Modality = "SEG"
    segments = []
    for number, label in ((1, "Liver"), (2, "Läsion")):
        segment = Dataset()
        segment.SegmentNumber = number
        segment.SegmentLabel = label
        segment.SegmentAlgorithmType = "AUTOMATIC"
        segment.SegmentAlgorithmName = "net"
        segments.append(segment)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SegmentSequence = Sequence(segments)
    series = Dataset()
    series.SeriesInstanceUID = "1.2.3.9"
    made.ReferencedSeriesSequence = Sequence([series])
    return made


def test_a_segmentation_tells_its_segments_and_what_it_was_drawn_on(tmp_path: Path) -> None:
    needs(SEGMENTS)
    needs(REFERENCES)
    traits = both_of(tmp_path, segmentation())
    assert json.loads(traits[SEGMENTS.tag]) == [
        [1, "Liver", "", "AUTOMATIC", "net"],
        [2, "Läsion", "", "AUTOMATIC", "net"],
    ]
    assert traits[REFERENCES.tag] == "1.2.3.9"


def test_more_segments_than_are_kept_end_with_a_whole_one(tmp_path: Path) -> None:
    needs(SEGMENTS)
    made = segmentation()
    made.SegmentSequence = Sequence([*made.SegmentSequence] * 2000)
    segments = json.loads(both_of(tmp_path, made)[SEGMENTS.tag])
    assert 100 < len(segments) < 4000
    assert segments[-1][3] == "AUTOMATIC"


def test_a_segmentation_that_cannot_be_followed_tells_nothing_and_is_reported(
    tmp_path: Path,
) -> None:
    content = files.part10(segmentation())
    length_at = content.index(b"Liver") - 2
    broken = content[:length_at] + b"\xf0\0" + content[length_at + 2 :]
    facts = inspect_file(str(put(tmp_path, broken)))
    assert facts.reasons == ("unreadable-element",)
    assert facts.header is not None
    assert str(SEGMENTS.tag) not in json.loads(facts.header.traits)


def test_slices_that_say_the_same_have_the_same_document(tmp_path: Path) -> None:
    documents = set()
    for number in range(5):
        made = files.image()
        made.SOPInstanceUID = f"1.2.3.{number}"
        made.InstanceNumber = number
        made.ContentTime = f"10101{number}.5"
        made.ImagePositionPatient = [0, 0, number]
        facts = inspect_file(str(put(tmp_path, files.part10(made))))
        assert facts.header is not None
        documents.add(facts.header.traits)
    assert len(documents) == 1
