"""A machine that has no descriptors, processes or memory left, or no larger files."""

from __future__ import annotations

import itertools
import resource
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.cgroups import confined, lacks_groups
from tests.faults.held import end_held, held_at
from tests.faults.processes import living_in_session
from tests.faults.scenario import Family, Node, Scenario, Stage
from transfer.values import ExitCode

_ENDINGS: Final[set[int]] = {ExitCode.DONE, ExitCode.USAGE, ExitCode.PARTIAL, ExitCode.NETWORK}


def _is_told(stage: Stage) -> None:
    """Whatever the machine lacks, the program says so, and is not at fault."""
    assert "fault of" not in stage.said[-1].stderr, stage.said[-1].stderr


def _descriptors(spare: int, point: str, nth: int, deid: bool, stage: Stage) -> None:
    bench = stage.bench(deid=deid, has_large=True)
    with held_at(bench, point, nth) as held:
        # What the kernel gives next is the lowest number that is free.
        taken = {int(one.name) for one in Path(f"/proc/{held.pid}/fd").iterdir()}
        most = next(number for number in itertools.count() if number not in taken) + spare
        resource.prlimit(held.pid, resource.RLIMIT_NOFILE, (most, most))
        end_held(stage, held, _ENDINGS)
    _is_told(stage)
    # It is the machine that lacks something: of the files nothing is said.
    assert "changed since the scan" not in stage.run("status", "trial", "--json", codes={0})


def _file_size(kib: int, point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench()
    with held_at(bench, point, nth) as held:
        resource.prlimit(held.pid, resource.RLIMIT_FSIZE, (kib << 10, kib << 10))
        end_held(stage, held, {2}, says="nothing lost")
    _is_told(stage)


def _address_space(mib: int, point: str, nth: int, deid: bool, stage: Stage) -> None:
    bench = stage.bench(deid=deid, has_large=True)
    with held_at(bench, point, nth) as held:
        status = Path(f"/proc/{held.pid}/status").read_text("utf-8")
        size_kib = int(status.partition("VmSize:")[2].split()[0])
        most = (size_kib << 10) + (mib << 20)
        resource.prlimit(held.pid, resource.RLIMIT_AS, (most, most))
        end_held(stage, held, _ENDINGS)
    _is_told(stage)


def _processes(point: str, nth: int, deid: bool, stage: Stage) -> None:
    bench = stage.bench(deid=deid)
    with held_at(bench, point, nth) as held, confined("pids", 1, [held.pid]):
        end_held(stage, held, _ENDINGS)
    _is_told(stage)


def _worker_killed(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """The kernel kills the processes that read or rewrite; fresh ones do their work."""
    bench = stage.bench(deid=deid)
    with held_at(bench, point, nth) as held:
        workers = [pid for pid in living_in_session(held.pid) if pid != held.pid]
        with confined("memory", 64 << 10, workers):
            end_held(stage, held, {0})


def _runner_killed(point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench(has_large=True)
    with held_at(bench, point, nth) as held, confined("memory", 64 << 10, [held.pid]):
        ran = held.end()
    assert ran.returncode in (0, -signal.SIGKILL), ran


_PHASES: Final[list[tuple[str, str, int, bool, tuple[Node, ...]]]] = [
    ("from the start", "taken", 1, False, ("upv",)),
    ("while headers are read", "read", 1, False, ("upv",)),
    ("between scan and plan", "planned", 1, False, ("upv", "xnat")),
    ("before a request", "leased", 2, False, ("upv", "xnat", "orthanc")),
    ("in the middle of a body", "piece", 2, False, ("upv",)),
    ("after the last byte", "body-sent", 2, False, ("upv", "xnat")),
    ("before an answer is recorded", "before-record", 1, False, ("upv",)),
    ("before a listing is recorded", "listed", 1, False, ("upv", "xnat")),
    ("while it is de-identified", "asked", 1, True, ("upv",)),
    ("between de-identifying and sending", "leased", 2, True, ("upv", "xnat")),
]
_SHORT: Final = {("no descriptors left", "between scan and plan", "upv")}


def _scenario(
    fault: str,
    phase: str,
    node: Node,
    play: Callable[[Stage], None],
    lacks: Callable[[], str] = lambda: "",
) -> Scenario:
    is_short = (fault, phase, node) in _SHORT
    return Scenario(Family.MACHINE, fault, phase, node, play, is_short=is_short, lacks=lacks)


SCENARIOS = [
    *(
        _scenario(fault, phase, node, partial(_descriptors, spare, point, nth, deid))
        for fault, spare in (("no descriptors left", 0), ("three descriptors left", 3))
        for phase, point, nth, deid, nodes in _PHASES
        for node in nodes
    ),
    *(
        _scenario("files may not grow", phase, node, partial(_file_size, 4, point, nth))
        for phase, point, nth, deid, nodes in _PHASES
        for node in nodes
        if not deid
    ),
    *(
        _scenario(fault, phase, node, partial(_address_space, mib, point, nth, deid))
        for fault, mib in (("no address space left", 0), ("little address space left", 24))
        for phase, point, nth, deid, nodes in _PHASES[1:9]
        for node in nodes[:1]
    ),
    *(
        _scenario(
            "no more processes",
            phase,
            node,
            partial(_processes, point, nth, deid),
            partial(lacks_groups, "pids"),
        )
        for phase, point, nth, deid, nodes in _PHASES
        for node in nodes[:1]
    ),
    *(
        _scenario(
            "workers killed for want of memory",
            phase,
            "upv",
            partial(_worker_killed, point, nth, deid),
            partial(lacks_groups, "memory"),
        )
        for phase, point, nth, deid in (
            ("while headers are read", "read", 1, False),
            ("while it is de-identified", "asked", 1, True),
            ("while it is sent", "recorded", 1, True),
        )
    ),
    *(
        _scenario(
            "runner killed for want of memory",
            phase,
            node,
            partial(_runner_killed, point, nth),
            partial(lacks_groups, "memory"),
        )
        for phase, point, nth, deid, nodes in _PHASES
        for node in nodes
        if not deid
    ),
]
