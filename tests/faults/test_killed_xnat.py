"""`kill -9` while Studies go to an XNAT: wherever it falls, each is archived once and whole."""

from __future__ import annotations

import signal

import pytest

from tests.faults.conftest import MakeXnatBench
from tests.faults.processes import await_until

POINTS = [
    pytest.param("piece", "15", id="in the body, between instances"),
    pytest.param("body-sent", "3", id="after the last byte, before the answer"),
    pytest.param("before-record", "2", id="before recording"),
    pytest.param("before-commit", "2", id="before a Study is archived"),
    pytest.param("committed", "1", id="archived, not recorded"),
    pytest.param("listed", "1", id="before recording what is listed"),
    pytest.param("concluded", "1", id="all done, place not given up"),
]
BATCH = 8


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_runner_killed_anywhere_is_finished_by_the_next_one(
    make_xnat_bench: MakeXnatBench, point: str, nth: str
) -> None:
    # One lane, so that nothing but the request at the point is under way.
    bench = make_xnat_bench(has_large=True, lanes=1, batch=BATCH)
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not bench.status().is_running

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    # Of what waits XNAT tells no SOP Instance UIDs: the request that was open may go again.
    assert bench.again() <= BATCH


def test_a_runner_killed_while_the_node_archives_does_not_ask_again(
    make_xnat_bench: MakeXnatBench,
) -> None:
    bench = make_xnat_bench(series=1)
    bench.xnat.control("faults", method="DELETE")
    bench.xnat.control("faults", "xnat:gateway-timeout=3000,times=1")
    with bench.running("upload", bench.name) as runner:
        await_until(lambda: bench.waiting() == ["ARCHIVING"], "the node archives")
        runner.kill()
    assert runner.returncode == -signal.SIGKILL
    bench.xnat.control("faults", method="DELETE")
    bench.xnat.control("faults", "xnat:archive-status=403")

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    assert [fault["fired"] for fault in bench.xnat.control("faults")] == [0]
    bench.xnat.control("faults", method="DELETE")
    bench.assert_arrived()
    assert bench.again() == 0
