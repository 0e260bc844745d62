"""The clinical data of a scenario: its table, and that each subject's are on the node once."""

from __future__ import annotations

import io
import json
from pathlib import Path

from pydicom import dcmread

from tests.faults.bench import Bench, SandboxServer
from tests.faults.deid import DeidBench
from tests.faults.scenario import Stage
from tests.faults.xnat import XnatBench

PATIENTS = ("P0", "P1")
"""Those of a cohort of three Series."""


def write_table(folder: Path) -> Path:
    """A row for each patient."""
    path = folder / "clinical.csv"
    rows = [f"{patient},Female,61,seen" for patient in PATIENTS]
    path.write_text("\n".join(["PatientID,Sex,Age at diagnosis,Comment", *rows]) + "\n", "utf-8")
    return path


def clinical_words(bench: Bench) -> tuple[str, ...]:
    """The command that sends them. All scenarios have one project of an XNAT, and the file that
    describes the table belongs to the project."""
    overwrites = ("--overwrite",) if isinstance(bench, XnatBench) else ()
    return ("clinical", bench.name, *overwrites)


def finish_clinical(stage: Stage) -> None:
    """Send what has not gone, and look for it on the node, past the program.

    Raises:
        AssertionError: something is not there, or came in twice.
    """
    bench = stage.made
    assert isinstance(bench, DeidBench)
    stage.run(*clinical_words(bench), codes={0})
    subjects = json.loads(stage.run("status", bench.name, "--json", codes={0}))["clinical"]
    assert subjects["subjects"] == {
        "ready": 2, "sent": 2, "verified": 2, "failed": 0, "differs": 0,
    }  # fmt: skip
    sent = {str(dcmread(io.BytesIO(one.content)).PatientID) for one in bench.leaves}
    assert len(sent) == len(PATIENTS)
    if isinstance(bench, XnatBench):
        held = {one: bench.xnat.archive.clinical_files(one) for one in sent}
        assert {one: len(files) for one, files in held.items()} == dict.fromkeys(sent, 1), held
    else:
        assert isinstance(bench.server, SandboxServer)
        forms = bench.server.control("eforms")
        times = {form["subject"]: form["received"] for form in forms if form["subject"] in sent}
        assert times == dict.fromkeys(sent, 1), times
