"""An OpenSSH server of its own on loopback, with keys of its own, that lets one account in."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote
from typing import Final

from tests.ready import guarded
from transfer.workspace import HOME_VARIABLE, Home

SSHD: Final = "/usr/sbin/sshd"
_START_S: Final = 20.0
_CONFIG: Final = """
ListenAddress {address}:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
AcceptEnv NO_COLOR
"""


def lacks() -> str:
    """What this machine does not have for these tests, or nothing."""
    missing = [name for name in ("ssh", "ssh-keygen", "tmux") if shutil.which(name) is None]
    missing += [] if os.access(SSHD, os.X_OK) else ["sshd"]
    return f"no {', '.join(missing)} on this machine" if missing else ""


@dataclass(frozen=True)
class Sshd:
    """Where it listens; `folder` holds the key that it lets in, `near` is the command that runs
    another one where it can be reached."""

    folder: Path
    address: str
    port: int
    near: tuple[str, ...] = ()

    def client(self, *remote: str, tty: bool = True) -> list[str]:
        """The `ssh` that runs a command there."""
        options = [
            *("-F", "none", "-i", str(self.folder / "key"), "-p", str(self.port)),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"),
            *("-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "SendEnv=NO_COLOR"),
        ]
        account = f"{getpass.getuser()}@{self.address}"
        return [*self.near, "ssh", *options, "-tt" if tty else "-T", account, *remote]


@contextmanager
def running_sshd(
    folder: Path,
    address: str = "127.0.0.1",
    near: Sequence[str] = (),
    far: Sequence[str] = (),
) -> Iterator[Sshd]:
    """A server until the block is left. `near` and `far` are commands that run another one where
    the client and where the server is to be."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("host", "key"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = folder / "sshd_config"
    config.write_text(_CONFIG.format(address=address, port=port, folder=folder), "utf-8")
    if os.getuid() == 0:
        # Debian's sshd separates its privileges in a folder that its service makes.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with subprocess.Popen(
        guarded([*far, SSHD, "-D", "-e", "-f", str(config)]),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            sshd = Sshd(folder, address, port, tuple(near))
            _await(sshd)
            yield sshd
        finally:
            process.kill()


def _await(sshd: Sshd) -> None:
    limit = time.monotonic() + _START_S
    command = sshd.client("true", tty=False)
    while subprocess.run(command, check=False, capture_output=True).returncode != 0:
        assert time.monotonic() < limit, "sshd does not start"
        time.sleep(0.05)


def program(home: Home, *words: str, environ: Mapping[str, str] | None = None) -> str:
    """The remote command line that shows the screens of a home."""
    variables = {HOME_VARIABLE: str(home.root), "LANG": "C.UTF-8", **(environ or {})}
    given = " ".join(f"{name}={quote(value)}" for name, value in variables.items())
    return f"env {given} {join([sys.executable, '-P', '-m', 'tui', *words])}"
