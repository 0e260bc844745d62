"""The connection breaks, falls silent or is garbled, at each moment of a request."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from tests.faults.relay import Deed, Fault, Moment
from tests.faults.relayed import lacks, led
from tests.faults.scenario import Family, Node, Scenario, Stage

_NODES: Final[tuple[Node, ...]] = ("upv", "xnat", "orthanc")
_IMPATIENT: Final = "read_timeout_s = 3\nconnect_timeout_s = 3\n"
_UNHEARD: Final = (Deed.SILENT, Deed.GONE, Deed.LATE)
_ENDING: Final = (Deed.RESET, Deed.CLOSE, Deed.SILENT)


_SHORT: Final = {
    (Deed.RESET, Moment.BODY, "upv"),
    (Deed.CLOSE, Moment.REUSE, "upv"),
    (Deed.RESET, Moment.CONNECT, "xnat"),
    (Deed.RESET, Moment.ANSWER, "xnat"),
    (Deed.FLIP, Moment.BODY, "orthanc"),
}


def _harmed(stage: Stage, fault: Fault) -> None:
    """What passes by itself needs nobody: the same run goes on to the end."""
    it = led(stage, options=_IMPATIENT if fault.deed in _UNHEARD else "")
    it.relay.harm(fault)
    stage.run("upload", it.bench.name, codes={0})
    assert it.relay.made == fault.times, "the fault was made"
    it.relay.calm()


def _fault(deed: Deed, moment: Moment) -> Fault:
    if moment in (Moment.CONNECT, Moment.HELLO, Moment.SERVER_HELLO):
        return Fault(deed, moment, times=2, after=1)
    return Fault(deed, moment, times=2, sent=1)


def _kinds() -> Iterator[tuple[Deed, Moment]]:
    for moment in Moment:
        if moment is not Moment.PROXY:
            yield from ((deed, moment) for deed in _ENDING)
    yield from ((Deed.FLIP, at) for at in (Moment.BODY, Moment.MID_ANSWER, Moment.MID_ASKED))
    yield from ((Deed.DRIP, at) for at in (Moment.BODY, Moment.MID_ANSWER, Moment.MID_ASKED))
    yield from ((Deed.GONE, at) for at in (Moment.BODY, Moment.REUSE))


SCENARIOS = [
    Scenario(
        Family.NETWORK,
        deed,
        moment,
        node,
        partial(_harmed, fault=_fault(deed, moment)),
        is_short=(deed, moment, node) in _SHORT,
        lacks=partial(lacks, node),
    )
    for node in _NODES
    for deed, moment in _kinds()
]
