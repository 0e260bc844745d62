"""Step 9 when something goes wrong on the way, or somebody steers it, and by hand."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER
from tests.engine.clinical_bench import (
    BOTH,
    STEP,
    ClinicalBench,
    Kind,
    clinical_bench,
)
from tests.faults.processes import await_until


@pytest.mark.parametrize("kind", BOTH)
def test_a_node_that_keeps_nothing_is_found_by_reading_back(tmp_path: Path, kind: Kind) -> None:
    """It answers well and stores nothing."""
    with clinical_bench(tmp_path, kind, patients=3, patience_s=2) as at:
        service = "eform" if kind == "upv" else "xnat"
        at.sandbox.faults.add(f"{service}:silent-refusal")
        ran = at.clinical("--json")
        # What one node says of it each time, the other takes for a fault that may pass.
        assert ran.code == {"upv": 4, "xnat": 6}[kind], str(ran)
        assert ran.document["subjects"]["verified"] == 0
        assert at.held() == {}
        at.sandbox.faults.clear()
        assert at.clinical().code == 0
        assert len(at.held()) == 3


def test_a_lost_answer_is_no_second_subject(at: ClinicalBench) -> None:
    kind = "eform:lose-answer" if at.kind == "upv" else "xnat:lose-file-answer"
    at.sandbox.faults.add(f"{kind},times=1")
    ran = at.clinical()
    assert ran.code == 0, str(ran)
    assert len(at.held()) == 5
    assert at.counts_of()["verified"] == 5


def test_a_busy_node_is_waited_for(at: ClinicalBench) -> None:
    service = "eform" if at.kind == "upv" else "xnat"
    # The sign-in is over by then.
    at.sandbox.faults.add(f"{service}:status=503,retry-after=1,times=2,after=8")
    ran = at.clinical()
    assert ran.code == 0, str(ran)
    assert at.counts_of()["verified"] == 5


@pytest.mark.parametrize("kind", BOTH)
def test_a_sign_in_that_ends_in_the_middle_waits_for_a_person(tmp_path: Path, kind: Kind) -> None:
    with clinical_bench(tmp_path, kind, patients=6, max_concurrency=1) as at:
        password = at.program.environ
        at.program.environ = {}
        at.program.good("login", "node", typed="ingester\n")
        service = "eform" if kind == "upv" else "xnat"
        at.sandbox.faults.add(f"{service}:latency=300")
        at.program.good("clinical", TRANSFER, "--detach")
        await_until(lambda: at.counts_of()["sent"] > 1, "two subjects were acknowledged")
        _end_every_sign_in(at)
        await_until(lambda: at.status()["runner"]["pid"] is None, "the runner ended")
        ended = at.status()
        assert ended["runner"]["exit_code"] == 5
        step = at.step(STEP)
        assert (step["state"], step["command"]) == ("waiting", "eucaim-transfer login node")
        assert 1 < ended["clinical"]["subjects"]["sent"] < 6
        at.sandbox.faults.clear()
        at.program.good("login", "node", typed="ingester\n")
        assert at.step(STEP)["state"] == "todo"
        at.program.environ = password
        assert at.clinical().code == 0
        assert len(at.held()) == 6
        again = at.sends() - Counter(dict.fromkeys(at.sends(), 1))
        assert again.total() <= 1, "no more than the one that was under way and refused"


def _end_every_sign_in(at: ClinicalBench) -> None:
    """As an administrator does: sessions end, tokens are void."""
    if at.kind == "upv":
        at.sandbox.issuer.expire(sessions=True)
        return
    accounts = at.sandbox.xnat.accounts
    accounts.close_all()
    kept = json.loads((at.program.home / "secrets" / "secrets.json").read_text())
    accounts.invalidate_token(json.loads(kept["node.token"])["alias"])


def test_a_node_that_does_not_answer_leaves_the_step_waiting(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=2, patience_s=1) as at:
        at.sandbox.faults.add("eform:status=503")
        ran = at.clinical()
        assert ran.code == 6, str(ran)
        step = at.step(STEP)
        assert (step["state"], step["command"]) == (
            "waiting",
            f"eucaim-transfer clinical {TRANSFER}",
        )
        at.sandbox.faults.clear()
        assert at.clinical().code == 0


def test_access_that_runs_out_on_the_way_is_renewed(upv: ClinicalBench) -> None:
    upv.sandbox.faults.add("issuer:expire,times=1,after=3")
    ran = upv.clinical()
    assert ran.code == 0, str(ran)
    assert upv.counts_of()["verified"] == 3


def test_without_a_known_way_the_checked_table_is_handed_over(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=3, clinical_mode="handover") as at:
        early = at.clinical("--handed-over", "--by", "Ada")
        assert early.code == 3
        assert "waits for an upload" in early.err
        ran = at.clinical("--json")
        assert ran.code == 0, str(ran)
        assert (ran.document["state"], ran.document["mode"]) == ("waiting", "by-hand")
        folder = at.program.home / "transfers" / TRANSFER / "handover" / "clinical"
        assert sorted(p.name for p in folder.iterdir()) == [
            "README.txt", "manifest.json", "t_clinical.csv",
        ]  # fmt: skip
        assert {p.stat().st_mode & 0o077 for p in [folder, *folder.iterdir()]} == {0}
        content = (folder / "t_clinical.csv").read_bytes()
        (listed,) = json.loads((folder / "manifest.json").read_text())["files"]
        assert listed["sha256"] == hashlib.sha256(content).hexdigest()
        assert listed["rows"] == 3
        assert content.startswith(b"PatientID,")
        step = at.step(STEP)
        assert step["command"] == f"eucaim-transfer clinical {TRANSFER} --handed-over --by PERSON"
        told = at.clinical().out
        assert f"folder       {folder}" in told
        assert f"Once uploaded: {step['command']}" in told
        assert at.clinical("--handed-over").code == 2

        assert at.clinical("--handed-over", "--by", "Ada").code == 0
        step = at.step(STEP)
        assert (step["state"], step["person"]) == ("done", "Ada")
        assert step["evidence"] == f"SHA-256 {listed['sha256'][:16]}…"
        # Made once more, it is the same, and the word stands.
        assert at.clinical().code == 0
        assert at.step(STEP)["person"] == "Ada"
        at.change_comment("PT001", "seen twice")
        assert at.clinical().code == 0
        assert at.step(STEP)["state"] == "waiting"


def test_a_file_that_somebody_changed_is_not_recorded_as_handed_over(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=2, clinical_mode="handover") as at:
        assert at.clinical().code == 0
        file = at.program.home / "transfers" / TRANSFER / "handover/clinical/t_clinical.csv"
        file.write_bytes(file.read_bytes() + b"PT9,,,\r\n")
        ran = at.clinical("--handed-over", "--by", "Ada")
        assert ran.code == 3
        assert "is not what was made" in ran.err
        assert at.step(STEP)["state"] == "waiting"


def test_a_detached_run_can_be_paused_resumed_and_stopped(tmp_path: Path) -> None:
    with clinical_bench(tmp_path, "upv", patients=8, max_concurrency=1) as at:
        at.sandbox.faults.add("eform:latency=2500")
        ran = at.clinical("--detach", "--json")
        assert ran.code == 0, str(ran)
        await_until(lambda: at.counts_of()["sent"] > 0, "a subject was acknowledged")
        running = at.status()
        assert running["runner"]["phase"] == "clinical"
        assert at.step("images")["state"] == "done"
        assert at.step(STEP)["state"] == "running"
        assert at.clinical().code == 7
        at.program.good("pause", TRANSFER)
        await_until(lambda: at.status()["state"] == "paused", "the wish was read")
        at.program.good("stop", TRANSFER)
        await_until(lambda: at.status()["runner"]["pid"] is None, "the runner ended")
        ended = at.status()
        assert ended["runner"]["exit_code"] == 130
        assert ended["runner"]["remedy"] == f"Go on with: eucaim-transfer clinical {TRANSFER}"
        assert 0 < ended["clinical"]["subjects"]["sent"] < 8
        assert at.step(STEP)["state"] == "todo"
        at.sandbox.faults.clear()
        assert at.clinical().code == 0
        assert set(at.sends().values()) == {1}
        assert len(at.sends()) == 8


# One node takes a subject in one request, the other in several.
@pytest.mark.parametrize(("kind", "patients"), [("upv", 500), ("xnat", 60)])
def test_one_refused_subject_of_many_is_named_and_the_rest_stands(
    tmp_path: Path, kind: Kind, patients: int
) -> None:
    with clinical_bench(tmp_path, kind, patients=patients) as at:
        at.refuse("PT032")
        ran = at.clinical("--json")
        assert ran.code == 4, str(ran)
        assert [(t["key"], t["row_number"]) for t in ran.document["in_trouble"]] == [("P32", 33)]
        rest = patients - 1
        assert ran.document["subjects"] == {
            "ready": patients, "sent": rest, "verified": rest, "failed": 1, "differs": 0,
        }  # fmt: skip
        before = at.sends()
        at.sandbox.faults.clear()
        assert at.clinical().code == 0
        assert len(at.held()) == patients
        assert sum((at.sends() - before).values()) == 1
