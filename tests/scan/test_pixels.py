"""Whether the pixel data are what the header promises."""

from __future__ import annotations

import resource
import struct
from pathlib import Path

from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEGBaseline8Bit

from tests.scan import files
from tests.scan.files import MIB, dice, inspect
from transfer.scan.facts import FileVerdict
from transfer.scan.inspect import inspect_file


def test_pixel_data_cut_by_one_byte_are_rejected(tmp_path: Path) -> None:
    facts = inspect(tmp_path, files.part10(files.image())[:-1])
    assert (facts.verdict, facts.reasons) == (FileVerdict.REJECT, ("pixel-data-too-short",))


def test_fewer_pixels_than_rows_and_columns_promise_are_rejected(tmp_path: Path) -> None:
    made = files.image()
    made.Rows = 17
    facts = inspect(tmp_path, files.part10(made))
    assert (facts.verdict, facts.reasons) == (FileVerdict.REJECT, ("pixel-data-too-short",))


def test_fewer_frames_than_promised_are_rejected(tmp_path: Path) -> None:
    made = files.image()
    made.NumberOfFrames = 2
    facts = inspect(tmp_path, files.part10(made))
    assert facts.reasons == ("pixel-data-too-short",)
    assert facts.header is not None
    assert facts.header.number_of_frames == 2


def test_pixel_data_cut_inside_a_deflated_file_are_rejected(tmp_path: Path) -> None:
    made = files.image()
    made.PixelData = dice(1).randbytes(512)
    content = files.part10(made, DeflatedExplicitVRLittleEndian)
    facts = inspect(tmp_path, content[:-100])
    assert facts.reasons == ("pixel-data-too-short",)


def test_more_pixels_than_described_are_a_warning(tmp_path: Path) -> None:
    made = files.image()
    made.PixelData = bytes(600)
    made["PixelData"].VR = "OW"
    assert inspect(tmp_path, files.part10(made)).reasons == ("pixel-data-longer-than-expected",)


def test_pixels_with_halved_chrominance_are_not_too_short(tmp_path: Path) -> None:
    made = files.image()
    made.SamplesPerPixel, made.BitsAllocated = 3, 8
    made.PhotometricInterpretation = "YBR_FULL_422"
    assert inspect(tmp_path, files.part10(made)).verdict is FileVerdict.OK


def test_one_bit_pixels_fill_bytes_across_frames(tmp_path: Path) -> None:
    made = files.image()
    made.Rows, made.Columns, made.BitsAllocated, made.NumberOfFrames = 3, 3, 1, 3
    made.PixelData = bytes(4)
    made["PixelData"].VR = "OB"
    assert inspect(tmp_path, files.part10(made)).verdict is FileVerdict.OK


def test_bits_that_fill_a_byte_only_in_part_need_that_byte(tmp_path: Path) -> None:
    made = files.image()
    made.Rows, made.Columns, made.BitsAllocated, made.NumberOfFrames = 3, 3, 1, 4
    made.PixelData = bytes(4)
    made["PixelData"].VR = "OB"
    assert inspect(tmp_path, files.part10(made)).reasons == ("pixel-data-too-short",)


def test_a_number_of_frames_that_is_none_is_a_warning(tmp_path: Path) -> None:
    content = files.bare(files.image())
    at = content.index(struct.pack("<HH", 0x0028, 0x0010))
    body = content[:at] + files.short(0x00280008, b"IS", b"1A") + content[at:]
    facts = inspect(tmp_path, files.frame() + body)
    assert facts.reasons == ("pixel-geometry-unreadable",)


def test_pixel_data_that_claim_three_gigabytes_are_too_short(tmp_path: Path) -> None:
    lie = files.long(0x7FE00010, b"OW", b"abcd", 3 * 1024 * MIB)
    facts = inspect(tmp_path, files.headless_pixels(lie))
    assert facts.reasons == ("pixel-data-too-short",)


def encapsulated(*parts: bytes) -> bytes:
    pixels = files.long(0x7FE00010, b"OB", b"".join(parts), files.UNDEFINED)
    return files.headless_pixels(pixels, JPEGBaseline8Bit)


def test_whole_compressed_pixel_data_are_accepted(tmp_path: Path) -> None:
    content = encapsulated(files.item(b""), files.item(b"12345678"), files.SEQUENCE_END)
    assert inspect(tmp_path, content).verdict is FileVerdict.OK


def test_compressed_pixel_data_without_end_mark_are_a_warning(tmp_path: Path) -> None:
    facts = inspect(tmp_path, encapsulated(files.item(b""), files.item(b"12345678")))
    assert (facts.verdict, facts.reasons) == (
        FileVerdict.WARNING,
        ("unterminated-pixel-sequence",),
    )


def test_a_fragment_cut_in_the_middle_is_rejected(tmp_path: Path) -> None:
    facts = inspect(tmp_path, encapsulated(files.item(b""), files.item(b"12345678", 90)))
    assert facts.reasons == ("pixel-data-too-short",)


def test_pixel_bytes_are_never_read(tmp_path: Path) -> None:
    """A hole of 4 GB behind the header costs nothing."""
    path = tmp_path / "IM0001"
    made = files.without("PixelData")
    made.Rows = made.Columns = 32768
    with open(path, "wb") as file:
        file.write(files.part10(made) + files.long(0x7FE00010, b"OW", b"", 2 * 1024 * MIB))
        file.truncate(file.tell() + 2 * 1024 * MIB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    assert inspect_file(str(path)).verdict is FileVerdict.OK
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.5
