"""The ways a transfer may take, each with the list of points at which it may be killed.

The lists lie in `passed/`, one a route, made of several recordings by `python -m
tests.faults.routes`; a test compares them with a fresh one, so that a new write or request cannot
be forgotten. Points that are the same state are there once:

- a point is taken at its first passing, when nothing like it lies there yet, and at its second,
  when something does; rows of progress, which go by the clock, are taken once;
- a write that is not committed leaves what was there before it: once for each place that writes;
- a request that only asks changes nothing on either side: once, before it goes;
- names of `transfer.checkpoint` lie between the same writes and requests, those within a request's
  body aside;
- until a request is leased for the first time ledger and files are written in the same way whatever
  the node: those writes are of the routes to UPV;
- a run that goes on finds from its first moment what the run before it wrote: each of its points
  is taken once, its writes where they are committed.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.bench import Bench
from tests.faults.clinical import clinical_words, write_table
from tests.faults.scenario import Node, Stage
from tests.faults.servers import Servers

LISTS: Final = Path(__file__).with_name("passed")
_RECORDINGS: Final = 2
_IN_THE_BODY: Final = ("piece", "body-sent")
_BY_THE_CLOCK: Final = "progress.write_progress"


@dataclass(frozen=True)
class Passing:
    """The `nth` passing of a point, from 1."""

    point: str
    nth: int


@dataclass(frozen=True)
class Route:
    """A transfer to one node. `first` is where an earlier run was killed, `is_clinical` says that
    images have gone and clinical data are to go."""

    name: str
    node: Node
    deid: bool = False
    first: Passing | None = None
    is_clinical: bool = False

    @property
    def file(self) -> Path:
        """Its points: a line each, the number of the passing first."""
        return LISTS / f"{self.node}-{self.name.replace(' ', '-')}.txt"

    def words(self, bench: Bench) -> tuple[str, ...]:
        """The command that passes the points."""
        return clinical_words(bench) if self.is_clinical else ("upload", bench.name)

    def begun(self, stage: Stage) -> Bench:
        """The transfer, just before that command."""
        bench = stage.bench(series=3, per_series=7, lanes=1, has_large=True, deid=self.deid)
        if self.is_clinical:
            stage.run("upload", bench.name, codes={0})
            stage.run("clinical", bench.name, str(write_table(stage.folder)), "--check", codes={0})
        if self.first is not None:
            self.kill(stage, bench, self.first)
        return bench

    def kill(self, stage: Stage, bench: Bench, passing: Passing) -> None:
        """Have the command die at a passing."""
        words = self.words(bench)
        killed = bench.run_struck("self", passing.point, str(passing.nth), *words)
        stage.hear(killed, {-signal.SIGKILL})

    def passings(self) -> list[Passing]:
        """Those of the list."""
        lines = self.file.read_text("utf-8").splitlines()
        parted = [line.partition(" ") for line in lines]
        return [Passing(point, int(nth)) for nth, _, point in parted]

    def record(self, stage: Stage) -> list[str]:
        """The points that are passed by a run that nothing strikes, in their order."""
        bench, file = self.begun(stage), stage.folder / "passed.txt"
        stage.hear(bench.run_struck("record", str(file), "-", *self.words(bench)), {0})
        return file.read_text("utf-8").splitlines()


ROUTES: Final = (
    Route("as-is", "upv"),
    Route("eucaim", "upv", deid=True),
    Route("clinical", "upv", deid=True, is_clinical=True),
    Route("going on in a body", "upv", first=Passing("piece", 14)),
    Route("going on after a body", "upv", deid=True, first=Passing("body-sent", 3)),
    Route("as-is", "xnat"),
    Route("eucaim", "xnat", deid=True),
    Route("clinical", "xnat", deid=True, is_clinical=True),
    Route("going on in a body", "xnat", first=Passing("piece", 14)),
    Route(
        "going on after archiving", "xnat", first=Passing("after POST /data/services/archive", 1)
    ),
    Route("as-is", "orthanc"),
)


def is_state(point: str) -> bool:
    """Whether something lies at this point that does not lie at another."""
    asks = any(f" {method} /" in point for method in ("GET", "HEAD"))
    is_around = point.startswith("before ") or (point.startswith("after ") and not asks)
    return is_around or point in _IN_THE_BODY


def chosen(route: Route, recordings: Sequence[Sequence[str]]) -> Iterator[Passing]:
    """The passings at which a run is to be killed, by the rules of this module."""
    counts = [Counter(recording) for recording in recordings]
    for point in _in_question(route, recordings[0]):
        times = {count[point] for count in counts}
        if not is_state(point) or min(times) == 0:
            continue
        yield Passing(point, 1)
        is_once = point.startswith("before commit") or " GET /" in point or _BY_THE_CLOCK in point
        if route.first is None and not is_once and min(times) > 1:
            yield Passing(point, 2)


def _in_question(route: Route, recording: Sequence[str]) -> list[str]:
    """Each point once, in its order, without what other routes have."""
    points = list(dict.fromkeys(recording))
    if route.first is not None:
        points = [point for point in points if not point.startswith("before commit")]
    elif route.node != "upv" and not route.is_clinical:
        ahead = set(recording[: recording.index("leased")])
        points = [point for point in points if " of " not in point or point not in ahead]
    return points


def main(words: Sequence[str]) -> None:
    """Record the routes whose names hold every word, and write their lists."""
    LISTS.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        Servers(Path(folder)) as servers,
    ):
        for route in ROUTES:
            if not all(word in route.file.name for word in words):
                continue
            recordings = []
            for number in range(_RECORDINGS):
                own = Path(folder) / f"{route.file.stem}-{number}"
                own.mkdir()
                recordings.append(route.record(Stage(own, route.node, servers)))
            lines = [f"{one.nth} {one.point}\n" for one in chosen(route, recordings)]
            route.file.write_text("".join(lines), "utf-8")
            print(f"{route.file.name}: {len(lines)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
