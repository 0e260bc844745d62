"""Starting a runner of one's own: whose runner it is, what it is told, and who may read that."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.engine.bench import TRANSFER, Bench, bench
from tests.faults.processes import await_until
from transfer.errors import RunnerHeld, SignInRefused, TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import Holder, is_held
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.workspace import Home, Workspace
from tui import launch as launching
from tui.launch import Launched, launch

SECRET = "s3cret"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in [n for n in os.environ if "PROXY" in n.upper() or "EUCAIM" in n]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "source").mkdir()
    home = Home.at(tmp_path / "home")
    return make_transfer(home, Order("t", "n", tmp_path / "source", ""))


def _ends_with(
    code: int, before: Callable[[], None] = lambda: None
) -> Callable[..., subprocess.Popen[bytes]]:
    """In place of the runner: a process that ends with this code, after `before` has happened."""

    def start(*_: object) -> subprocess.Popen[bytes]:
        before()
        process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
        process.wait()
        return process

    return start


def test_the_runner_of_another_launch_is_not_taken_for_ours(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        others: list[Holder] = []

        def other_is_quicker() -> None:
            others.append(Holder.take(workspace.lock, ledger, "upload"))

        monkeypatch.setattr(launching, "_in_session", _ends_with(7, other_is_quicker))
        with pytest.raises(RunnerHeld, match=f"process {os.getpid()} on "):
            launch(workspace, until="verify")
        others[0].drop()


def test_another_runner_that_has_ended_by_now_is_named_without_a_process(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace.ledger) as ledger:
        monkeypatch.setattr(
            launching,
            "_in_session",
            _ends_with(7, lambda: Holder.take(workspace.lock, ledger, "scan").release(ledger, 0)),
        )
        with pytest.raises(RunnerHeld, match="took this transfer first"):
            launch(workspace)


def test_a_runner_that_ends_at_once_is_heard(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ledger.open(workspace.ledger) as ledger:

        def run() -> None:
            Holder.take(workspace.lock, ledger, "upload").release(ledger, 5, "No entry.", "Ask.")

        monkeypatch.setattr(launching, "_in_session", _ends_with(5, run))
        with pytest.raises(SignInRefused) as refused:
            launch(workspace)
    assert (refused.value.what, refused.value.remedy) == ("No entry.", "Ask.")


@pytest.mark.parametrize("code", [1, 2, 5])
def test_a_runner_that_never_held_the_transfer_did_not_start(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.setattr(launching, "_in_session", _ends_with(code))
    with pytest.raises(TransferError, match="did not start"):
        launch(workspace)


@pytest.fixture
def systemd_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `systemd-run` that writes down its arguments and refuses; where they are written."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "systemd-run"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\nexit 1\n')
    script.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setattr(launching, "lingers", lambda: True)
    monkeypatch.setattr(launching, "kills_user_processes", lambda: False)
    monkeypatch.setattr(launching, "_in_session", _ends_with(0))
    return tmp_path / "arguments"


@pytest.mark.parametrize(
    "name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"]
)
def test_a_service_gets_every_proxy_variable_and_no_value_in_its_arguments(
    workspace: Workspace, systemd_run: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "http://proxy.example:3128")
    launch(workspace)
    given = [a for a in systemd_run.read_text().splitlines() if a.startswith("--setenv")]
    assert {f"--setenv={name}", "--setenv=EUCAIM_TRANSFER_HOME", "--setenv=PATH"} <= set(given)
    assert [a for a in given if a.count("=") != 1] == []


def test_where_systemd_refuses_the_runner_gets_a_session(
    workspace: Workspace, systemd_run: Path
) -> None:
    assert launch(workspace) == Launched("a session of its own (systemd refused a service)", True)
    assert systemd_run.exists()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("HTTPS_PROXY", f"http://us:{SECRET}@proxy:1", "the proxy's address holds a password"),
        ("all_proxy", f"us:{SECRET}@proxy", "the proxy's address holds a password"),
        ("EUCAIM_TRANSFER_PASSWORD", SECRET, "the environment holds a password"),
        ("CREDENTIALS_DIRECTORY", "/run/credentials/x", "the environment holds a password"),
    ],
)
def test_an_environment_with_a_secret_is_no_matter_for_a_service(
    workspace: Workspace,
    systemd_run: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    why: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert launch(workspace) == Launched(f"a session of its own ({why})", True)
    assert not systemd_run.exists()


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Bench]:
    with bench(tmp_path, instances=24) as made:
        yield made
        made.program.good("limit", TRANSFER, "none")
        lock = made.program.home / "transfers" / TRANSFER / "runner.lock"
        await_until(lambda: not is_held(lock), "no runner is left")


def test_a_home_named_from_here_is_found_from_everywhere(at: Bench) -> None:
    home = at.program.home
    at.program.environ = {
        **at.program.environ,
        "EUCAIM_TRANSFER_HOME": os.path.relpath(home, Path(__file__).parents[2]),
    }
    ran = at.upload("--detach")
    assert ran.code == 0, str(ran)
    await_until(lambda: at.status()["state"] == "done", "everything has arrived")


def test_of_two_launches_at_once_one_is_told_that_it_came_second(at: Bench) -> None:
    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lambda _: at.upload("--detach", "--bwlimit", "1K"), range(2)))
    assert sorted(r.code for r in ran) == [0, 7], [str(r) for r in ran]
    second = next(r for r in ran if r.code == 7)
    runner = at.status()["runner"]
    assert f": process {runner['pid']} on " in second.err
