"""A runner that sleeps while its place is taken, and wakes up in somebody else's transfer."""

from __future__ import annotations

from functools import partial
from typing import Final

from tests.faults.held import LEDGER_HELD, end_held, held_at
from tests.faults.scenario import Family, Node, Scenario, Stage

_TAKEN_OVER: Final = "Another runner has taken over this transfer."


def _finished_meanwhile(point: str, nth: int, deid: bool, stage: Stage) -> None:
    """The lock is lost with the machine that held it; another run does all the rest."""
    bench = stage.bench(lanes=1, has_large=True, deid=deid)
    with held_at(bench, point, nth) as asleep:
        bench.workspace.lock.unlink()
        stage.run("upload", "trial", codes={0, 2})
        stage.over()
        if stage.said[-1].returncode:
            # Another thread of it sleeps inside a transaction, which nobody can take from it.
            assert LEDGER_HELD in stage.said[-1].stderr, stage.said[-1].stderr
            end_held(stage, asleep, {0})
            return
        end_held(stage, asleep, {7}, says=_TAKEN_OVER)


def _both_awake(point: str, nth: int, stage: Stage) -> None:
    """It wakes while the other one is at work."""
    bench = stage.bench(lanes=1, has_large=True)
    with held_at(bench, point, nth) as asleep:
        bench.workspace.lock.unlink()
        # Where a Study is archived, all may have been sent.
        meanwhile = "listed" if point in ("before-commit", "committed") else "before-record"
        with held_at(bench, meanwhile, 1) as other:
            end_held(stage, asleep, {7}, says=_TAKEN_OVER)
            stage.over()
            end_held(stage, other, {0})


_PHASES: Final[list[tuple[str, str, int, bool, tuple[Node, ...]]]] = [
    ("before it began", "taken", 1, False, ("upv",)),
    ("during the walk", "walked", 1, False, ("upv",)),
    ("while headers are read", "read", 1, False, ("upv",)),
    ("between scan and plan", "planned", 1, False, ("upv", "xnat")),
    ("before a request", "leased", 2, False, ("upv", "xnat", "orthanc")),
    ("in the middle of a body", "piece", 2, False, ("upv", "xnat", "orthanc")),
    ("after the last byte", "body-sent", 2, False, ("upv", "xnat", "orthanc")),
    ("after the answer", "answered", 2, False, ("upv", "xnat", "orthanc")),
    ("before an answer is recorded", "before-record", 2, False, ("upv", "xnat", "orthanc")),
    ("after an answer is recorded", "recorded", 2, False, ("upv", "xnat", "orthanc")),
    ("before a Study is archived", "before-commit", 1, False, ("xnat",)),
    ("after a Study is archived", "committed", 1, False, ("xnat",)),
    ("before a listing is recorded", "listed", 1, False, ("upv", "xnat", "orthanc")),
    ("after a listing is recorded", "verified", 1, False, ("upv", "xnat")),
    ("before it says how it ended", "concluded", 1, False, ("upv", "xnat")),
    ("while it is de-identified", "asked", 1, True, ("upv",)),
    ("between de-identifying and sending", "leased", 2, True, ("upv", "xnat")),
]
_SHORT: Final = {("in the middle of a body", "xnat")}

SCENARIOS = [
    *(
        Scenario(
            Family.MACHINE,
            "asleep while another finishes",
            phase,
            node,
            partial(_finished_meanwhile, point, nth, deid),
            is_short=(phase, node) in _SHORT,
        )
        for phase, point, nth, deid, nodes in _PHASES
        for node in nodes
    ),
    *(
        Scenario(
            Family.MACHINE,
            "asleep, and awake while another works",
            phase,
            node,
            partial(_both_awake, point, nth),
        )
        for phase, point, nth, deid, nodes in _PHASES[3:12]
        for node in nodes
    ),
]
