"""The ledger damaged at each phase: what the program says is followed, to the letter, until the
transfer is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.bench import Bench
from tests.faults.damaging import BACKUP, DAMAGE, lose_log, put_older, ruin_instances
from tests.faults.scenario import Family, Node, Scenario, Stage

# What ends the upload, and how often that point is passed before it does.
_PHASES: Final[dict[str, tuple[str, int] | None]] = {
    "before the first run": None,
    "after the scan": ("planned", 1),
    "while it is sent": ("answered", 3),
    "before it is recorded": ("before-record", 4),
    "while it is verified": ("verified", 1),
}
_LATE: Final = ("while it is sent", "before it is recorded", "while it is verified")
_WAY_OUT: Final = re.compile(r"eucaim-transfer (recover .*)")


def _struck(stage: Stage, bench: Bench, phase: str) -> None:
    """Bring the transfer into that phase, and end it there."""
    blow = _PHASES[phase]
    if blow is None:
        return
    point, nth = blow
    ran = bench.run_struck("self", point, str(nth), "upload", bench.name)
    assert ran.returncode == -9, f"{point} was not passed so often: {ran.stderr[-2000:]}"


def follow(stage: Stage, bench: Bench) -> list[str]:
    """Do what the last refusal says, and what the answer to that says, until the ledger is back;
    the commands."""
    done: list[str] = []
    for _ in range(4):
        found = [_WAY_OUT.search(line) for line in _lines(stage)]
        words = [m[1].split() for m in found if m]
        if not words:
            return done
        done.append(words[-1][-1])
        stage.run(*words[-1], codes={0, 2})
    raise AssertionError(f"it does not come to an end: {done}")


def _lines(stage: Stage) -> Iterator[str]:
    last = stage.said[-1]
    yield from (*last.stdout.splitlines(), *last.stderr.splitlines())


def _damage(
    stage: Stage,
    *,
    harm: Callable[[Path], None],
    phase: str,
    is_copy_lost: bool = False,
    deid: bool = False,
) -> None:
    bench = stage.bench(deid=deid)
    _struck(stage, bench, phase)
    harm(bench.workspace.ledger)
    if is_copy_lost:
        bench.workspace.ledger.with_name(BACKUP).unlink()
    stage.run("upload", bench.name, codes={2})
    assert stage.said[-1].stdout == ""
    followed = follow(stage, bench)
    assert followed == [bench.name, "--rebuild" if is_copy_lost else "--from-backup"]
    _go_on(stage, bench)


def _go_on(stage: Stage, bench: Bench) -> None:
    """To the end, in one run. Nothing is sent that the node has, but what waits in a prearchive."""
    stage.over()
    stage.run("upload", bench.name, codes={0})
    if stage.node != "xnat":
        assert [uid for uid, held in bench.held().items() if held.received > 1] == []


def _put_back(stage: Stage, *, phase: str) -> None:
    """Somebody restores the ledger alone from the night before: the program finds out by itself."""
    bench = stage.bench()
    stage.run("scan", bench.name, codes={0})
    older = stage.folder / "older.sqlite"
    older.write_bytes(bench.workspace.ledger.read_bytes())
    _struck(stage, bench, phase)
    put_older(bench.workspace.ledger, older)
    _go_on(stage, bench)


def _without_log(stage: Stage, *, phase: str) -> None:
    bench = stage.bench()
    stage.run("scan", bench.name, codes={0})
    _struck(stage, bench, phase)
    lose_log(bench.workspace.ledger)
    _go_on(stage, bench)


def _scenarios() -> Iterator[Scenario]:
    short = {
        ("instances overwritten", "while it is sent", "upv"),
        ("lost", "while it is verified", "xnat"),
    }
    nodes: tuple[Node, ...] = ("upv", "xnat", "orthanc")
    for fault, harm in DAMAGE.items():
        for phase in _PHASES:
            if phase == "before the first run" and fault.startswith(("instances", "index")):
                # There are none yet.
                continue
            for node in nodes:
                if node == "orthanc" and phase != "while it is sent":
                    continue
                yield Scenario(
                    Family.LEDGER,
                    fault,
                    phase,
                    node,
                    partial(_damage, harm=harm, phase=phase),
                    is_short=(fault, phase, node) in short,
                )
    for phase in _LATE:
        for node in nodes:
            for deid in (False, True) if node != "orthanc" else (False,):
                play = partial(
                    _damage, harm=ruin_instances, phase=phase, is_copy_lost=True, deid=deid
                )
                fault = "instances overwritten and the copy lost"
                yield Scenario(
                    Family.LEDGER,
                    f"{fault}, de-identified" if deid else fault,
                    phase,
                    node,
                    play,
                    is_short=(phase, node, deid) == ("while it is sent", "upv", True),
                )
    for phase in _LATE:
        for node in nodes:
            yield Scenario(
                Family.LEDGER, "an older one put back", phase, node, partial(_put_back, phase=phase)
            )
            yield Scenario(
                Family.LEDGER, "its log lost", phase, node, partial(_without_log, phase=phase)
            )


SCENARIOS = [*_scenarios()]
