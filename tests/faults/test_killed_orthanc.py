"""The same against real software: what Orthanc holds after a kill is what was to arrive."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.bench import Bench
from tests.faults.cohort import write_cohort
from tests.faults.servers import RealServer
from tests.real.orthanc import missing_software, orthanc_behind_tls

pytestmark = [
    pytest.mark.orthanc,
    pytest.mark.skipif(bool(missing_software()), reason=missing_software()),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with orthanc_behind_tls(tmp_path_factory.mktemp("orthanc")) as orthanc:
        yield RealServer(orthanc)


@pytest.mark.parametrize(
    ("point", "nth"), [("piece", "12"), ("body-sent", "3"), ("before-record", "4")]
)
def test_orthanc_holds_each_instance_once_after_a_kill(
    tmp_path: Path, server: RealServer, point: str, nth: str
) -> None:
    cohort = write_cohort(tmp_path / "cohort", series=3, per_series=20)
    bench = Bench(tmp_path / "home", server, cohort, "max_batch_instances = 8\n")
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    assert {held.received for held in bench.held().values()} == {1}
