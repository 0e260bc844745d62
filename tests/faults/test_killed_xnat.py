"""`kill -9` while Studies go to an XNAT: wherever it falls, each is archived once and whole."""

from __future__ import annotations

import random
import signal

import pytest

from tests.faults.conftest import MakeXnatBench
from tests.faults.processes import await_until, living_in_session

POINTS = [
    pytest.param("leased", "1", id="before the first request"),
    pytest.param("piece", "1", id="in the middle of an instance"),
    pytest.param("piece", "15", id="in the body, between instances"),
    pytest.param("body-sent", "3", id="after the last byte, before the answer"),
    pytest.param("answered", "3", id="after the answer"),
    pytest.param("before-record", "2", id="before recording"),
    pytest.param("before-commit", "2", id="before a Study is archived"),
    pytest.param("committed", "1", id="archived, not recorded"),
    pytest.param("listed", "1", id="before recording what is listed"),
    pytest.param("verified", "1", id="after recording what is listed"),
    pytest.param("concluded", "1", id="all done, place not given up"),
]
BATCH = 8
KILLS, LANES = 6, 3


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


def test_an_upload_of_three_hundred_instances_survives_six_kills(
    make_xnat_bench: MakeXnatBench,
) -> None:
    bench = make_xnat_bench(series=10, per_series=30, lanes=LANES, batch=BATCH)
    count = len(bench.cohort.digests)
    assert count == 300
    dice = random.Random(5)  # noqa: S311 - repeatable, nothing secret
    # Each instance counts when its file is seen, when it is read, when it went, when it is listed.
    whole, moments = 4 * count, []
    for kills_left in range(KILLS, 0, -1):
        with bench.running("upload", bench.name) as runner:
            done = bench.moves()
            goal = done + dice.randint(1, 2 * (whole - done) // (kills_left + 2))
            await_until(lambda: bench.moves() >= goal or runner.poll() is not None, "progress")  # noqa: B023 - asked at once
            runner.kill()
        assert runner.returncode == -signal.SIGKILL
        await_until(lambda: not living_in_session(runner.pid), "the workers died with the runner")
        moments.append(bench.sent())
    # The kills fell where they were meant to: while instances went.
    assert sum(0 < sent < count for sent in moments) >= 3, moments

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    # At the worst, what was in the lanes at a kill came in a second time and was kept once.
    assert bench.again() <= KILLS * LANES * BATCH
