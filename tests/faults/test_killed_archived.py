"""`kill -9` while archives are opened and what lies in them is read and sent: nothing is lost."""

from __future__ import annotations

import shutil
import signal
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.faults.conftest import MakeBench

POINTS = [
    pytest.param("opened", "1", id="after the first archive's members"),
    pytest.param("opened", "2", id="after the last archive's members"),
    pytest.param("read", "2", id="while headers of members are read"),
    pytest.param("piece", "3", id="in the middle of a member"),
    pytest.param("answered", "3", id="after the answer"),
]


@pytest.mark.parametrize("deid", [False, True], ids=["as-is", "de-identified"])
@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_runner_killed_anywhere_is_finished_by_the_next_one(
    make_bench: MakeBench, point: str, nth: str, deid: bool
) -> None:
    bench = make_bench(lanes=1, deid=deid)
    source = bench.cohort.folder
    shutil.copytree(source, source.with_name("kept"))
    _archive(source)
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    shutil.copytree(source.with_name("kept"), source, dirs_exist_ok=True)
    expected = bench.expected
    assert len(expected) > 8
    assert {uid: held.sha256 for uid, held in bench.held().items()} == expected
    status = bench.status()
    n, files = status.census.instances, status.census.files
    assert (n.found, n.verified, n.failed) == (len(expected), len(expected), 0)
    assert (files.unread, files.missing, files.companions) == (0, 0, 2)
    assert status.state == "done"


def _archive(source: Path) -> None:
    """Every other file into a zip, the rest into a tar, and nothing beside them."""
    paths = sorted(path for path in source.rglob("*") if path.is_file())
    assert len(paths) > 4
    with (
        zipfile.ZipFile(source / "a.zip", "w", zipfile.ZIP_DEFLATED) as packed,
        tarfile.open(source / "b.tar", "w") as plain,
    ):
        for number, path in enumerate(paths):
            name = str(path.relative_to(source))
            if number % 2:
                plain.add(path, name)
            else:
                packed.write(path, name)
            path.unlink()
