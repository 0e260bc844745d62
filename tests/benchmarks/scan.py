"""The scan beside a plain pydicom loop.

A scan is all that an operator waits for: the walk, the headers, the ledger, and the rules over it.
Each is a process of its own with two readers. `--scan-files 200000 --scan-slices 2000` is the tree
that the project promises something about.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, Runs, compare
from tests.benchmarks.process import child, peak_mb
from tests.benchmarks.tree import write_tree

OPTIONS: Final = {
    "files": Option(20_000, quick=2000, help="files of the large tree, headers only"),
    "slices": Option(200, quick=20, help="slices with pixels beside them"),
    "small": Option(10_000, quick=1000, help="files of the small tree, for what memory grows by"),
    "flat": Option(0, quick=0, help="1: all files in one folder"),
}

_SAMPLE: Final = 5000
_PROCESSES: Final = 2


def _files_below(folder: Path) -> Iterator[str]:
    for where, _, names in os.walk(folder):
        for name in names:
            yield os.path.join(where, name)


def _loop(source: Path, files: int) -> Figures:
    """What anybody writes first; over a sample that is spread evenly."""
    import pydicom

    sample = list(islice(_files_below(source), 0, None, max(files // _SAMPLE, 1)))
    pydicom.dcmread(sample[0], stop_before_pixels=True)
    began, before = time.perf_counter(), time.process_time()
    for path in sample:
        pydicom.dcmread(path, stop_before_pixels=True)
    seconds = time.perf_counter() - began
    return {"rate": len(sample) / seconds, "cpu_us": _us(time.process_time() - before, len(sample))}


def _us(seconds: float, count: int) -> float:
    return seconds / count * 1e6


@contextmanager
def _timed_transactions(longest: list[float]) -> Iterator[None]:
    """Keep the longest time for which the ledger could not be written by anybody else."""
    from transfer.ledger.connection import Ledger

    plain = Ledger.transaction

    @contextmanager
    def timed(self: Ledger, *, durable: bool = True) -> Iterator[Ledger]:
        began = time.perf_counter()
        try:
            with plain(self, durable=durable) as ledger:
                yield ledger
        finally:
            longest[0] = max(longest[0], time.perf_counter() - began)

    Ledger.transaction = timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        Ledger.transaction = plain  # type: ignore[method-assign]


def _scan(source: Path, home: Path) -> Figures:
    """One scan and the judging of its rules; the transfer is made where there is none."""
    from transfer.ledger.census import take_census
    from transfer.ledger.connection import Ledger
    from transfer.ledger.order import Order
    from transfer.orders import make_transfer
    from transfer.quality.judging import judge
    from transfer.quality.rule import Circumstances
    from transfer.scan.phase import scan
    from transfer.workspace import Home

    place = home / "ledger"
    if not place.exists():
        order = Order(name="bench", node="bench", source=source, destination="")
        place.write_text(os.fspath(make_transfer(Home.at(home), order).ledger))
    longest = [0.0]
    with Ledger.open(Path(place.read_text())) as ledger, _timed_transactions(longest):
        began, before = time.perf_counter(), os.times()
        scan(ledger, processes=_PROCESSES, should_stop=lambda: False)
        scanned = time.perf_counter()
        judge(ledger, Circumstances(dt.date(2026, 1, 1)))
        ended, after = time.perf_counter(), os.times()
        census = take_census(ledger)
    seen = census.files.seen
    spent = [now - then for now, then in zip(after[:4], before[:4], strict=True)]
    return {
        "seen": seen,
        "instances": census.instances.found,
        "rate": seen / (ended - began),
        "judge_s": ended - scanned,
        "cpu_us": _us(sum(spent), seen),
        "lock_ms": longest[0] * 1000,
        "peak_mb": peak_mb(),
    }


def _watch(home: Path) -> Figures:
    """What a screen asks of the ledger while the scan runs: the slowest answer, in milliseconds."""
    from transfer.ledger.census import take_census
    from transfer.ledger.connection import Ledger

    place, slowest, asked = home / "ledger", 0.0, 0
    os.set_blocking(0, False)
    while sys.stdin.buffer.read(1) != b"":
        if place.exists() and (ledger_file := place.read_text()):
            began = time.perf_counter()
            with Ledger.open(Path(ledger_file), read_only=True) as ledger:
                take_census(ledger)
            slowest, asked = max(slowest, time.perf_counter() - began), asked + 1
        time.sleep(0.05)
    return {"slowest_ms": slowest * 1000, "asked": asked}


def _first_and_second(source: Path, home: Path) -> Figures:
    """Two scans of the same tree, each a process, while another one asks the ledger."""
    watch = subprocess.Popen(
        [sys.executable, "-m", __name__, "watch", os.fspath(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    first = child(__name__, "scan", source, home)
    told: Figures = json.loads(watch.communicate()[0])
    assert told["asked"], "the ledger was asked while the scan ran"
    second = child(__name__, "scan", source, home)
    figures = {f"first {name}": value for name, value in first.items()}
    return figures | {f"second {name}": value for name, value in second.items()} | told


def _ours(source: Path, folder: Path) -> Figures:
    with tempfile.TemporaryDirectory(dir=folder) as home:
        return _first_and_second(source, Path(home))


def measure(bench: Bench) -> list[Row]:
    """Files a second, CPU for a file, memory at two sizes, and how long a screen waits for it."""
    trees = {"small": (bench["small"], 0), "large": (bench["files"], bench["slices"])}
    runs: dict[str, Runs] = {}
    is_flat = bool(bench["flat"])
    for name, (files, slices) in trees.items():
        source = bench.folder / f"tree-{files}-{slices}{'-flat' if is_flat else ''}"
        if not source.exists():
            write_tree(source, files, slices, is_flat=is_flat)
        ours = partial(_ours, source, bench.folder)
        loop = partial(child, __name__, "loop", source, str(files + slices))
        runs[name] = bench.interleave({"pydicom loop": loop, "ours": ours})
    large, small = runs["large"], runs["small"]
    rows = [
        *_compared(large, "files/s", "rate", "rate"),
        *_compared(large, "CPU us/file", "cpu_us", "cpu_us"),
        *_alone(large, "rules, s", "first judge_s"),
        *_alone(large, "longest lock, ms", "first lock_ms"),
        *_alone(large, "slowest answer of the ledger, ms", "slowest_ms"),
    ]
    for told in (small, large):
        seen = told["ours"][0]["first seen"]
        rows += _alone(told, f"peak MB at {seen:,.0f} files", "first peak_mb")
        rows += _alone(told, f"peak MB with readers at {seen:,.0f} files", "first tree_peak_mb")
    return rows


def _compared(runs: Runs, unit: str, ours: str, peer: str) -> list[Row]:
    kinds: dict[str, Kind] = {"pydicom loop": "peer", "first": "ours", "second": "ours"}
    values = {
        "pydicom loop": [figures[peer] for figures in runs["pydicom loop"]],
        "first": [figures[f"first {ours}"] for figures in runs["ours"]],
        "second": [figures[f"second {ours}"] for figures in runs["ours"]],
    }
    return compare("scan", unit, values, kinds)


def _alone(runs: Runs, unit: str, figure: str) -> list[Row]:
    values = {"first": [figures[figure] for figures in runs["ours"]]}
    return compare("scan", unit, values, {"first": "ours"})


def main() -> None:
    """`loop SOURCE FILES`, `scan SOURCE HOME` or `watch HOME`, in a process of its own."""
    what, *words = sys.argv[1:]
    if what == "loop":
        figures = _loop(Path(words[0]), int(words[1]))
    elif what == "watch":
        figures = _watch(Path(words[0]))
    else:
        figures = _scan(Path(words[0]), Path(words[1]))
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
