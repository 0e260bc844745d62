"""Files for their owner alone, put in place of those that were there."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from transfer.private import replace_private

_KILLED = """
import os, signal, sys
from pathlib import Path
from transfer.private import replace_private
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
replace_private(Path(sys.argv[1]), b"a key")
"""


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", ["key", "register"])
def test_what_a_killed_process_wrote_goes_with_the_next_file_that_is_put_there(
    tmp_path: Path, name: str
) -> None:
    """It may hold a cohort's key, which a purge would then not take away."""
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(tmp_path / "key")], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(_names(tmp_path)) == 1

    replace_private(tmp_path / name, b"another")

    assert _names(tmp_path) == [name]
    assert (tmp_path / name).read_bytes() == b"another"


def test_what_a_living_process_is_writing_is_left_to_it(tmp_path: Path) -> None:
    draft = tmp_path / ".draft-of-another"
    with draft.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        replace_private(tmp_path / "key", b"a key")
        assert _names(tmp_path) == [".draft-of-another", "key"]
    replace_private(tmp_path / "key", b"a key")
    assert _names(tmp_path) == ["key"]


def test_a_link_in_place_of_a_draft_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"kept")
    os.symlink(victim, tmp_path / ".draft-link")
    replace_private(tmp_path / "key", b"a key")
    assert victim.read_bytes() == b"kept"
