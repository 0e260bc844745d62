"""The servers that scenarios send to: the stand-ins in a process, and Orthanc from Debian."""

from __future__ import annotations

import hashlib
import json
import select
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.faults.bench import Held, SandboxServer, Server
from tests.faults.xnat import XnatServer
from tests.ready import guarded
from tests.real.orthanc import OrthancServer, orthanc_behind_tls

_START_S = 60.0


@dataclass(frozen=True)
class Running:
    """`eucaim-transfer sandbox`: the home that it wrote, what it said of its nodes, its process."""

    home: Path
    nodes: Mapping[str, Mapping[str, str]]
    process: subprocess.Popen[bytes]

    @property
    def upv(self) -> SandboxServer:
        """The UPV stand-in."""
        return SandboxServer(self.home, self.nodes["sandbox-upv"]["control_url"])

    @property
    def xnat(self) -> XnatServer:
        """The XNAT stand-in."""
        facts = self.nodes["sandbox-xnat"]
        return XnatServer(self.home, facts["control_url"], url=facts["url"])


@contextmanager
def running_sandbox(home: Path, *words: str) -> Iterator[Running]:
    """The stand-ins in a process of their own until the block is left; `words` are for it."""
    with subprocess.Popen(
        guarded([sys.executable, "-P", "-m", "tui", "sandbox", "--home", str(home), *words]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _START_S)
            assert ready, "the sandbox does not start"
            facts = json.loads(process.stdout.readline())
            yield Running(home, facts["nodes"], process)
        finally:
            process.kill()


@dataclass(frozen=True)
class RealServer:
    """Orthanc, looked into through its own interface; `received` counts what it keeps."""

    orthanc: OrthancServer
    node: str = "orthanc"

    def write_home(self, home: Path, options: str) -> None:
        shutil.copy(self.orthanc.ca_file, home / "ca.pem")
        (home / "config.toml").write_text(
            f'[nodes.orthanc]\nkind = "upv"\ndicomweb_url = "{self.orthanc.dicomweb_url}"\n'
            f'auth = "none"\nca_file = "ca.pem"\ndeidentified = "as-is"\n{options}',
            "utf-8",
        )

    def held(self, uid_root: str) -> Mapping[str, Held]:
        uids = Counter(self.orthanc.sop_instance_uids())
        return {
            uid: Held(hashlib.sha256(self.orthanc.stored_bytes(uid)).hexdigest(), times)
            for uid, times in uids.items()
            if uid.startswith(f"{uid_root}.")
        }


class Servers:
    """Started when the first scenario asks for one, ended when the block is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @cached_property
    def sandbox(self) -> Running:
        """Both stand-ins, of all scenarios of this process that do not start their own."""
        home = self._folder / "sandbox"
        home.mkdir()
        return self._open.enter_context(running_sandbox(home))

    @cached_property
    def orthanc(self) -> RealServer:
        """The real DICOMweb server."""
        return RealServer(self._open.enter_context(orthanc_behind_tls(self._folder / "orthanc")))

    def of(self, node: str) -> Server:
        """The server behind a scenario's word for its node."""
        if node == "upv":
            return self.sandbox.upv
        return self.sandbox.xnat if node == "xnat" else self.orthanc

    def calm(self) -> None:
        """Take back every fault that the stand-ins were told to make."""
        if "sandbox" in self.__dict__:
            self.sandbox.upv.control("faults", method="DELETE")
