"""The stand-in node in a process of its own, and transfers to it."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench, SandboxServer
from tests.faults.cohort import write_cohort
from tests.faults.processes import guarded

_START_S = 60.0


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """`eucaim-transfer sandbox`, from the first test that asks for it until the last has ended."""
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
            yield SandboxServer(home, facts["nodes"]["sandbox-upv"]["control_url"])
        finally:
            process.kill()


MakeBench = Callable[..., Bench]


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
    ) -> Bench:
        cohort = write_cohort(
            tmp_path / "cohort", series=series, per_series=per_series, has_large=has_large
        )
        options = f"max_batch_instances = {batch}\nmax_concurrency = {lanes}\n"
        return Bench(home or tmp_path / "home", sandbox, cohort, options)

    return make
