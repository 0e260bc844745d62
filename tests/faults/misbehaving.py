"""A node that misbehaves at one kind of request: armed, met by a run, and taken back.

What a scenario says of a fault is its line for the stand-ins' catalogue, and how a run has to end
that meets it: by itself, or with an exit code that asks a person for something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from adapters.refused import forget_refusal
from adapters.secrets import SecretStore
from tests.faults.orthanc_front import orthanc_front
from tests.faults.scenario import Family, Node, Scenario, Stage

_ARCHIVE_PATIENCE_S: Final = 20
_SIGN_IN: Final = ("issuer", "xnat-sign-in")


@dataclass(frozen=True)
class Met:
    """One fault at one phase. `service` is the catalogue's word for the phase; `times` None: until
    it is taken back. `codes` are those with which the run that meets it may end."""

    fault: str
    spec: str
    codes: frozenset[int] = frozenset({0})
    times: int | None = 1
    after: int = 0
    is_short: bool = False


Faulty = Callable[[], list[dict[str, object]]]


@contextmanager
def armed(stage: Stage, spec: str) -> Iterator[Faulty]:
    """The fault is made until the block is left; gives what became of it."""
    server = stage.servers.sandbox.upv
    server.control("faults", spec)
    yield lambda: list(server.control("faults"))
    server.control("faults", method="DELETE")


def _sign_in(stage: Stage) -> None:
    """What a person's `login` at a terminal does first: a password that was refused may be sent
    again. Nothing else sends it."""
    bench = stage.made
    assert bench is not None
    forget_refusal(SecretStore(bench.home.root), bench.server.node)


def _nothing() -> str:
    return ""


def scenario(
    met: Met, phase: str, service: str, node: Node, lacks: Callable[[], str] = _nothing
) -> Scenario:
    """The scenario of one fault at one phase on one node."""

    def play(stage: Stage) -> None:
        _play(stage, met, service)

    return Scenario(Family.NODE, met.fault, phase, node, play, met.is_short, lacks)


def _play(stage: Stage, met: Met, service: str) -> None:
    words = [f"{service}:{met.spec}"]
    words += [f"times={met.times}"] if met.times is not None else []
    words += [f"after={met.after}"] if met.after else []
    patience = 1 if met.times is None else 30
    options = f"read_timeout_s = 2\npatience_s = {patience}\n"
    if service == "xnat-archive":
        options += f"archive_patience_s = {_ARCHIVE_PATIENCE_S}\n"
    if service in _SIGN_IN:
        stage.before_each_run.append(lambda: _sign_in(stage))
    if stage.node == "orthanc":
        front = stage.closing.enter_context(orthanc_front(stage.servers.orthanc))
        bench = stage.bench(server=front.server, options=options)
        fault = front.faults.add(",".join(words))
        stage.run("upload", bench.name, codes=set(met.codes))
        front.faults.clear()
        fired = fault.fired
    else:
        bench = stage.bench(options=options)
        with armed(stage, ",".join(words)) as told:
            stage.run("upload", bench.name, codes=set(met.codes))
            fired = int(str(told()[0]["fired"]))
    assert fired > 0, "the fault met no request"
    assert met.times is None or fired == met.times, f"{fired} times, not {met.times}"
