"""Starting the runner in a process of its own, so that it outlives this terminal.

What it needs of secrets goes to it through a pipe: what stands in an environment, or in arguments,
can be read for as long as the process lives.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass
from typing import Literal

from adapters.inherited import (
    PASSWORD_VARIABLE,
    accept_secrets,
    secrets_at_hand,
    without_secrets,
)
from transfer.errors import (
    NodeError,
    RunnerHeld,
    SignInRefused,
    SourceChanged,
    StepBlocked,
    TransferError,
    UsageError,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import RunnerRecord, is_held, read_runner
from transfer.machine.logind import kills_user_processes, lingers
from transfer.programs import this_program
from transfer.values import ExitCode
from transfer.workspace import HOME_VARIABLE, Home, Workspace, private_opener

_START_S = 30.0
_POLL_S = 0.05
_PROXY_URLS = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
# What a service of systemd does not inherit and the runner needs. Values with a secret in them are
# not for a service: every account may read its properties.
_PASSED_ON = (
    HOME_VARIABLE,
    "HOME",
    "XDG_STATE_HOME",
    "XDG_CONFIG_HOME",
    "PATH",
    "LANG",
    *_PROXY_URLS,
    "no_proxy",
    "NO_PROXY",
)
# An ended runner's exit code, raised again in the launcher.
_BY_CODE: dict[int, type[TransferError]] = {
    kind.exit_code: kind
    for kind in (UsageError, StepBlocked, SourceChanged, SignInRefused, NodeError)
}


@dataclass(frozen=True, slots=True)
class Launched:
    """How the runner was started, and whether logging out leaves it alone."""

    how: str
    survives_logout: bool


def launch(
    workspace: Workspace,
    *,
    until: Literal["scan", "check", "upload", "verify", "clinical"] = "upload",
    password: str | None = None,
) -> Launched:
    """Start the runner and return once it holds the transfer (blocking, at most 30 s).

    Raises:
        RunnerHeld: another runner holds the transfer.
        StepBlocked: clinical data are to go before the images have.
        TransferError: it ended at once; what it said is what is raised.
    """
    with Ledger.open(workspace.ledger) as ledger:
        if until == "clinical":
            from transfer.runner.clinical_gate import refuse_too_early

            # The runner refuses it before it has a row in which it could say so.
            refuse_too_early(ledger)
        epoch = read_runner(ledger).epoch
        if is_held(workspace.lock):
            raise _held_by(read_runner(ledger))
    runner = this_program("upload", workspace.name, "--runner", "--until", until)
    how = "a session of its own"
    if password is None and lingers():
        reason = _secret_at_hand()
        if reason is None and _as_service(workspace, runner):
            _await_service(workspace, epoch)
            return Launched("a systemd service of this account", True)
        how += f" ({reason or 'systemd refused a service'})"
    process = _in_session(workspace, runner, password)
    _await_process(workspace, process, epoch)
    return Launched(how, not kills_user_processes())


def _secret_at_hand() -> str | None:
    """Why the runner has to be handed something, which a service cannot be; None when there is
    nothing."""
    given = secrets_at_hand()
    if any(name in _PROXY_URLS for name in given):
        return "the proxy's address holds a password"
    if PASSWORD_VARIABLE in given or os.environ.get("CREDENTIALS_DIRECTORY"):
        return "the environment holds a password"
    return None


def _environment(workspace: Workspace) -> dict[str, str]:
    kept = without_secrets(os.environ)
    root = workspace.folder.parent.parent.absolute()
    if not kept.get(HOME_VARIABLE) and Home.find(kept).root == root:
        # The platform's own folders: naming one would move config.toml as well.
        return kept
    # Always in full: the runner's working folder is another.
    return {**kept, HOME_VARIABLE: str(root)}


def _in_session(
    workspace: Workspace, runner: list[str], password: str | None
) -> subprocess.Popen[bytes]:
    handed: dict[str, object] = {}
    if password is not None:
        handed["typed"] = password
    if given := secrets_at_hand():
        handed["environment"] = given
    read_end, write_end = os.pipe()
    try:
        with open(workspace.log, "ab", opener=private_opener) as log:
            process = subprocess.Popen(
                [*runner, "--password-fd", str(read_end)] if handed else runner,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=(read_end,) if handed else (),
                env=_environment(workspace),
                cwd="/",
            )
        if handed:
            os.write(write_end, json.dumps(handed).encode())
    finally:
        os.close(write_end)
        os.close(read_end)
    return process


def receive_secrets(descriptor: int | None) -> str | None:
    """Take what `launch` handed to this process; the password that a person typed, if one did."""
    if descriptor is None:
        return None
    with os.fdopen(descriptor, encoding="utf-8") as pipe:
        handed = json.loads(pipe.read() or "{}")
    accept_secrets(handed.get("environment", {}))
    typed: str | None = handed.get("typed")
    return typed


def _as_service(workspace: Workspace, runner: list[str]) -> bool:
    """Whether systemd took the runner as a service.

    The values of variables go by systemd-run's own environment, not by its arguments, which every
    account of the host may read (since systemd 250; older ones refuse).
    """
    environment = _environment(workspace)
    with open(workspace.log, "ab", opener=private_opener) as log:
        done = subprocess.run(
            [
                "systemd-run",
                "--user",
                "--quiet",
                "--collect",
                *(f"--setenv={name}" for name in _PASSED_ON if environment.get(name)),
                *runner,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            check=False,
        )
    return done.returncode == 0


def _await_service(workspace: Workspace, epoch: int) -> None:
    """Return once a runner took the transfer after systemd had taken ours.

    A service's process is not our child and its number is not known. So a runner of another launch
    that was quicker within these seconds passes for ours; then ours has ended with code 7, which
    stands in the journal, and the transfer is being worked on all the same.
    """
    deadline = time.monotonic() + _START_S
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        while time.monotonic() < deadline:
            if read_runner(ledger).epoch > epoch:
                return
            time.sleep(_POLL_S)
    raise _not_started(workspace)


def _await_process(workspace: Workspace, process: subprocess.Popen[bytes], epoch: int) -> None:
    """Return once this very process holds the transfer, or has held it and ended well."""
    deadline = time.monotonic() + _START_S
    with Ledger.open(workspace.ledger, read_only=True) as ledger:
        while time.monotonic() < deadline:
            # Looked at before the row: a runner that ended in between still wrote its row first.
            code = process.poll()
            now = read_runner(ledger)
            if now.epoch > epoch and now.pid == process.pid:
                return
            if code == ExitCode.DONE:
                return
            if code is not None:
                raise _ended(workspace, code, now, epoch)
            time.sleep(_POLL_S)
    raise _not_started(workspace)


def _ended(workspace: Workspace, code: int, now: RunnerRecord, epoch: int) -> TransferError:
    if code == ExitCode.HELD:
        return _held_by(now)
    if now.epoch > epoch and now.exit_code == code and now.message:
        return _BY_CODE.get(code, TransferError)(now.message, now.remedy)
    return _not_started(workspace)


def _held_by(holder: RunnerRecord) -> RunnerHeld:
    remedy = "Watch it, or stop it first."
    if holder.pid is None:
        return RunnerHeld("Another runner took this transfer first; it has ended by now.", remedy)
    return RunnerHeld(
        f"Another runner works on this transfer: process {holder.pid} on {holder.host}.", remedy
    )


def _not_started(workspace: Workspace) -> TransferError:
    return TransferError(
        "The runner did not start.",
        "See the last lines of runner.log in the transfer's folder, or run in the foreground:"
        f" eucaim-transfer upload {workspace.name}",
    )
