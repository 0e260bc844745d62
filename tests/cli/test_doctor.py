"""`doctor`: green or the cure, in groups; its document for a ticket; what it keeps."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.program import Program
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import Holder, read_runner
from transfer.ledger.steps import read_history, read_step
from transfer.machine.question import Question
from transfer.values import StepState
from transfer.workspace import Home, Workspace
from tui.cli.doctor import doctor_command
from tui.doctoring import Aim, Finding, Part


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path) as made:
        yield made


def workspace_of(at: Bench) -> Workspace:
    return Home.at(at.program.home).workspace(TRANSFER)


def headings(out: str) -> list[str]:
    return [line for line in out.splitlines() if line and not line.startswith(" ")]


def test_the_machine_alone_is_looked_at_without_any_node(tmp_path: Path) -> None:
    ran = Program(tmp_path).good("doctor")
    assert headings(ran.out) == ["This machine", "This machine can do the job."]
    assert "  ok    Python 3." in ran.out
    assert ran.complaint == [
        "This was the machine alone. Name a node to check it: doctor --node NODE"
    ]


def test_a_good_round_goes_from_the_machine_to_the_account(at: Bench) -> None:
    ran = at.program.good("doctor", TRANSFER)
    assert headings(ran.out) == [
        "This machine",
        "The configuration of node",
        "The way to node",
        "The account on node",
        "This machine can do the job; node is ready.",
    ]
    assert "FAIL" not in ran.out
    assert "tried:" not in ran.out


def test_verbose_says_of_each_check_what_was_tried_and_what_came_back(at: Bench) -> None:
    ran = at.program.good("doctor", "--node", NODE, "--verbose")
    checks = sum(line.startswith("  ok  ") for line in ran.out.splitlines())
    assert checks > 20
    tried = sum(line.startswith("        tried: ") for line in ran.out.splitlines())
    assert tried >= checks - 1, "the configuration's own line may have none"


def test_what_the_round_came_to_is_kept_with_the_transfer(at: Bench) -> None:
    document = at.program.good("doctor", TRANSFER, "--json").document
    with Ledger.open(workspace_of(at).ledger, read_only=True) as ledger:
        step = read_step(ledger, "doctor")
    assert step is not None
    assert step.state is StepState.DONE
    assert step.evidence == f"{len(document['checks'])} checks on {document['at_utc'][:10]}"
    assert at.step("tool")["state"] == "done"


def test_what_this_host_does_not_tell_has_a_mark_of_its_own_and_is_no_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def untold(home: Home, aim: Aim) -> AsyncGenerator[Finding, None]:
        asked = Question("time-sync", "Asked.")
        yield Finding(Part.MACHINE, asked.ok("The clock is kept right by NTP."))
        yield Finding(Part.MACHINE, asked.unknown("Whether it is cannot be told here."))

    monkeypatch.setenv("EUCAIM_TRANSFER_HOME", str(tmp_path))
    monkeypatch.setattr("tui.cli.doctor.examine", untold)
    options = argparse.Namespace(name=None, node=None, json=False, verbose=False)
    assert doctor_command(options) == 0
    assert capsys.readouterr().out.splitlines() == [
        "This machine",
        "  ok    The clock is kept right by NTP.",
        "  ?     Whether it is cannot be told here.",
        "",
        "  1 thing cannot be told here: marked with ? above.",
        "This machine can do the job.",
    ]


def test_a_failure_is_kept_as_the_step_s_state_until_a_round_is_good(at: Bench) -> None:
    url = at.table["dicomweb_url"]
    at.configure(dicomweb_url="https://127.0.0.1:9/dicom-web")
    assert at.program.run("doctor", TRANSFER).code == 6
    assert at.step("tool")["state"] == "blocked"
    at.configure(dicomweb_url=url)
    at.program.good("doctor", TRANSFER)
    with Ledger.open(workspace_of(at).ledger, read_only=True) as ledger:
        assert [one.state for one in read_history(ledger, "doctor")] == [
            StepState.BLOCKED,
            StepState.DONE,
        ]


def test_a_runner_that_holds_the_transfer_is_not_disturbed(at: Bench) -> None:
    workspace = workspace_of(at)
    with Ledger.open(workspace.ledger) as ledger:
        holder = Holder.take(workspace.lock, ledger, "upload")
        before = read_runner(ledger)
        at.program.good("doctor", TRANSFER)
        assert read_runner(ledger) == before
        step = read_step(ledger, "doctor")
        assert step is not None
        assert step.state is StepState.DONE
        with ledger.transaction():
            ledger.record_event("test", "the runner can still write")
        holder.release(ledger, 0)


def test_a_wrong_password_ends_with_5_and_names_itself_alone(at: Bench) -> None:
    at.program.environ = {"EUCAIM_TRANSFER_PASSWORD": "wrong"}
    ran = at.program.run("doctor", TRANSFER)
    assert ran.code == 5
    failures = [line for line in ran.out.splitlines() if line.startswith("  FAIL")]
    assert len(failures) == 1
    after = ran.out.split(failures[0])[1]
    assert after.lstrip().startswith("what to do: ")
    assert "whom to ask: " in after
    assert ran.out.splitlines()[-1].startswith("Not ready: 1 thing to mend. First: ")


def test_a_sign_in_that_the_doctor_finds_ended_is_no_longer_told_as_one(at: Bench) -> None:
    """Step 5 said "done: signed in" beside a doctor that said nobody was."""
    at.program.good("login", NODE)
    assert at.step("account")["state"] == "done"
    at.program.environ = {}
    at.sandbox.issuer.expire(sessions=True)
    assert at.program.run("doctor", "--node", NODE).code == 5
    account = at.step("account")
    assert (account["state"], account["next"]) == ("waiting", "Sign in again.")
    at.program.environ = {"EUCAIM_TRANSFER_PASSWORD": "ingester"}
    at.program.good("login", NODE)
    assert at.step("account")["state"] == "done"


def test_a_doctor_without_a_sign_in_leaves_an_account_that_is_asked_for(at: Bench) -> None:
    at.program.environ = {}
    at.program.good("account", NODE, "--asked", "--by", "A. Person")
    assert at.program.run("doctor", "--node", NODE).code == 5
    account = at.step("account")
    assert (account["state"], account["person"]) == ("waiting", "A. Person")


def test_a_configuration_that_lacks_something_ends_with_2_before_any_connection(
    tmp_path: Path,
) -> None:
    ran = Program(tmp_path).run("doctor", "--node", "upv", "--json")
    assert ran.code == 2
    assert {check["part"] for check in ran.document["checks"]} == {"machine", "configuration"}
    assert ran.document["summary"]["first"] == "configuration"


def test_a_node_that_is_not_configured_is_a_finding_with_the_known_ones(tmp_path: Path) -> None:
    ran = Program(tmp_path).run("doctor", "--node", "nowhere")
    assert ran.code == 2
    assert "  FAIL  There is no node profile of that name." in ran.out
    assert "health-ri, upv" in ran.out


def test_a_configuration_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[nodes.upv")
    ran = Program(tmp_path).run("doctor", "--node", "upv")
    assert ran.code == 2
    assert "  FAIL  config.toml cannot be used" in ran.out


def test_a_ledger_that_cannot_be_read_does_not_stop_the_look_at_the_machine(at: Bench) -> None:
    workspace_of(at).ledger.write_bytes(b"no ledger" * 999)
    ran = at.program.run("doctor", TRANSFER, "--json")
    assert ran.code == 2
    assert ran.document["summary"]["first"] == "ledger"
    assert ran.document["summary"]["fail"] == 1
    assert {check["part"] for check in ran.document["checks"]} == {"machine", "configuration"}


def test_a_transfer_and_a_node_cannot_both_be_named(at: Bench) -> None:
    ran = at.program.run("doctor", TRANSFER, "--node", NODE)
    assert ran.code == 2
    assert len(ran.complaint) == 2


def test_a_transfer_that_does_not_exist_is_refused_in_two_lines(tmp_path: Path) -> None:
    ran = Program(tmp_path).run("doctor", "nothing")
    assert (ran.code, ran.out, len(ran.complaint)) == (2, "", 2)


def test_the_document_has_what_a_helpdesk_asks_for(at: Bench) -> None:
    document = at.program.good("doctor", TRANSFER, "--json").document
    assert (document["node"], document["transfer"]) == (NODE, TRANSFER)
    assert set(document) == {"node", "transfer", "version", "at_utc", "host", "checks", "summary"}
    assert {"system", "kernel", "python", "libraries", "is_bundled"} <= set(document["host"])
    assert document["host"]["libraries"]["httpx"]
    for check in document["checks"]:
        assert set(check) == {
            "part", "check", "state", "message", "remedy", "exit_code", "tried", "answer", "whom",
            "is_known",
        }  # fmt: skip
    n = len(document["checks"])
    summary = document["summary"]
    assert summary["ok"] + summary["warn"] + summary["fail"] == n
    assert summary["unknown"] == sum(not check["is_known"] for check in document["checks"])
    assert (summary["state"] in ("ok", "warn"), summary["exit_code"]) == (True, 0)


def test_the_document_names_no_folder_of_this_host_and_no_account(at: Bench) -> None:
    """The helpdesk is another organisation; a damaged file of secrets is named with its path."""
    secrets = at.program.home / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "secrets.json").write_text("{}")
    (secrets / "secrets.json").chmod(0o644)
    shown = at.program.run("doctor", "--node", NODE)
    assert shown.out.count("  FAIL") == 1, "one thing is wrong, however many stumble over it"
    assert str(at.program.home) in shown.out, "the operator is told the whole path"
    ran = at.program.run("doctor", "--node", NODE, "--json")
    assert str(at.program.home) not in ran.out
    assert "$EUCAIM_TRANSFER_HOME/secrets/secrets.json" in ran.out
    (secrets / "secrets.json").chmod(0o600)
    signed_in = at.program.good("doctor", "--node", NODE, "--json")
    assert "as ingester" not in signed_in.out
    assert "Signed in as USERNAME" in signed_in.out


def test_the_document_is_one_line_on_stdout_and_nothing_stands_beside_it(at: Bench) -> None:
    ran = at.program.good("doctor", TRANSFER, "--json")
    assert len(ran.out.splitlines()) == 1
    assert json.loads(ran.out)["summary"]["fail"] == 0
    assert ran.err == ""
