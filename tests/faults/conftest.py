"""The stand-in node in a process of its own, and transfers to it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.bench import Bench, SandboxServer
from tests.faults.cohort import write_cohort
from tests.faults.deid import DeidBench, DeidXnatBench
from tests.faults.processes import guarded
from tests.faults.xnat import XnatBench, XnatServer

_START_S = 60.0


@dataclass(frozen=True)
class Running:
    """`eucaim-transfer sandbox`: the home that it wrote, and what it said of its nodes."""

    home: Path
    nodes: Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The stand-ins, from the first test that asks for one until the last has ended."""
    home = tmp_path_factory.mktemp("sandbox")
    with subprocess.Popen(
        guarded([sys.executable, "-P", "-m", "tui", "sandbox", "--home", str(home)]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout is not None
            ready, _, _ = select.select([process.stdout], [], [], _START_S)
            assert ready, "the sandbox does not start"
            facts = json.loads(process.stdout.readline())
            yield Running(home, facts["nodes"])
        finally:
            process.kill()


@pytest.fixture(scope="session")
def sandbox(running: Running) -> SandboxServer:
    """The UPV stand-in."""
    return SandboxServer(running.home, running.nodes["sandbox-upv"]["control_url"])


@pytest.fixture(scope="session")
def xnat(running: Running) -> XnatServer:
    """The XNAT stand-in."""
    facts = running.nodes["sandbox-xnat"]
    return XnatServer(running.home, facts["control_url"], url=facts["url"])


MakeBench = Callable[..., Bench]
MakeXnatBench = Callable[..., XnatBench]


@pytest.fixture
def make_bench(tmp_path: Path, sandbox: SandboxServer) -> MakeBench:
    """Makes the test's transfer to the sandbox; the node's lanes and batches are small."""

    def make(
        *,
        series: int = 3,
        per_series: int = 20,
        has_large: bool = False,
        batch: int = 8,
        lanes: int = 2,
        home: Path | None = None,
        deid: bool = False,
    ) -> Bench:
        cohort = write_cohort(
            tmp_path / "cohort", series=series, per_series=per_series, has_large=has_large
        )
        options = f"max_batch_instances = {batch}\nmax_concurrency = {lanes}\n"
        kind = DeidBench if deid else Bench
        return kind(home or tmp_path / "home", sandbox, cohort, options)

    return make


@pytest.fixture
def make_xnat_bench(tmp_path: Path, xnat: XnatServer) -> MakeXnatBench:
    """The same to the project of the XNAT stand-in."""

    def make(
        *,
        series: int = 3,
        per_series: int = 20,
        has_large: bool = False,
        batch: int = 8,
        lanes: int = 2,
        deid: bool = False,
    ) -> XnatBench:
        cohort = write_cohort(
            tmp_path / "cohort", series=series, per_series=per_series, has_large=has_large
        )
        options = f"max_batch_instances = {batch}\nmax_concurrency = {lanes}\n"
        kind = DeidXnatBench if deid else XnatBench
        return kind(tmp_path / "home", xnat, cohort, options)

    return make
