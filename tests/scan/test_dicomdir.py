"""A DICOMDIR is a hint: it says what should be there, and nothing else of it is believed."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.engine.made import image, make_transfer_of
from tests.scan import files
from tests.scan.archived import zipped
from tests.scan.dicomdirs import index
from tests.scan.files import MIB, dice
from transfer.ledger.connection import Ledger
from transfer.scan import dicomdir
from transfer.scan.dicomdir import IndexUnreadable, referenced_files
from transfer.scan.phase import scan


def named(folder: Path, content: bytes) -> set[bytes]:
    path = folder / "DICOMDIR"
    path.write_bytes(content)
    return referenced_files(os.fsencode(path))


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian]
)
def test_an_index_tells_what_it_names(tmp_path: Path, syntax: str) -> None:
    content = index(["IMAGES/IM1", "IMAGES/IM2", "TOP"], syntax=syntax)
    assert named(tmp_path, content) == {b"images/im1", b"images/im2", b"top"}


def test_a_record_that_was_deleted_names_nothing(tmp_path: Path) -> None:
    assert named(tmp_path, index(["A", "C"], deleted=["B"])) == {b"a", b"c"}


@pytest.mark.parametrize("name", ["DICOMDIR", "DICOMDIR-bigEnd", "DICOMDIR-implicit"])
def test_real_indexes_name_as_many_files_as_lie_beside_them(name: str) -> None:
    path = get_testdata_file(f"dicomdirtests/{name}")
    assert isinstance(path, str)
    assert len(referenced_files(os.fsencode(path))) == 31


def test_a_name_across_two_pieces_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = index([f"D/{number:08}" for number in range(50)])
    for piece in (97, 1000):
        monkeypatch.setattr(dicomdir, "_PIECE_BYTES", piece)
        assert len(named(tmp_path, content)) == 50


def test_what_is_no_index_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(IndexUnreadable):
        named(tmp_path, b"no index at all")


def test_an_endless_index_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "DICOMDIR"
    path.write_bytes(index(["A"]))
    os.truncate(path, 100 * 1024 * MIB)
    with pytest.raises(IndexUnreadable):
        referenced_files(os.fsencode(path))


def test_an_index_that_names_too_much_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicomdir, "_NAMES_LIMIT", 3)
    assert len(named(tmp_path, index(["A", "B", "C"]))) == 3
    with pytest.raises(IndexUnreadable):
        named(tmp_path, index(["A", "B", "C", "D"]))


def test_whatever_an_index_holds_it_is_read_or_given_up(tmp_path: Path) -> None:
    chance = dice(3)
    honest = index([f"D/{number}" for number in range(9)])
    ways = {"read": 0, "given up": 0}
    for _ in range(1500):
        content = bytearray(honest)
        for _ in range(chance.choice((1, 3, 40))):
            content[chance.randrange(len(content))] = chance.choice((0, 255, chance.randrange(256)))
        try:
            named(tmp_path, bytes(content[: chance.choice((len(content), 200, 500))]))
            ways["read"] += 1
        except IndexUnreadable:
            ways["given up"] += 1
    assert ways["read"] > 100


def scanned(ledger: Ledger) -> list[tuple[int, int]]:
    """How many files each index names, and how many of them are absent."""
    scan(ledger, processes=1, should_stop=lambda: False)
    return ledger.rows("SELECT named, absent FROM directory ORDER BY file_id")


def test_files_are_looked_for_whatever_their_case_and_whatever_discs_put_behind(
    tmp_path: Path,
) -> None:
    source = tmp_path / "source"
    for number, name in enumerate(("Images/im1", "IMAGES/IM2.;1", "images/im3.", "IMAGES/IM4;1")):
        image(source / "disc" / name, f"1.2.{number}")
    names = [f"IMAGES/IM{n}" for n in range(1, 7)]
    (source / "disc" / "DICOMDIR").write_bytes(index(names))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(6, 2)]


def test_what_lies_beside_another_index_counts_for_that_one_alone(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "a" / "IM1", "1.2.1")
    image(source / "ab" / "IM2", "1.2.2")
    for folder in ("a", "ab"):
        (source / folder / "DICOMDIR").write_bytes(index(["IM1", "IM2"]))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(2, 1), (2, 1)]


def test_an_index_at_the_top_sees_all_of_the_source(tmp_path: Path) -> None:
    source = tmp_path / "source"
    image(source / "D" / "IM1", "1.2.1")
    (source / "DICOMDIR").write_bytes(index(["D/IM1"]))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(1, 0)]


def test_an_index_in_an_archive_sees_what_lies_there_with_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    members = {
        "disc/DICOMDIR": index(["D/IM1", "D/IM2"]),
        "disc/D/IM1": files.part10(files.image()),
    }
    (source / "a.zip").write_bytes(zipped(members, zipfile.ZIP_STORED))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(2, 1)]


def test_what_was_absent_is_counted_anew_when_it_comes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "DICOMDIR").write_bytes(index(["IM1", "IM2"]))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(2, 2)]
        image(source / "im1", "1.2.1")
        assert scanned(ledger) == [(2, 1)]
        (source / "im1").unlink()
        assert scanned(ledger) == [(2, 2)]


def test_an_unchanged_source_has_its_indexes_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "DICOMDIR").write_bytes(index(["IM1"]))
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(1, 1)]

        def unwanted(_: bytes) -> set[bytes]:
            raise AssertionError("nothing came and nothing went")

        monkeypatch.setattr(dicomdir, "referenced_files", unwanted)
        assert scanned(ledger) == [(1, 1)]


def test_an_index_that_cannot_be_read_tells_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "DICOMDIR").write_bytes(index(["A", "B"]))
    monkeypatch.setattr(dicomdir, "_NAMES_LIMIT", 1)
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger) == [(0, 0)]
