"""De-identification beside plain pydicom and beside the disk.

CPU is that of a process of its own from the first slice on, without its start.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks.client import Clock
from tests.benchmarks.frame import Bench, Figures, Kind, Option, Row, compare, picked
from tests.benchmarks.process import child, peak_mb
from transfer.deid.methods import MethodSpec
from transfer.ledger.batches import PatientFacts
from transfer.prepare.rewriter import Setup, Task, rewriters

_KEY = "019a39ba16da7edb9e906440a48e9ed32"
_SITE = "SITE-001"
_CLOCK = dt.datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001 - a method's clock is local
_NOBODY = PatientFacts(1, "", "")
_FRAMES_BYTES = 500 * 1024 * 1024
_PACE_REPEATS = 20

OPTIONS: Final = {"slices": Option(200, quick=40, help="slices of half a megabyte")}
_KINDS: Final[dict[str, Kind]] = {
    "pydicom read+write": "peer",
    "eucaim": "ours",
    "lethe": "ours",
    "copy": "limit",
}


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
    idle_mb = peak_mb()
    began, before = time.perf_counter(), time.process_time()
    for source in sources:
        one(source, target)
    figures = {"cpu_s": time.process_time() - before, "seconds": time.perf_counter() - began}
    target.unlink()
    return {**figures, "grown_mb": peak_mb() - idle_mb}


def _pace(slices: Sequence[Path], processes: int) -> Figures:
    """Slices through the pool that prepares and sends; its start is not counted."""
    setup = Setup(MethodSpec("eucaim", _KEY, _SITE), _CLOCK, {})
    tasks = [
        Task(os.fsencode(path), (path.stat().st_size, path.stat().st_mtime_ns), _NOBODY)
        for path in slices
    ]
    with rewriters(processes, setup) as pool:
        for _ in pool.answers(tasks[:64]):
            pass
        with Clock() as clock:
            done = sum(len(answers) for answers in pool.answers(tasks * _PACE_REPEATS))
    return {"rate": done / clock.figures["seconds"]}


def measure(bench: Bench) -> list[Row]:
    """CPU of a slice; what a second process adds; what a large object takes in memory."""
    if not (bench.folder / "slices").exists():
        make_slices(bench.folder, bench["slices"])
    slices = sorted((bench.folder / "slices").iterdir())
    listing = "\n".join(map(str, slices))
    out = bench.folder / "out"
    runs = bench.interleave(
        {name: partial(child, __name__, name, out, typed=listing) for name in _KINDS}
    )
    pools = {f"{n} process{'es' * (n > 1)}": partial(_pace, slices, n) for n in (2, 1)}
    paces = bench.interleave(pools)
    # No limit: two are to be nearly twice as fast.
    two: dict[str, Kind] = {"2 processes": "ours", "1 process": "peer"}
    large = f"{slices[0]}\n{make_frames(bench.folder)}"
    grown = bench.interleave({"eucaim": partial(child, __name__, "eucaim", out, typed=large)})
    return [
        *compare(
            "de-identify",
            "CPU ms a slice",
            picked(runs, lambda f: f["cpu_s"] / len(slices) * 1000),
            _KINDS,
        ),
        *compare("de-identify", "slices/s", picked(paces, lambda f: f["rate"]), two),
        *compare(
            "de-identify",
            "MB more for an object of 500 MB",
            picked(grown, lambda f: f["grown_mb"]),
            {"eucaim": "ours"},
        ),
    ]


def main() -> None:
    """`NAME OUT`, with the slices' paths on standard input, in a process of its own."""
    name, target = sys.argv[1:]
    sources = [Path(line) for line in sys.stdin.read().splitlines()]
    print(json.dumps(_worker(name, sources, Path(target))))


if __name__ == "__main__":
    main()
