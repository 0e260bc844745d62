"""The same picture under two UIDs: found by a look that a person asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.quality.cohort import AS_IS, clean_images, scanned, told, write_images
from transfer.ledger.connection import Ledger
from transfer.ledger.findings import read_findings, settle_findings
from transfer.quality.judging import judge
from transfer.quality.pixels import look_for_equal_pixels
from transfer.scan.phase import Interrupted

RULE = "UNQ-05"


def copied(of: Dataset, to: Dataset) -> None:
    to.PixelData = of.PixelData
    to["PixelData"].VR = "OW"


def found(ledger: Ledger) -> list[tuple[str, str, str]]:
    return told(read_findings(ledger, limit=100, standing=None))


def cohort(folder: Path, *pairs: tuple[int, int]) -> Path:
    """The clean cohort, in which the second image of each pair shows what the first one does."""
    images = clean_images()
    for one, other in pairs:
        copied(images[one - 1], images[other - 1])
    write_images(folder / "source", images)
    return folder / "source"


def test_pictures_that_differ_have_no_twin(tmp_path: Path) -> None:
    with scanned(cohort(tmp_path), tmp_path / "home") as ledger:
        assert look_for_equal_pixels(ledger, 1) == 0
        judge(ledger, AS_IS)
        assert [f for f in found(ledger) if f[0] != "LNK-03"] == []


def test_the_same_picture_under_two_uids_is_told_and_nothing_else(tmp_path: Path) -> None:
    with scanned(cohort(tmp_path, (1, 5), (2, 6)), tmp_path / "home") as ledger:
        assert look_for_equal_pixels(ledger, 2) == 2
        judge(ledger, AS_IS)
        told_of = [f for f in found(ledger) if f[0] != "LNK-03"]
        assert told_of == [("UNQ-05", "E3", "warn")]
        (finding,) = read_findings(ledger, rule=RULE)
    assert finding.message == (
        "The same picture, under other UIDs, is in images of series E1: 2 images."
    )
    assert (finding.n, finding.example) == (2, "I5")


def test_what_a_look_found_is_kept_until_the_next_one(tmp_path: Path) -> None:
    with scanned(cohort(tmp_path, (1, 5)), tmp_path / "home") as ledger:
        look_for_equal_pixels(ledger, 1)
        for _ in range(2):
            judge(ledger, AS_IS)
            assert [f.rule for f in read_findings(ledger, rule=RULE)] == [RULE]
        assert settle_findings(ledger, RULE, None, "waived", "", "Dr A", "a phantom") == ["E3"]
        look_for_equal_pixels(ledger, 1)
        assert [f.standing for f in read_findings(ledger, rule=RULE, standing=None)] == ["waived"]
        ledger.write("UPDATE instance SET state = 'excluded' WHERE series_id = 3")
        assert look_for_equal_pixels(ledger, 1) == 0
        assert read_findings(ledger, rule=RULE, standing=None) == []


@pytest.mark.parametrize("value", [0, 0xFC18])
def test_pictures_of_nothing_are_no_copies_of_each_other(value: int, tmp_path: Path) -> None:
    """Volumes end in black slices, and so do those of other patients."""
    images = clean_images()
    for image in images:
        image.PixelData = value.to_bytes(2, "little") * 16
        image["PixelData"].VR = "OW"
    write_images(tmp_path / "source", images)
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        assert look_for_equal_pixels(ledger, 1) == 0


def test_the_same_bytes_of_another_form_are_another_picture(tmp_path: Path) -> None:
    images = clean_images()
    copied(images[0], images[4])
    images[4].Rows, images[4].Columns = 2, 8
    write_images(tmp_path / "source", images)
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        assert look_for_equal_pixels(ledger, 1) == 0


def test_a_file_that_changed_since_the_scan_is_passed_over(tmp_path: Path) -> None:
    source = cohort(tmp_path, (1, 5))
    with scanned(source, tmp_path / "home") as ledger:
        os.utime(source / "0005.dcm", (1, 1))
        assert look_for_equal_pixels(ledger, 1) == 0


def test_a_look_that_is_broken_off_leaves_what_was_known(tmp_path: Path) -> None:
    with scanned(cohort(tmp_path, (1, 5)), tmp_path / "home") as ledger:
        look_for_equal_pixels(ledger, 1)
        with pytest.raises(Interrupted):
            look_for_equal_pixels(ledger, 1, lambda: True)
        assert [f.key for f in read_findings(ledger, rule=RULE)] == ["E3"]
        assert look_for_equal_pixels(ledger, 1) == 1


def test_pictures_that_differ_in_one_byte_between_the_samples_are_told_apart(
    tmp_path: Path,
) -> None:
    """The sample is of the beginning, the middle and the end; candidates are read as a whole."""
    images = clean_images()
    content = bytes(range(256)) * 512
    for image, at in ((images[0], 20_000), (images[4], 20_001)):
        image.Rows, image.Columns = 256, 256
        image.PixelData = content[:at] + b"\xff\xfe" + content[at + 2 :]
        image["PixelData"].VR = "OW"
    write_images(tmp_path / "source", images)
    with scanned(tmp_path / "source", tmp_path / "home") as ledger:
        assert look_for_equal_pixels(ledger, 1) == 0
