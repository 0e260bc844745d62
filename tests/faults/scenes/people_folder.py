"""The transfer's folder on another host, twice, from an older copy; another node meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from typing import Final

from tests.faults.bench import Bench
from tests.faults.held import end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage
from tests.ready import guarded
from transfer.workspace import HOME_VARIABLE


def lacks_namespaces() -> str:
    """What this machine does not have for another host's name."""
    done = subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False)
    return "" if done.returncode == 0 else "the right to another host's name"


def _on_another_host(bench: Bench, *words: str) -> subprocess.CompletedProcess[str]:
    named = f"hostname elsewhere && exec {sys.executable} -P -m tui {' '.join(words)}"
    return subprocess.run(
        guarded(["unshare", "--uts", "sh", "-c", named]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=bench.environment,
        timeout=120,
        check=False,
    )


def _moved_after_a_crash(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """The disk of a host that died is put into another one: the pid and the host in the ledger are
    nobody's, and the lock is free."""
    bench = stage.bench(deid=deid)
    with held_at(bench, point, nth) as held:
        refused = _on_another_host(bench, "upload", "trial")
        stage.hear(refused, {7})
        assert f"process {held.pid} on " in refused.stderr, refused.stderr
    moved = stage.folder / "home-elsewhere"
    shutil.copytree(bench.home.root, moved)
    shutil.rmtree(bench.home.root)
    shutil.copytree(moved, bench.home.root)
    stage.over()
    stage.hear(_on_another_host(bench, "upload", "trial"), {0})


def _copied_and_both_run(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """Two folders that know nothing of each other send the same: the node has it once."""
    bench = stage.bench(deid=deid)
    twin = stage.folder / "twin"
    with held_at(bench, point, nth) as held:
        shutil.copytree(bench.home.root, twin)
        own = dict(bench.environment)
        bench.environment[HOME_VARIABLE] = str(twin)
        try:
            stage.run("upload", "trial", codes={0})
        finally:
            bench.environment.clear()
            bench.environment.update(own)
        stage.over()
        end_held(stage, held, {0})


def _older_copy(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """The folder is put back as it was in the middle; the node has more than it knows."""
    bench = stage.bench(deid=deid)
    older = stage.folder / "older"
    with held_at(bench, point, nth) as held:
        shutil.copytree(bench.home.root, older)
        end_held(stage, held, {0})
    shutil.rmtree(bench.home.root)
    older.rename(bench.home.root)


_PHASES: Final[list[tuple[str, str, int, bool, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, False, ("upv",)),
    ("between scan and plan", "planned", 1, False, ("upv", "xnat")),
    ("before a request", "leased", 2, False, ("upv", "xnat", "orthanc")),
    ("before an answer is recorded", "before-record", 1, False, ("upv", "xnat", "orthanc")),
    ("before a listing is recorded", "listed", 1, False, ("upv", "xnat")),
    ("before it says how it ended", "concluded", 1, False, ("upv", "xnat")),
    ("between de-identifying and sending", "leased", 2, True, ("upv", "xnat")),
]
_PLAYS: Final[list[tuple[str, Callable[[str, int, bool, Stage], None], Callable[[], str]]]] = [
    ("folder moved to another host", _moved_after_a_crash, lacks_namespaces),
    ("folder copied and both run", _copied_and_both_run, lambda: ""),
    ("folder put back from an older copy", _older_copy, lambda: ""),
]
_SHORT: Final = {
    ("folder moved to another host", "before an answer is recorded", "upv"),
    ("folder put back from an older copy", "before a request", "upv"),
}

SCENARIOS = [
    Scenario(
        Family.PEOPLE,
        fault,
        phase,
        node,
        partial(play, point, nth, deid),
        is_short=(fault, phase, node) in _SHORT,
        lacks=lacks,
    )
    for fault, play, lacks in _PLAYS
    for phase, point, nth, deid, nodes in _PHASES
    for node in nodes
]
