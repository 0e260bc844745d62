"""Damaged and hostile files: never an exception, never more memory or time than a bound."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.scan import files
from tests.scan.files import MIB, dice, inspect, put
from transfer.scan.facts import FileKind, FileVerdict
from transfer.scan.inspect import inspect_file


def test_a_header_cut_inside_an_element_is_rejected(tmp_path: Path) -> None:
    content = files.part10(files.image())
    facts = inspect(tmp_path, content[: content.index(b"Doe^Jane") + 3])
    assert facts.verdict is FileVerdict.REJECT
    assert "header-cut-or-unreadable" in facts.reasons
    assert facts.header is not None
    assert facts.header.sop_instance_uid == "1.2.3.4"


def test_a_header_cut_inside_a_sequence_is_rejected(tmp_path: Path) -> None:
    inner = files.item(files.short(0x00080100, b"SH", b"T1"), files.UNDEFINED)
    content = files.part10(files.without("PixelData"))
    cut = content + files.long(0x00400260, b"SQ", inner, files.UNDEFINED)
    assert inspect(tmp_path, cut).reasons[0] == "header-cut-or-unreadable"


def test_a_few_zeros_behind_the_last_element_are_padding(tmp_path: Path) -> None:
    content = files.part10(files.without("PixelData", "Rows"))
    assert inspect(tmp_path, content + bytes(100)).verdict is FileVerdict.OK


def test_a_header_that_runs_out_into_zeros_is_rejected(tmp_path: Path) -> None:
    content = files.part10(files.image())
    torn = content[: content.index(struct.pack("<HH", 0x0028, 0x0002))] + bytes(10_000)
    assert inspect(tmp_path, torn).reasons == ("header-cut-or-unreadable",)


def test_a_broken_sequence_that_tells_its_length_is_a_warning(tmp_path: Path) -> None:
    content = files.part10(files.without("PixelData", "Rows"))
    broken = files.long(0x00400260, b"SQ", b"no item at all 1")
    facts = inspect(tmp_path, content + broken)
    assert facts.reasons == ("unreadable-element",)


def test_an_endless_element_without_a_vr_among_others_with_one_is_a_warning(tmp_path: Path) -> None:
    """pydicom and dcmtk each end such an element elsewhere; fuzzing found it."""
    content = files.part10(files.without("PixelData", "Rows"))
    odd = struct.pack("<HHL", 0x0040, 0x0009, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    assert inspect(tmp_path, content + odd).reasons == ("unreadable-element",)


def test_a_number_of_the_wrong_size_is_a_warning(tmp_path: Path) -> None:
    content = files.part10(files.without("PixelData", "Rows"))
    facts = inspect(tmp_path, content + files.short(0x00400009, b"US", b"\1\2\3"))
    assert facts.reasons == ("unreadable-element",)


def test_implicit_items_inside_an_un_element_are_stepped_through(tmp_path: Path) -> None:
    element = struct.pack("<HHL", 0x0041, 0x1010, 4) + b"abcd"
    inner = files.item(element + files.ITEM_END, files.UNDEFINED) + files.SEQUENCE_END
    content = files.part10(files.without("PixelData", "Rows"))
    facts = inspect(tmp_path, content + files.long(0x00411001, b"UN", inner, files.UNDEFINED))
    assert facts.verdict is FileVerdict.OK


def test_a_length_of_three_gigabytes_is_never_allocated(tmp_path: Path) -> None:
    lie = files.long(0x00091001, b"OB", b"abc", 3 * 1024 * MIB)
    path = put(tmp_path, files.part10(files.without("PixelData")) + lie)
    inspect_file(str(path))
    tracemalloc.start()
    facts = inspect_file(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.reasons == ("header-cut-or-unreadable",)
    assert peak < MIB


def nested(depth: int, told: bool) -> bytes:
    inner = b""
    for _ in range(depth):
        if told:
            inner = files.long(0x00400260, b"SQ", files.item(inner))
        else:
            inner = files.long(
                0x00400260,
                b"SQ",
                files.item(inner + files.ITEM_END, files.UNDEFINED) + files.SEQUENCE_END,
                files.UNDEFINED,
            )
    return inner


@pytest.mark.parametrize("told", [True, False])
def test_sequences_nested_too_deep_are_rejected(tmp_path: Path, told: bool) -> None:
    """Whatever reads the file after us recurses."""
    content = files.part10(files.without("PixelData", "Rows"))
    assert inspect(tmp_path, content + nested(20, told)).verdict is FileVerdict.OK
    facts = inspect(tmp_path, content + nested(5000, told))
    assert facts.reasons == ("header-cut-or-unreadable",)


def test_sequences_as_deep_as_we_allow_are_read_by_pydicom(tmp_path: Path) -> None:
    path = put(tmp_path, files.part10(files.without("PixelData", "Rows")) + nested(60, False))
    assert inspect_file(str(path)).verdict is FileVerdict.OK
    level: Dataset = pydicom.dcmread(path)
    depth = 0
    while "PerformedProtocolCodeSequence" in level:
        level, depth = level.PerformedProtocolCodeSequence[0], depth + 1
    assert depth == 60


def test_a_deflated_bomb_is_rejected_in_bounded_memory(tmp_path: Path) -> None:
    bomb = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    pieces = [bomb.compress(files.long(0x00091001, b"OB", b"", 640 * MIB))]
    pieces += [bomb.compress(bytes(8 * MIB)) for _ in range(80)]
    content = files.frame(DeflatedExplicitVRLittleEndian) + b"".join([*pieces, bomb.flush()])
    path = put(tmp_path, content)
    tracemalloc.start()
    facts = inspect_file(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.verdict is FileVerdict.REJECT
    assert "header-cut-or-unreadable" in facts.reasons
    assert peak < 4 * MIB


def test_an_empty_file_is_rejected(tmp_path: Path) -> None:
    facts = inspect(tmp_path, b"")
    assert (facts.verdict, facts.reasons) == (FileVerdict.REJECT, ("empty-file",))


def test_a_folder_is_rejected(tmp_path: Path) -> None:
    assert inspect_file(str(tmp_path)).reasons == ("special-file",)


def test_a_pipe_without_a_writer_does_not_stop_the_scan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert inspect_file(str(tmp_path / "pipe")).reasons == ("special-file",)


def test_a_path_through_a_file_is_unreadable(tmp_path: Path) -> None:
    path = put(tmp_path, b"x") / "below"
    facts = inspect_file(str(path))
    assert (facts.kind, facts.verdict) == (FileKind.OTHER, FileVerdict.REJECT)
    assert facts.reasons == ("unreadable-file",)


def test_a_path_with_a_zero_byte_is_unreadable() -> None:
    assert inspect_file(b"a\0b").reasons == ("unreadable-file",)


def test_values_are_cut_to_a_bounded_length(tmp_path: Path) -> None:
    content = files.part10(files.without("PixelData", "Rows", "SeriesNumber"))
    body = files.short(0x00200011, b"IS", b"9" * 60_000)
    facts = inspect(tmp_path, content + body)
    assert facts.header is not None
    assert facts.header.series_number == "9" * 1024


def test_random_bytes_never_raise(tmp_path: Path) -> None:
    chance = dice(20240131)
    starts = (b"", bytes(128) + b"DICM", b"\x08\x00\x05\x00", b"\x1f\x8b\x08", b"PK\x03\x04")
    seen = set()
    for number in range(600):
        content = starts[number % len(starts)] + chance.randbytes(chance.randrange(1, 3000))
        seen.add(inspect(tmp_path, content).verdict)
    assert FileVerdict.REJECT in seen
    assert FileVerdict.OK not in seen


def sequenced() -> Dataset:
    made = files.image()
    inner = Dataset()
    inner.CodeValue, inner.CodeMeaning = "T-1", "Chest"
    outer = Dataset()
    outer.PurposeOfReferenceCodeSequence = Sequence([inner])
    made.SourceImageSequence = Sequence([outer, outer])
    return made


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, "1.2.840.10008.1.2.1", DeflatedExplicitVRLittleEndian]
)
def test_flipped_bytes_never_raise_and_cost_little(tmp_path: Path, syntax: str) -> None:
    chance = dice(7)
    good = files.part10(sequenced(), syntax)
    tracemalloc.start()
    for _ in range(400):
        bad = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            bad[chance.randrange(132, len(bad))] = chance.randrange(256)
        facts = inspect(tmp_path, bytes(bad))
        assert facts.kind in (FileKind.INSTANCE, FileKind.DICOMDIR)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MIB


def test_a_cut_is_rejected_unless_it_falls_between_two_elements(tmp_path: Path) -> None:
    """Between two elements it is seen only once the header has promised an image."""
    made = sequenced()
    good = files.part10(made)
    between, part = {len(files.frame())}, Dataset()
    for element in made:
        part.add(element)
        between.add(len(files.frame()) + len(files.bare(part)))
    promised_at = good.index(struct.pack("<HH", 0x0028, 0x0010)) + 10
    assert len(good) in between
    for size in range(1, len(good)):
        facts = inspect(tmp_path, good[:size])
        if size not in between:
            assert facts.verdict is FileVerdict.REJECT, size
        elif size >= promised_at:
            assert "no-pixel-data" in facts.reasons, size
