"""De-identification beside plain pydicom and beside the disk, in one run.

`python -m tests.benchmarks.deid [--rounds N] [--slices N]` prints a Markdown table, then JSON.
Every figure is CPU of a process of its own, read from the system once it ended; rounds are
interleaved, medians quoted with the smallest and the largest.
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
from collections.abc import Callable, Sequence
from pathlib import Path

from transfer.deid.methods import MethodSpec
from transfer.ledger.batches import PatientFacts
from transfer.prepare.rewriter import Setup, Task, rewriters

_KEY = "019a39ba16da7edb9e906440a48e9ed32"
_SITE = "SITE-001"
_CLOCK = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a method's clock is local
_NOBODY = PatientFacts(1, "", "")
_FRAMES_BYTES = 500 * 1024 * 1024
_PACE_REPEATS = 20

Figures = dict[str, float]


def make_slices(folder: Path, count: int) -> None:
    """CT slices, 512 by 512 of 16 bits, with the header that the synthetic cohort gives them."""
    import pydicom
    from pydicom.uid import UID

    from adapters.sandbox.synth import write_cohort

    write_cohort(folder / "cohort", patients=1, seed=1)
    sample = next(
        found
        for path in sorted((folder / "cohort").rglob("*"))
        if path.is_file() and path.suffix not in (".json", ".csv")
        if (found := pydicom.dcmread(path, force=True)).get("Modality") == "CT"
    )
    sample.Rows = sample.Columns = 512
    sample.BitsAllocated, sample.BitsStored, sample.HighBit = 16, 12, 11
    (folder / "slices").mkdir()
    for number in range(count):
        sample.InstanceNumber = number + 1
        sample.SOPInstanceUID = UID(f"2.25.7{number:06}")
        sample.file_meta.MediaStorageSOPInstanceUID = sample.SOPInstanceUID
        sample.PixelData = os.urandom(512 * 512 * 2)
        sample.save_as(folder / "slices" / f"{number:05}.dcm")


def make_frames(folder: Path) -> Path:
    """One object with 500 MB of frames, as a sparse file: what counts is what is read of it."""
    import pydicom

    sample = pydicom.dcmread(next(iter(sorted((folder / "slices").iterdir()))))
    frames = _FRAMES_BYTES // (512 * 512 * 2)
    sample.NumberOfFrames = frames
    sample.PixelData = b""
    path = folder / "frames.dcm"
    sample.save_as(path)
    length = frames * 512 * 512 * 2
    with open(path, "r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(length.to_bytes(4, "little"))
        file.truncate(path.stat().st_size + length)
    return path


def _plain(source: Path, target: Path) -> None:
    from pydicom import dcmread, dcmwrite

    dcmwrite(target, dcmread(source))


def _nothing(source: Path, target: Path) -> None:
    with open(source, "rb", buffering=0) as file, open(target, "wb", buffering=0) as out:
        while piece := file.read(1024 * 1024):
            out.write(piece)


def _ours(name: str) -> Callable[[Path, Path], None]:
    from transfer.deid.header.writing import copy
    from transfer.deid.look.identifiers import Identifiers
    from transfer.deid.methods import build_method
    from transfer.deid.model import Moment, Stretch
    from transfer.deid.rewrite import Look, Outgoing, rewrite

    method = build_method(MethodSpec(name, _KEY, _SITE))
    moment = Moment(_CLOCK)
    nobody = Look(Identifiers())

    def one(source: Path, target: Path) -> None:
        made = rewrite(os.fspath(source), method, moment, nobody)
        assert isinstance(made, Outgoing), "a slice was stopped, which would be no measurement"
        fd = os.open(source, os.O_RDONLY)
        try:
            with open(target, "wb", buffering=0) as out:
                copy((p for p in made.pieces if isinstance(p, bytes | Stretch)), fd, out.write)
        finally:
            os.close(fd)

    return one


def _worker(name: str, sources: Sequence[Path], target: Path) -> Figures:
    ways: dict[str, Callable[[], Callable[[Path, Path], None]]] = {
        "pydicom read+write": lambda: _plain,
        "copy": lambda: _nothing,
        "eucaim": lambda: _ours("eucaim"),
        "lethe": lambda: _ours("lethe"),
    }
    one = ways[name]()
    one(sources[0], target)
    idle_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, before = time.perf_counter(), time.process_time()
    for source in sources:
        one(source, target)
    figures = {"cpu_s": time.process_time() - before, "seconds": time.perf_counter() - began}
    target.unlink()
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**figures, "grown_mb": (peak_kb - idle_kb) / 1024}


def _start(name: str, sources: Sequence[Path], target: Path) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "tests.benchmarks.deid", "--worker", name, os.fspath(target)]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None, "a pipe was asked for"
    process.stdin.write("\n".join(map(str, sources)))
    process.stdin.close()
    return process


def _end(process: subprocess.Popen[str]) -> Figures:
    assert process.stdout is not None, "a pipe was asked for"
    figures: Figures = json.loads(process.stdout.read())
    if process.wait():
        raise RuntimeError("a worker failed")
    return figures


def _pace(slices: Sequence[Path], processes: int) -> float:
    """Slices a second through the pool that prepares and sends; its start is not counted."""
    setup = Setup(MethodSpec("eucaim", _KEY, _SITE), _CLOCK, {})
    tasks = [
        Task(os.fsencode(path), (path.stat().st_size, path.stat().st_mtime_ns), _NOBODY)
        for path in slices
    ]
    with rewriters(processes, setup) as pool:
        for _ in pool.answers(tasks[:64]):
            pass
        began = time.perf_counter()
        done = sum(len(answers) for answers in pool.answers(tasks * _PACE_REPEATS))
        return done / (time.perf_counter() - began)


def _table(slices: Sequence[Path], folder: Path, rounds: int) -> list[dict[str, object]]:
    names = ("pydicom read+write", "eucaim", "lethe", "copy")
    runs: dict[str, list[Figures]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(_end(_start(name, slices, folder / "out")))
    plain = [run["cpu_s"] for run in runs["pydicom read+write"]]
    rows: list[dict[str, object]] = []
    for name in names:
        each = sorted(run["cpu_s"] / len(slices) * 1000 for run in runs[name])
        ratios = [run["cpu_s"] / other for run, other in zip(runs[name], plain, strict=True)]
        rows.append(
            {
                "what": name,
                "CPU ms a slice": round(statistics.median(each), 2),
                "from": round(each[0], 2),
                "to": round(each[-1], 2),
                "times pydicom": round(statistics.median(ratios), 2),
            }
        )
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.deid")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slices", type=int, default=200)
    parser.add_argument("--worker", nargs=2, metavar=("NAME", "OUT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        name, target = options.worker
        sources = [Path(line) for line in sys.stdin.read().splitlines()]
        print(json.dumps(_worker(name, sources, Path(target))))
        return
    with tempfile.TemporaryDirectory(prefix="eucaim-bench-") as temporary:
        folder = Path(temporary)
        make_slices(folder, options.slices)
        slices = sorted((folder / "slices").iterdir())
        rows = _table(slices, folder, options.rounds)
        scaling = [_pace(slices, 2) / _pace(slices, 1) for _ in range(options.rounds)]
        sources = [slices[0], make_frames(folder)]
        grown = _end(_start("eucaim", sources, folder / "out"))["grown_mb"]
    print(f"{options.slices} slices of 512x512x16 bits, {options.rounds} rounds, medians\n")
    print("| " + " | ".join(rows[0]) + " |\n|" + "---|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")
    gained = round(statistics.median(scaling), 2)
    print(f"\nTwo processes: {gained} times one. A 500 MB object: {grown:.1f} MB more memory.")
    print(json.dumps({"rows": rows, "two_processes": gained, "large_object_mb": round(grown, 1)}))


if __name__ == "__main__":
    main()
