"""A transfer on a home of its own, run through the real command line, and the judge over it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from adapters.secrets import SecretStore
from tests.faults.cohort import Cohort
from tests.faults.processes import await_until, living_in_session
from tests.ready import start
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import is_held, read_runner
from transfer.ledger.order import Order
from transfer.orders import make_transfer
from transfer.status import Status, read_status
from transfer.workspace import HOME_VARIABLE, Home, Workspace

KILLING = Path(__file__).with_name("killing.py")
TERMINAL = Path(__file__).with_name("terminal.py")
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Held:
    """One instance on a server; `received` is how often it came in."""

    sha256: str
    received: int


class Server(Protocol):
    """A node that can be looked into past its own protocol."""

    @property
    def node(self) -> str: ...

    def write_home(self, home: Path, options: str) -> None:
        """Write config.toml and what it needs; `options` are further lines of the node's table."""
        ...

    def held(self, uid_root: str) -> Mapping[str, Held]:
        """All that the server holds below a UID root, by SOPInstanceUID."""
        ...


@dataclass(frozen=True)
class SandboxServer:
    """The stand-in in a process of its own, steered and looked into by its control address."""

    home: Path
    control_url: str
    node: str = "sandbox-upv"

    def write_home(self, home: Path, options: str) -> None:
        config = (self.home / "config.toml").read_text("utf-8")
        head = f"[nodes.{self.node}]\n"
        (home / "config.toml").write_text(config.replace(head, head + options), "utf-8")
        shutil.copy(self.home / "ca.pem", home)
        SecretStore(home).put(f"{self.node}.password", "ingester")

    def held(self, uid_root: str) -> Mapping[str, Held]:
        return {
            uid: Held(kept["sha256"], kept["received"])
            for uid, kept in self.control("stored").items()
            if uid.startswith(f"{uid_root}.")
        }

    def control(self, path: str, body: str | None = None, *, method: str | None = None) -> Any:
        """What a path of the control address answers, to a GET or, with a body, to a POST."""
        context = ssl.create_default_context(cafile=str(self.home / "ca.pem"))
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(  # noqa: S310 - loopback, our own process
            f"{self.control_url}/{path}",
            data=None if body is None else body.encode(),
            method=method,
        )
        with opener.open(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Bench:
    """One transfer, called `trial`, of one cohort to one server."""

    name = "trial"
    destination = "SANDBOX|MAIN"
    deid: str | None = None
    site_id: str | None = None
    prefix: tuple[str, ...] = ()
    """The command that runs the program where it is to run, such as in a namespace."""

    def __init__(self, home: Path, server: Server, cohort: Cohort, options: str) -> None:
        self.server = server
        self.cohort = cohort
        home.mkdir(mode=0o700, exist_ok=True)
        server.write_home(home, options)
        self.home = Home.at(home)
        order = Order(
            name=self.name,
            node=server.node,
            source=cohort.folder,
            destination=self.destination,
            deid=self.deid,
            site_id=self.site_id,
        )
        self.workspace: Workspace = make_transfer(self.home, order)
        proxies = ("http_proxy", "https_proxy", "all_proxy", "eucaim_transfer_password")
        self.environment = {k: v for k, v in os.environ.items() if k.lower() not in proxies} | {
            HOME_VARIABLE: str(home)
        }

    def run(self, *words: str, timeout_s: float = _TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        """Carry out one command of `eucaim-transfer` and wait for its end."""
        return self._run(["-m", "tui", *words], timeout_s)

    def run_struck(
        self, blow: str, point: str, nth: str, *words: str
    ) -> subprocess.CompletedProcess[str]:
        """Carry out one command with a blow at a point; see `killing`. Leaves no process behind."""
        return self._run([str(KILLING), blow, point, nth, *words], _TIMEOUT_S)

    def _run(self, arguments: list[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        with self.started(*arguments) as process:
            out, err = process.communicate(timeout=timeout_s)
        await_until(lambda: not living_in_session(process.pid), "all processes of the run ended")
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`python ARGUMENTS…` in a session of its own, killed when the block is left."""
        process = start([*self.prefix, sys.executable, "-P", *arguments], self.environment)
        try:
            with process:
                try:
                    yield process
                finally:
                    process.kill()
        finally:
            for left in living_in_session(process.pid):
                os.kill(left, signal.SIGKILL)

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """One command of `eucaim-transfer` while it runs."""
        with self.started("-m", "tui", *words) as process:
            yield process

    @contextmanager
    def detached(self, *words: str) -> Iterator[int]:
        """A detached upload; the runner's process id. It is ended when the block is left."""
        answer = self.run("upload", self.name, "--detach", "--json", *words)
        assert answer.returncode == 0, answer.stderr
        pid: int = json.loads(answer.stdout)["runner"]["pid"]
        try:
            yield pid
        finally:
            await_until(self._has_no_runner, "the runner ended")

    def _has_no_runner(self) -> bool:
        """Kills whoever holds the transfer: another than the first where it was resumed."""
        if not is_held(self.workspace.lock):
            return True
        with Ledger.open(self.workspace.ledger, read_only=True) as ledger:
            pid = read_runner(ledger).pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return False

    def status(self) -> Status:
        """The transfer as every screen reads it."""
        return read_status(self.workspace)

    def number(self, sql: str) -> int:
        """One figure out of the ledger."""
        with Ledger.open(self.workspace.ledger, read_only=True) as ledger:
            return ledger.number(sql)

    def sent(self) -> int:
        return self.number("SELECT sum(n) FROM tally WHERE state IN ('sent', 'verified')")

    def moves(self) -> int:
        """How far the transfer is, as one number that only grows."""
        return self.number(
            "SELECT (SELECT ifnull(sum(n * iif(verdict = 'unread', 1, 2)), 0) FROM file_tally)"
            " + (SELECT count(*) FROM instance WHERE head_sha256 IS NOT NULL)"
            " + ifnull(sum(n * iif(state = 'sent', 1, iif(state = 'verified', 2, 0))), 0)"
            " FROM tally"
        )

    def await_sent(self, at_least: int = 1) -> None:
        await_until(lambda: self.sent() >= at_least, f"{at_least} instances acknowledged")

    def held(self) -> Mapping[str, Held]:
        return self.server.held(self.cohort.uid_root)

    @property
    def expected(self) -> Mapping[str, str]:
        """The digest under which the server is to hold each instance, by SOPInstanceUID."""
        return self.cohort.digests

    def assert_arrived(self) -> None:
        """Every accepted instance is on the server with its bytes, and the ledger says just so."""
        assert {uid: held.sha256 for uid, held in self.held().items()} == self.expected
        status, expected = self.status(), len(self.cohort.digests)
        n = status.census.instances
        assert (n.found, n.ready, n.sent, n.verified) == (expected,) * 4
        assert (n.failed, n.rejected, status.census.files.duplicates) == (0, 0, 1)
        assert self.number("SELECT count(*) FROM instance WHERE state <> 'verified'") == 0
        assert self.number("SELECT count(*) FROM batch WHERE state <> 'done'") == 0
        assert status.state == "done"
        assert not is_held(self.workspace.lock)
