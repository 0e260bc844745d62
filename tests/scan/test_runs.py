"""Runs of elements that came before are stepped over at once; it changes nothing but the time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.scan import files
from tests.scan.files import dice, put
from transfer.scan import elements, runs
from transfer.scan.facts import FileFacts
from transfer.scan.inspect import inspect_file


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    runs.runs_of.cache_clear()
    yield
    runs.runs_of.cache_clear()


def slice_of(number: int, series: str = "1.2.3.1") -> Dataset:
    made = files.image()
    made.SOPInstanceUID = f"1.2.3.4.{number}"
    made.SeriesInstanceUID = series
    made.InstanceNumber = number
    made.ContentTime = f"1010{number % 60:02}"
    made.ImagePositionPatient = [0, 0, number * 1.25]
    made.add_new(0x00190010, "LO", "MAKER")
    for element in range(0x1000, 0x1028):
        made.add_new(0x00190000 | element, "LO", f"{series} {element}")
    return made


def inspected(folder: Path, content: bytes) -> FileFacts:
    return inspect_file(str(put(folder, content)))


def inspected_afresh(folder: Path, content: bytes) -> FileFacts:
    """As if this were the first file that is read."""
    runs.runs_of.cache_clear()
    facts = inspected(folder, content)
    runs.runs_of.cache_clear()
    return facts


def test_slices_of_a_series_are_walked_one_by_one_only_where_they_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked: list[int] = []
    monkeypatch.setattr(elements, "WORTH", 0)
    real = runs.Runs.learn

    def watching(self: runs.Runs, block: bytes, ones: list[runs.Walked]) -> None:
        walked[-1] += len(ones)
        real(self, block, ones)

    monkeypatch.setattr(runs.Runs, "learn", watching)
    for number in range(1, 7):
        walked.append(0)
        facts = inspected(tmp_path, files.part10(slice_of(number)))
        assert facts.header is not None
        assert facts.header.sop_instance_uid == f"1.2.3.4.{number}"
    assert walked[0] > 60
    assert walked[-1] < 12


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2", "1.2.840.10008.1.2.2"])
def test_every_encoding_has_runs_of_its_own(tmp_path: Path, syntax: str) -> None:
    for number in range(1, 6):
        for other in ("1.2.840.10008.1.2.1", syntax):
            content = files.part10(slice_of(number), other)
            facts = inspected(tmp_path, content)
            assert facts.header is not None
            assert facts.header.series_uid == "1.2.3.1"
            assert facts.header.sop_instance_uid == f"1.2.3.4.{number}"


def test_what_is_known_never_changes_what_is_said(tmp_path: Path) -> None:
    chance = dice(5)
    good = [
        files.part10(slice_of(number, f"1.2.3.{series}"))
        for series in (1, 2)
        for number in range(1, 5)
    ]
    contents: list[bytes] = []
    for _ in range(300):
        content = bytearray(chance.choice(good))
        if chance.randrange(2):
            content[chance.randrange(132, len(content))] = chance.randrange(256)
        contents.append(bytes(content))
    alone = [inspected_afresh(tmp_path, content) for content in contents]
    together = [inspected(tmp_path, content) for content in contents]
    assert together == alone
    assert len({facts.reasons for facts in alone}) > 3


def test_a_run_that_is_cut_by_the_end_of_the_file_is_seen_as_cut(tmp_path: Path) -> None:
    for number in range(1, 6):
        inspected(tmp_path, files.part10(slice_of(number)))
    content = files.part10(slice_of(9))
    at = content.index(struct.pack("<HH", 0x0019, 0x1010)) + 11
    assert inspected(tmp_path, content[:at]).reasons[0] == "header-cut-or-unreadable"


def test_headers_with_nothing_in_common_are_soon_left_alone() -> None:
    known = runs.Runs()
    looked = 0
    real = known._keep

    def watching(block: bytes, row: list[runs.Walked]) -> None:
        nonlocal looked
        looked += 1
        real(block, row)

    known._keep = watching  # type: ignore[method-assign]
    for number in range(1000):
        block = b"".join(
            struct.pack("<HH2sH", 0x0019, 0x1000 + k, b"LO", 4) + f"{number:04}".encode()
            for k in range(30)
        )
        known.learn(block, [(k * 12, k * 12 + 12, 0x00191000 + k, None, True) for k in range(30)])
    assert 0 < looked < 100
    assert known.known == {}


def test_what_is_remembered_is_bounded() -> None:
    known = runs.Runs()
    for number in range(5000):
        head = struct.pack("<HH2sH", 0x0019, number, b"LO", 4)
        block = head + f"{number:04}".encode()
        known.served()
        known.learn(block * 2, [(0, 12, number, None, True), (12, 24, number, None, True)])
    assert len(known._last) <= 1026
    assert len(known.known) <= 130
