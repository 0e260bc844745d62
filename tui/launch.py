"""Starting the runner in a process of its own, so that it outlives this terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transfer.errors import RunnerHeld, TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, read_runner
from transfer.workspace import HOME_VARIABLE, Home, Workspace, private_opener

_START_S = 30.0
_POLL_S = 0.05
# What a service of systemd does not inherit and the runner needs. Proxies' passwords are not here:
# they come from the secret store.
_PASSED_ON = frozenset({HOME_VARIABLE, "PATH", "LANG", "HTTPS_PROXY", "https_proxy", "NO_PROXY"})


@dataclass(frozen=True, slots=True)
class Launched:
    """How the runner was started, and whether logging out leaves it alone."""

    how: str
    survives_logout: bool


def lingers() -> bool:
    """Whether systemd keeps this account's services after it logs out."""
    return (
        shutil.which("systemd-run") is not None
        and bool(os.environ.get("XDG_RUNTIME_DIR"))
        and Path(f"/var/lib/systemd/linger/{_account()}").exists()
    )


def kills_user_processes() -> bool:
    """Whether logind ends what an account left running, as its configuration says."""
    for place in ("/etc/systemd/logind.conf", *sorted(_drop_ins())):
        try:
            lines = Path(place).read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            key, _, value = line.partition("=")
            if key.strip() == "KillUserProcesses":
                return value.strip().lower() in ("yes", "true", "on", "1")
    return False


def _drop_ins() -> list[str]:
    return [str(p) for p in Path("/etc/systemd/logind.conf.d").glob("*.conf")]


def _account() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name


def launch(
    workspace: Workspace,
    *,
    until: Literal["scan", "upload", "verify"] = "upload",
    password: str | None = None,
) -> Launched:
    """Start the runner and return once it holds the transfer (blocking, at most 30 s).

    Raises:
        RunnerHeld: another runner holds the transfer.
        TransferError: it ended at once; what it said is what is raised.
    """
    if is_held(workspace.lock):
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            holder = read_runner(ledger)
        raise RunnerHeld(
            f"Another runner works on this transfer: process {holder.pid} on {holder.host}.",
            "Watch it, or stop it first.",
        )
    with Ledger.open(workspace.ledger) as ledger:
        epoch = read_runner(ledger).epoch
    runner = [
        sys.executable,
        "-P",
        "-m",
        "tui",
        "upload",
        workspace.name,
        "--runner",
        "--until",
        until,
    ]
    by_service = password is None and lingers()
    process = (
        _as_service(workspace, runner) if by_service else _in_session(workspace, runner, password)
    )
    _await_start(workspace, process, epoch, by_service)
    if by_service:
        return Launched("a systemd service of this account", True)
    return Launched("a session of its own", not kills_user_processes())


def _environment(workspace: Workspace) -> dict[str, str]:
    # A password in the environment would stay readable in /proc for as long as the runner lives.
    kept = {k: v for k, v in os.environ.items() if k != "EUCAIM_TRANSFER_PASSWORD"}
    root = workspace.folder.parent.parent
    return kept if Home.find().root == root else {**kept, HOME_VARIABLE: str(root)}


def _in_session(
    workspace: Workspace, runner: list[str], password: str | None
) -> subprocess.Popen[bytes]:
    secret = password or os.environ.get("EUCAIM_TRANSFER_PASSWORD")
    read_end, write_end = os.pipe()
    try:
        with open(workspace.log, "ab", opener=private_opener) as log:
            process = subprocess.Popen(
                [*runner, "--password-fd", str(read_end)] if secret else runner,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(read_end,) if secret else (),
                env=_environment(workspace),
                cwd="/",
            )
        if secret:
            os.write(write_end, secret.encode())
    finally:
        os.close(write_end)
        os.close(read_end)
    return process


def _as_service(workspace: Workspace, runner: list[str]) -> subprocess.Popen[bytes]:
    with open(workspace.log, "ab", opener=private_opener) as log:
        return subprocess.Popen(
            [
                "systemd-run",
                "--user",
                "--quiet",
                "--collect",
                *(
                    f"--setenv={k}={v}"
                    for k, v in _environment(workspace).items()
                    if k in _PASSED_ON
                ),
                *runner,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def _await_start(
    workspace: Workspace, process: subprocess.Popen[bytes], epoch: int, by_service: bool
) -> None:
    deadline = time.monotonic() + _START_S
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        while time.monotonic() < deadline:
            # Looked at before the row: a runner that ended in between still wrote its row first.
            code = process.poll()
            if read_runner(ledger).epoch > epoch:
                return
            if code is not None and not (by_service and code == 0):
                break
            time.sleep(_POLL_S)
    raise TransferError(
        "The runner did not start.",
        "See the last lines of runner.log in the transfer's folder, or run in the foreground:"
        f" eucaim-transfer upload {workspace.name}",
    )
