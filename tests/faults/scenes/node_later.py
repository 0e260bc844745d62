"""The stand-ins misbehave after the images went: while clinical data go and are read back, and
while `verify` looks for everything once more."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.faults.clinical import clinical_words, finish_clinical, write_table
from tests.faults.misbehaving import Met, armed
from tests.faults.scenario import Family, Node, Scenario, Stage

_SAT_OUT: Final = {
    "429 with Retry-After": "status=429,retry-after=1",
    "500": "status=500",
    "503": "status=503",
    "500 for what was done": "refuse-after=500",
    "closed in silence": "silent",
    "half an answer": "half",
    "no answer": "mute",
}
_ASKS: Final = {"401": "status=401", "403": "status=403"}
_LASTING: Final = {
    "403 for ever": "status=403",
    "503 for ever": "status=503",
    "silence for ever": "silent",
}
_SERVICES: Final[tuple[tuple[Node, str, str], ...]] = (
    ("upv", "eform", "qido"),
    ("xnat", "xnat-files", "xnat-catalogue"),
)


def _met() -> Iterator[Met]:
    """A run sits out what passes; a refusal may ask a person for something, and one that lasts
    has to."""
    for fault, spec in _SAT_OUT.items():
        yield Met(fault, spec)
    for fault, spec in _ASKS.items():
        yield Met(fault, spec, frozenset({0, 3, 4, 5}))
    for fault, spec in _LASTING.items():
        yield Met(fault, spec, frozenset({3, 4, 5, 6}), times=None)


def _arm(stage: Stage, met: Met, service: str, words: tuple[str, ...]) -> None:
    """The command that meets the fault; then the node is well again."""
    parts = [f"{service}:{met.spec}"] + ([] if met.times is None else [f"times={met.times}"])
    with armed(stage, ",".join(parts)) as told:
        stage.run(*words, codes=set(met.codes))
        fired = int(str(told()[0]["fired"]))
    assert fired > 0, "the fault met no request"
    assert met.times is None or fired == met.times, f"{fired} times, not {met.times}"


def _options(met: Met) -> str:
    return f"read_timeout_s = 2\npatience_s = {1 if met.times is None else 30}\n"


def _clinical(met: Met, service: str, stage: Stage) -> None:
    bench = stage.bench(series=3, per_series=2, deid=True, options=_options(met))
    stage.run("upload", bench.name, codes={0})
    table = str(write_table(stage.folder))
    stage.run("clinical", bench.name, table, "--check", codes={0})
    _arm(stage, met, service, clinical_words(bench))
    finish_clinical(stage)


def _verify(met: Met, service: str, stage: Stage) -> None:
    bench = stage.bench(series=3, per_series=2, options=_options(met))
    stage.run("upload", bench.name, codes={0})
    _arm(stage, met, service, ("verify", bench.name))
    stage.run("verify", bench.name, codes={0})


SCENARIOS = [
    Scenario(Family.NODE, met.fault, phase, node, partial(play, met, service))
    for node, clinical, listing in _SERVICES
    for phase, service, play in (
        ("clinical data", clinical, _clinical),
        ("looked for again", listing, _verify),
    )
    for met in _met()
]
