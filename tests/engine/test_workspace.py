"""Where transfers live: private folders, local disks, and names that can be folders."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.engine.made import image, make_transfer_of
from transfer.errors import UsageError
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.workspace import Home, file_system_of, refuse_shared_file_system

MOUNTS = """22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
30 22 0:40 / /home rw - nfs4 server:/home rw
31 30 254:2 / /home/local rw - xfs /dev/vdb1 rw
32 22 0:41 / /mnt/with\\040blank rw - fuse.sshfs there rw
"""


def test_everything_of_a_transfer_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        image(tmp_path / "source" / "1.dcm", "1.2.1")
        with make_transfer_of(tmp_path / "source", tmp_path / "home"):
            pass
    finally:
        os.umask(before)
    inside = [tmp_path / "home", *(tmp_path / "home").rglob("*")]
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in inside}
    assert len(inside) >= 4
    assert modes == {0}


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/ann", "nfs4"),
        ("/home/local/x", "xfs"),
        ("/mnt/with blank", "fuse.sshfs"),
        ("/homestead", "ext4"),
    ],
)
def test_the_nearest_mount_tells_the_file_system(folder: str, kind: str) -> None:
    assert file_system_of(Path(folder), MOUNTS) == kind


def test_a_home_on_a_shared_file_system_is_refused_with_the_cure() -> None:
    with pytest.raises(UsageError, match="nfs4") as refused:
        refuse_shared_file_system(Path("/home/ann"), MOUNTS)
    assert "local disk" in refused.value.remedy
    refuse_shared_file_system(Path("/home/local"), MOUNTS)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 65, "a b", "é"])
def test_a_name_that_is_no_folder_s_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        Home.at(tmp_path).new_workspace(name)


def test_a_transfer_that_cannot_be_made_leaves_no_folder(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    with pytest.raises(UsageError, match="source folder"):
        make_transfer(home, Order("t", "n", tmp_path / "absent", ""))
    assert home.names() == []


def test_a_source_that_holds_the_program_s_own_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="own state"):
        make_transfer(Home.at(tmp_path / "home"), Order("t", "n", tmp_path, ""))
