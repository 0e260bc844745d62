"""Full disks and used-up inodes, made for real on small file systems."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.doctor.asking import doctor, found, not_ok
from transfer.machine.space import check_disk, check_inodes, check_temporary

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a file system in memory with these options."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", str(place)],
            capture_output=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            pytest.skip("a small file system cannot be mounted by this account")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], timeout=30, check=True)


def test_a_full_disk_is_named_with_how_much_is_missing(mount: Mount) -> None:
    disk = mount("size=16m")
    (disk / "filler").write_bytes(bytes(16 * 1024 * 1024))
    code, document = doctor(disk / "home")
    assert not_ok(document) == ["disk"]
    assert code == 2
    result = found(document, "disk")
    assert result.message == "Only 0 B are free where the ledger lies; 200 MB are needed."
    assert result.remedy.startswith("Have 200 MB freed there, or set EUCAIM_TRANSFER_HOME")
    assert result.whom == "this host's administrator"


def test_a_disk_with_room_for_a_small_transfer_alone_is_worth_a_look(mount: Mount) -> None:
    disk = mount("size=400m")
    result = check_disk(disk / "home")
    assert (result.state, result.exit_code) == ("warn", 0)
    # 400 MiB less 200 MB, by 1 kB for each instance.
    assert "enough for 219,430 instances or so" in result.message


def test_the_ledger_of_a_large_cohort_needs_more_than_that_of_a_small_one(mount: Mount) -> None:
    disk = mount("size=400m")
    result = check_disk(disk, instances=1_000_000)
    assert result.state == "fail"
    assert "1.20 GB are needed for the ledger of 1,000,000 instances" in result.message


def test_inodes_that_are_used_up_are_told_apart_from_a_full_disk(mount: Mount) -> None:
    disk = mount("size=4g,nr_inodes=40")
    for number in range(39):
        (disk / str(number)).touch()
    code, document = doctor(disk / "home")
    assert not_ok(document) == ["inodes"]
    assert code == 2
    result = found(document, "inodes")
    assert result.message == "Only 0 more files can be made where the ledger lies (inodes)."
    assert "df -i" in result.remedy


def test_few_inodes_are_worth_a_look(mount: Mount) -> None:
    disk = mount("size=4g,nr_inodes=500")
    assert check_inodes(disk).state == "warn"


def test_a_file_system_without_a_number_of_inodes_is_good(mount: Mount) -> None:
    disk = mount("size=4g,nr_inodes=0")
    assert check_inodes(disk).message == "This file system sets no number of files."


def test_a_small_temporary_folder_is_worth_a_look(
    mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mount("size=16m")
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    result = check_temporary()
    assert result.state == "warn"
    assert result.message == "Only 16.8 MB are free in the temporary folder."


def test_a_temporary_folder_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    result = check_temporary()
    assert (result.state, result.whom) == ("fail", "you")
    assert "TMPDIR" in result.remedy
