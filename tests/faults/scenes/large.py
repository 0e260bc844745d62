"""Transfers of thousands of instances, killed again and again wherever they happen to be."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.faults.bench import Bench, SandboxServer
from tests.faults.processes import await_until, living_in_session
from tests.faults.scenario import Family, Node, Scenario, Stage
from tests.real.orthanc import missing_software

KILLS: Final = 12
_PER_SERIES: Final = 25
_RUN_S: Final = 300.0

TRICKLE: Final[dict[Node, tuple[str, ...]]] = {
    "upv": (
        "stow:reset-mid-body,after=15,times=2",
        "stow:status=503,retry-after=0,after=40,times=3",
        "stow:reset-after-body,after=70,times=1",
        "stow:truncate-answer,after=90,times=1",
        "qido:status=502,after=20,times=2",
    ),
    "xnat": (
        "xnat-import:status=503,retry-after=0,after=15,times=3",
        "xnat-import:silent,after=40,times=1",
        "xnat-archive:status=502,after=5,times=2",
        "xnat-listing:status=503,after=20,times=2",
    ),
}
"""What a node in some trouble does now and then."""


@dataclass(frozen=True)
class Large:
    """One transfer; `seed` decides where it is killed."""

    node: Node
    instances: int
    seed: int
    deid: bool = False
    in_trouble: bool = False

    @property
    def phase(self) -> str:
        how = "eucaim" if self.deid else "as-is"
        trouble = ", node in trouble" if self.in_trouble else ""
        return f"{self.instances} instances, {how}{trouble}"


def _kill_at_random(large: Large, stage: Stage) -> None:
    series = large.instances // _PER_SERIES
    bench = stage.bench(series=series, per_series=_PER_SERIES, batch=10, lanes=4, deid=large.deid)
    if large.in_trouble:
        assert isinstance(bench.server, SandboxServer)
        for fault in TRICKLE[large.node]:
            bench.server.control("faults", fault)
    dice = random.Random(large.seed)  # noqa: S311 - repeatable, nothing secret
    # Each instance counts when its file is seen, read, perhaps de-identified, sent and listed.
    whole = (5 if large.deid else 4) * large.instances
    sent = []
    for left in range(KILLS, 0, -1):
        done = bench.moves()
        goal = done + dice.randint(1, 1 + 2 * (whole - done) // (left + 2))
        _kill_on_the_way(bench, goal, takes_all=dice.random() < 0.5)
        sent.append(bench.sent())
    # The kills fell where they were meant to: before anything went, and while instances went.
    assert sent[0] == 0, sent
    assert sum(0 < n < large.instances for n in sent) >= 3, sent


def _kill_on_the_way(bench: Bench, goal: int, *, takes_all: bool) -> None:
    """Kill an upload that has come so far: its runner, whose workers end by themselves, or all."""
    with bench.running("upload", bench.name) as runner:
        await_until(
            lambda: runner.poll() is not None or bench.moves() >= goal,
            "progress",
            within_s=_RUN_S,
        )
        victims = living_in_session(runner.pid) if takes_all else [runner.pid]
        assert runner.poll() is None, f"ended by itself: {runner.communicate()}"
        for victim in victims:
            # A worker that has no more to do ends by itself.
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
    assert runner.returncode == -signal.SIGKILL
    await_until(lambda: not living_in_session(runner.pid), "the workers died with the runner")


_ALL: Final = (
    Large("upv", 4000, seed=1),
    Large("upv", 3000, seed=2, in_trouble=True),
    Large("upv", 2000, seed=3, deid=True),
    Large("upv", 2000, seed=4, deid=True, in_trouble=True),
    Large("xnat", 3000, seed=5),
    Large("xnat", 2000, seed=6, in_trouble=True),
    Large("xnat", 2000, seed=7, deid=True),
    Large("xnat", 2000, seed=8, deid=True, in_trouble=True),
    Large("orthanc", 2000, seed=9),
    Large("orthanc", 2000, seed=10, deid=True),
)


def _lacks(large: Large) -> str:
    return missing_software() if large.node == "orthanc" else ""


SCENARIOS = [
    Scenario(
        Family.LARGE,
        f"killed {KILLS} times at random",
        large.phase,
        large.node,
        partial(_kill_at_random, large),
        lacks=partial(_lacks, large),
    )
    for large in _ALL
]
