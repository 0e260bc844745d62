"""Which files are refused before they are de-identified: cut, damaged, hostile, without end."""

from __future__ import annotations

import gzip
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
)

from tests.deid import made
from tests.scan import files
from transfer.deid.header import tree
from transfer.deid.header.reading import Unreadable, read_header
from transfer.deid.model import Header

GOLDEN = Path(
    os.environ.get("EUCAIM_GOLDEN_DEID")
    or Path(__file__).parents[2].parent / "shared" / "golden" / "deid"
)


def refused(content: bytes) -> str:
    """The reason why these bytes are not read."""
    with pytest.raises(Unreadable) as caught:
        made.header_of(content)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason


@pytest.mark.parametrize("content", [b"", b"DICM", b"hello world " * 40, bytes(2000)])
def test_what_is_no_dicom_is_refused(content: bytes) -> None:
    assert refused(content) == "The file is no DICOM object."


def test_a_file_that_ends_with_its_file_meta_is_refused() -> None:
    """It was cut there: an instance has a data set."""
    assert refused(files.frame()) == (
        "The file ends in the middle of its header. Export the file again from the archive."
    )


def test_pixel_data_that_are_cut_are_refused() -> None:
    """CTP quarantines them too; a node would get fewer bytes than the header promises."""
    reason = (
        "The file ends in the middle of its pixel data. Export the file again from the archive."
    )
    assert refused(files.part10(files.image())[:-1]) == reason
    run = files.item(b"") + files.item(b"\xff\xd8\xff\xd9")
    pixels = files.long(0x7FE00010, b"OB", run, files.UNDEFINED)
    assert refused(made.explicit(pixels, JPEGBaseline8Bit)) == reason
    assert refused(made.explicit(pixels[:-2], JPEGBaseline8Bit)) == reason


def test_pixel_data_that_are_no_fragments_are_refused() -> None:
    pixels = files.long(0x7FE00010, b"OB", b"abcdefgh" * 4, files.UNDEFINED)
    assert refused(made.explicit(pixels, JPEGBaseline8Bit)) == (
        "The compressed pixel data are not made of fragments. "
        "Export the file again from the archive."
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(files.long(0x00081140, b"SQ", b"abcdefgh"), id="no items"),
        pytest.param(
            files.long(0x00081140, b"SQ", files.item(bytes(8), 16)) + bytes(32), id="item too long"
        ),
        pytest.param(files.long(0x00081140, b"UT", bytes(16), files.UNDEFINED), id="open text"),
        pytest.param(files.long(0x7FE00010, b"OB", b"ab") * 2, id="pixel data twice"),
        pytest.param(files.item(b""), id="an item that lies in no sequence"),
    ],
)
def test_what_cannot_be_walked_is_refused(body: bytes) -> None:
    """Where the scan steps over a broken sequence, a name could hide in it."""
    assert refused(made.explicit(body)) == (
        "The structure of the header is broken and cannot be followed. "
        "Export the file again from the archive."
    )


def test_sequences_that_lie_too_deep_are_refused() -> None:
    body = b""
    for _ in range(64):
        body = made.sequence(0x00081140, body)
    assert 0x00081140 in made.header_of(made.explicit(body)).dataset
    assert refused(made.explicit(made.sequence(0x00081140, body))) == (
        "Sequences lie in each other more than 64 levels deep."
    )


def test_a_header_of_too_many_elements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a hundred times its bytes in memory; empty items and repetitions count too."""
    monkeypatch.setattr(tree, "MAX_ELEMENTS", 40)
    reason = "The header is too large to be held in memory."
    elements = b"".join(files.short(0x00100000 + n, b"LO", b"") for n in range(1, 60))
    assert refused(made.explicit(elements)) == reason
    assert refused(made.explicit(made.sequence(0x00081140, *[b""] * 60))) == reason
    assert refused(made.explicit(files.SEQUENCE_END * 60)) == reason
    assert refused(made.explicit(files.short(0x00100010, b"PN", b"") * 60)) == reason


def test_a_header_without_end_is_refused() -> None:
    """64 MiB of header are read at most, whatever the file promises."""
    element = files.long(0x00091010, b"OB", bytes(60_000))
    with pytest.raises(Unreadable) as caught:
        made.header_of(made.explicit(element * 1400))
    assert caught.value.reason == "The header is too large to be held in memory."


def test_zeros_at_the_end_are_no_elements() -> None:
    """Media are written in blocks; what pads the last one is nothing."""
    header = made.header_of(files.part10(files.image()) + bytes(100))
    assert header.after == []
    assert refused(files.part10(files.image()) + bytes(100) + b"x").startswith("The file ends")


def test_a_disk_that_fails_is_not_taken_for_a_bad_file(tmp_path: Path) -> None:
    """The file may be sound; the caller tries again."""
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(OSError, match="directory"):
            read_header(folder, 1000)
    finally:
        os.close(folder)


def rich(syntax: str) -> bytes:
    """A file with every kind of element, pixel data included."""
    image = files.image()
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3.4.5"
    inner.PatientName = "Doe^Jane"
    deeper = Dataset()
    deeper.ReferencedSOPSequence = Sequence([inner, Dataset()])
    image.ReferencedStudySequence = Sequence([deeper])
    image.add_new(0x00090010, "LO", "ACME")
    image.add_new(0x00091001, "UN", b"abcd")
    image.add_new(0x00091002, "SQ", Sequence([inner]))
    image.add_new(0x00091003, "UT", "text " * 20)
    image["ReferencedStudySequence"].is_undefined_length = True
    return files.part10(image, syntax)


_LENGTHS = (b"\xff" * 4, b"\xfe\xff\x00\xe0", b"\0" * 4, b"\xf0" * 4)
SYNTAXES = (
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    str(ExplicitVRBigEndian),
    str(DeflatedExplicitVRLittleEndian),
)


def read_or_refused(content: bytes) -> Header | None:
    """The header, or None where the file was refused, which may not take long."""
    began = time.process_time()
    try:
        return made.header_of(content)
    except Unreadable:
        return None
    finally:
        assert time.process_time() - began < 1.0


def read_when_cut(content: bytes) -> list[int]:
    """The lengths at which a cut file is read; whatever is not read was refused."""
    return [n for n in range(len(content)) if read_or_refused(content[:n]) is not None]


@pytest.mark.parametrize("syntax", SYNTAXES[:3])
def test_a_file_cut_at_any_byte_is_refused_unless_the_cut_cannot_be_seen(syntax: str) -> None:
    """Between two elements of the data set nothing shows it, everywhere else it is noticed."""
    content = rich(syntax)
    read = read_when_cut(content)
    assert read[0] > 320
    assert read[-1] < len(content) - 512
    # A big endian tag may begin with a zero, which is taken for padding.
    assert len(read) == (51 if syntax == ExplicitVRBigEndian else 26)


def test_a_deflated_file_cut_at_any_byte_is_refused() -> None:
    """All but the last byte, which only makes the length even, is needed."""
    content = rich(DeflatedExplicitVRLittleEndian)
    assert len(content) > 500
    assert all(length == len(content) - 1 for length in read_when_cut(content))


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_files_are_read_or_refused(syntax: str) -> None:
    """Any bytes may come; whatever was read is written without complaint too."""
    content = rich(syntax)
    dice = files.dice(20250304)
    read = 0
    for _ in range(1500):
        damaged = bytearray(content)
        for _ in range(dice.randint(1, 6)):
            damaged[dice.randrange(128, len(damaged))] = dice.randrange(256)
        header = read_or_refused(bytes(damaged))
        if header is not None:
            read += 1
            assert made.written(header, bytes(damaged))
    assert 10 < read < 1500


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_damaged_lengths_are_read_or_refused(syntax: str) -> None:
    """A length of 4 GiB where a few bytes are costs neither memory nor time."""
    content = rich(syntax)
    dice = files.dice(7)
    refusals = 0
    for _ in range(1000):
        damaged = bytearray(content)
        at = dice.randrange(200, len(damaged) - 4)
        damaged[at : at + 4] = dice.choice(
            (b"\xff" * 4, b"\xfe\xff\x00\xe0", b"\0" * 4, b"\xf0" * 4)
        )
        refusals += read_or_refused(bytes(damaged)) is None
    assert refusals > 50


def test_a_stream_that_unpacks_without_end_is_refused() -> None:
    """A deflate bomb: 100 kB that unpack to 100 MB."""
    packer = zlib.compressobj(wbits=-15)
    body = made.CT_BODY + files.long(0x7FE00010, b"OW", bytes(100 * files.MIB))
    bomb = packer.compress(body) + packer.flush()
    assert refused(files.frame(DeflatedExplicitVRLittleEndian) + bomb).startswith(
        "The deflated data set is larger than 64 MiB."
    )


_MEASURE = """
import os, resource, sys, tracemalloc
from transfer.deid.header.reading import read_header
from transfer.deid.header.writing import assemble, copy, size_of
path = sys.argv[1]
fd = os.open(path, os.O_RDONLY)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
header = read_header(fd, os.fstat(fd).st_size)
pieces = assemble(header)
sink = open(os.devnull, "wb", buffering=0)
copy(pieces, fd, sink.write)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(size_of(pieces), after - before)
"""


@pytest.mark.parametrize("is_compressed", [False, True])
def test_half_a_gigabyte_of_pixels_costs_no_memory(tmp_path: Path, is_compressed: bool) -> None:
    """A worker may meet such a file at any moment; several run side by side."""
    head = files.part10(
        files.without("PixelData"), JPEGBaseline8Bit if is_compressed else SYNTAXES[1]
    )
    size = 500 * files.MIB
    path = tmp_path / "multiframe"
    with path.open("wb") as file:
        file.write(head)
        if is_compressed:
            file.write(files.long(0x7FE00010, b"OB", files.item(b""), files.UNDEFINED))
            for _ in range(500):
                file.write(struct.pack("<HHL", 0xFFFE, 0xE000, files.MIB))
                file.seek(files.MIB, os.SEEK_CUR)
            file.write(files.SEQUENCE_END)
        else:
            file.write(struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OW", 0, size))
            file.truncate(file.tell() + size)
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    written, growth_kib = map(int, done.stdout.split())
    assert written >= size
    assert growth_kib < 16 * 1024


@pytest.mark.golden
def test_every_golden_file_that_ctp_rewrites_is_read() -> None:
    """What the reference takes must not be refused here."""
    if not (GOLDEN / "manifest.json").exists():
        pytest.skip("../shared is absent and $EUCAIM_GOLDEN_DEID is not set")
    manifest = json.loads((GOLDEN / "manifest.json").read_text())
    names: set[Path] = set()
    for case in manifest["cases"]:
        if case["status"] == "OK":
            source = json.loads((GOLDEN / case["file"]).read_text())["source"]
            home = Path(pydicom.__file__).parent if source.get("package") else GOLDEN
            names.add(home / source.get("file", source.get("path")))
    assert names
    for name in sorted(names):
        content = name.read_bytes()
        assert made.header_of(gzip.decompress(content) if name.suffix == ".gz" else content)
