"""The line itself: packets that are lost, late, doubled, out of turn or swallowed, a slow line, a
link that goes down, addresses that change. Between two network namespaces."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults import hurried, wire
from tests.faults.relay import Deed, Fault, Moment
from tests.faults.relayed import lacks as lacks_node
from tests.faults.scenario import Family, Node, Scenario, Stage
from tests.faults.wire import DEAD, FAR_IP, FINE, NEAR_IP, OTHER_FAR_IP, OTHER_NEAR_IP, Weather
from tests.faults.wired import Wired, wired

_NODES: Final[tuple[Node, ...]] = ("upv", "xnat", "orthanc")
_IMPATIENT: Final = "read_timeout_s = 3\nconnect_timeout_s = 3\n"
_SHORT_PATIENCE: Final = f"{_IMPATIENT}patience_s = 5\n"
_AT_ANSWER: Final = 2
_SHORT: Final = {
    ("5 % lost", "all the time", "upv"),
    ("link down", "for a while", "upv"),
    ("own address changes", "in mid-transfer", "xnat"),
}
_HURRIED: Final = Path(hurried.__file__)

_WEATHERS: Final[Mapping[str, Weather]] = {
    "1 % lost": Weather(lost=0.01),
    "5 % lost": Weather(lost=0.05),
    "20 % lost": Weather(lost=0.2),
    "300 ms round trip": Weather(delay_s=0.15),
    "out of turn": Weather(out_of_turn=0.2),
    "doubled": Weather(doubled=0.5),
    "lost, doubled, late and out of turn": Weather(0.03, 0.2, 0.2, 0.05),
}

Act = Callable[[Wired], None]


@dataclass(frozen=True)
class _Trouble:
    """What happens to the line, and what ends it."""

    begin: Act
    end: Act


def _weather(of: Weather) -> Act:
    return lambda it: it.wire.weather(of)


def _ip(*words: str, is_far: bool = False) -> Act:
    return lambda it: it.wire.ip(*words, is_far=is_far)


def _all(*acts: Act) -> Act:
    def act(it: Wired) -> None:
        for one in acts:
            one(it)

    return act


def _named(*addresses: str) -> Act:
    return lambda it: it.wire.name_leads_to(*addresses)


def _resets(it: Wired) -> None:
    """Each request with images: those need new connections."""
    it.relay.harm(Fault(Deed.RESET, Moment.BODY, times=1000))


def _calm(it: Wired) -> None:
    it.relay.calm()


def _routed(kind: str) -> _Trouble:
    route = (kind, f"{FAR_IP}/32")
    return _Trouble(_ip("route", "add", *route), _ip("route", "del", *route))


_TROUBLES: Final[Mapping[str, _Trouble]] = {
    "black hole": _Trouble(_weather(DEAD), _weather(FINE)),
    "nothing arrives": _Trouble(_weather(Weather(takes=False)), _weather(FINE)),
    "no answer arrives": _Trouble(_weather(Weather(brings=False)), _weather(FINE)),
    "large packets vanish": _Trouble(_weather(Weather(most_bytes=300)), _weather(FINE)),
    "link down": _Trouble(_ip("link", "set", "line", "down"), _ip("link", "set", "line", "up")),
    "unreachable": _routed("unreachable"),
    "prohibited": _routed("prohibit"),
    "name unknown": _Trouble(_all(_named(), _resets), _all(_named(FAR_IP), _calm)),
}

_CHANGES: Final[Mapping[str, Act]] = {
    "own address changes": _all(
        _ip("addr", "del", f"{NEAR_IP}/24", "dev", "line"),
        _ip("addr", "add", f"{OTHER_NEAR_IP}/24", "dev", "line"),
    ),
    "node's address changes": _all(
        _ip("addr", "del", f"{FAR_IP}/24", "dev", "line", is_far=True), _named(OTHER_FAR_IP)
    ),
}


def _in_weather(stage: Stage, weather: Weather) -> None:
    """Slower, and otherwise as ever."""
    it = wired(stage)
    it.wire.weather(weather)
    stage.run("upload", it.bench.name, codes={0})


def _at_a_low_rate(stage: Stage) -> None:
    it = wired(stage)
    it.wire.rate(1000)
    stage.run("upload", it.bench.name, codes={0})


def _for_a_while(stage: Stage, trouble: _Trouble) -> None:
    """In the middle of sending; the same run goes on once it is over."""
    it = wired(stage, options=_IMPATIENT)
    it.relay.acts[_AT_ANSWER] = lambda: trouble.begin(it)
    it.upload(stage, lambda: trouble.end(it), codes={0})


def _for_good(stage: Stage, trouble: _Trouble) -> None:
    """In the middle of sending; the run gives up, and one of another day finds all it needs."""
    it = wired(stage, options=_SHORT_PATIENCE)
    it.relay.acts[_AT_ANSWER] = lambda: trouble.begin(it)
    stage.run("upload", it.bench.name, codes={6})
    assert not it.relay.acts, "it came in the middle of sending"
    trouble.end(it)


def _while_writing(stage: Stage) -> None:
    """In the middle of a large piece, more than the buffers on the way can hold."""
    it = wired(stage, options=_SHORT_PATIENCE, has_large=True)
    it.relay.in_large = lambda: it.wire.weather(DEAD)
    with it.bench.started(str(_HURRIED), "upload", it.bench.name) as process:
        out, err = process.communicate(timeout=120)
    stage.hear(subprocess.CompletedProcess([], process.returncode, out, err), {6})
    assert it.relay.in_large is None, "it came in the middle of a piece"
    it.wire.weather(FINE)


def _at_sign_in(stage: Stage, trouble: _Trouble) -> None:
    """From the beginning: nothing was begun."""
    it = wired(stage, options=_IMPATIENT)
    trouble.begin(it)
    stage.run("upload", it.bench.name, codes={6})
    assert it.relay.sent == 0
    trouble.end(it)


def _changed(stage: Stage, change: Act) -> None:
    """In the middle of sending, and it stays so."""
    it = wired(stage, options=_IMPATIENT)
    it.relay.acts[_AT_ANSWER] = lambda: change(it)
    stage.run("upload", it.bench.name, codes={0})
    assert not it.relay.acts, "it came in the middle of sending"


def _on(node: Node) -> list[Scenario]:
    def scene(fault: str, phase: str, play: Callable[[Stage], None]) -> Scenario:
        is_short = (fault, phase, node) in _SHORT
        return Scenario(Family.NETWORK, fault, phase, node, play, is_short, partial(_lacks, node))

    return [
        *(
            scene(name, "all the time", partial(_in_weather, weather=weather))
            for name, weather in _WEATHERS.items()
        ),
        scene("1 Mbit/s", "all the time", _at_a_low_rate),
        scene("black hole", "in a large piece", _while_writing),
        *(
            scene(name, phase, partial(play, trouble=trouble))
            for name, trouble in _TROUBLES.items()
            for phase, play in (
                ("for a while", _for_a_while),
                ("for good", _for_good),
                ("at sign-in", _at_sign_in),
            )
        ),
        *(
            scene(name, "in mid-transfer", partial(_changed, change=change))
            for name, change in _CHANGES.items()
        ),
    ]


def _lacks(node: Node) -> str:
    return wire.missing() or lacks_node(node)


SCENARIOS = [scenario for node in _NODES for scenario in _on(node)]
