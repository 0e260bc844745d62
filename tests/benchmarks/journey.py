"""The whole journey as an operator runs it, beside its parts measured alone: both cores at work.

The parts are what cannot be done without: the scan, each file made anew once by the processes that
de-identify, and the sending of files as they are. The whole does more: rules, ledger, plan, and
everything that is made is made a second time when it leaves. It goes to a node that answers for
each instance and keeps nothing, on the same cores.

`python -m tests.benchmarks.journey scan SOURCE HOME` or `prepare LISTING` is one part.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.client import Clock
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Runs, Target, compare, picked
from tests.benchmarks.material import AS_IS, Cohort, cohort
from tests.benchmarks.process import child, measured

OPTIONS: Final = {"patients": Option(10, quick=1, help="patients, 52 MB each")}

_CORES: Final = os.cpu_count() or 2
_DEIDENTIFIED: Final = "de-identified"
_AS_IS: Final = "as it is"
_PARTS: Final = ("scan alone", "prepare alone", "send alone")
_KEY: Final = "019a39ba16da7edb9e906440a48e9ed32"
_CLOCK: Final = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a method's clock is local


def measure(bench: Bench) -> list[Row]:
    """MB/s, CPU seconds for a GB, and the memory of all processes together."""
    from tests.benchmarks.answering import answering

    data = cohort(bench.folder, bench["patients"])
    (bench.folder / "sink").mkdir(exist_ok=True)
    with answering(bench.folder / "sink") as (url, ca_file):
        runs = bench.interleave(
            {
                _DEIDENTIFIED: partial(upload, url, ca_file, data.source, "eucaim"),
                _AS_IS: partial(upload, url, ca_file, data.source, "none"),
                "start alone": _start_alone,
                "scan alone": partial(_scan_alone, data),
                "prepare alone": partial(child, __name__, "prepare", data.listing),
                "send alone": partial(
                    child, "tests.benchmarks.client", "ours", "upv", url, ca_file, data.listing
                ),
            }
        )
    return [*_speed(data, runs), *_cost(data, runs), *_memory(runs)]


def _speed(data: Cohort, runs: Runs) -> list[Row]:
    kinds: dict[str, Kind] = {_DEIDENTIFIED: "ours", _AS_IS: "ours"}
    kinds |= dict.fromkeys(_PARTS, "limit")
    speed = picked(runs, lambda f: data.mb / f["seconds"])
    values = {name: speed[name] for name in kinds}
    return compare("whole journey", "MB/s", values, kinds, [Target(100, of=_DEIDENTIFIED)])


def _cost(data: Cohort, runs: Runs) -> list[Row]:
    cpu = picked(runs, lambda f: f["cpu_s"] / data.gb)
    rows = []
    for whole, parts in ((_DEIDENTIFIED, _PARTS), (_AS_IS, ("scan alone", "send alone"))):
        sums = [sum(each) for each in zip(*(cpu[part] for part in parts), strict=True)]
        kinds: dict[str, Kind] = {whole: "ours", "its parts": "limit"}
        target = Target(1.3, "its parts", is_floor=False, of=whole)
        rows += compare(
            "whole journey", "CPU s/GB", {whole: cpu[whole], "its parts": sums}, kinds, [target]
        )
    alone: dict[str, Kind] = dict.fromkeys((*_PARTS, "start alone"), "limit")
    return rows + compare("whole journey", "CPU s/GB", {p: cpu[p] for p in alone}, alone)


def _memory(runs: Runs) -> list[Row]:
    peaks = picked(runs, lambda f: f["tree_peak_mb"])
    kinds: dict[str, Kind] = {_DEIDENTIFIED: "ours", _AS_IS: "ours"}
    targets = [Target(400, is_floor=False, of=name) for name in kinds]
    return compare("whole journey", "peak MB", {n: peaks[n] for n in kinds}, kinds, targets)


def upload(url: str, ca_file: Path, source: Path, method: str) -> Figures:
    """`upload`, with its start-up; making the transfer is not counted."""
    from tests.program import Program

    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        program = Program(Path(temporary))
        program.configure(
            {
                "bench": {
                    "kind": "upv",
                    "auth": "none",
                    "dicomweb_url": url,
                    "ca_file": str(ca_file),
                    "listing_delay_s": 1.0,
                }
            }
        )
        how = AS_IS if method == "none" else ("--deid", method, "--site-id", "SITE-001")
        program.good("new", "bench", "--node", "bench", "--source", source, *how)
        words = [sys.executable, "-m", "tui", "upload", "bench"]
        figures, _ = measured(words, env=program.environment())
        sent = program.status("bench")["instances"]
        assert sent["ready"] == sent["verified"], f"not all of it went: {sent}"
    return figures


def _start_alone() -> Figures:
    """What any command costs, however little there is to do: the same at any size of data."""
    from tests.program import Program

    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as home:
        environment = Program(Path(home)).environment()
        return measured([sys.executable, "-m", "tui", "list"], env=environment)[0]


def _scan_alone(data: Cohort) -> Figures:
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as home:
        return child(__name__, "scan", data.source, home)


def _scan(source: Path, home: Path) -> Figures:
    from transfer.ledger.connection import Ledger
    from transfer.ledger.order import Order
    from transfer.orders import make_transfer
    from transfer.scan.phase import scan
    from transfer.workspace import Home

    order = Order(name="bench", node="bench", source=source, destination="")
    with Ledger.open(make_transfer(Home.at(home), order).ledger) as ledger, Clock() as clock:
        scan(ledger, processes=_CORES, should_stop=lambda: False)
    return clock.figures


def _prepare(listing: Path) -> Figures:
    from transfer.deid.methods import MethodSpec
    from transfer.ledger.batches import PatientFacts
    from transfer.prepare.rewriter import Setup, Task, rewriters

    nobody = PatientFacts(1, "", "")
    tasks = [
        Task(os.fsencode(path), (path.stat().st_size, path.stat().st_mtime_ns), nobody)
        for path in map(Path, listing.read_text().splitlines())
    ]
    setup = Setup(MethodSpec("eucaim", _KEY, "SITE-001"), _CLOCK, {})
    with Clock() as clock, rewriters(_CORES, setup) as pool:
        for _ in pool.answers(tasks):
            pass
    return clock.figures


def main() -> None:
    """One part, in a process of its own."""
    part, *words = sys.argv[1:]
    paths = [Path(word) for word in words]
    print(json.dumps(_prepare(*paths) if part == "prepare" else _scan(*paths)))


if __name__ == "__main__":
    main()
