"""`kill -9` while clinical data go: wherever it falls, each subject is there once in the end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import STEP, ClinicalBench, Kind, clinical_bench, row_of
from tests.faults.bench import KILLING
from tests.program import REPOSITORY

POINTS = [
    pytest.param("taken", "1", id="place taken, nothing done"),
    pytest.param("clinical-written", "1", id="tables written, nothing made"),
    pytest.param("clinical-made", "1", id="all made, nothing sent"),
    pytest.param("clinical-leased", "2", id="before a subject is sent"),
    pytest.param("clinical-answered", "2", id="after the answer, nothing recorded"),
    pytest.param("clinical-sent", "2", id="after recording the answer"),
    pytest.param("clinical-verified", "2", id="after recording what was read back"),
    pytest.param("concluded", "1", id="all done, place not given up"),
]
BOTH: tuple[Kind, ...] = ("upv", "xnat")
FILES = {"upv": 0, "xnat": 1}


def _struck(at: ClinicalBench, point: str, nth: str, *words: str) -> int:
    done = subprocess.run(
        [sys.executable, "-P", str(KILLING), "self", point, nth, "clinical", TRANSFER, *words],
        cwd=REPOSITORY,
        env=at.program.environment() | {"PYTHONPATH": str(REPOSITORY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_killed_run_is_finished_by_the_next_one_and_no_subject_goes_twice(
    tmp_path: Path, kind: Kind, point: str, nth: str
) -> None:
    # One at a time, so that nothing but what is at the point is under way.
    with clinical_bench(tmp_path, kind, patients=4, max_concurrency=1) as at:
        assert _struck(at, point, nth) == -signal.SIGKILL
        status = at.status()
        assert status["runner"]["pid"] is None
        assert status["state"] == "done", "nothing is said of the images by that"

        finished = at.clinical("--json")

        assert finished.code == 0, str(finished)
        assert finished.document["subjects"] == {
            "ready": 4, "sent": 4, "verified": 4, "failed": 0, "differs": 0,
        }  # fmt: skip
        assert sorted(at.held()) == ["PT001", "PT002", "PT003", "PT004"]
        assert set(at.sends().values()) == {1}
        assert len(at.sends()) == 4 + FILES[kind]
        assert at.step(STEP)["state"] == "done"


def test_a_word_to_overwrite_survives_a_kill(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=3, max_concurrency=1) as at:
        assert at.clinical().code == 0
        at.write_table([row_of(patient, comment="seen twice") for patient in at.patients])
        assert at.clinical().code == 3
        assert _struck(at, "clinical-answered", "2", "--overwrite") == -signal.SIGKILL
        assert at.clinical().code == 0
        assert len([text for text in at.held().values() if "seen twice" in text]) == 3
