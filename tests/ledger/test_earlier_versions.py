"""Ledgers of every earlier schema, as the program of that time left them: opened, brought up to
date, looked at, and gone on with. Each of them is uploaded to its end by the fault bench."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from tests.faults.cohort import Cohort, write_cohort
from tests.faults.versions import PER_SERIES, SERIES, put_version, steps, versions
from transfer.ledger.connection import Ledger
from transfer.ledger.soundness import demand_sound
from transfer.status import read_status
from transfer.workspace import Workspace

TAKEN: Final = {
    1: "6dbd63c3d2f81fd0",
    2: "66fd7e746b3d9d2a",
    3: "df57f88ca23690c6",
    4: "ea7c20644bba7d44",
    5: "3e9f1c9fd9cf9e35",
    6: "9d9d928782e9bd2a",
    7: "2ab5b4e58203e3d7",
    8: "b9a32db17aa47cc4",
    9: "d9b6bde6ab190bd0",
    10: "a8f9a229f00cad0d",
    11: "7c8e74a87be7f0c8",
    12: "d247abcb9b0761e0",
    13: "2cd6a5e79cd481b8",
    14: "9bf92a6c0d854bd7",
    15: "f7fb2b815ad7c584",
    16: "5614eaf1cea8b38a",
    17: "f1b2a0dec11573d1",
    18: "de78355f95badcad",
    19: "02b56a728269f057",
    20: "9bd0eda18aa9ef50",
    21: "744cb7c631d47141",
    22: "b046cf8bc252aeeb",
    23: "6b9b62864ab6fcfe",
    24: "1efe85e6bfde9d4f",
    25: "3f6f60804a2a8cae",
}
_KILLED = """
import os, signal, sys
from hashlib import sha256
from pathlib import Path
from typing import Final
from transfer import checkpoint
from transfer.ledger.connection import Ledger
left = [int(sys.argv[2])]
def observe(point):
    left[0] -= point == "migrated"
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
checkpoint.observer = observe
Ledger.open(Path(sys.argv[1])).close()
"""


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    """The images of these transfers."""
    return write_cohort(tmp_path / "cohort", series=SERIES, per_series=PER_SERIES)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A folder for a ledger."""
    folder = tmp_path / "trial"
    folder.mkdir(mode=0o700)
    return Workspace(folder)


def _demand_begun(workspace: Workspace) -> None:
    """All that the earlier version knew is there, and adds up."""
    with Ledger.open(workspace.ledger) as ledger:
        demand_sound(ledger)
    status = read_status(workspace)
    n = status.census.instances
    assert (n.found, n.rejected, n.failed) == (12, 0, 0)
    assert 4 <= n.sent <= 8
    assert status.census.files.duplicates == 1
    assert status.state == "interrupted"
    assert status.order.name == "trial"


def test_a_step_of_the_schema_is_never_changed_once_it_was_taken() -> None:
    """A ledger that took it as it was would lack what it is now. A new step has a new number."""
    found = {number: sha256(script.encode()).hexdigest()[:16] for number, script in steps()}
    assert found == TAKEN


def test_ledgers_of_the_program_of_fourteen_earlier_schemas_are_kept() -> None:
    assert versions() == [2, 3, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 22, 23]


@pytest.mark.parametrize("number", range(2, 24))
def test_a_ledger_of_an_earlier_version_is_brought_up_to_date_with_all_that_it_knew(
    number: int, workspace: Workspace, cohort: Cohort
) -> None:
    put_version(number, workspace.ledger, cohort)
    _demand_begun(workspace)


@pytest.mark.parametrize(("number", "nth"), [(2, 1), (2, 12), (12, 3), (22, 2)])
def test_an_update_that_was_killed_goes_on_where_it_was(
    number: int, nth: int, workspace: Workspace, cohort: Cohort
) -> None:
    put_version(number, workspace.ledger, cohort)
    words = [sys.executable, "-c", _KILLED, str(workspace.ledger), str(nth)]
    ran = subprocess.run(words, env=os.environ, timeout=60, check=False)
    assert ran.returncode == -signal.SIGKILL
    _demand_begun(workspace)
