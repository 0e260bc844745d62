"""One upload of thousands of instances, killed again and again wherever it happens to be."""

from __future__ import annotations

import random
import signal

from tests.faults.conftest import MakeBench
from tests.faults.processes import await_until, living_in_session

SERIES, PER_SERIES = 80, 26
KILLS, IN_THE_SCAN = 14, 5
LANES, BATCH = 4, 10


def test_an_upload_of_two_thousand_instances_survives_fourteen_kills(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(series=SERIES, per_series=PER_SERIES, lanes=LANES, batch=BATCH)
    count = len(bench.cohort.digests)
    assert count == 2080
    dice = random.Random(9)  # noqa: S311 - repeatable, nothing secret
    # Each instance counts when its file is seen, when it is read, when it went, when it is listed.
    scanned, whole, moments = 2 * count, 4 * count, []
    for kill in range(KILLS):
        begin, end, last = (
            (0, scanned, IN_THE_SCAN) if kill < IN_THE_SCAN else (scanned, whole, KILLS)
        )
        with bench.running("upload", bench.name) as runner:
            done = max(bench.moves(), begin)
            goal = done + dice.randint(1, max(1, (end - done) // (last - kill + 1)))
            await_until(lambda: bench.moves() >= goal or runner.poll() is not None, "progress")  # noqa: B023 - asked at once
            runner.kill()
        assert runner.returncode == -signal.SIGKILL
        await_until(lambda: not living_in_session(runner.pid), "the workers died with the runner")
        moments.append((bench.moves(), bench.sent()))
    # The kills fell where they were meant to: in the scan, and mostly while instances went.
    assert sum(0 < sent < count for _, sent in moments) >= 7, moments
    assert any(sent == 0 for _, sent in moments), moments

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    # At the worst, what was in the lanes at a kill came in a second time and was kept once.
    again = sum(held.received - 1 for held in bench.held().values())
    assert again <= KILLS * LANES * BATCH
