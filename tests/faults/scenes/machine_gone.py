"""Folders that are away for a while: the home, the source, a file server that fails or hangs."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.disk_errors import Disk, lacks_disk_errors
from tests.faults.held import end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage


def lacks_mounts() -> str:
    """What this machine does not have for them."""
    if os.geteuid() != 0:
        return "the right to mount"
    # Root in a container may lack it.
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    done = subprocess.run(probe, capture_output=True, timeout=30, check=False)
    return "" if done.returncode == 0 else "the right to mount"


@contextmanager
def unmounted(folder: Path) -> Iterator[None]:
    """In the folder's place stands an empty one, as if its disk had been taken away."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, timeout=30)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


@contextmanager
def moved_away(folder: Path) -> Iterator[None]:
    """The folder has another name for a while."""
    aside = folder.with_name(f"{folder.name}-aside")
    folder.rename(aside)
    try:
        yield
    finally:
        aside.rename(folder)


def _home_gone(how: str, point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench(has_large=True)
    gone = unmounted if how == "unmounted" else moved_away
    with held_at(bench, point, nth) as held, gone(bench.home.root):
        # What was opened before can be written on; what is opened now is not there.
        end_held(stage, held, {0, 2})
    assert "fault of" not in stage.said[-1].stderr, stage.said[-1].stderr


def _home_gone_at_start(stage: Stage) -> None:
    bench = stage.bench()
    with unmounted(bench.home.root):
        stage.run("upload", "trial", codes={2})
        assert "There is no transfer" in stage.said[-1].stderr


def _source_gone(how: str, point: str, nth: int, deid: bool, stage: Stage) -> None:
    bench = stage.bench(has_large=True, lanes=1, deid=deid)
    gone = unmounted if how == "unmounted" else moved_away
    with held_at(bench, point, nth) as held, gone(bench.cohort.folder):
        end_held(stage, held, {0, 2, 3, 4})
        assert "fault of" not in stage.said[-1].stderr, stage.said[-1].stderr
        # Whoever tries once more meanwhile must not make things worse.
        stage.run("upload", "trial", codes={0, 2, 3, 4})
        stage.run("scan", "trial", codes={0, 2, 3, 4})
    stage.before_each_run.append(lambda: _scan(stage))


def _scan(stage: Stage) -> None:
    """As is said of files that are gone."""
    stage.run("scan", "trial", codes={0})


def _source_fails(number: int, point: str, nth: int, deid: bool, stage: Stage) -> None:
    bench = stage.bench(has_large=True, lanes=1, deid=deid)
    disk = Disk(stage.folder, bench)
    with held_at(bench, point, nth) as held, disk.failing("r", number, bench.cohort.folder):
        end_held(stage, held, {3, 4})
    assert "fault of" not in stage.said[-1].stderr, stage.said[-1].stderr
    stage.before_each_run.append(lambda: _scan(stage))


def _source_hangs(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """What waits goes on as soon as the server answers again."""
    bench = stage.bench(has_large=True, lanes=1, deid=deid)
    disk = Disk(stage.folder, bench)
    with held_at(bench, point, nth) as held:
        with disk.failing("r", 0, bench.cohort.folder):
            held.go_on()
            disk.await_met()
            assert bench.status().is_running
        end_held(stage, held, {0})


_AT_HOME: Final[list[tuple[str, str, int, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, ("upv",)),
    ("before a request", "leased", 2, ("upv", "xnat")),
    ("before an answer is recorded", "before-record", 2, ("upv", "xnat", "orthanc")),
    ("before a listing is recorded", "listed", 1, ("upv",)),
    ("before the run says how it ended", "concluded", 1, ("upv",)),
]
_AT_SOURCE: Final[list[tuple[str, str, int, bool, tuple[Node, ...]]]] = [
    ("before the walk", "taken", 1, False, ("upv",)),
    ("during the walk", "walked", 1, False, ("upv",)),
    ("while headers are read", "read", 1, False, ("upv",)),
    ("between scan and plan", "planned", 1, False, ("upv",)),
    ("before a request", "leased", 2, False, ("upv", "xnat", "orthanc")),
    ("in the middle of a body", "piece", 2, False, ("upv", "xnat", "orthanc")),
    ("while it is de-identified", "asked", 1, True, ("upv",)),
    ("between de-identifying and sending", "leased", 2, True, ("upv", "xnat")),
]
_ERRORS: Final = {
    "source cannot be read": errno.EIO,
    "source's file server forgot it": errno.ESTALE,
    "source is not to be read by this account": errno.EACCES,
}
_SHORT: Final = {
    ("source unmounted", "between scan and plan", "upv"),
    ("source's file server hangs", "in the middle of a body", "upv"),
}


def _scenario(fault: str, phase: str, node: Node, play: partial[None], lacks: object) -> Scenario:
    assert callable(lacks)
    is_short = (fault, phase, node) in _SHORT
    return Scenario(Family.MACHINE, fault, phase, node, play, is_short=is_short, lacks=lacks)


SCENARIOS = [
    *(
        _scenario(f"home {how}", phase, node, partial(_home_gone, how, point, nth), lacks_mounts)
        for how in ("unmounted", "moved away")
        for phase, point, nth, nodes in _AT_HOME
        for node in nodes
    ),
    _scenario(
        "home unmounted", "from the start", "upv", partial(_home_gone_at_start), lacks_mounts
    ),
    *(
        _scenario(
            f"source {how}", phase, node, partial(_source_gone, how, point, nth, deid), lacks_mounts
        )
        for how in ("unmounted", "moved away")
        for phase, point, nth, deid, nodes in _AT_SOURCE
        for node in nodes
    ),
    *(
        _scenario(
            fault,
            phase,
            node,
            partial(_source_fails, number, point, nth, deid),
            lacks_disk_errors,
        )
        for fault, number in _ERRORS.items()
        for phase, point, nth, deid, nodes in _AT_SOURCE[2:]
        for node in nodes
    ),
    *(
        _scenario(
            "source's file server hangs",
            phase,
            node,
            partial(_source_hangs, point, nth, deid),
            lacks_disk_errors,
        )
        for phase, point, nth, deid, nodes in _AT_SOURCE[2:]
        for node in nodes
    ),
]
