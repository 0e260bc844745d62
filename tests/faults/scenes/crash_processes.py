"""Signals to every kind of process of a transfer, in each phase: a worker, all that belong to a
run, the runner that was detached, the screens that watch it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.faults.bench import Bench
from tests.faults.processes import await_until, living_in_session, stopped_in_session
from tests.faults.scenario import Family, Node, Scenario, Stage
from tests.real.orthanc import missing_software
from tests.tui.terminal import Terminal
from transfer.ledger.holder import is_held

PHASES: Final = {
    "scan": ("read", "1"),
    "de-identification": ("deidentified", "1"),
    "sending": ("piece", "30"),
    "verification": ("listed", "1"),
}
NODES: Final[tuple[Node, ...]] = ("upv", "xnat", "orthanc")
_STOPPED: Final = 130


def _bench(stage: Stage) -> Bench:
    # The profile's: so that rewriting processes are there while instances go.
    return stage.bench(lanes=1, deid=True)


def _strike(blow: str, code: int, phase: str, stage: Stage) -> None:
    bench = _bench(stage)
    stage.hear(bench.run_struck(blow, *PHASES[phase], "upload", bench.name), {code})


def _kill_detached(phase: str, stage: Stage) -> None:
    bench = _bench(stage)
    pid = _detached(stage, bench, "self", phase)
    await_until(lambda: not is_held(bench.workspace.lock), "the runner is dead")
    await_until(lambda: not living_in_session(pid), "its workers died with it")


def _end_screens(end: Callable[[Terminal], None], phase: str, stage: Stage) -> None:
    """While the screens watch a runner, which stands in this phase."""
    bench = _bench(stage)
    pid = _detached(stage, bench, "hold", phase)
    try:
        await_until(lambda: pid in stopped_in_session(pid), f"the runner stands in the {phase}")
        epoch = bench.status().runner.epoch
        with Terminal(bench.home, bench.name, environ=bench.environment) as screens:
            screens.read_until(bench.name)
            end(screens)
            screens.end(60.0)
        os.kill(pid, signal.SIGCONT)
        await_until(lambda: not is_held(bench.workspace.lock), "the runner ended", within_s=120)
        after = bench.status().runner
        assert (after.exit_code, after.epoch) == (0, epoch), after
    finally:
        for left in living_in_session(pid):
            os.kill(left, signal.SIGKILL)


def _detached(stage: Stage, bench: Bench, blow: str, phase: str) -> int:
    words = ("upload", bench.name, "--detach", "--json")
    ran = bench.run_struck(blow, *PHASES[phase], *words)
    pid: int = json.loads(stage.hear(ran, {0}))["runner"]["pid"]
    return pid


def _lacks(node: Node) -> str:
    return missing_software() if node == "orthanc" else ""


def _in_each_phase(
    fault: str,
    play: Callable[[str, Stage], None],
    *,
    phases: tuple[str, ...] = tuple(PHASES),
    nodes: tuple[Node, ...] = NODES,
    short: tuple[tuple[str, Node], ...] = (),
) -> list[Scenario]:
    return [
        Scenario(
            Family.CRASH,
            fault,
            phase,
            node,
            partial(play, phase),
            is_short=(phase, node) in short,
            lacks=partial(_lacks, node),
        )
        for phase in phases
        for node in nodes
    ]


SCENARIOS = [
    *_in_each_phase(
        "kill -9 of a worker",
        partial(_strike, "worker", 0),
        phases=("scan", "de-identification", "sending"),
        short=(("sending", "xnat"),),
    ),
    *_in_each_phase(
        "kill -9 of all processes of the run",
        partial(_strike, "group", -signal.SIGKILL),
        short=(("sending", "upv"),),
    ),
    *_in_each_phase("SIGTERM to the runner", partial(_strike, "terminate", _STOPPED)),
    *_in_each_phase("SIGHUP to the runner", partial(_strike, "hangup", _STOPPED)),
    *_in_each_phase("ctrl+c", partial(_strike, "interrupt", _STOPPED)),
    *_in_each_phase("kill -9 of the detached runner", _kill_detached),
    *_in_each_phase(
        "kill -9 of the screens",
        partial(_end_screens, lambda screens: screens.signal(signal.SIGKILL)),
        short=(("sending", "upv"),),
    ),
    *_in_each_phase(
        "SIGTERM to the screens",
        partial(_end_screens, lambda screens: screens.signal(signal.SIGTERM)),
        nodes=("upv",),
    ),
    *_in_each_phase(
        "the screens' line is lost",
        partial(_end_screens, lambda screens: screens.hang_up()),
        nodes=("upv",),
    ),
]
