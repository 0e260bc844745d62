"""`kill -9` at every point between two writes of the ledger and two requests; see `routes`."""

from __future__ import annotations

from functools import partial

from tests.faults.clinical import finish_clinical
from tests.faults.routes import ROUTES, Passing, Route
from tests.faults.scenario import Family, Scenario, Stage
from tests.real.orthanc import missing_software

_SHORT = {
    ("upv", "as-is", Passing("after commit of plan.plan", 1)),
    ("upv", "eucaim", Passing("after commit of prepared.record_prepared", 1)),
    ("xnat", "as-is", Passing("after POST /data/services/archive", 1)),
}


def _kill(route: Route, passing: Passing, stage: Stage) -> None:
    bench = route.begun(stage)
    route.kill(stage, bench, passing)
    assert not bench.status().is_running
    if route.is_clinical:
        stage.over()
        finish_clinical(stage)


def _lacks(route: Route) -> str:
    return missing_software() if route.node == "orthanc" else ""


SCENARIOS = [
    Scenario(
        Family.CRASH,
        f"kill -9 {passing.point}",
        f"{route.name}, passing {passing.nth}",
        route.node,
        partial(_kill, route, passing),
        is_short=(route.node, route.name, passing) in _SHORT,
        lacks=partial(_lacks, route),
    )
    for route in ROUTES
    for passing in route.passings()
]
