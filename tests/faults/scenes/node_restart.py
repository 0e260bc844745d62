"""The node is started anew while a transfer is under way: at once, or after it was missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.faults.held import end_held, held_at
from tests.faults.restarting import restartable
from tests.faults.scenario import Family, Node, Scenario, Stage
from tests.real.orthanc import missing_software

_UPV: Final = {
    "before a request": ("leased", 2),
    "in mid body": ("piece", 6),
    "after the body": ("body-sent", 2),
    "before it is recorded": ("before-record", 2),
    "while it is verified": ("listed", 1),
}
_XNAT: Final = {
    **_UPV,
    "before archiving": ("before-commit", 1),
    "after archiving": ("committed", 1),
}
_POINTS: Final[dict[Node, dict[str, tuple[str, int]]]] = {
    "upv": _UPV,
    "xnat": _XNAT,
    "orthanc": _UPV,
}


def _at_once(point: str, nth: int, stage: Stage) -> None:
    """It is back before anybody asks again: only what was open is broken."""
    place = stage.folder / "node"
    place.mkdir()
    node = stage.lasting.enter_context(restartable(place, stage.node))
    bench = stage.bench(server=node.server, options="patience_s = 60\nread_timeout_s = 10\n")
    with held_at(bench, point, nth) as held:
        node.stop()
        node.start()
        end_held(stage, held, {0})


def _missed(point: str, nth: int, stage: Stage) -> None:
    """It stays away for longer than the run has patience."""
    place = stage.folder / "node"
    place.mkdir()
    node = stage.lasting.enter_context(restartable(place, stage.node))
    bench = stage.bench(server=node.server, options="patience_s = 1\nread_timeout_s = 5\n")
    with held_at(bench, point, nth) as held:
        node.stop()
        # Of the listings that go side by side, the last may have been answered as well.
        end_held(stage, held, {0, 6} if point == "listed" else {6})
    node.start()


def _scenario(
    fault: str, phase: str, node: Node, play: Callable[[str, int, Stage], None]
) -> Scenario:
    point, nth = _POINTS[node][phase]

    def begin(stage: Stage) -> None:
        play(point, nth, stage)

    lacks = missing_software if node == "orthanc" else lambda: ""
    is_short = (fault, phase, node) in _SHORT
    return Scenario(Family.NODE, fault, phase, node, begin, is_short, lacks)


_SHORT: Final = {
    ("started anew", "in mid body", "upv"),
    ("away, then back", "before archiving", "xnat"),
}

SCENARIOS = [
    _scenario(fault, phase, node, play)
    for fault, play in (("started anew", _at_once), ("away, then back", _missed))
    for node, phases in _POINTS.items()
    for phase in phases
]
