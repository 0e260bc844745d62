"""The power fails at each sync of a transfer; the disk then has what was synced, or more of it."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from tests.faults.disk import Disk, Kept, lacks_compiler
from tests.faults.scenario import Family, Node, Scenario, Stage

SYNCS: dict[tuple[Node, bool], int] = {
    ("upv", False): 45,
    ("xnat", False): 46,
    ("upv", True): 66,
    ("xnat", True): 67,
}
"""How many syncs the upload of a scenario makes, by node and whether it de-identifies."""

_SLACK = 3
"""So many more or fewer are made where other instances share a transaction; the last cuts may then
fall when all is done."""

_KINDS = tuple(Kept)


def _cut(stage: Stage, *, at: int, kept: Kept, deid: bool) -> None:
    bench = stage.bench(lanes=1, deid=deid)
    scratch = stage.folder / "power"
    scratch.mkdir()
    disk = Disk(bench.home.root, scratch, fails_at=at)
    lit = dict(bench.environment)
    bench.environment.update(disk.environment)
    may_end = at > SYNCS[stage.node, deid] - _SLACK
    stage.run("upload", bench.name, codes={-signal.SIGKILL, 0} if may_end else {-signal.SIGKILL})
    bench.environment.clear()
    bench.environment.update(lit)
    is_over = stage.said[-1].returncode == 0
    assert disk.has_failed is not is_over, f"the run died, and not of sync {at}"
    disk.cut(kept, seed=at)


def _cut_at_point(stage: Stage, *, point: str, nth: int, deid: bool) -> None:
    """What the ledger says once a step is recorded, it says after the cut as well."""
    bench = stage.bench(lanes=1, deid=deid)
    scratch = stage.folder / "power"
    scratch.mkdir()
    disk = Disk(bench.home.root, scratch)
    lit = dict(bench.environment)
    bench.environment.update(disk.environment)
    struck = bench.run_struck("self", point, str(nth), "upload", bench.name)
    stage.hear(struck, {-signal.SIGKILL})
    bench.environment.clear()
    bench.environment.update(lit)
    disk.cut(Kept.WRITES)
    said = _outcomes(stage)
    disk.cut(Kept.NOTHING)
    assert _outcomes(stage) == said, "power takes back what was recorded"


def _every_state(stage: Stage, *, deid: bool) -> None:
    """After each thing that the disk is told in a whole transfer, in one of the states in which it
    may be: the ledger is whole and claims nothing too much, what lasts never gets less, and nothing
    went under a key that would be gone."""
    bench = stage.bench(lanes=1, deid=deid)
    scratch = stage.folder / "power"
    scratch.mkdir()
    disk = Disk(bench.home.root, scratch)
    lit = dict(bench.environment)
    bench.environment.update(disk.environment)
    stage.run("upload", bench.name, codes={0})
    bench.environment.clear()
    bench.environment.update(lit)
    assert abs(disk.syncs - SYNCS[stage.node, deid]) <= _SLACK, f"SYNCS is to say {disk.syncs}"
    most, held, inside = 0, bench.held(), bench.workspace.folder.relative_to(bench.home.root)
    state = scratch / "home"
    for number, moment in enumerate(disk.moments(range(1, len(disk.told()) + 1)), start=1):
        kept = _KINDS[number % len(_KINDS)]
        moment.write(state, kept, seed=number)
        sent = _sent_in(state / inside / "ledger.sqlite")
        at = f"after {number} things told, {kept}"
        assert sent <= len(held), at
        assert not (sent and deid) or list(state.glob("keys/*.key")), f"{at}: the key is gone"
        if kept is Kept.NOTHING:
            assert sent >= most, f"{at}: {most} were recorded, {sent} are"
            most = sent
    assert most == len(held) > 0


def _sent_in(ledger: Path) -> int:
    with closing(sqlite3.connect(ledger)) as reading:
        assert reading.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        states = "state IN ('sent', 'verified')"
        (sent,) = reading.execute(f"SELECT count(*) FROM instance WHERE {states}").fetchone()  # noqa: S608
        (tallied,) = reading.execute(f"SELECT sum(n) FROM tally WHERE {states}").fetchone()  # noqa: S608
    assert sent == (tallied or 0)
    return int(sent)


def _outcomes(stage: Stage) -> list[int]:
    bench = stage.made
    assert bench is not None
    return [
        bench.number(f"SELECT count(*) FROM instance WHERE state = '{state}'")  # noqa: S608
        for state in ("sent", "verified", "failed")
    ]


def _at_each_sync() -> Iterator[Scenario]:
    for (node, deid), syncs in SYNCS.items():
        for at in range(1, syncs + 1):
            # The hardest disk at each sync of the plain way; else the kinds take turns.
            kinds = {_KINDS[at % len(_KINDS)]}
            if node == "upv" and not deid:
                kinds |= {Kept.NOTHING, _KINDS[(at + 1) % len(_KINDS)]}
            for kept in sorted(kinds):
                yield Scenario(
                    Family.POWER,
                    f"power cut, {kept}",
                    f"{'de-identifying, ' if deid else ''}at sync {at}",
                    node,
                    partial(_cut, at=at, kept=kept, deid=deid),
                    is_short=(node, deid, at, kept) in _SHORT,
                    lacks=lacks_compiler,
                )


_SHORT: set[tuple[Node, bool, int, Kept]] = {
    ("upv", False, 20, Kept.NOTHING),
    ("xnat", True, 45, Kept.SOME),
}

_POINTS: dict[str, tuple[Node, ...]] = {
    "recorded": ("upv", "xnat"),
    "verified": ("upv", "xnat"),
    "committed": ("xnat",),
    "concluded": ("upv", "xnat"),
}


def _at_each_point() -> Iterator[Scenario]:
    for point, nodes in _POINTS.items():
        for node in nodes:
            for deid in (False, True):
                play: Callable[[Stage], None] = partial(
                    _cut_at_point, point=point, nth=1 if point == "concluded" else 2, deid=deid
                )
                yield Scenario(
                    Family.POWER,
                    f"power cut, {Kept.NOTHING}",
                    f"{'de-identifying, ' if deid else ''}just {point}",
                    node,
                    play,
                    lacks=lacks_compiler,
                )


def _after_each_thing() -> Iterator[Scenario]:
    for node, deid in SYNCS:
        yield Scenario(
            Family.POWER,
            "power cut, every state of the disk",
            f"{'de-identifying, ' if deid else ''}after each thing that it is told",
            node,
            partial(_every_state, deid=deid),
            lacks=lacks_compiler,
        )


SCENARIOS = [*_at_each_sync(), *_at_each_point(), *_after_each_thing()]
