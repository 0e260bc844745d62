"""What the commands print: one JSON document on stdout, everything else on stderr."""

from __future__ import annotations

import os
import stat
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.program import Program
from transfer import __version__

STEP_STATES = {"todo", "waiting", "running", "done", "blocked"}
STATUS_KEYS = {
    "transfer", "node", "destination", "steps", "patients", "studies", "series", "instances",
    "bytes", "rate_bps", "eta_s", "runner", "clinical", "publication",
}  # fmt: skip
COUNTS = {"found", "rejected", "ready", "sent", "verified", "failed"}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def test_the_version_is_told_within_three_tenths_of_a_second(tmp_path: Path) -> None:
    runs = [Program(tmp_path).good("--version") for _ in range(5)]
    assert runs[0].out == f"eucaim-transfer {__version__}\n"
    assert statistics.median(run.seconds for run in runs) < 0.3


def test_new_tells_where_it_goes(at: Bench) -> None:
    source = at.program.home.parent / "source"
    ran = at.program.good("new", "second", "--node", NODE, "--source", source, "--json")
    assert ran.document == {"transfer": "second", "node": NODE, "destination": "SANDBOX|MAIN"}
    assert ran.err == ""


def test_a_new_transfer_has_the_whole_status_document(at: Bench) -> None:
    status = at.status()
    assert set(status) >= STATUS_KEYS
    assert set(status["instances"]) >= COUNTS
    assert set(status["bytes"]) >= {"total", "sent"}
    assert set(status["runner"]) >= {"state", "pid"}
    assert (status["transfer"], status["node"]) == (TRANSFER, NODE)
    assert status["destination"] == "SANDBOX|MAIN"
    assert status["instances"] == dict.fromkeys(status["instances"], 0)
    assert [{"id", "title", "state"} <= set(step) for step in status["steps"]] == [True] * 7
    assert {step["state"] for step in status["steps"]} <= STEP_STATES
    assert status["runner"]["pid"] is None


def test_an_upload_ends_with_the_status_document(at: Bench) -> None:
    ran = at.upload("--json")
    assert ran.code == 0, str(ran)
    assert ran.document == at.status()
    counts = {key: ran.document["instances"][key] for key in COUNTS}
    assert counts == {
        "found": 8, "rejected": 0, "ready": 8, "sent": 8, "verified": 8, "failed": 0
    }  # fmt: skip
    total = sum(i.size_bytes for i in at.images)
    assert ran.document["bytes"] == {"total": total, "sent": total}
    assert (ran.document["studies"], ran.document["series"]) == (2, 2)


def test_a_second_upload_of_what_is_there_sends_nothing(at: Bench) -> None:
    at.assert_all_arrived(at.upload())
    at.assert_all_arrived(at.upload())
    assert at.received() == [1] * 8


def test_verify_looks_again_and_says_so(at: Bench) -> None:
    at.assert_all_arrived(at.upload())
    ran = at.program.good("verify", TRANSFER, "--json")
    assert ran.document["instances"]["verified"] == 8
    assert at.received() == [1] * 8


def test_the_list_shows_every_transfer(at: Bench) -> None:
    at.assert_all_arrived(at.upload())
    source = at.program.home.parent / "source"
    at.program.good("new", "second", "--node", NODE, "--source", source)
    transfers = at.program.good("list", "--json").document["transfers"]
    shown = [(t["transfer"], t["node"], t["state"], t["verified"]) for t in transfers]
    assert shown == [("second", NODE, "new", 0), (TRANSFER, NODE, "done", 8)]
    plain = at.program.good("list").out.splitlines()
    assert plain[1].split()[:2] == [TRANSFER, "done"]


def test_a_scan_names_what_is_left_out_and_shows_its_name_only_when_asked(at: Bench) -> None:
    source = at.program.home.parent / "source"
    (source / "notes of Jane Roe.txt").write_text("no image")
    document = at.program.good("scan", TRANSFER, "--json").document
    assert document["instances"]["found"] == 8
    (left,) = document["left_out"]
    assert (left["verdict"], left["reasons"]) == ("rejected", ["not-dicom"])
    assert left["key"]
    assert left["message"]
    assert "path" not in left
    named = at.program.good("scan", TRANSFER, "--json", "--identifiers").document
    assert [left["path"] for left in named["left_out"]] == ["notes of Jane Roe.txt"]
    assert "Jane" not in at.program.good("scan", TRANSFER).out
    assert "Jane" in at.program.good("scan", TRANSFER, "--identifiers").out


def test_the_doctor_finds_a_good_node_good(at: Bench) -> None:
    ran = at.program.good("doctor", "--node", NODE, "--json")
    assert ran.document["node"] == NODE
    checks = ran.document["checks"]
    assert [c for c in checks if c["state"] == "fail"] == []
    assert {"tls-version", "certificate", "sign-in", "listing"} <= {c["check"] for c in checks}
    at.program.good("doctor", TRANSFER)
    assert at.step("tool")["state"] == "done"


def test_the_doctor_ends_with_5_for_a_wrong_password(at: Bench) -> None:
    at.program.environ = {"EUCAIM_TRANSFER_PASSWORD": "wrong"}
    ran = at.program.run("doctor", "--node", NODE, "--json")
    assert ran.code == 5, str(ran)
    failed = [c for c in ran.document["checks"] if c["state"] == "fail"]
    assert [c["check"] for c in failed] == ["sign-in"]
    assert failed[0]["remedy"]


def test_login_says_who_one_is_and_keeps_the_sign_in_but_not_the_password(at: Bench) -> None:
    at.program.environ = {}
    ran = at.program.good("login", NODE, "--json", typed="ingester\n")
    assert ran.document["username"] == "ingester"
    assert ran.document["roles"]
    kept = at.program.home / "secrets" / "secrets.json"
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    assert '"ingester"' not in kept.read_text()
    at.assert_all_arrived(at.upload())
    at.program.good("logout", NODE)
    assert at.program.run("verify", TRANSFER).code == 5


def test_login_ends_with_5_for_a_wrong_password_and_does_not_show_it(at: Bench) -> None:
    at.program.environ = {}
    ran = at.program.run("login", NODE, typed="not-the-one\n")
    assert ran.code == 5, str(ran)
    assert len(ran.complaint) == 2
    assert "not-the-one" not in ran.out + ran.err
    assert at.sandbox.issuer.sign_ins == 0


def test_login_ends_with_5_where_there_is_no_password_to_be_had(at: Bench) -> None:
    at.program.environ = {}
    ran = at.program.run("login", NODE)
    assert ran.code == 5, str(ran)
    assert len(ran.complaint) == 2


def test_an_upload_without_a_sign_in_ends_with_5_and_waits(at: Bench) -> None:
    at.program.environ = {}
    ran = at.upload()
    assert ran.code == 5, str(ran)
    assert len(ran.complaint) == 2
    assert at.status()["state"] == "waiting"
    assert at.sandbox.stored() == {}


def test_a_dry_run_writes_the_requests_for_our_eyes_only_and_sends_nothing(at: Bench) -> None:
    folder = at.program.home.parent / "dry"
    ran = at.upload("--json", "--dry-run", folder)
    assert ran.code == 0, str(ran)
    assert ran.document["requests"] == 1
    written = sorted(folder.iterdir())
    assert [path.suffix for path in written] == [".body", ".http"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    body, head = (path.read_bytes() for path in written)
    assert all(i.content in body for i in at.images)
    assert head.startswith(b"POST /dicom-web/studies")
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert b"bearer ***" in head.lower()
    assert at.sandbox.stored() == {}
    at.assert_all_arrived(at.upload())


def test_plain_output_says_the_same_in_words(at: Bench) -> None:
    ran = at.upload()
    assert ran.code == 0, str(ran)
    lines = ran.out.splitlines()
    assert lines[0] == f"{TRANSFER}: done"
    assert "  sent         8 of 8 acknowledged, 8 verified on the node" in lines
