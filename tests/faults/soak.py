"""A long transfer under a trickle of faults, and whether anything grows meanwhile.

`python -m tests.faults.soak [--minutes 15] [--out DIR]` sends a de-identified cohort at a limited
bandwidth to the stand-in, which resets, refuses, delays, loses answers and ends sign-ins in turn,
while the TUI watches through a terminal of 80 by 24. What processes, ledger and line need is looked
at every few seconds; the verdict compares the first third of the looks with the last. Markdown goes
to stdout, and with `--out` to soak.md, the looks beside it to soak.json. The exit code is 0 where
nothing grew and everything arrived.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import mean
from typing import Final

from tests.faults.bench import SandboxServer
from tests.faults.cohort import write_cohort
from tests.faults.deid import DeidBench
from tests.faults.processes import await_until
from tests.faults.servers import running_sandbox
from tests.tui.terminal import Terminal
from transfer.ledger.holder import is_held

_PER_MINUTE: Final = 1200
_PER_SERIES: Final = 200
_PIXEL_BYTES: Final = 1 << 14
_EVERY_S: Final = 5.0
_FAULT_EVERY_S: Final = 4.0

FAULTS: Final = (
    "stow:reset-mid-body,times=1",
    "stow:status=503,retry-after=1,times=1",
    "stow:reset-after-body,times=1",
    "issuer:expire,times=1",
    "stow:latency=700,times=2",
    "stow:omit,times=1",
    "qido:status=500,times=1",
    "stow:reset-before-body,times=1",
    "stow:truncate-answer,times=1",
    "qido:latency=700,times=2",
)
"""Made in turn, each as often as the time allows."""

Look = dict[str, float]
"""What was seen at one moment, by what it is; `at_s` since the first instance was sent."""

ALLOWED: Final = {
    "MB": (8.0, 0.05),
    "descriptors": (4.0, 0.0),
    "threads": (3.0, 0.0),
    "processes": (0.0, 0.0),
    "kB/s": (2.0, 0.25),
}
"""By unit: what the last third may lie above the first, at the most, or as a share of it. An
allocator's steps, a request more or less under way, and screens that tell of different things."""


def _proc(pid: int, page: str, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/{page}").read_text().splitlines():
            if line.startswith(name):
                return float(line.split()[1])
    return 0.0


def _below(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for task in os.scandir(f"/proc/{pid}/task"):
            for child in map(int, Path(task.path, "children").read_text().split()):
                yield child
                yield from _below(child)


def _needs(who: str, pids: Sequence[int]) -> Look:
    descriptors = 0
    for pid in pids:
        with suppress(OSError):
            descriptors += len(os.listdir(f"/proc/{pid}/fd"))
    return {
        f"{who}: proportional set, MB": sum(_proc(p, "smaps_rollup", "Pss:") for p in pids) / 1024,
        f"{who}: resident set, MB": sum(_proc(p, "status", "VmRSS:") for p in pids) / 1024,
        f"{who}: descriptors": float(descriptors),
        f"{who}: threads": sum(_proc(p, "status", "Threads:") for p in pids),
    }


class _Line(threading.Thread):
    """Reads the terminal, as its far end does, and counts."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.bytes = 0
        self._terminal = terminal

    def run(self) -> None:
        while not self.ended.is_set():
            self.bytes += len(self._terminal.read_for(0.5))
            self._terminal.seen = b""


class _Trickle(threading.Thread):
    """Arms one fault after the other, each when the one before was made."""

    def __init__(self, server: SandboxServer) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.made = 0
        self._server = server

    def run(self) -> None:
        faults = itertools.cycle(FAULTS)
        while not self.ended.wait(_FAULT_EVERY_S):
            if any(fault["left"] for fault in self._server.control("faults")):
                continue
            self._server.control("faults", method="DELETE")
            self._server.control("faults", next(faults))
            self.made += 1


def soak(folder: Path, minutes: float) -> tuple[list[Look], dict[str, float]]:
    """The looks while instances went, and figures of the whole."""
    series = max(1, round(minutes * _PER_MINUTE / _PER_SERIES))
    cohort = write_cohort(
        folder / "cohort", series=series, per_series=_PER_SERIES, pixel_bytes=_PIXEL_BYTES
    )
    size_bytes = sum(path.stat().st_size for path in cohort.folder.rglob("*.dcm"))
    place = folder / "sandbox"
    place.mkdir()
    with running_sandbox(place) as sandbox:
        options = "max_batch_instances = 20\nmax_concurrency = 2\n"
        bench = DeidBench(folder / "home", sandbox.upv, cohort, options)
        rate = int(size_bytes / (minutes * 60))
        with bench.detached("--bwlimit", str(rate)) as runner:
            await_until(lambda: bench.sent() > 0, "something was sent", within_s=1800)
            looks, made = _watched(bench, runner, sandbox.upv)
        sandbox.upv.control("faults", method="DELETE")
        runs = 1
        while bench.run("upload", bench.name, timeout_s=1800).returncode and runs < 5:
            runs += 1
        bench.assert_arrived()
        again = sum(held.received - 1 for held in bench.held().values())
    whole = {
        "minutes": looks[-1]["at_s"] / 60,
        "instances": float(len(cohort.digests)),
        "MB": size_bytes / 1e6,
        "faults": float(made),
        "came in again": float(again),
        "runs after it": float(runs),
    }
    return looks, whole


def _watched(bench: DeidBench, runner: int, server: SandboxServer) -> tuple[list[Look], int]:
    looks: list[Look] = []
    with Terminal(bench.home, bench.name) as terminal:
        line, trickle = _Line(terminal), _Trickle(server)
        line.start()
        trickle.start()
        began = time.monotonic()
        told, at_s = 0, 0.0
        try:
            while is_held(bench.workspace.lock):
                time.sleep(_EVERY_S)
                now_s, told_now = time.monotonic() - began, line.bytes
                workers = list(_below(runner))
                ledger = bench.workspace.ledger
                looks.append(
                    {
                        "at_s": now_s,
                        "sent": float(bench.sent()),
                        **_needs("runner", [runner]),
                        **_needs("workers", workers),
                        "workers: processes": float(len(workers)),
                        **_needs("TUI", [terminal.process.pid, *_below(terminal.process.pid)]),
                        "ledger, MB": ledger.stat().st_size / 1e6,
                        "ledger's log, MB": _size(Path(f"{ledger}-wal")) / 1e6,
                        "terminal, kB/s": (told_now - told) / (now_s - at_s) / 1000,
                    }
                )
                told, at_s = told_now, now_s
        finally:
            trickle.ended.set()
            line.ended.set()
            trickle.join()
            line.join()
        assert terminal.process.poll() is None, "the screens are still there"
        terminal.signal(signal.SIGTERM)
    # The last two see a run that ends.
    return looks[:-2], trickle.made


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def verdicts(looks: Sequence[Look]) -> list[tuple[str, float, float, bool]]:
    """What was looked at, with its mean in the first and in the last third, and whether it is
    flat."""
    third = len(looks) // 3
    assert third, "a soak of minutes has looks"
    found = []
    for what in looks[0]:
        if what in ("at_s", "sent"):
            continue
        first = mean(look[what] for look in looks[:third])
        last = mean(look[what] for look in looks[-third:])
        unit = what.rpartition(" ")[2]
        most, share = ALLOWED[unit]
        found.append((what, first, last, last - first <= max(most, share * first)))
    return found


def as_markdown(looks: Sequence[Look], whole: dict[str, float]) -> str:
    """The table, and the line above it."""
    head = ", ".join(f"{value:.1f} {name}".replace(".0 ", " ") for name, value in whole.items())
    lines = [head, "", "| | first third | last third | most | flat |", "|---|---|---|---|---|"]
    for what, first, last, is_flat in verdicts(looks):
        most = max(look[what] for look in looks)
        lines.append(
            f"| {what} | {first:.1f} | {last:.1f} | {most:.1f} | {'yes' if is_flat else 'NO'} |"
        )
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Soak, print, write; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak")
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--out", type=Path, help="where soak.md and soak.json go")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        looks, whole = soak(Path(folder), options.minutes)
    table = as_markdown(looks, whole)
    print(table)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "soak.md").write_text(table + "\n", "utf-8")
        document = {"whole": whole, "looks": looks}
        (options.out / "soak.json").write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    return 0 if all(is_flat for _, _, _, is_flat in verdicts(looks)) else 1


if __name__ == "__main__":
    sys.exit(main())
