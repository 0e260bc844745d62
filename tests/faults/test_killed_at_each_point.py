"""`kill -9` where ledger and world may differ; the next run settles it. The fault bench plays every
point (`python -m tests.faults crash`), these are one of each kind."""

from __future__ import annotations

import signal

import pytest

from tests.faults.conftest import MakeBench
from tests.faults.processes import await_until

POINTS = [
    pytest.param("taken", "1", id="place taken, nothing done"),
    pytest.param("walked", "2", id="during the walk"),
    pytest.param("read", "2", id="while reading headers"),
    pytest.param("planned", "1", id="between plan transactions"),
    pytest.param("leased", "4", id="before a request"),
    pytest.param("piece", "15", id="in the body, between instances"),
    pytest.param("body-sent", "3", id="after the last byte, before the answer"),
    pytest.param("before-record", "2", id="before recording"),
    pytest.param("verified", "1", id="after recording what is listed"),
    pytest.param("concluded", "1", id="all done, place not given up"),
]


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_runner_killed_anywhere_is_finished_by_the_next_one(
    make_bench: MakeBench, point: str, nth: str
) -> None:
    # One lane, so that nothing but the request at the point is under way.
    bench = make_bench(has_large=True, lanes=1)
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not bench.status().is_running
    if point == "body-sent":
        # Two requests were recorded, the large instance's alone and the rest of its batch; of the
        # third the server alone knows that it has arrived.
        assert bench.sent() == 8
        await_until(lambda: len(bench.held()) == 16, "the server has stored the third request")

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    # What had arrived was found by the node's listing and did not go again.
    assert {held.received for held in bench.held().values()} == {1}
