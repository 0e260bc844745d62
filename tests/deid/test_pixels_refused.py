"""What cannot be blanked with certainty is not sent, and costs bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    MPEG2MPML,
    JPEG2000Lossless,
)

from tests.deid.pixel_files import (
    REGIONS,
    assert_blanked,
    blanked,
    dataset_of,
    frames_of,
    header_of,
    noise,
    refusal,
    write,
)
from transfer.deid.header.reading import read_header
from transfer.deid.model import PIXEL_DATA, Element, Stretch
from transfer.deid.pixels import Blanked, NotBlanked, Region, blank, stream_pixels
from transfer.deid.pixels.codestream import size_of_frame

BAD_HEADERS: list[tuple[str, Any, str]] = [
    ("Rows", None, "Rows is missing"),
    ("Rows", 0, "Rows is not a positive number"),
    ("Columns", None, "Columns is missing"),
    ("BitsAllocated", 12, "bits and bytes"),
    ("BitsStored", 17, "bits and bytes"),
    ("SamplesPerPixel", 2, "not one that DICOM knows"),
    ("PhotometricInterpretation", None, "Photometric Interpretation is missing"),
    ("NumberOfFrames", 3, "shorter than their frames need"),
    ("Rows", 65535, "shorter than their frames need"),
    ("Rows", 4, "longer than their frames need"),
    ("NumberOfFrames", 2**31 - 1, "shorter than their frames need"),
]


@pytest.mark.parametrize(("name", "value", "reason"), BAD_HEADERS)
def test_pixels_that_the_header_does_not_explain_are_quarantined(
    tmp_path: Path, name: str, value: Any, reason: str
) -> None:
    """Nobody can say where the text is then; and more pixels than told might hold it as well."""
    dataset = dataset_of(noise((1, 12, 11), "u1"))
    setattr(dataset, name, value)
    if value is None:
        delattr(dataset, name)
    assert reason in refusal(write(dataset, tmp_path / "a"))


def test_regions_beside_the_image_are_quarantined(tmp_path: Path) -> None:
    """The signature holds, but its author had another image in mind: nothing would be blanked."""
    path = write(dataset_of(noise((1, 12, 11), "u1")), tmp_path / "a")
    assert "No region" in refusal(path, (Region(11, 0, 5, 5), Region(0, 12, 5, 5)))


def test_float_pixels_are_quarantined(tmp_path: Path) -> None:
    """They are not changed here, so they must not leave as if they were."""
    dataset = dataset_of(noise((1, 12, 11), "u1"))
    del dataset.PixelData
    dataset.FloatPixelData = b"\0" * 528
    assert "of a kind that is not changed here" in refusal(write(dataset, tmp_path / "a"))


def test_a_compression_that_nothing_decodes_is_quarantined(tmp_path: Path) -> None:
    """Rule IMG-09: never sent unblanked."""
    dataset = dataset_of(noise((1, 12, 11), "u1"))
    dataset.PixelData = encapsulate([b"\0\0\1\xb3" + b"\0" * 60])
    path = write(dataset, tmp_path / "a", MPEG2MPML)
    assert "nothing here decodes this compression" in refusal(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda frame: frame[: len(frame) // 8], "Frame 1"),
        (lambda frame: b"\0" * 64, "Frame 1 is damaged"),
        (lambda frame: frame + b"\0" * (3 << 20), "Frame 1 holds more data"),
    ],
)
def test_a_damaged_frame_is_quarantined(tmp_path: Path, change: Any, reason: str) -> None:
    """Untrusted bytes in foreign decoders: refused before or by them, never a traceback."""
    dataset = dcmread(str(get_testdata_file("examples_jpeg2k.dcm")))
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate([change(frame)])
    assert reason in refusal(write(dataset, tmp_path / "a", JPEG2000Lossless))


def test_a_frame_that_asks_for_more_than_the_header_promised_is_not_decoded(
    tmp_path: Path,
) -> None:
    """A decoder allocates what the stream says: 60,000 squared here."""
    dataset = dcmread(str(get_testdata_file("examples_jpeg2k.dcm")))
    frame = bytearray(next(generate_frames(dataset.PixelData, number_of_frames=1)))
    at = frame.find(b"\xff\x4f\xff\x51")
    frame[at + 8 : at + 16] = (60_000).to_bytes(4, "big") * 2
    assert size_of_frame(bytes(frame)) == (60_000, 60_000, 3)
    dataset.PixelData = encapsulate([bytes(frame)])
    path = write(dataset, tmp_path / "a", JPEG2000Lossless)
    assert "not of the size that the header tells" in refusal(path)


def test_a_frame_that_kills_its_decoder_takes_nothing_else_with_it(tmp_path: Path) -> None:
    """python-gdcm 3.2.6 aborts the process on these two bytes; the next frame is decoded again."""
    good = Path(str(get_testdata_file("SC_rgb_jpeg_gdcm.dcm")))
    dataset = dcmread(good)
    frame = bytearray(next(generate_frames(dataset.PixelData, number_of_frames=1)))
    frame[38], frame[85] = 255, 0
    dataset.PixelData = encapsulate([bytes(frame)])
    path = write(dataset, tmp_path / "a", dataset.file_meta.TransferSyntaxUID)
    assert "Frame 1 cannot be decoded." in refusal(path)
    after, _ = blanked(good, REGIONS)
    assert_blanked(frames_of(after), frames_of(dcmread(good)), 0)


def test_broken_fragments_are_quarantined(tmp_path: Path) -> None:
    """An item that reaches beyond the end of its element."""
    dataset = dcmread(str(get_testdata_file("SC_rgb_rle_2frame.dcm")))
    path = write(dataset, tmp_path / "a", dataset.file_meta.TransferSyntaxUID)
    header = header_of(path)
    assert header.pixels is not None
    stretch = header.pixels.value
    assert isinstance(stretch, Stretch)
    fd = os.open(path, os.O_RDONLY)
    try:
        for length in range(0, stretch.length, 997):
            cut = Stretch(stretch.offset, length)
            header.pixels = Element(PIXEL_DATA, "OB", cut, is_encapsulated=True)
            assert "damaged" in str(blank(header, fd, REGIONS))
    finally:
        os.close(fd)


def test_a_file_that_shrank_stops_the_stream(tmp_path: Path) -> None:
    """It must not end quietly with fewer pixels than its length says."""
    path = write(dataset_of(noise((1, 12, 11), "u1")), tmp_path / "a")
    fd = os.open(path, os.O_RDONLY)
    try:
        result = blank(read_header(fd, path.stat().st_size), fd, REGIONS)
        assert isinstance(result, Blanked)
        assert result.plan is not None
        os.truncate(path, path.stat().st_size - 40)
        with pytest.raises(NotBlanked, match="end before their last frame"):
            list(stream_pixels(result.plan, fd))
    finally:
        os.close(fd)


_MEASURE = """
import os, resource, sys
import numpy
from transfer.deid.pixels import Region, blank, stream_pixels
from transfer.deid.header.reading import read_header
path = sys.argv[1]
fd = os.open(path, os.O_RDONLY)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = blank(read_header(fd, os.stat(path).st_size), fd, [Region(0, 0, 512, 40)])
total = sum(len(piece) for piece in stream_pixels(result.plan, fd))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(total, after - before)
"""


def test_a_quarter_of_a_gigabyte_is_blanked_in_a_few_megabytes(tmp_path: Path) -> None:
    """A sparse file of 500 frames: memory follows the piece, not the file."""
    frame = np.ones((1, 512, 512), "<u2")
    path = write(dataset_of(frame, NumberOfFrames=500), tmp_path / "a")
    size = 500 * frame.nbytes
    data = path.read_bytes()
    at = data.index(b"\xe0\x7f\x10\x00OW\0\0") + 8
    with path.open("r+b") as file:
        file.seek(at)
        file.write(size.to_bytes(4, "little"))
        file.truncate(at + 4 + size)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    total, grown_kib = (int(word) for word in done.stdout.split())
    assert total == 262_144_000
    assert grown_kib < 32 * 1024


def test_warnings_of_decoders_stay_inside() -> None:
    """pydicom warns of bits that JPEG 2000 and the header tell differently; that is no error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after, _ = blanked(Path(str(get_testdata_file("JPEG2000.dcm"))), REGIONS)
    assert after.Rows == 1024
