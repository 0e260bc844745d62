"""Blanking regions: every frame, exactly inside, and a header that does not contradict them."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
)

from tests.deid.pixel_files import (
    REGIONS,
    assert_blanked,
    blanked,
    dataset_of,
    frames_of,
    header_of,
    noise,
    write,
)
from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble
from transfer.deid.model import Stretch
from transfer.deid.pixels import Blanked, PixelPlan, Region, blank, place, stream_pixels
from transfer.deid.pixels.amend import PLACEHOLDER_OFFSET


@pytest.mark.parametrize("dtype", ["u1", "<u2", "<i2", "<u4"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_every_frame_is_changed_inside_the_regions_and_nowhere_else(
    tmp_path: Path, dtype: str, syntax: str
) -> None:
    """Odd sizes, so that no frame begins where a block does."""
    before = noise((5, 13, 11), dtype)
    path = write(dataset_of(before), tmp_path / "a", syntax)
    after, _ = blanked(path, REGIONS)
    assert_blanked(frames_of(after)[..., 0], before, 0)
    assert after.file_meta.TransferSyntaxUID == syntax


@pytest.mark.parametrize(
    ("dtype", "vr"), [("u1", "OB"), ("u1", "OW"), ("<u2", "OW"), ("<u4", "OW")]
)
def test_big_endian_pixels_are_patched_where_they_really_lie(
    tmp_path: Path, dtype: str, vr: str
) -> None:
    """Bytes written as words lie pairwise the wrong way round (PS3.5 section 7.3)."""
    before = noise((3, 13, 10), dtype)
    dataset = dataset_of(before)
    size = before.dtype.itemsize
    raw = before.astype(before.dtype.newbyteorder(">")).tobytes()
    dataset.PixelData = (
        np.frombuffer(raw, "<u2").byteswap().tobytes() if vr == "OW" and size == 1 else raw
    )
    dataset["PixelData"].VR = vr
    path = write(dataset, tmp_path / "a", ExplicitVRBigEndian)
    np.testing.assert_array_equal(frames_of(dcmread(path))[..., 0], before)
    after, _ = blanked(path, REGIONS)
    assert_blanked(frames_of(after)[..., 0], before, 0)


@pytest.mark.parametrize("planar", [0, 1])
def test_colour_is_blanked_in_all_samples_by_pixel_and_by_plane(
    tmp_path: Path, planar: int
) -> None:
    """One plane left unblanked would still show the name."""
    before = noise((3, 12, 11, 3), "u1")
    dataset = dataset_of(before, "RGB", PlanarConfiguration=planar)
    if planar:
        raw = before.transpose(0, 3, 1, 2).tobytes()
        dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    after, _ = blanked(write(dataset, tmp_path / "a"), REGIONS)
    assert_blanked(frames_of(after), before, 0)
    assert planar == after.PlanarConfiguration


def test_black_of_ybr_is_no_green(tmp_path: Path) -> None:
    """Zero in all three samples is green; black has its chrominance in the middle."""
    before = noise((2, 12, 11, 3), "u1")
    path = write(dataset_of(before, "YBR_FULL"), tmp_path / "a")
    after, _ = blanked(path, REGIONS)
    raw = np.frombuffer(after.PixelData, "u1")[: before.size].reshape(before.shape)
    assert_blanked(raw, before, [0, 128, 128])


def test_halved_chrominance_is_blanked_by_pairs_of_pixels(tmp_path: Path) -> None:
    """Two pixels share one colour, so a box takes in the whole pair."""
    stored = noise((2, 6, 5, 4), "u1")  # Y Y Cb Cr for ten columns
    dataset = dataset_of(np.zeros((2, 6, 10, 3), "u1"), "YBR_FULL_422")
    dataset.PixelData = stored.tobytes()
    after, _ = blanked(write(dataset, tmp_path / "a"), (Region(3, 1, 2, 2),))
    raw = np.frombuffer(after.PixelData, "u1").reshape(stored.shape)
    assert (raw[:, 1:3, 1:3] == [0, 0, 128, 128]).all()
    stored[:, 1:3, 1:3] = raw[:, 1:3, 1:3]
    np.testing.assert_array_equal(raw, stored)


def test_monochrome1_becomes_its_greatest_stored_value(tmp_path: Path) -> None:
    """Zero is white there."""
    before = noise((2, 12, 11), "<u2") % 4000
    dataset = dataset_of(before, "MONOCHROME1", BitsStored=12, HighBit=11)
    after, _ = blanked(write(dataset, tmp_path / "a"), REGIONS)
    assert_blanked(frames_of(after)[..., 0], before, 4095)


@pytest.mark.parametrize(("photometric", "black"), [("MONOCHROME2", 0), ("MONOCHROME1", 1)])
def test_packed_bits_are_blanked_where_frames_begin_within_a_byte(
    tmp_path: Path, photometric: str, black: int
) -> None:
    """Frames of packed bits run on without padding (PS3.5 section 8.1.1)."""
    before = np.random.default_rng(3).integers(0, 2, (5, 13, 11), "u1")
    dataset = dataset_of(before, photometric, BitsAllocated=1, BitsStored=1, HighBit=0)
    raw = np.packbits(before.ravel(), bitorder="little").tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    after, _ = blanked(write(dataset, tmp_path / "a"), REGIONS)
    assert_blanked(frames_of(after)[..., 0], before, black)


@pytest.mark.parametrize(
    ("allocated", "syntax"), [(1, ExplicitVRLittleEndian), (8, ExplicitVRBigEndian)]
)
def test_the_edge_of_a_piece_is_none_in_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allocated: int, syntax: str
) -> None:
    """With the smallest pieces: packed bits and swapped bytes must not be torn apart."""
    monkeypatch.setattr("transfer.deid.pixels.native.CHUNK_BYTES", 1)
    before = noise((3, 37, 11), "u1") % (2 if allocated == 1 else 255)
    dataset = dataset_of(before, BitsAllocated=allocated, BitsStored=allocated)
    dataset.HighBit = allocated - 1
    raw = before.tobytes()
    if allocated == 1:
        raw = np.packbits(before.ravel(), bitorder="little").tobytes()
    raw += b"\0" * (len(raw) % 2)
    if syntax == ExplicitVRBigEndian:
        raw = np.frombuffer(raw, "<u2").byteswap().tobytes()
    dataset.PixelData = raw
    dataset["PixelData"].VR = "OW"
    after, _ = blanked(write(dataset, tmp_path / "a", syntax), REGIONS)
    assert_blanked(frames_of(after)[..., 0], before, 0)


def test_a_deflated_data_set_is_blanked_in_memory(tmp_path: Path) -> None:
    """Its pixels are deflated with the header, so there is nothing to patch on the way."""
    before = noise((2, 12, 11), "u1")
    path = write(dataset_of(before), tmp_path / "a", DeflatedExplicitVRLittleEndian)
    after, plan = blanked(path, REGIONS)
    assert plan is None
    assert_blanked(frames_of(after)[..., 0], before, 0)


COMPRESSED = [  # file, frames, photometric interpretation and lossy history that leave
    ("SC_rgb_jpeg_dcmtk.dcm", 1, "YBR_FULL", "01"),
    ("SC_rgb_dcmtk_+eb+cr.dcm", 1, "RGB", "01"),
    ("SC_rgb_jpeg_gdcm.dcm", 1, "RGB", None),
    ("MR_small_jpeg_ls_lossless.dcm", 1, "MONOCHROME2", None),
    ("JPEG2000.dcm", 1, "MONOCHROME2", "01"),
    ("examples_jpeg2k.dcm", 1, "RGB", "00"),
    ("MR_small_RLE.dcm", 1, "MONOCHROME2", None),
    ("SC_rgb_rle_2frame.dcm", 2, "RGB", None),
    ("SC_rgb_rle_16bit_2frame.dcm", 2, "RGB", None),
    ("examples_ybr_color.dcm", 30, "YBR_FULL", "01"),
]


@pytest.mark.parametrize(("name", "frames", "photometric", "lossy"), COMPRESSED)
def test_compressed_frames_are_decoded_blanked_and_written_native(
    name: str, frames: int, photometric: str, lossy: str | None
) -> None:
    """What lies outside is what any decoder shows of the original; lost detail stays on record."""
    path = Path(str(get_testdata_file(name, download=False)))
    before = frames_of(dcmread(path))
    after, plan = blanked(path, REGIONS)
    assert plan is not None
    assert len(before) == frames
    assert_blanked(frames_of(after), before, 0)
    assert after.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert after.PhotometricInterpretation == photometric
    assert after.get("PlanarConfiguration", 0) == 0
    assert after.get("LossyImageCompression") == lossy


def test_lossy_history_is_added_where_the_file_kept_silent(tmp_path: Path) -> None:
    """Afterwards nobody could tell any more (PS3.3 section C.7.6.1.1.5)."""
    dataset = dcmread(str(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm")))
    for name in ("LossyImageCompression", "LossyImageCompressionRatio"):
        if name in dataset:
            delattr(dataset, name)
    if "LossyImageCompressionMethod" in dataset:
        del dataset.LossyImageCompressionMethod
    after, _ = blanked(write(dataset, tmp_path / "a", JPEGBaseline8Bit), REGIONS)
    assert after.LossyImageCompression == "01"
    assert after.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(after.LossyImageCompressionRatio) > 1


def test_frames_in_several_fragments_are_put_together_again(tmp_path: Path) -> None:
    """By the offset table, or by where a frame begins when there is none."""
    dataset = dcmread(str(get_testdata_file("SC_rgb_jpeg_dcmtk.dcm")))
    one = dataset.PixelData
    frame = next(generate_frames(one, number_of_frames=1))
    for has_table in (True, False):
        dataset.PixelData = encapsulate([frame, frame], fragments_per_frame=3, has_bot=has_table)
        dataset.NumberOfFrames = 2
        path = write(dataset, tmp_path / f"{has_table}", JPEGBaseline8Bit)
        before = frames_of(dcmread(path))
        after, _ = blanked(path, REGIONS)
        assert len(before) == 2
        assert_blanked(frames_of(after), before, 0)


def test_decoded_frames_are_kept_for_their_owner_alone(tmp_path: Path) -> None:
    """The spool holds what is left of a patient's picture; the plan crosses to other processes."""
    path = Path(str(get_testdata_file("SC_rgb_rle_2frame.dcm")))
    folder = tmp_path / "spool"
    folder.mkdir()
    before = frames_of(dcmread(path))
    after, plan = blanked(path, REGIONS, folder)
    assert plan is not None
    assert plan.spool is not None
    assert stat.S_IMODE(plan.spool.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [plan.spool]
    assert_blanked(frames_of(after), before, 0)
    again: PixelPlan = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own bytes
    assert b"".join(stream_pixels(again, -1)) == after.PixelData


def test_a_frame_that_fails_leaves_no_spool_behind(tmp_path: Path) -> None:
    """Half a picture in a folder is a picture that nobody knows of."""
    dataset = dcmread(str(get_testdata_file("SC_rgb_rle_2frame.dcm")))
    frames = list(generate_frames(dataset.PixelData, number_of_frames=2))
    dataset.PixelData = encapsulate([frames[0], frames[1][:70]])
    path = write(dataset, tmp_path / "a", dataset.file_meta.TransferSyntaxUID)
    folder = tmp_path / "spool"
    folder.mkdir()
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(read_header(fd, path.stat().st_size), fd, REGIONS, folder)
    finally:
        os.close(fd)
    assert "Frame 2 cannot be decoded." in str(result)
    assert list(folder.iterdir()) == []


def test_icons_leave_with_what_was_blanked(tmp_path: Path) -> None:
    """They show the same text, in small."""
    icon = dataset_of(noise((1, 8, 8), "u1"))
    inner = Dataset()
    inner.IconImageSequence = [icon]
    dataset = dataset_of(noise((1, 12, 11), "u1"))
    dataset.IconImageSequence = [icon]
    dataset.ReferencedImageSequence = [inner]
    after, _ = blanked(write(dataset, tmp_path / "a"), REGIONS)
    assert "IconImageSequence" not in after
    assert "IconImageSequence" not in after.ReferencedImageSequence[0]


def test_untouched_elements_are_the_very_objects_of_the_input(tmp_path: Path) -> None:
    """Later steps compare by identity what a rule changed."""
    path = write(dataset_of(noise((1, 12, 11), "u1")), tmp_path / "a")
    header = header_of(path)
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(header, fd, REGIONS)
    finally:
        os.close(fd)
    assert isinstance(result, Blanked)
    assert result.header.dataset is header.dataset
    assert result.header.pixels is not header.pixels


def test_the_original_cannot_be_sent_by_forgetting_the_plan(tmp_path: Path) -> None:
    """The placeholder points nowhere, and a plan finds only its own place."""
    path = write(dataset_of(noise((1, 12, 11), "u1")), tmp_path / "a")
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(read_header(fd, path.stat().st_size), fd, REGIONS)
        assert isinstance(result, Blanked)
        assert result.plan is not None
        pieces = assemble(result.header)
        stretches = [piece for piece in pieces if isinstance(piece, Stretch)]
        assert stretches == [Stretch(PLACEHOLDER_OFFSET, 132)]
        with pytest.raises(OSError, match="Invalid argument"):
            os.pread(fd, 132, stretches[0].offset)
    finally:
        os.close(fd)
    with pytest.raises(ValueError, match="no place"):
        place([piece for piece in pieces if isinstance(piece, bytes)], result.plan)


def test_no_region_and_no_image_are_nothing_to_do(tmp_path: Path) -> None:
    """As CTP passes both on."""
    image = header_of(write(dataset_of(noise((1, 12, 11), "u1")), tmp_path / "a"))
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.88.11", "1.2.3"
    assert blank(image, -1, ()) is None
    assert blank(header_of(write(report, tmp_path / "b")), -1, REGIONS) is None
