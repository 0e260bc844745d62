"""The lists of points at which the bench kills a run, against the program as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.routes import ROUTES, Passing, Route, chosen, is_state
from tests.faults.scenario import Stage
from tests.faults.servers import Servers

# Each place that writes is passed by one of these, and each that asks but for the clinical files of
# an XNAT, whose first run in a project asks more; the rest take as long again.
ENOUGH = ("upv-eucaim", "upv-going-on-in-a-body", "xnat-as-is", "upv-clinical")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.mark.parametrize(
    "route", [pytest.param(one, id=one.file.stem) for one in ROUTES if one.file.stem in ENOUGH]
)
def test_each_write_and_each_request_of_a_run_is_a_point_to_die_at(
    route: Route, tmp_path: Path, servers: Servers
) -> None:
    """One that is new has to be put on the list: `python -m tests.faults.routes` does that."""
    listed = route.passings()
    assert listed
    recording = route.record(Stage(tmp_path, route.node, servers))
    passed: Counter[str] = Counter(recording)
    assert {one.point for one in chosen(route, [recording])} == {one.point for one in listed}
    assert [one for one in listed if passed[one.point] < one.nth] == []


def test_a_point_is_taken_at_its_first_and_its_second_passing() -> None:
    recording = ["after commit of plan.plan"] * 5
    assert [one.nth for one in chosen(ROUTES[0], [recording, recording])] == [1, 2]


def test_a_run_that_goes_on_finds_something_there_at_its_first() -> None:
    going_on = next(route for route in ROUTES if route.first is not None)
    recording = ["after commit of batches.settle"] * 5
    assert [one.nth for one in chosen(going_on, [recording])] == [1]


def test_a_second_passing_that_not_each_run_has_is_not_taken() -> None:
    recordings = [["after PUT /a"] * 2, ["after PUT /a"]]
    assert [one.nth for one in chosen(ROUTES[0], recordings)] == [1]


def test_a_write_that_is_not_committed_is_one_state() -> None:
    recording = ["before commit of plan.plan"] * 5
    assert list(chosen(ROUTES[0], [recording])) == [Passing("before commit of plan.plan", 1)]


@pytest.mark.parametrize(
    ("point", "is_one"),
    [
        ("after PUT /a", True),
        ("before GET /a", True),
        ("after GET /a", False),
        ("body-sent", True),
        ("recorded", False),
    ],
)
def test_what_is_a_state_of_its_own(point: str, is_one: bool) -> None:
    assert is_state(point) is is_one
