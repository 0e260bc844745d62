"""Servers that are ended and come back at the same address with what they had taken in."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from adapters.sandbox.ca import ThrowAwayCa
from tests.faults.bench import SandboxServer, Server
from tests.faults.servers import RealServer
from tests.faults.xnat import XnatServer
from tests.ready import guarded
from tests.real.front import await_answer, end, program, start
from tests.real.orthanc import orthanc_behind_tls

_STANDING: Final = Path(__file__).with_name("standing.py")


class Restartable(Protocol):
    """A server of one scenario, running; ended with the block that it came from."""

    @property
    def server(self) -> Server: ...

    def stop(self) -> None:
        """End it at once; requests under way are cut."""
        ...

    def start(self) -> None:
        """Let it come back, and return when it answers."""
        ...


class Standing:
    """The stand-ins. UPV is killed, XNAT told to end: its stand-in writes down only then what it
    holds."""

    def __init__(self, folder: Path, *, is_xnat: bool) -> None:
        self._folder = folder
        self._is_xnat = is_xnat
        ThrowAwayCa(folder / "tls").issue()
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = (0, 0)
        self._nodes: Mapping[str, Mapping[str, str]] = {}

    @property
    def server(self) -> SandboxServer:
        home = self._folder / "home"
        facts = self._nodes["sandbox-xnat" if self._is_xnat else "sandbox-upv"]
        if self._is_xnat:
            return XnatServer(home, facts["control_url"], url=facts["url"])
        return SandboxServer(home, facts["control_url"])

    def start(self) -> None:
        words = [str(self._folder), *map(str, self._ports)]
        self._process = subprocess.Popen(
            guarded([sys.executable, "-P", str(_STANDING), *words]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._nodes = json.loads(self._process.stdout.readline())["nodes"]
        addresses = (
            self._nodes["sandbox-upv"]["dicomweb_url"],
            self._nodes["sandbox-xnat"]["url"],
        )
        upv, xnat = (urlsplit(address).port or 0 for address in addresses)
        self._ports = (upv, xnat)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM if self._is_xnat else signal.SIGKILL)
            self._process.wait(timeout=60)
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


class StandingOrthanc:
    """Orthanc killed behind its nginx, which answers 502 meanwhile."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self._process: subprocess.Popen[bytes] = server.orthanc.process

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(timeout=60)

    def start(self) -> None:
        folder = self.server.orthanc.folder
        words = [str(program("Orthanc")), str(folder / "orthanc.json")]
        self._process = start(words, folder / "orthanc-again.log")
        await_answer(f"{self.server.orthanc.rest_url}/system", None, self._process)

    def close(self) -> None:
        end(self._process)


@contextmanager
def restartable(folder: Path, node: str) -> Iterator[Restartable]:
    """A server of this kind for one scenario alone, empty and running."""
    if node == "orthanc":
        with orthanc_behind_tls(folder) as orthanc:
            real = StandingOrthanc(RealServer(orthanc))
            try:
                yield real
            finally:
                real.close()
        return
    standing = Standing(folder, is_xnat=node == "xnat")
    standing.start()
    try:
        yield standing
    finally:
        standing.stop()
