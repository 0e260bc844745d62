"""Connections that do not come about, proxies that die, what arrives late, and many breaks in a
row."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.processes import await_until
from tests.faults.relay import Deed, Fault, Moment
from tests.faults.relayed import Led, lacks, led, retries
from tests.faults.scenario import Family, Node, Scenario, Stage

_NODES: Final[tuple[Node, ...]] = ("upv", "xnat", "orthanc")
_IMPATIENT: Final = "read_timeout_s = 3\nconnect_timeout_s = 3\n"
_SHORT_PATIENCE: Final = f"{_IMPATIENT}patience_s = 5\n"
_SHORT: Final = {
    ("proxy gone", "for good", "upv"),
    ("arrives late", "before the last byte", "xnat"),
    ("many breaks in a row", "in the body", "upv"),
}
_BREAKS: Final = 8
_LANES: Final = 2
_MORE_THREADS: Final = 4
"""A request's own, which ends a moment after its request."""


def _at_sign_in(stage: Stage, deed: Deed, moment: Moment, as_proxy: bool = False) -> None:
    """The very first connection: nothing was begun, and the same run, or the next, begins anew."""
    it = led(stage, options=_IMPATIENT, as_proxy=as_proxy)
    it.relay.harm(Fault(deed, moment))
    # A node that was reached is asked again.
    is_sat_out = moment is Moment.ASKED
    stage.run("upload", it.bench.name, codes={0 if is_sat_out else 6})
    assert it.relay.made == 1, "the fault was made"
    if is_sat_out:
        return
    assert it.relay.sent == 0
    _says_what_to_do(stage)


def _says_what_to_do(stage: Stage) -> None:
    """Two lines: what happened, and what to do, which is not to wait for a run that has ended."""
    said = stage.said[-1].stderr
    assert "\n  what to do: " in said, said
    assert "is tried again" not in said, said


def _shut(it: Led) -> None:
    """No new connection, and the next request breaks the ones there are."""
    it.door.shut()
    it.relay.harm(Fault(Deed.RESET, Moment.BODY, times=1000))


def _open(it: Led) -> None:
    it.relay.calm()
    it.door.open()


def _refused_for_a_while(stage: Stage, as_proxy: bool) -> None:
    it = led(stage, as_proxy=as_proxy)
    it.relay.acts[1] = partial(_shut, it)
    with it.bench.running("upload", it.bench.name) as process:
        await_until(lambda: process.poll() is not None or retries(it.bench) > 1, "trouble")
        assert process.poll() is None, "it ended before connections were taken again"
        _open(it)
        out, err = process.communicate(timeout=120)
    stage.hear(subprocess.CompletedProcess([], process.returncode, out, err), {0})


def _refused_for_good(stage: Stage, as_proxy: bool) -> None:
    it = led(stage, options=_SHORT_PATIENCE, as_proxy=as_proxy)
    it.relay.acts[1] = partial(_shut, it)
    stage.run("upload", it.bench.name, codes={6})
    assert not it.relay.acts, "it came in the middle of sending"
    _says_what_to_do(stage)
    _open(it)


def _refused_at_sign_in(stage: Stage, as_proxy: bool) -> None:
    it = led(stage, as_proxy=as_proxy)
    it.door.shut()
    stage.run("upload", it.bench.name, codes={6})
    assert it.relay.opened == 0
    _says_what_to_do(stage)
    it.door.open()


def _broken_in_the_proxy(stage: Stage, deed: Deed, moment: Moment) -> None:
    """The same run goes on through it once it works again."""
    it = led(stage, options=_IMPATIENT, as_proxy=True)
    it.relay.harm(Fault(deed, moment, times=2, sent=1))
    stage.run("upload", it.bench.name, codes={0})
    assert it.relay.made == 2, "the fault was made"


def _late(stage: Stage) -> None:
    """The client gave up, sent it all again, and then the first one arrives after all."""
    it = led(stage, options=_IMPATIENT)
    it.relay.harm(Fault(Deed.LATE, Moment.LAST, sent=1))
    stage.run("upload", it.bench.name, codes={0})
    assert it.relay.made == 1, "the fault was made"
    await_until(lambda: it.relay.arrived_late == 1, "it arrived after all")


def _many_breaks(stage: Stage) -> None:
    """One break after the other leaves no descriptor and no thread behind in the runner."""
    # Each second request gets through: else the pauses between them would grow to a minute.
    it = led(stage, batch=3)
    it.relay.harm(Fault(Deed.RESET, Moment.BODY, times=_BREAKS, sent=1, every=2))
    seen: list[tuple[int, int]] = []
    with it.bench.running("upload", it.bench.name) as process:
        own = Path(f"/proc/{process.pid}")

        def is_over() -> bool:
            try:
                counts = (_count(own / "fd"), _count(own / "task"))
            except OSError:
                return True
            if it.relay.sent and len(seen) <= it.relay.made:
                seen.append(counts)
            return process.poll() is not None

        await_until(is_over, "the run's end", within_s=120)
        out, err = process.communicate()
    stage.hear(subprocess.CompletedProcess([], process.returncode, out, err), {0, 4})
    it.relay.calm()
    assert len(seen) > 3, "it was looked at between the breaks"
    descriptors, threads = zip(*seen, strict=True)
    assert max(descriptors[1:]) <= descriptors[0] + 2 * _LANES, descriptors
    assert max(threads[1:]) <= threads[0] + _MORE_THREADS, threads


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def _on(node: Node) -> Iterator[Scenario]:
    def scene(fault: str, phase: str, play: Callable[[Stage], None]) -> Scenario:
        is_short = (fault, phase, node) in _SHORT
        return Scenario(Family.NETWORK, fault, phase, node, play, is_short, partial(lacks, node))

    for as_proxy, who in ((False, "refused"), (True, "proxy gone")):
        yield scene(who, "for a while", partial(_refused_for_a_while, as_proxy=as_proxy))
        yield scene(who, "for good", partial(_refused_for_good, as_proxy=as_proxy))
        yield scene(who, "at sign-in", partial(_refused_at_sign_in, as_proxy=as_proxy))
    for deed in (Deed.RESET, Deed.CLOSE, Deed.SILENT):
        for moment in (Moment.HELLO, Moment.SERVER_HELLO, Moment.ASKED):
            yield scene(
                f"{deed} at sign-in", moment, partial(_at_sign_in, deed=deed, moment=moment)
            )
        yield scene(
            f"{deed} by the proxy",
            Moment.BODY,
            partial(_broken_in_the_proxy, deed=deed, moment=Moment.BODY),
        )
        yield scene(
            f"{deed} by the proxy",
            Moment.PROXY,
            partial(_at_sign_in, deed=deed, moment=Moment.PROXY, as_proxy=True),
        )
    for moment in (Moment.HELLO, Moment.SERVER_HELLO):
        yield scene(
            f"{Deed.FLIP} at sign-in", moment, partial(_at_sign_in, deed=Deed.FLIP, moment=moment)
        )
    yield scene(Deed.LATE, Moment.LAST, _late)
    yield scene("many breaks in a row", Moment.BODY, _many_breaks)


SCENARIOS = [scenario for node in _NODES for scenario in _on(node)]
