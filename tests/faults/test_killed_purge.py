"""`kill -9` while originals are removed: wherever it falls, the next call finishes it, and at no
moment is there neither the originals nor the evidence."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.bench import KILLING
from tests.program import REPOSITORY, Program
from tests.retention.prepared import NAME, Prepared, copied, found_in, prepared
from transfer.ledger.connection import Ledger
from transfer.ledger.retention import read_retention

POINTS = [
    pytest.param("purge-evidence", "1", id="evidence written, nothing begun"),
    pytest.param("purge-begun", "1", id="begun, nothing removed"),
    pytest.param("purge-veiled", "1", id="texts looked at"),
    pytest.param("purge-page", "1", id="first table done"),
    pytest.param("purge-page", "3", id="names of patients open, those of series sealed"),
    pytest.param("purge-pages", "1", id="all pages done"),
    pytest.param("purge-emptied", "1", id="tables emptied"),
    pytest.param("purge-rows", "1", id="ledger done, copies there"),
    pytest.param("purge-files", "1", id="copies gone, key there"),
    pytest.param("purge-key", "1", id="key gone, nothing said of it"),
    pytest.param("purge-compacted", "1", id="all done, not said"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return prepared(tmp_path_factory)


def _struck(program: Program, point: str, nth: str) -> int:
    done = subprocess.run(
        [
            *(sys.executable, "-P", str(KILLING), "self", point, nth),
            *("purge", NAME, "--confirm", NAME),
        ],
        cwd=REPOSITORY,
        env=program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_killed_removal_is_finished_by_the_next_call(
    made: Prepared, tmp_path: Path, point: str, nth: str
) -> None:
    program = copied(made, tmp_path)
    folder = program.home / "transfers" / NAME
    assert _struck(program, point, nth) == -signal.SIGKILL
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        before = read_retention(ledger)
    assert (folder / "report" / "manifest.sha256").exists()
    assert before.is_begun is (point != "purge-evidence")
    assert not before.is_done
    if before.is_begun:
        assert program.run("upload", NAME).code == 3
        assert program.status(NAME)["state"] == "purging"

    # Nobody is asked for the name again once it has begun.
    confirm = [] if before.is_begun else ["--confirm", NAME]
    after = program.good("purge", NAME, *confirm, "--json").document

    assert (after["names"], after["key"]) == ("kept", "removed")
    if before.is_begun:
        assert after["report_digest"] == before.report_digest
    digest = after["report_digest"]
    program.good("report", "--verify", folder / "report", "--digest", digest)
    assert found_in(folder, made.values) == []
    assert list((program.home / "keys").glob("*.key")) == []
    subject = sorted(made.labels)[0]
    found = program.good("recall", NAME, subject, "--json").document
    assert found["counts"]["instances"]["verified"] == len(found["instances"]) > 0
    assert found["counts"]["rows"] == 1
