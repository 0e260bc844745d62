"""Previews: which pixels are drawn how, read back from the PNG; and who can open it."""

from __future__ import annotations

import stat
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    BasicTextSRStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGLSLossless,
    RLELossless,
)

from tests.program import Program
from tests.tui.found import NAME, SIZE, SURNAME, make_found, make_image
from transfer.errors import UsageError
from transfer.preview.files import Preview, clear_previews, write_preview
from transfer.preview.isolated import draw_isolated
from transfer.preview.job import Job, NoPicture
from transfer.workspace import Home, Workspace


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home.at(tmp_path / "home")
    home.prepare()
    return home


@pytest.fixture
def image() -> Dataset:
    """A slice of 16 by 16 with the values 1, 1, 2, 3 … 255 and a window of 0 to 255."""
    return make_image(1, 1, 1)


def drawn(home: Home, tmp_path: Path, *images: Dataset, key: str = "E1") -> Preview:
    return write_preview(make_found(home, tmp_path, list(images)), key)


def read_png(path: Path) -> tuple[np.ndarray[Any, Any], list[bytes]]:
    """Pixels, and the names of the chunks, of a PNG of 8 bits without filters."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, names, packed = 8, [], b""
    while at < len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        body = data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">L", data, at + 8 + length)[0] == zlib.crc32(name + body)
        names.append(name)
        if name == b"IHDR":
            columns, rows, bits, kind = struct.unpack_from(">LLBB", body)
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    samples = {0: 1, 2: 3}[kind]
    assert bits == 8
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(rows, 1 + columns * samples)
    assert not lines[:, 0].any()
    pixels = lines[:, 1:].reshape(rows, columns, samples)
    return (pixels[:, :, 0] if samples == 1 else pixels), names


def pixels_of(home: Home, tmp_path: Path, *images: Dataset) -> np.ndarray[Any, Any]:
    return read_png(drawn(home, tmp_path, *images).path)[0]


def test_the_window_of_the_file_decides_what_is_black_and_what_is_white(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    """PS3.3 section C.11.2.1.2: a linear window of 256 around 128 gives each value itself."""
    pixels = pixels_of(home, tmp_path, image)
    assert pixels.shape == (SIZE, SIZE)
    assert pixels.ravel()[:4].tolist() == [1, 1, 2, 3]
    assert pixels.ravel()[-1] == 255


def test_rescale_comes_before_the_window(home: Home, tmp_path: Path, image: Dataset) -> None:
    image.RescaleSlope, image.RescaleIntercept = "2", "-100"
    pixels = pixels_of(home, tmp_path, image)
    assert pixels.ravel()[[10, 60, 100, 200]].tolist() == [0, 20, 100, 255]


def test_without_a_window_the_values_of_the_slice_itself_decide(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    del image.WindowCenter, image.WindowWidth
    image.PixelData = b"".join((1000 + n).to_bytes(2, "little") for n in range(256))
    pixels = pixels_of(home, tmp_path, image)
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert pixels.ravel()[128] == 128


def test_a_window_that_shows_nothing_is_not_used(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.WindowCenter, image.WindowWidth = "9000", "10"
    preview = drawn(home, tmp_path, image)
    assert preview.how == "brightness by its own range of values"
    assert read_png(preview.path)[0].max() == 255


def test_a_table_of_the_file_decides_brightness(home: Home, tmp_path: Path, image: Dataset) -> None:
    table = Dataset()
    table.LUTDescriptor = [256, 0, 8]
    table.add_new(0x00283006, "OW", b"".join((255 - n).to_bytes(2, "little") for n in range(256)))
    image.VOILUTSequence = [table]
    pixels = pixels_of(home, tmp_path, image)
    assert pixels.ravel()[[1, 100, 255]].tolist() == [254, 155, 0]


def test_what_is_stored_light_for_dark_is_turned(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.PhotometricInterpretation = "MONOCHROME1"
    assert pixels_of(home, tmp_path, image).ravel()[[1, 255]].tolist() == [254, 0]


def test_bits_around_those_that_are_stored_are_not_drawn(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    """Old overlays lie there (PS3.5 section 8.1.1)."""
    image.PixelData = b"".join((0xF000 | n).to_bytes(2, "little") for n in range(256))
    assert pixels_of(home, tmp_path, image).ravel()[[0, 100, 255]].tolist() == [0, 100, 255]


def test_negative_values_are_negative(home: Home, tmp_path: Path, image: Dataset) -> None:
    image.PixelRepresentation = 1
    image.WindowCenter, image.WindowWidth = "0", "256"
    values = [n - 128 for n in range(256)]
    image.PixelData = b"".join((n & 0x0FFF).to_bytes(2, "little") for n in values)
    assert pixels_of(home, tmp_path, image).ravel()[[0, 128, 255]].tolist() == [0, 128, 255]


def test_of_several_frames_the_middle_one_is_drawn(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.NumberOfFrames = 5
    image.PixelData = b"".join(
        (40 * frame + n % 7).to_bytes(2, "little") for frame in range(5) for n in range(256)
    )
    preview = drawn(home, tmp_path, image)
    assert (preview.frame, preview.frames) == (3, 5)
    assert read_png(preview.path)[0].ravel()[:3].tolist() == [80, 81, 82]


def test_packed_bits_of_a_middle_frame_begin_within_a_byte(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    """PS3.5 section 8.1.1: frames of one bit a pixel run on without a gap."""
    image.Rows, image.Columns, image.NumberOfFrames = 3, 3, 3
    image.BitsAllocated = image.BitsStored = 1
    image.HighBit = 0
    bits = [0] * 9 + [1, 0, 0, 0, 1, 0, 0, 0, 1] + [0] * 9
    image.PixelData = np.packbits(bits, bitorder="little").tobytes()
    image["PixelData"].VR = "OB"
    pixels = pixels_of(home, tmp_path, image)
    assert pixels.tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]


@pytest.mark.parametrize("planar", [0, 1])
def test_colours_are_drawn_however_they_are_stored(
    home: Home, tmp_path: Path, image: Dataset, planar: int
) -> None:
    rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
    rgb[:, :, 0], rgb[0, 1] = 10, (1, 2, 3)
    _make_colour(image, "RGB", rgb)
    image.PlanarConfiguration = planar
    image.PixelData = (np.moveaxis(rgb, -1, 0) if planar else rgb).tobytes()
    pixels = pixels_of(home, tmp_path, image)
    assert pixels[0, :3].tolist() == [[10, 0, 0], [1, 2, 3], [10, 0, 0]]


def test_brightness_and_tint_become_colours(home: Home, tmp_path: Path, image: Dataset) -> None:
    ybr = np.full((SIZE, SIZE, 3), 128, np.uint8)
    ybr[0, 0] = (76, 85, 255)
    _make_colour(image, "YBR_FULL", ybr)
    pixels = pixels_of(home, tmp_path, image)
    assert pixels[0, 0].tolist() == [254, 0, 0]
    assert pixels[1, 1].tolist() == [128, 128, 128]


def test_a_palette_gives_each_value_its_colour(home: Home, tmp_path: Path, image: Dataset) -> None:
    image.PhotometricInterpretation = "PALETTE COLOR"
    for name, factor in (("Red", 1), ("Green", 2), ("Blue", 3)):
        setattr(image, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        entries = b"".join(((n * factor % 256) << 8).to_bytes(2, "little") for n in range(256))
        setattr(image, f"{name}PaletteColorLookupTableData", entries)
    assert pixels_of(home, tmp_path, image)[0, 2].tolist() == [2, 4, 6]


def _make_colour(image: Dataset, photometric: str, values: np.ndarray[Any, Any]) -> None:
    image.SamplesPerPixel = 3
    image.PlanarConfiguration = 0
    image.PhotometricInterpretation = photometric
    image.BitsAllocated = image.BitsStored = 8
    image.HighBit = 7
    image.PixelData = values.tobytes()
    image["PixelData"].VR = "OB"


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless])
def test_compressed_pixels_are_decoded(
    home: Home, tmp_path: Path, image: Dataset, syntax: str
) -> None:
    image.compress(syntax, generate_instance_uid=False)
    assert pixels_of(home, tmp_path, image).ravel()[[1, 100, 255]].tolist() == [1, 100, 255]


def test_big_endian_values_are_read_as_such(home: Home, tmp_path: Path, image: Dataset) -> None:
    image.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    values = [1, *range(1, 256)]
    image.PixelData = b"".join(value.to_bytes(2, "big") for value in values)
    source = tmp_path / "big.dcm"
    image.save_as(source, little_endian=False, implicit_vr=False)
    assert pixels_of(home, tmp_path, image).ravel()[[1, 100, 255]].tolist() == [1, 100, 255]


def test_a_deflated_data_set_is_drawn_too(home: Home, tmp_path: Path, image: Dataset) -> None:
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    assert pixels_of(home, tmp_path, image).ravel()[[1, 100, 255]].tolist() == [1, 100, 255]


def test_the_middle_slice_of_a_series_stands_for_it(home: Home, tmp_path: Path) -> None:
    images = [make_image(1, 1, number) for number in (1, 2, 3)]
    preview = drawn(home, tmp_path, *images)
    assert (preview.key, preview.instance_key) == ("E1", "I2")
    assert read_png(preview.path)[0].ravel()[0] == 2


def test_one_instance_is_drawn_by_its_own_key(home: Home, tmp_path: Path) -> None:
    images = [make_image(1, 1, number) for number in (1, 2, 3)]
    preview = drawn(home, tmp_path, *images, key="I3")
    assert preview.path.name == "I3.png"
    assert read_png(preview.path)[0].ravel()[0] == 3


def test_a_preview_is_its_owners_alone_and_says_nothing_but_pixels(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    preview = drawn(home, tmp_path, image)
    assert stat.S_IMODE(preview.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(preview.path.parent.stat().st_mode) == 0o700
    assert preview.path.parent.name == "previews"
    assert read_png(preview.path)[1] == [b"IHDR", b"IDAT", b"IEND"]
    assert SURNAME.encode() not in preview.path.read_bytes()
    assert [path.name for path in preview.path.parent.iterdir()] == ["E1.png"]


def test_a_new_picture_takes_the_place_of_the_old_one(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    workspace = make_found(home, tmp_path, [image])
    assert write_preview(workspace, "E1").path == write_preview(workspace, "E1").path


def test_previews_go_when_they_are_cleared(home: Home, tmp_path: Path, image: Dataset) -> None:
    workspace = make_found(home, tmp_path, [image])
    write_preview(workspace, "E1")
    write_preview(workspace, "I1")
    assert clear_previews(workspace) == 2
    assert not (workspace.folder / "previews").exists()
    assert clear_previews(workspace) == 0


def test_an_object_without_pixels_has_no_picture(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.SOPClassUID = BasicTextSRStorage
    image.Modality = "SR"
    del image.PixelData
    with pytest.raises(UsageError, match="holds no image"):
        drawn(home, tmp_path, image)


def test_damaged_frames_are_refused_and_nothing_is_written(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.compress(JPEGLSLossless, generate_instance_uid=False)
    image.PixelData = (
        image.PixelData[:60] + b"\0" * (len(image.PixelData) - 68) + image.PixelData[-8:]
    )
    workspace = make_found(home, tmp_path, [image])
    with pytest.raises(UsageError, match=r"cannot be decoded"):
        write_preview(workspace, "E1")
    assert not (workspace.folder / "previews").exists()


def test_a_frame_too_large_is_refused_before_a_byte_of_it_is_read(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    image.compress(RLELossless, generate_instance_uid=False)
    image.Rows = image.Columns = 60_000
    with pytest.raises(UsageError, match="larger than this program draws"):
        drawn(home, tmp_path, image)


def test_without_numpy_it_says_what_to_install(
    home: Home, tmp_path: Path, image: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError) as refused:
        drawn(home, tmp_path, image)
    assert "numpy" in refused.value.what
    assert "eucaim-transfer[pixels]" in refused.value.remedy


def test_a_process_that_dies_while_drawing_takes_nobody_with_it(
    monkeypatch: pytest.MonkeyPatch, image: Dataset, home: Home, tmp_path: Path
) -> None:
    dies = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"]
    monkeypatch.setattr("transfer.preview.isolated.helper", lambda name: dies)
    with pytest.raises(UsageError, match="cannot be decoded"):
        drawn(home, tmp_path, image)


def test_the_command_prints_where_the_picture_is(
    home: Home, tmp_path: Path, image: Dataset
) -> None:
    workspace: Workspace = make_found(home, tmp_path, [image])
    program = Program(home.root)
    told = program.good("preview", NAME, "E1")
    assert told.out == f"{workspace.folder / 'previews' / 'E1.png'}\n"
    document = program.good("preview", NAME, "I1", "--json").document
    assert (document["key"], document["rows"], document["columns"]) == ("I1", SIZE, SIZE)
    assert document["how"] == "window 128 ± 128"
    assert program.good("preview", NAME, "--clear", "--json").document["removed"] == 2


def test_a_job_of_nonsense_is_refused(image: Dataset) -> None:
    from transfer.deid.pixels.image import Image

    nonsense = Image(4, 4, 1, 1, "MONOCHROME2", 16, 16, 15, False, False)
    with pytest.raises(NoPicture, match="shorter than their frames need"):
        draw_isolated(Job(nonsense, "", True, False, 0), b"\0\0")
