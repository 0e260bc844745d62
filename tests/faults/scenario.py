"""What a scenario is: a transfer, a fault that is made for real, and a judge at the end.

A module in `tests.faults.scenes` has a `SCENARIOS`, and needs to be named nowhere else. Each
scenario is one kind of fault at one phase on one node; repetitions with other dice are not
scenarios. `play` makes the transfer by `stage.bench(…)`, makes the fault, and returns as soon as
the fault is over: from there the recovery is timed. What follows, it leaves to `perform`, which
runs `upload` until it ends well and lets `tests.faults.judge` look at both sides.

    def _cut(stage: Stage) -> None:
        bench = stage.bench()
        with stage.proxied(bench) as proxy: …
        stage.run("upload", bench.name, codes={4})

    SCENARIOS = [Scenario(Family.NETWORK, "reset", "in the body", "upv", _cut, is_short=True)]

The short ones, a few of each family, are tests; `python -m tests.faults` plays all.
"""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tests.faults.bench import Bench, Server
from tests.faults.cohort import write_cohort
from tests.faults.deid import DeidBench, DeidXnatBench
from tests.faults.xnat import XnatBench, XnatServer

if TYPE_CHECKING:
    from tests.faults.judge import Verdict
    from tests.faults.servers import Servers

Node: TypeAlias = Literal["upv", "xnat", "orthanc"]

MOST_RUNS: Final = 6
"""So often `upload` is started after a fault; what needs more is not a recovery."""


class Family(StrEnum):
    """What breaks."""

    CRASH = "crash"
    POWER = "power"
    NETWORK = "network"
    NODE = "node"
    MACHINE = "machine"
    PEOPLE = "people"
    LEDGER = "ledger"
    LARGE = "large"


def _lacks_nothing() -> str:
    return ""


@dataclass(frozen=True)
class Scenario:
    """One fault at one phase on one node. `lacks` names what this machine does not have for it;
    `is_short`: it is played in each run of the tests, which have five minutes for all of them."""

    family: Family
    fault: str
    phase: str
    node: Node
    play: Callable[[Stage], None]
    is_short: bool = False
    lacks: Callable[[], str] = _lacks_nothing

    @property
    def name(self) -> str:
        return f"{self.family}: {self.fault}, {self.phase}, {self.node}"


@dataclass
class Stage:
    """What a scenario works with: an empty folder of its own, servers, and one transfer.

    `refused` are the SOP Instance UIDs that the node is never to take (as the server names them):
    the judge demands that they are not there, and that the ledger says so. `codes` are the exit
    codes with which a run of `upload` after the fault may end besides 0. `before_each_run` is
    called before each of these, as the person who follows what the last one said would act.
    `closing` is undone before the judge looks at processes and files, `lasting`, for servers of
    the scenario's own, after it.
    """

    folder: Path
    node: Node
    servers: Servers
    refused: set[str] = field(default_factory=set)
    codes: set[int] = field(default_factory=lambda: {4, 6})
    before_each_run: list[Callable[[], None]] = field(default_factory=list)
    closing: ExitStack = field(default_factory=ExitStack)
    lasting: ExitStack = field(default_factory=ExitStack)
    said: list[subprocess.CompletedProcess[str]] = field(default_factory=list)
    made: Bench | None = None
    over_at: float | None = None

    def bench(
        self,
        *,
        series: int = 3,
        per_series: int = 8,
        batch: int = 4,
        lanes: int = 2,
        has_large: bool = False,
        deid: bool = False,
        options: str = "",
        server: Server | None = None,
        home: Path | None = None,
    ) -> Bench:
        """The scenario's transfer, not begun: a cohort of its own to `server`, or to the node's
        usual one; `options` are further lines of the node's table in config.toml."""
        assert self.made is None, "a scenario has one transfer"
        server = server or self.servers.of(self.node)
        cohort = write_cohort(
            self.folder / "cohort", series=series, per_series=per_series, has_large=has_large
        )
        lines = f"max_batch_instances = {batch}\nmax_concurrency = {lanes}\n{options}"
        home = home or self.folder / "home"
        if self.node == "xnat":
            assert isinstance(server, XnatServer)
            kind = DeidXnatBench if deid else XnatBench
            self.made = kind(home, server, cohort, lines)
        else:
            self.made = (DeidBench if deid else Bench)(home, server, cohort, lines)
        scratch = self.folder / "tmp"
        scratch.mkdir()
        self.made.environment["TMPDIR"] = str(scratch)
        return self.made

    def run(self, *words: str, codes: set[int], timeout_s: float = 120.0) -> str:
        """One command of the program: it has to end with one of these exit codes, and what it
        said is kept for the judge. Its standard output."""
        assert self.made is not None
        return self.hear(self.made.run(*words, timeout_s=timeout_s), codes)

    def hear(self, ran: subprocess.CompletedProcess[str], codes: set[int]) -> str:
        """The same for a command that was run otherwise."""
        self.said.append(ran)
        assert ran.returncode in codes, f"exit {ran.returncode}, not {codes}: {ran.stderr[-2000:]}"
        return ran.stdout

    def over(self) -> None:
        """The fault is over at this moment, though `play` has not returned yet."""
        self.over_at = time.monotonic()


def perform(scenario: Scenario, folder: Path, servers: Servers) -> Verdict:
    """Play a scenario in a new folder, bring the transfer to its end, and judge.

    Raises:
        AssertionError: the program did not behave, or the transfer does not come to its end.
    """
    from tests.faults import judge

    folder.mkdir(parents=True)
    stage = Stage(folder, scenario.node, servers)
    try:
        with stage.closing:
            scenario.play(stage)
            bench, began = stage.made, stage.over_at or time.monotonic()
            assert bench is not None, "the scenario made no transfer"
            wrong = judge.wrongly_reported(stage)
            runs = _finish(stage)
            recovery_s = time.monotonic() - began
        return judge.judge(stage, wrongly=wrong, runs=runs, recovery_s=recovery_s)
    finally:
        stage.lasting.close()
        servers.calm()
        shutil.rmtree(folder, ignore_errors=True)


def _finish(stage: Stage) -> int:
    """Run `upload` until the transfer is done; how many runs it took."""
    bench = stage.made
    assert bench is not None
    end_code = 4 if stage.refused else 0
    for number in range(1, MOST_RUNS + 1):
        for act in stage.before_each_run:
            act()
        stage.run("upload", bench.name, codes={0, *stage.codes})
        if stage.said[-1].returncode == end_code:
            return number
    raise AssertionError(f"not done after {MOST_RUNS} runs: {stage.said[-1].stderr[-2000:]}")


def scenarios() -> list[Scenario]:
    """All of them, by the order of their modules; each name is there once."""
    from tests.faults import scenes

    found: list[Scenario] = []
    for each in pkgutil.iter_modules(scenes.__path__):
        module = importlib.import_module(f"{scenes.__name__}.{each.name}")
        found += getattr(module, "SCENARIOS", [])
    names = [one.name for one in found]
    assert len(set(names)) == len(names), "two scenarios have one name"
    return found
