"""The units that the page gives to be copied: systemd takes them, and a stop stays a stop."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from transfer.values import ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "unattended.md").read_text("utf-8")
UNITS = dict(re.findall(r"```ini\n# /etc/systemd/system/(\S+)\n(.*?)```", PAGE, re.DOTALL))
_PROGRAM = "/usr/local/bin/eucaim-transfer"


def test_a_run_that_waits_for_a_person_or_was_stopped_is_not_started_again() -> None:
    """Else `stop` would be undone ten minutes later, and what a node refused be sent all night."""
    upload = UNITS["eucaim-upload@.service"]
    found = re.search(r"^RestartPreventExitStatus=(.*)$", upload, re.MULTILINE)
    assert found is not None
    assert {int(code) for code in found[1].split()} == {
        ExitCode.USAGE,
        ExitCode.BLOCKED,
        ExitCode.PARTIAL,
        ExitCode.SIGN_IN,
        ExitCode.HELD,
        ExitCode.INTERRUPTED,
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("name", UNITS)
def test_systemd_takes_the_unit(name: str, tmp_path: Path) -> None:
    for other, text in UNITS.items():
        assert text.count("ExecStart=") == text.count(_PROGRAM) == int(other.endswith(".service"))
        (tmp_path / other).write_text(text.replace(_PROGRAM, "/bin/true"))
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stderr) == (0, "")


def test_every_service_that_a_timer_starts_is_given_too() -> None:
    timers = [name.removesuffix(".timer") for name in UNITS if name.endswith(".timer")]
    assert len(timers) == 2
    assert [name for name in timers if f"{name}.service" not in UNITS] == []
