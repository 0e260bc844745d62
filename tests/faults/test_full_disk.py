"""A disk that runs full under the ledger: said plainly, and gone on from once there is space."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench
from tests.faults.conftest import MakeBench
from tests.program import complaint_in
from transfer.ledger.holder import is_held

KIB = 1024
FULL = [
    "eucaim-transfer: The disk that holds the ledger is full; the transfer stopped with nothing"
    " lost.",
    "  what to do: Free some space there, then go on with: eucaim-transfer upload trial",
]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB: the ledger with a write-ahead log that grows to 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", str(place)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted by this account")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], timeout=30, check=True)


@pytest.mark.parametrize("left_kib", [0, 40, 120, 400])
def test_a_disk_too_full_to_scan_ends_the_run_with_what_to_do(
    make_bench: MakeBench, small_disk: Path, left_kib: int
) -> None:
    bench = make_bench(series=16, per_series=50, home=small_disk / "home")
    filler = _fill(small_disk, left_kib * KIB)

    starved = bench.run("upload", bench.name)

    assert starved.returncode == 2
    assert complaint_in(starved.stderr) == FULL
    assert not is_held(bench.workspace.lock)
    filler.unlink()
    _finish(bench)


def test_a_disk_that_runs_full_while_instances_go_costs_none_of_them(
    make_bench: MakeBench, small_disk: Path
) -> None:
    bench = make_bench(series=16, per_series=50, home=small_disk / "home")
    assert bench.run("scan", bench.name).returncode == 0
    filler = _fill(small_disk, 1000 * KIB)

    starved = bench.run("upload", bench.name)

    assert starved.returncode == 2
    assert complaint_in(starved.stderr) == FULL
    assert "Traceback" not in starved.stderr
    filler.unlink()
    recorded = bench.sent()
    assert 0 < recorded < len(bench.cohort.digests)
    assert recorded <= len(bench.held())
    _finish(bench)


def _finish(bench: Bench) -> None:
    finished = bench.run("upload", bench.name)
    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()


def _fill(disk: Path, left_bytes: int) -> Path:
    """Leave so much and no more; the file that takes up the rest."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        while (spare := _free(disk) - left_bytes) > 0:
            file.write(bytes(min(spare, 64 * KIB)))
            file.flush()
    return filler


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
