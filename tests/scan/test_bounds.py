"""What a hostile file costs: bytes that are read of it, and steps that are taken in it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scan import files
from tests.scan.files import MIB, inspect, put
from transfer.scan import elements, source
from transfer.scan.facts import FileFacts, FileVerdict
from transfer.scan.inspect import inspect_file

GIB = 1024 * MIB


@contextmanager
def counted_reads(patch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The sizes of all reads of a file, in their order."""
    reads: list[int] = []
    real = os.pread

    def counting(fd: int, count: int, offset: int) -> bytes:
        piece = real(fd, count, offset)
        reads.append(len(piece))
        return piece

    with patch.context() as patched:
        patched.setattr("transfer.scan.source.os.pread", counting)
        yield reads


def sparse(path: Path, size_bytes: int, tail: bytes = b"") -> Path:
    """Make a file as long as that, with holes that take no room on the disk."""
    with path.open("r+b") as file:
        file.seek(size_bytes - len(tail))
        file.write(tail)
        file.truncate(size_bytes)
    return path


def test_a_small_header_costs_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, files.part10(files.image()))
    with counted_reads(monkeypatch) as reads:
        assert inspect_file(str(path)).verdict is FileVerdict.OK
    assert len(reads) == 1


def test_values_of_gigabytes_are_stepped_over_and_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = files.part10(files.without("PixelData", "Rows"))
    value = files.long(0x00411001, b"OB", b"", 3 * GIB)
    tail = files.short(0x00420010, b"LO", b"END ")
    path = put(tmp_path, head + value)
    sparse(path, len(head) + 12 + 3 * GIB + len(tail), tail)
    with counted_reads(monkeypatch) as reads:
        assert inspect_file(str(path)).verdict is FileVerdict.OK
    assert 0 < sum(reads) < 64 * 1024


def test_pixel_data_of_gigabytes_are_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = files.without("PixelData")
    made.Rows = made.Columns = 32768
    head = files.part10(made) + files.long(0x7FE00010, b"OW", b"", 2 * GIB)
    path = sparse(put(tmp_path, head), len(head) + 2 * GIB)
    with counted_reads(monkeypatch) as reads:
        assert inspect_file(str(path)).verdict is FileVerdict.OK
    assert sum(reads) < 64 * 1024


def test_a_header_of_two_megabytes_is_read_to_its_end_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some vendors put their whole protocol into private elements."""
    made = files.image()
    made.add_new(0x00190010, "LO", "MAKER")
    for number in range(0x1000, 0x1400):
        made.add_new(0x00190000 | number, "LT", "x" * 2048)
    path = put(tmp_path, files.part10(made))
    assert path.stat().st_size > 2 * MIB
    with counted_reads(monkeypatch) as reads:
        facts = inspect_file(str(path))
    assert facts.verdict is FileVerdict.OK
    assert facts.header is not None
    assert facts.header.series_uid == "1.2.3.1"
    assert sum(reads) < path.stat().st_size + MIB
    assert max(reads) <= 64 * 1024


def test_a_header_without_end_is_given_up_after_a_bounded_number_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 256 * 1024
    monkeypatch.setattr(source.FileSource.__init__, "__defaults__", (limit, 0))
    item = files.item(files.short(0x00080100, b"SH", b"T" * 1000))
    content = files.part10(files.without("PixelData", "Rows")) + files.long(
        0x00400260, b"SQ", item * 4096, files.UNDEFINED
    )
    path = put(tmp_path, content)
    with counted_reads(monkeypatch) as reads:
        facts = inspect_file(str(path))
    assert facts.reasons == ("header-cut-or-unreadable",)
    assert limit <= sum(reads) < limit + 64 * 1024


def test_items_without_end_are_given_up_after_a_bounded_number_of_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elements, "STEP_LIMIT", 5000)
    steps = 0
    real = elements._Look._step

    def counting(look: elements._Look) -> bool:
        nonlocal steps
        steps += 1
        return real(look)

    monkeypatch.setattr(elements._Look, "_step", counting)
    content = files.part10(files.without("PixelData", "Rows")) + files.long(
        0x00400260, b"SQ", files.item(b"") * 100_000, files.UNDEFINED
    )
    assert inspect(tmp_path, content).reasons == ("header-cut-or-unreadable",)
    assert steps == 5000


def test_fragments_without_end_are_given_up_after_a_bounded_number_of_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transfer.scan.pixels.FRAGMENT_LIMIT", 100)
    content = files.headless_pixels(
        files.long(0x7FE00010, b"OB", files.item(b"ab") * 1000, files.UNDEFINED),
        "1.2.840.10008.1.2.4.50",
    )
    path = put(tmp_path, content)
    with counted_reads(monkeypatch) as reads:
        facts = inspect_file(str(path))
    assert facts.reasons == ("pixel-data-not-checked",)
    assert len(reads) <= 110


@pytest.mark.parametrize("depth", [200, 20_000])
def test_nesting_costs_no_more_than_the_depth_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    opened = struct.pack("<HH2sHL", 0x0040, 0x0260, b"SQ", 0, files.UNDEFINED)
    content = files.part10(files.without("PixelData", "Rows"))
    content += (opened + files.item(b"", files.UNDEFINED)) * depth
    deepest = 0
    real = elements._Look._push

    def watching(look: elements._Look, *level: object) -> None:
        nonlocal deepest
        real(look, *level)  # type: ignore[arg-type]
        deepest = max(deepest, len(look._levels))

    monkeypatch.setattr(elements._Look, "_push", watching)
    facts: FileFacts = inspect(tmp_path, content)
    assert facts.reasons == ("header-cut-or-unreadable",)
    assert deepest <= 2 * elements.MAX_DEPTH + 1
