"""`kill -9` while a transfer de-identifies: nothing is lost, nothing goes twice under two names,
and what goes again after a kill has the very same bytes."""

from __future__ import annotations

import json
import random
import signal

import pytest

from tests.faults.bench import Bench
from tests.faults.conftest import MakeBench, MakeXnatBench
from tests.faults.processes import await_until, living_in_session

POINTS = [
    pytest.param("asked", "1", id="after whose the images are"),
    pytest.param("deidentified", "1", id="after the first page"),
    pytest.param("deidentified", "4", id="between pages"),
    pytest.param("piece", "3", id="in the middle of an instance"),
    pytest.param("body-sent", "3", id="after the last byte, before the answer"),
    pytest.param("before-record", "2", id="before recording"),
    pytest.param("concluded", "1", id="all done, place not given up"),
]
XNAT_POINTS = [
    pytest.param("deidentified", "2", id="between pages"),
    pytest.param("body-sent", "3", id="after the last byte, before the answer"),
    pytest.param("committed", "1", id="archived, not recorded"),
]
BATCH = 8
SERIES, PER_SERIES, KILLS, LANES = 16, 25, 8, 3


@pytest.mark.parametrize(("point", "nth"), POINTS)
def test_a_runner_killed_anywhere_is_finished_by_the_next_one(
    make_bench: MakeBench, point: str, nth: str
) -> None:
    bench = make_bench(has_large=True, lanes=1, deid=True)
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    if point == "body-sent":
        await_until(lambda: len(bench.held()) == 16, "the server has stored the third request")

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    # What had arrived was found by the node's listing, under its new name.
    assert {held.received for held in bench.held().values()} == {1}


@pytest.mark.parametrize(("point", "nth"), XNAT_POINTS)
def test_a_runner_killed_on_the_way_to_an_xnat_is_finished_by_the_next_one(
    make_xnat_bench: MakeXnatBench, point: str, nth: str
) -> None:
    bench = make_xnat_bench(has_large=True, lanes=1, batch=BATCH, deid=True)
    killed = bench.run_struck("self", point, nth, "upload", bench.name)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    assert bench.again() <= BATCH


@pytest.mark.parametrize("is_xnat", [False, True], ids=["upv", "xnat"])
def test_an_upload_that_is_killed_again_and_again_loses_nothing(
    make_bench: MakeBench, make_xnat_bench: MakeXnatBench, is_xnat: bool
) -> None:
    make = make_xnat_bench if is_xnat else make_bench
    bench = make(series=SERIES, per_series=PER_SERIES, lanes=LANES, batch=BATCH, deid=True)
    count = len(bench.cohort.digests)
    dice = random.Random(4)  # noqa: S311 - repeatable, nothing secret
    # Each counts when it is seen, read, de-identified, sent and listed.
    whole, moments = 5 * count, []
    for kills_left in range(KILLS, 0, -1):
        with bench.running("upload", bench.name) as runner:
            done = bench.moves()
            goal = done + dice.randint(1, 1 + 2 * (whole - done) // (kills_left + 2))
            await_until(lambda: bench.moves() >= goal or runner.poll() is not None, "progress")  # noqa: B023 - asked at once
            runner.kill()
        await_until(lambda: not living_in_session(runner.pid), "the workers died with the runner")
        moments.append((_prepared(bench), bench.sent()))
    assert any(0 < prepared < count or sent == 0 for prepared, sent in moments), moments
    assert any(0 < sent < count for _, sent in moments), moments

    finished = bench.run("upload", bench.name)

    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()
    again = sum(held.received - 1 for held in bench.held().values())
    assert again <= KILLS * LANES * BATCH


@pytest.mark.parametrize(
    ("point", "nth"),
    [
        pytest.param("deidentified", "1,3,5", id="before the plan"),
        pytest.param("leased", "1,2,3", id="while sending"),
    ],
)
def test_a_rewriting_process_that_is_killed_costs_no_instance(
    make_bench: MakeBench, point: str, nth: str
) -> None:
    """A host short of memory kills processes for no fault of the file in hand."""
    bench = make_bench(series=4, per_series=30, deid=True)
    finished = bench.run_struck("worker", point, nth, "upload", bench.name)
    assert finished.returncode == 0, finished.stderr
    bench.assert_arrived()


def test_a_check_that_is_interrupted_goes_on_with_the_upload(make_bench: MakeBench) -> None:
    bench = make_bench(series=4, per_series=30, deid=True)
    interrupted = bench.run_struck("interrupt", "deidentified", "2", "check", bench.name)
    assert interrupted.returncode == 130, interrupted.stderr
    assert 0 < _prepared(bench) < 120
    finished = bench.run("upload", bench.name, "--json")
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout)["steps"][0]["state"] == "done"
    bench.assert_arrived()


def _prepared(bench: Bench) -> int:
    return bench.number("SELECT count(*) FROM instance WHERE head_sha256 IS NOT NULL")
