"""The home's disk refuses to write: full, quota used up, failing, read-only; at every phase."""

from __future__ import annotations

import errno
from functools import partial
from typing import Final

from tests.faults.disk_errors import Disk, lacks_disk_errors
from tests.faults.held import end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage

FAULTS: Final = {
    "disk full": errno.ENOSPC,
    "quota used up": errno.EDQUOT,
    "disk fails": errno.EIO,
    "disk turned read-only": errno.EROFS,
}
_PHASES: Final[list[tuple[str, str, int, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, ("upv",)),
    ("while requests are planned", "planned", 1, ("upv",)),
    ("before a request", "leased", 2, ("upv", "xnat")),
    ("in the middle of a body", "piece", 2, ("upv", "xnat")),
    ("after the last byte", "body-sent", 2, ("upv", "xnat", "orthanc")),
    ("before an answer is recorded", "before-record", 1, ("upv", "xnat", "orthanc")),
    ("after an answer is recorded", "recorded", 1, ("upv", "xnat")),
    ("before a Study is archived", "before-commit", 1, ("xnat",)),
    ("after a Study is archived", "committed", 1, ("xnat",)),
    ("before a listing is recorded", "listed", 1, ("upv", "xnat", "orthanc")),
    ("before the run says how it ended", "concluded", 1, ("upv", "xnat")),
]
_SHORT: Final = {("quota used up", "before an answer is recorded", "upv")}


def _in_mid_transfer(number: int, point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench(has_large=True)
    disk = Disk(stage.folder, bench)
    with held_at(bench, point, nth) as held, disk.failing("w", number, bench.home.root):
        ran = end_held(stage, held, {2}, says="nothing lost")
    assert "from a backup" not in ran.stderr, ran.stderr


def _from_the_start(number: int, stage: Stage) -> None:
    bench = stage.bench()
    disk = Disk(stage.folder, bench)
    with disk.failing("w", number, bench.home.root):
        stage.run("upload", "trial", codes={2})
    assert "from a backup" not in stage.said[-1].stderr, stage.said[-1].stderr


def _of_the_report(number: int, stage: Stage) -> None:
    """The report cannot be written: nothing half of it stands there, and it can be made again."""
    bench = stage.bench()
    disk = Disk(stage.folder, bench)
    stage.run("upload", "trial", codes={0})
    place = stage.folder / "reports"
    place.mkdir()
    out = place / "report"
    with disk.failing("w", number, place):
        stage.run("report", "trial", "--out", str(out), codes={2})
    assert not list(place.rglob("*")), "half a report"
    stage.run("report", "trial", "--out", str(out), codes={0})


SCENARIOS = [
    *(
        Scenario(
            Family.MACHINE,
            what,
            phase,
            node,
            partial(_in_mid_transfer, number, point, nth),
            is_short=(what, phase, node) in _SHORT,
            lacks=lacks_disk_errors,
        )
        for what, number in FAULTS.items()
        for phase, point, nth, nodes in _PHASES
        for node in nodes
    ),
    *(
        Scenario(Family.MACHINE, what, phase, "upv", partial(play, number), lacks=lacks_disk_errors)
        for what, number in FAULTS.items()
        for phase, play in (
            ("from the start", _from_the_start),
            ("while a report is written", _of_the_report),
        )
    ),
]
