"""Each rule on files as a whole finds its own fault in a clean cohort, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.uid import UID

from tests.quality.cohort import clean_images, meta_of, told, write_images
from tests.quality.faults import Cohort, Fault, check, found_of, judged


def _other_meta(cohort: Cohort) -> None:
    meta = meta_of(cohort.images[0])
    meta.MediaStorageSOPInstanceUID = UID("1.2.826.9.9")
    cohort.images[0].file_meta = meta


def _with(name: str, content: bytes) -> Callable[[Cohort], None]:
    def plant(cohort: Cohort) -> None:
        cohort.files[name] = content

    return plant


FAULTS = [
    Fault(
        "an ill-formed Series Instance UID",
        lambda c: c.set(1, SeriesInstanceUID="1.2.826.03.1"),
        [("IMG-07", "E1", "block")],
    ),
    Fault(
        "file meta information of another instance",
        _other_meta,
        [("IMG-07", "E1", "block")],
    ),
    Fault(
        "no Study Instance UID",
        lambda c: c.set(4, StudyInstanceUID=None),
        [("IMG-07", "0007.dcm", "block"), ("IMG-07", "0008.dcm", "block")],
    ),
    Fault(
        "no SOP Class UID",
        lambda c: c.set(4, SOPClassUID=None),
        [("IMG-08", "0007.dcm", "block"), ("IMG-08", "0008.dcm", "block")],
    ),
    Fault("a file of nothing", _with("z.dcm", b""), [("IMG-10", "z.dcm", "block")]),
    Fault(
        "a file that only looks like an image",
        _with("z.dcm", b"no image at all"),
        [("IMG-10", "z.dcm", "block")],
    ),
    Fault(
        "a file without an ending that is no image",
        _with("z", b"no image at all"),
        [("IMG-10", "z", "block")],
    ),
    Fault(
        "an image without its pixels",
        lambda c: c.set(1, PixelData=None),
        [("IMG-10", "E1", "warn")],
    ),
    Fault(
        "a picture of another format",
        _with("z.png", b"\x89PNG\r\n\x1a\n"),
        [("IMG-11", "all", "warn")],
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_and_nothing_else(fault: Fault, tmp_path: Path) -> None:
    check(fault, tmp_path)


def test_an_image_that_was_cut_off_blocks_until_somebody_decides(tmp_path: Path) -> None:
    """Its header is whole and names its series, but what is short never becomes an instance."""
    write_images(tmp_path / "source", clean_images())
    path = tmp_path / "source" / "0008.dcm"
    path.write_bytes(path.read_bytes()[:-8])
    found = judged(tmp_path / "source", tmp_path / "home")
    assert told(found) == [("IMG-10", "0008.dcm", "block")]
    assert found[0].message == (
        "The image is cut off: there is less pixel data than the header promises."
    )


def test_a_header_that_was_cut_off_is_no_matter_of_uids(tmp_path: Path) -> None:
    """Where the header ends in the middle all that comes after it is missing."""
    write_images(tmp_path / "source", clean_images())
    path = tmp_path / "source" / "0008.dcm"
    path.write_bytes(path.read_bytes()[:420])
    found = judged(tmp_path / "source", tmp_path / "home")
    assert told(found) == [("IMG-10", "0008.dcm", "block")]


def test_a_directory_record_is_left_out_and_told(tmp_path: Path) -> None:
    cohort = Cohort()
    directory = clean_images()[0]
    directory.file_meta = meta_of(directory)
    directory.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    cohort.images.append(directory)
    found = judged(cohort.write(tmp_path / "source"), tmp_path / "home")
    assert told(found) == [("IMG-12", "all", "info")]


@pytest.mark.parametrize("name", ["README", "readme.txt", ".DS_Store", "Thumbs.db"])
def test_what_lies_about_in_every_folder_is_no_finding(name: str, tmp_path: Path) -> None:
    cohort = Cohort(files={name: b"nothing to see"})
    assert judged(cohort.write(tmp_path / "source"), tmp_path / "home") == []


def test_what_is_put_right_by_itself_is_no_finding(tmp_path: Path) -> None:
    """A file without preamble and file meta information gets both when it is sent."""
    write_images(tmp_path / "source", clean_images())
    path = tmp_path / "source" / "0008.dcm"
    content = path.read_bytes()
    path.write_bytes(content[144 + int.from_bytes(content[140:144], "little") :])
    found = judged(tmp_path / "source", tmp_path / "home")
    # That its transfer syntax had to be inferred, a person should look at.
    assert told(found) == [("IMG-10", "E4", "warn")]
    assert "does not name its transfer syntax" in found[0].message


def test_an_ill_formed_uid_is_told_with_the_count_of_its_instances(tmp_path: Path) -> None:
    (finding,) = found_of(FAULTS[0], tmp_path)
    assert (finding.n, finding.example) == (2, "I1")
    assert finding.message.startswith("A UID is not well-formed in 2 instances")
