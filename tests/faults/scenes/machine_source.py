"""A source file that becomes another one, or none, in the middle of the transfer; and then is
again what it was."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from tests.faults.held import end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage

Undo: TypeAlias = Callable[[], object]
Change: TypeAlias = Callable[[Path], Undo]


def _aside(path: Path) -> Undo:
    """Out of the cohort, whole and with its times; back again afterwards."""
    kept = path.parents[3] / f"kept-{path.name}"
    path.rename(kept)
    return lambda: kept.replace(path)


def _content(path: Path, content: bytes) -> Undo:
    """Written over where it lies, as a copying program does; the old bytes and time come back."""
    before, status = path.read_bytes(), path.stat()
    path.write_bytes(content)

    def undo() -> None:
        path.write_bytes(before)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    return undo


def _truncated(path: Path) -> Undo:
    return _content(path, path.read_bytes()[: path.stat().st_size // 2])


def _emptied(path: Path) -> Undo:
    return _content(path, b"")


def _grown(path: Path) -> Undo:
    return _content(path, path.read_bytes() + bytes(64))


def _other_pixels(path: Path) -> Undo:
    content = path.read_bytes()
    return _content(path, content[:-64] + bytes(64))


def _other_kind(make: Callable[[Path], object], path: Path) -> Undo:
    back = _aside(path)
    make(path)

    def undo() -> None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        back()

    return undo


def _to_its_neighbour(path: Path) -> None:
    neighbour = next(other for other in sorted(path.parent.glob("*.dcm")) if other != path)
    path.symlink_to(neighbour)


CHANGES: Final[dict[str, Change]] = {
    "deleted": _aside,
    "truncated": _truncated,
    "emptied": _emptied,
    "grown": _grown,
    "other pixels": _other_pixels,
    "a folder in its place": partial(_other_kind, Path.mkdir),
    "a pipe in its place": partial(_other_kind, os.mkfifo),
    "a link to its neighbour in its place": partial(_other_kind, _to_its_neighbour),
    "a link in a circle in its place": partial(_other_kind, lambda path: path.symlink_to(path)),
}

# The large instance is sent first, and in several pieces; the last one of all is sent last.
_FIRST: Final = "P000/SE000/IM0000.dcm"
_LAST: Final = "P001/SE002/IM0007.dcm"
# Of the last one there is a copy, which then has the same UID and other content.
_LAST_WITHOUT_COPY: Final = "P001/SE002/IM0006.dcm"


def _changed(change: Change, point: str, nth: int, victim: str, deid: bool, stage: Stage) -> None:
    bench = stage.bench(lanes=1, has_large=True, deid=deid)
    with held_at(bench, point, nth) as held:
        undo = change(bench.cohort.folder / victim)
        # What was open keeps its bytes, and nobody notices that its name is gone.
        end_held(stage, held, {0, 4})
    if point not in ("piece", "read", "asked"):
        assert stage.said[-1].returncode == 4, stage.said[-1].stderr
        _names_the_reason(stage)
    undo()
    stage.before_each_run.append(lambda: _scan_again(stage))


def _names_the_reason(stage: Stage) -> None:
    assert "1 of 24 instances did not arrive" in stage.said[-1].stderr, stage.said[-1].stderr
    assert "changed since the scan" in stage.run("status", "trial", "--json", codes={0})


def _scan_again(stage: Stage) -> None:
    """As is said of a file that changed."""
    stage.run("scan", "trial", codes={0})


def _for_good(point: str, nth: int, stage: Stage) -> None:
    """The file stays what it became: that is what has to arrive, once it was scanned."""
    import dataclasses
    import hashlib

    from tests.conformance.made import data_set

    bench = stage.bench(lanes=1)
    path = bench.cohort.folder / _LAST_WITHOUT_COPY
    with held_at(bench, point, nth) as held:
        _other_pixels(path)
        end_held(stage, held, {4})
    _names_the_reason(stage)
    content, uid = path.read_bytes(), list(bench.cohort.digests)[-2]
    bench.cohort = dataclasses.replace(
        bench.cohort,
        digests={**bench.cohort.digests, uid: hashlib.sha256(content).hexdigest()},
        data_digests={
            **bench.cohort.data_digests,
            uid: hashlib.sha256(data_set(content)).hexdigest(),
        },
    )
    stage.before_each_run.append(lambda: _scan_again(stage))


_PHASES: Final[list[tuple[str, str, int, str, bool, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, _LAST, False, ("upv",)),
    ("between scan and plan", "planned", 1, _LAST, False, ("upv", "xnat")),
    ("before its request", "leased", 2, _LAST, False, ("upv", "xnat", "orthanc")),
    ("in the middle of it", "piece", 2, _FIRST, False, ("upv", "xnat", "orthanc")),
    ("while it is de-identified", "asked", 1, _LAST, True, ("upv",)),
    ("between de-identifying and sending", "leased", 2, _LAST, True, ("upv", "xnat")),
]
_SHORT: Final = {("truncated", "in the middle of it", "upv")}

SCENARIOS = [
    Scenario(
        Family.MACHINE,
        f"source file {what}",
        phase,
        node,
        partial(_changed, change, point, nth, victim, deid),
        is_short=(what, phase, node) in _SHORT,
    )
    for what, change in CHANGES.items()
    for phase, point, nth, victim, deid, nodes in _PHASES
    for node in nodes
] + [
    Scenario(
        Family.MACHINE,
        "source file rewritten for good",
        "before its request",
        node,
        partial(_for_good, "leased", 2),
    )
    for node in ("upv", "xnat", "orthanc")
]
