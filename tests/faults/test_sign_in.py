"""A restart with nothing on the pipe: with a token that is stored it goes on, and without one it
waits for a sign-in and loses nothing. Real processes, to both stand-ins."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.engine.xnat_bench import xnat_bench
from tests.faults.processes import await_until
from transfer.accounts import Account, asked_for, read_account
from transfer.ledger.holder import is_held
from transfer.status import Status, read_status
from transfer.values import StepState
from transfer.workspace import Home

# What goes in a second is less than one request holds: nobody is done before the blow falls.
SLOW = ("--bwlimit", "1K", "--concurrency", "1")


@dataclass
class Place:
    """A transfer to one of the stand-ins, of which nobody is signed in."""

    bench: Bench
    kind: str

    @property
    def home(self) -> Home:
        return Home.at(self.bench.program.home)

    def account(self) -> Account:
        return read_account(self.home, NODE)

    def look(self) -> Status:
        return read_status(self.home.workspace(TRANSFER))

    def is_running(self) -> bool:
        return is_held(self.home.workspace(TRANSFER).lock)

    def sent(self) -> int:
        return self.look().census.instances.sent

    def login(self) -> None:
        self.bench.program.good("login", NODE, typed="ingester\n")

    def detach(self, *words: str) -> int:
        """A detached upload; the runner's process id."""
        answer = self.bench.program.good("upload", TRANSFER, "--detach", "--json", *words)
        pid: int = json.loads(answer.out)["runner"]["pid"]
        return pid

    def at_full_speed(self) -> None:
        self.bench.program.good("limit", TRANSFER, "none")

    def sign_in_failures(self) -> int:
        """How often a wrong name or password came in."""
        sandbox = self.bench.sandbox
        if self.kind == "upv":
            return sandbox.issuer.sign_in_failures
        return sandbox.xnat.accounts.sign_in_failures

    def end_every_sign_in(self) -> None:
        """As an administrator does: sessions end, tokens are void."""
        sandbox = self.bench.sandbox
        if self.kind == "upv":
            sandbox.issuer.expire(sessions=True)
            return
        sandbox.xnat.accounts.close_all()
        kept = json.loads((self.home.root / "secrets" / "secrets.json").read_text())
        sandbox.xnat.accounts.invalidate_token(json.loads(kept[f"{NODE}.token"])["alias"])

    def kill_in_between(self) -> int:
        """Start, let something arrive, and kill the runner; how many instances had arrived."""
        pid = self.detach(*SLOW)
        await_until(lambda: self.sent() > 0, "an instance was acknowledged")
        os.kill(pid, signal.SIGKILL)
        await_until(lambda: not self.is_running(), "the runner is gone")
        before = self.sent()
        assert 0 < before < len(self.bench.images)
        self.at_full_speed()
        return before


@pytest.fixture(params=["upv", "xnat"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        made: Bench
        if request.param == "upv":
            made = stack.enter_context(
                bench(tmp_path, instances=24, is_signed_in=False, max_batch_instances=2)
            )
        else:
            made = stack.enter_context(xnat_bench(tmp_path, side=48, max_batch_instances=1))
            made.program.environ = {}
        at = Place(made, request.param)
        yield at
        if at.is_running():
            made.program.run("stop", TRANSFER)
            await_until(lambda: not at.is_running(), "no runner is left")


def test_after_a_kill_the_stored_token_goes_on_with_nobody_there(place: Place) -> None:
    place.login()
    place.kill_in_between()
    place.bench.assert_all_arrived(place.bench.upload())
    assert place.account().state is StepState.DONE


def test_after_a_kill_and_a_logout_it_waits_and_goes_on_after_the_login(place: Place) -> None:
    place.login()
    before = place.kill_in_between()
    place.bench.program.good("logout", NODE)

    waits = place.bench.upload()
    assert waits.code == 5
    assert "login node" in waits.err
    assert place.look().state == "waiting"
    assert place.sent() == before
    assert place.account().state is StepState.WAITING

    place.login()
    place.bench.assert_all_arrived(place.bench.upload())
    assert place.account().state is StepState.DONE


def test_a_sign_in_that_ends_under_a_detached_upload_leaves_it_waiting_with_nothing_lost(
    place: Place,
) -> None:
    place.login()
    place.detach(*SLOW)
    await_until(lambda: place.sent() > 0, "an instance was acknowledged")
    place.end_every_sign_in()
    place.at_full_speed()
    await_until(lambda: not place.is_running(), "the runner gave up its place")

    status = place.look()
    assert status.state == "waiting"
    assert status.runner.exit_code == 5
    assert status.steps["upload"].state is StepState.WAITING
    assert 0 < place.sent() < len(place.bench.images)
    assert place.account().state is StepState.WAITING
    refused = place.bench.upload()
    assert refused.code == 5

    place.login()
    place.bench.assert_all_arrived(place.bench.upload())


def test_a_password_that_was_handed_over_is_not_stored_and_its_token_survives_a_kill(
    place: Place,
) -> None:
    """Given once, through the pipe; the restart finds the token that it was exchanged for."""
    place.bench.program.environ = {"EUCAIM_TRANSFER_PASSWORD": "ingester"}
    place.kill_in_between()
    place.bench.program.environ = {}
    kept = (place.home.root / "secrets" / "secrets.json").read_text()
    assert list(json.loads(kept)) == [f"{NODE}.token"]
    place.bench.assert_all_arrived(place.bench.upload())


def test_a_run_that_finds_nobody_signed_in_forgets_not_that_the_account_was_asked_for(
    place: Place,
) -> None:
    asked_for(place.home, NODE, "A. Person", "Asked for.", since_utc="2026-01-02T03:04:05Z")
    assert place.bench.upload().code == 5
    account = place.account()
    assert (account.person, account.since_utc) == ("A. Person", "2026-01-02T03:04:05Z")


def test_a_refused_password_is_sent_once_however_often_the_run_is_begun_again(
    place: Place,
) -> None:
    """As a unit with Restart=, or a line of cron: ten failures would lock the account."""
    program = place.bench.program
    place.bench.configure(username="ingester")
    program.environ = {**program.environ, "EUCAIM_TRANSFER_PASSWORD": "wrong"}
    said = [place.bench.upload() for _ in range(3)]
    assert [run.code for run in said] == [5, 5, 5]
    assert "not sent again" in said[-1].err
    assert place.sign_in_failures() == 1

    program.environ = {**program.environ, "EUCAIM_TRANSFER_PASSWORD": "ingester"}
    place.bench.assert_all_arrived(place.bench.upload())
