"""A clock that jumps, while the monotonic one goes on; a machine that lost its calendar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from tests.faults.bench import Bench
from tests.faults.held import end_held, held_at
from tests.faults.processes import await_until
from tests.faults.scenario import Family, Node, Scenario, Stage

_LIBRARIES: Final = [
    Path(f"/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1")
    for machine in ("x86_64", "aarch64")
]
_DAY: Final = "+1d"


_LOOKS_EACH_S: Final = 1
"""So often the library looks at its file; each time it is asked, it would be most of the work."""


def lacks_faketime() -> str:
    """What this machine does not have for it."""
    return "" if any(one.exists() for one in _LIBRARIES) else "libfaketime"


@contextmanager
def _clock(stage: Stage, bench: Bench) -> Iterator[Path]:
    """Whatever is written to the file is the clock of the program: `+1d`, `-12h`, or a date."""
    clock = stage.folder / "clock"
    clock.write_text("+0", "ascii")
    before = dict(bench.environment)
    bench.environment |= {
        "LD_PRELOAD": str(next(one for one in _LIBRARIES if one.exists())),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": str(_LOOKS_EACH_S),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }
    try:
        yield clock
    finally:
        bench.environment.clear()
        bench.environment.update(before)


def _set(clock: Path, to: str) -> None:
    """What stands still sees it as soon as it goes on."""
    clock.write_text(to, "ascii")
    began = time.monotonic()
    await_until(lambda: time.monotonic() > began + _LOOKS_EACH_S, "the library looks again")


def _jumps(to: str, point: str, nth: int, stage: Stage) -> None:
    bench = stage.bench()
    with _clock(stage, bench) as clock, held_at(bench, point, nth) as held:
        _set(clock, to)
        end_held(stage, held, {0})
    # What is recorded in the order of events stays so, whatever their times say.
    assert bench.status().state == "done"


def _jumps_and_back(stage: Stage) -> None:
    bench = stage.bench()
    with _clock(stage, bench) as clock:
        with held_at(bench, "planned", 1) as held:
            _set(clock, _DAY)
            end_held(stage, held, {0})
        clock.write_text("-12h", "ascii")
        stage.run("verify", "trial", codes={0})
        stage.run("status", "trial", "--json", codes={0})
        stage.run("report", "trial", "--out", str(stage.folder / "report"), codes={0})


def _stopped_by_the_certificate(to: str, stage: Stage) -> None:
    """A calendar by which the node's certificate is not valid: nothing goes, and it says so."""
    bench = stage.bench(options="patience_s = 1\n")
    with _clock(stage, bench) as clock:
        clock.write_text(to, "ascii")
        stage.run("upload", "trial", codes={6})
    assert not bench.held()


_PHASES: Final[list[tuple[str, str, int, tuple[Node, ...]]]] = [
    ("while headers are read", "read", 1, ("upv",)),
    ("before a request", "leased", 2, ("upv", "xnat", "orthanc")),
    ("in the middle of a body", "piece", 2, ("upv", "xnat")),
    ("before an answer is recorded", "before-record", 1, ("upv", "xnat")),
    ("before a listing is recorded", "listed", 1, ("upv", "xnat")),
    ("before it says how it ended", "concluded", 1, ("upv",)),
]
_SHORT: Final = {("clock a day ahead", "before a request", "upv")}

SCENARIOS = [
    *(
        Scenario(
            Family.MACHINE,
            fault,
            phase,
            node,
            partial(_jumps, to, point, nth),
            is_short=(fault, phase, node) in _SHORT,
            lacks=lacks_faketime,
        )
        for fault, to in (("clock a day ahead", _DAY), ("clock half a day back", "-12h"))
        for phase, point, nth, nodes in _PHASES
        for node in nodes
    ),
    *(
        Scenario(
            Family.MACHINE,
            "clock ahead and back",
            "between two runs",
            node,
            _jumps_and_back,
            lacks=lacks_faketime,
        )
        for node in ("upv", "xnat")
    ),
    *(
        Scenario(
            Family.MACHINE,
            fault,
            "from the start",
            node,
            partial(_stopped_by_the_certificate, to),
            lacks=lacks_faketime,
        )
        for fault, to in (("clock years ahead", "+9000d"), ("clock lost", "@1971-01-01 00:00:00"))
        for node in ("upv", "xnat", "orthanc")
    ),
]
