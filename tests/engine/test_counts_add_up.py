"""Whatever a folder holds and whatever becomes of it: no file is seen without ending somewhere."""

from __future__ import annotations

import gzip
import io
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from tests.quality.cohort import scan_here
from tests.scan.files import dice
from transfer.ledger.census import FileCounts, take_census
from transfer.ledger.connection import Ledger

Maker = Callable[[Path, int], object]
Things = list[tuple[str, int, int]]


def _dicom(path: Path, number: int) -> None:
    image(path, f"1.2.{number + 1}")


def _zip(path: Path, number: int) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("note.txt", f"{number}")
        archive.writestr("folder/", b"")
    path.write_bytes(made.getvalue())


def _link_nowhere(path: Path, _: int) -> None:
    path.symlink_to(path.parent / "absent")


def _link_up(path: Path, _: int) -> None:
    path.symlink_to(path.parent)


def _cut(path: Path, number: int) -> None:
    _dicom(path, number)
    os.truncate(path, path.stat().st_size - 7)


MAKERS: dict[str, Maker] = {
    "dicom": _dicom,
    "cut": _cut,
    "text": lambda path, number: path.write_text(f"{number}"),
    "empty": lambda path, _: path.touch(),
    "gzip": lambda path, number: path.write_bytes(gzip.compress(bytes(number + 1))),
    "zip": _zip,
    "table": lambda path, _: path.with_suffix(".csv").write_text("id,age\n1,2\n"),
    "pipe": lambda path, _: os.mkfifo(path),
    "link nowhere": _link_nowhere,
    "link up": _link_up,
}


def things(chance: random.Random) -> Things:
    """What lies where: few folders and few UIDs, so that things meet."""
    return [
        (chance.choice(sorted(MAKERS)), chance.randrange(3), chance.randrange(4))
        for _ in range(chance.randrange(13))
    ]


def put(source: Path, things: Things, prefix: str) -> None:
    for place, (what, where, number) in enumerate(things):
        below = source / f"folder{where}"
        below.mkdir(exist_ok=True)
        MAKERS[what](below / f"{prefix}{place}.dcm", number)


def met(source: Path) -> int:
    """How many things a walk meets, told without our walk: files of zips are two, a link to a
    folder that was met already is one."""
    count, folders = 0, 0
    for where, _, names in os.walk(source):
        folders += 1
        for name in names:
            path = Path(where, name)
            count += 1
            if path.is_file() and path.read_bytes()[:2] == b"PK":
                count += 1
        with os.scandir(where) as entries:
            count += sum(entry.is_symlink() and entry.is_dir() for entry in entries)
    assert folders
    return count


def scanned(ledger: Ledger) -> FileCounts:
    scan_here(ledger)
    files = take_census(ledger).files
    in_one_way = (
        files.instances + files.duplicates + files.companions + files.rejected + files.missing
    )
    assert in_one_way == files.seen
    assert files.unread == 0
    assert files.seen == ledger.number("SELECT count(*) FROM source_file")
    goes = ledger.number("SELECT count(*) FROM instance WHERE state = 'ready'")
    assert goes == files.instances
    return files


@pytest.mark.parametrize("seed", range(25))
def test_every_file_of_any_folder_ends_in_exactly_one_way(tmp_path: Path, seed: int) -> None:
    chance = dice(seed)
    source = tmp_path / "source"
    source.mkdir()
    put(source, things(chance), "a")
    with make_transfer_of(source, tmp_path / "home") as ledger:
        assert scanned(ledger).seen == met(source)
        shutil.rmtree(source / f"folder{chance.randrange(3)}", ignore_errors=True)
        put(source, things(chance), "b")
        files = scanned(ledger)
        assert files.seen - files.missing == met(source)
        assert scanned(ledger) == files
