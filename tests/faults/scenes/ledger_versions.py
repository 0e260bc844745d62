"""A transfer that an earlier version of this program began, gone on with by this one; and an update
that is itself interrupted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tests.faults.bench import Bench
from tests.faults.scenario import Family, Scenario, Stage
from tests.faults.versions import PER_SERIES, SERIES, put_version, versions


def _begun(stage: Stage, number: int) -> Bench:
    bench = stage.bench(series=SERIES, per_series=PER_SERIES, batch=2, lanes=1)
    put_version(number, bench.workspace.ledger, bench.cohort)
    return bench


def _go_on(stage: Stage, *, number: int) -> None:
    bench = _begun(stage, number)
    # One Series was left out, which the judge wants there.
    stage.run("select", bench.name, "--clear", codes={0})
    # What the ledger calls sent went to another server: only this run finds out.
    stage.run("upload", bench.name, codes={0})


def _killed(stage: Stage, *, number: int, nth: int) -> None:
    bench = _begun(stage, number)
    ran = bench.run_struck("self", "migrated", str(nth), "status", bench.name)
    assert ran.returncode == -9, ran.stderr[-2000:]
    _go_on_after(stage, bench)


def _go_on_after(stage: Stage, bench: Bench) -> None:
    stage.run("status", bench.name, codes={0})
    stage.run("select", bench.name, "--clear", codes={0})
    stage.run("upload", bench.name, codes={0})


def _scenarios() -> Iterator[Scenario]:
    for number in versions():
        yield Scenario(
            Family.LEDGER,
            f"begun by the version of schema {number}",
            "while it is sent",
            "upv",
            partial(_go_on, number=number),
        )
    for number, nth in ((2, 1), (2, 9), (12, 5), (22, 1)):
        yield Scenario(
            Family.LEDGER,
            f"killed in the update from schema {number}",
            f"after its step {nth}",
            "upv",
            partial(_killed, number=number, nth=nth),
        )


SCENARIOS = [*_scenarios()]
