"""The scan beside a plain pydicom loop, in one run.

`python -m tests.benchmarks.scan [--files N] [--slices N] [--rounds N] [--flat] [--keep DIR]` prints
a Markdown table, then JSON. A scan is all that an operator waits for: the walk, the headers, the
ledger, and the rules over it. Each is a process of its own with two readers; rounds are
interleaved, medians quoted with the smallest and the largest. `--files 200000 --slices 2000` is the
tree that the project promises something about.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.tree import write_tree

_SAMPLE: Final = 5000
_SMALL: Final = 10_000
_PROCESSES: Final = 2

Figures = dict[str, float]


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
        "main_us": _us(spent[0] + spent[1], seen),
        "readers_us": _us(spent[2] + spent[3], seen),
        "lock_ms": longest[0] * 1000,
        "main_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "reader_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
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


def _start(*words: object) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.benchmarks.scan", "--worker", *map(str, words)]
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> Figures:
    told, _ = process.communicate()
    if process.returncode:
        raise RuntimeError("a worker failed")
    figures: Figures = json.loads(told)
    return figures


def _round(source: Path, folder: Path, files: int) -> dict[str, Figures]:
    with tempfile.TemporaryDirectory(dir=folder) as home:
        loop = _end(_start("loop", source, files))
        watch = _start("watch", home)
        first = _end(_start("scan", source, home))
        told = _end(watch)
        second = _end(_start("scan", source, home))
    return {"loop": loop, "first": first, "second": second, "watch": told}


def _worker(what: str, *words: str) -> Figures:
    if what == "loop":
        return _loop(Path(words[0]), int(words[1]))
    if what == "watch":
        return _watch(Path(words[0]))
    return _scan(Path(words[0]), Path(words[1]))


def _middle(rounds: Sequence[dict[str, Figures]], what: str, figure: str) -> float:
    return statistics.median(one[what][figure] for one in rounds)


def _row(rounds: Sequence[dict[str, Figures]], what: str) -> dict[str, object]:
    rates = sorted(one[what]["rate"] for one in rounds)
    ratios = sorted(one[what]["rate"] / one["loop"]["rate"] for one in rounds)
    is_scan = what != "loop"
    return {
        "what": {"loop": "pydicom loop", "first": "first scan", "second": "second scan"}[what],
        "files/s": round(statistics.median(rates)),
        "from": round(rates[0]),
        "to": round(rates[-1]),
        "times the loop": round(statistics.median(ratios), 2),
        "at least": round(ratios[0], 2),
        "main CPU us/file": round(_middle(rounds, what, "main_us" if is_scan else "cpu_us"), 1),
        "readers' CPU us/file": round(_middle(rounds, what, "readers_us"), 1) if is_scan else "",
        "rules s": round(_middle(rounds, what, "judge_s"), 2) if is_scan else "",
        "main MB": round(_middle(rounds, what, "main_mb")) if is_scan else "",
        "reader MB": round(_middle(rounds, what, "reader_mb")) if is_scan else "",
        "longest lock ms": round(_middle(rounds, what, "lock_ms"), 1) if is_scan else "",
    }


def _measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    trees = {"small": (_SMALL, 0), "large": (options.files, options.slices)}
    rounds: dict[str, list[dict[str, Figures]]] = {name: [] for name in trees}
    for name, (files, slices) in trees.items():
        if not (folder / name).exists():
            write_tree(folder / name, files, slices, is_flat=options.flat)
    for _ in range(options.rounds):
        for name, (files, slices) in trees.items():
            rounds[name].append(_round(folder / name, folder, files + slices))
    return rounds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scan")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flat", action="store_true", help="all files in one folder")
    parser.add_argument("--keep", type=Path, help="where the trees are, or are left")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        print(json.dumps(_worker(*options.worker)))
        return
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        rounds = _measure(options, folder)
    large = rounds["large"]
    rows = [_row(large, what) for what in ("loop", "first", "second")]
    seen = round(large[0]["first"]["seen"])
    print(
        f"{seen} files ({options.slices} of them with pixels), {options.rounds} rounds, medians\n"
    )
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    small = rounds["small"]
    memory = {
        f"{who} at {count}": round(_middle(of, "first", f"{who}_mb"))
        for who in ("main", "reader")
        for count, of in ((_SMALL, small), (seen, large))
    }
    slowest = max(one["watch"]["slowest_ms"] for one in large)
    print("\nPeak memory, MB: " + ", ".join(f"{name} files {mb}" for name, mb in memory.items()))
    print(f"Slowest answer of the ledger while it ran: {slowest:.0f} ms")
    print(json.dumps({"rows": rows, "memory_mb": memory, "slowest_answer_ms": round(slowest, 1)}))


if __name__ == "__main__":
    main()
