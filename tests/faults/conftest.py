"""The stand-in node in a process of its own, and transfers to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench, SandboxServer
from tests.faults.cohort import write_cohort
from tests.faults.deid import DeidBench, DeidXnatBench
from tests.faults.servers import Running, running_sandbox
from tests.faults.xnat import XnatBench, XnatServer


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The stand-ins, from the first test that asks for one until the last has ended."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="session")
def sandbox(running: Running) -> SandboxServer:
    """The UPV stand-in."""
    return running.upv


@pytest.fixture(scope="session")
def xnat(running: Running) -> XnatServer:
    """The XNAT stand-in."""
    return running.xnat


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
