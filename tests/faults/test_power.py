"""What is true of a disk after a power cut, so that the scenarios of it say something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.disk import Disk, Kept, lacks_compiler

pytestmark = pytest.mark.skipif(bool(lacks_compiler()), reason=lacks_compiler())


def _after(tmp_path: Path, program: str, kept: Kept, *, fails_at: int = 0) -> dict[str, bytes]:
    """What lies in a folder after a program ran in it and power was cut; `old` is there before."""
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    home.mkdir()
    scratch.mkdir()
    (home / "old").write_bytes(b"old")
    disk = Disk(home, scratch, fails_at=fails_at)
    ran = subprocess.run(
        [sys.executable, "-S", "-c", f"import os\n{program}"],
        cwd=home,
        env={**os.environ, **disk.environment},
        timeout=60,
        check=False,
    )
    assert ran.returncode == (-9 if fails_at else 0)
    assert disk.has_failed is bool(fails_at)
    disk.cut(kept, seed=1)
    return {
        str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()
    }


_SYNC = "os.fsync(os.open({!r}, os.O_RDONLY))\n"
_WRITE = "file = open('new', 'wb', 0); file.write(b'new')\n"


@pytest.mark.parametrize(
    ("program", "kept", "found"),
    [
        pytest.param(_WRITE, Kept.NOTHING, {"old": b"old"}, id="nothing synced"),
        pytest.param(
            f"{_WRITE}os.fsync(file.fileno())", Kept.NOTHING, {"old": b"old"}, id="its name is not"
        ),
        pytest.param(
            _WRITE + _SYNC.format("."),
            Kept.NOTHING,
            {"old": b"old", "new": b""},
            id="its content is not",
        ),
        pytest.param(
            f"{_WRITE}os.fsync(file.fileno())\n{_SYNC.format('.')}",
            Kept.NOTHING,
            {"old": b"old", "new": b"new"},
            id="both are synced",
        ),
        pytest.param(
            f"{_WRITE}os.replace('new', 'old')", Kept.NAMES, {"old": b""}, id="emptied by a rename"
        ),
        pytest.param(
            f"{_WRITE}os.fsync(file.fileno())\nos.replace('new', 'old')",
            Kept.NOTHING,
            {"old": b"old"},
            id="a rename that is not synced",
        ),
        pytest.param("os.unlink('old')", Kept.NOTHING, {"old": b"old"}, id="not removed for good"),
        pytest.param(
            f"os.mkdir('in')\nos.chdir('in')\n{_WRITE}os.fsync(file.fileno())\n{_SYNC.format('.')}",
            Kept.NOTHING,
            {"old": b"old"},
            id="the folder's own name is not",
        ),
        pytest.param(
            "open('old', 'r+b').write(b'OLD!')", Kept.WRITES, {"old": b"OLD!"}, id="contents kept"
        ),
    ],
)
def test_only_what_was_synced_outlasts_a_power_cut(
    tmp_path: Path, program: str, kept: Kept, found: dict[str, bytes]
) -> None:
    assert _after(tmp_path, program, kept) == found


def test_a_torn_write_is_there_in_sectors(tmp_path: Path) -> None:
    found = _after(tmp_path, "open('old', 'r+b').write(b'x' * 8192)", Kept.SOME)["old"]
    sectors = {bytes(set(found[at : at + 512])) for at in range(512, len(found) - 511, 512)}
    assert sectors == {b"x", b"\0"}


def test_the_sync_that_power_does_not_live_to_see_has_no_effect(tmp_path: Path) -> None:
    twice = f"{_SYNC.format('.')}{_WRITE}{_SYNC.format('.')}{_WRITE}"
    assert _after(tmp_path, twice, Kept.NOTHING, fails_at=2) == {"old": b"old"}
