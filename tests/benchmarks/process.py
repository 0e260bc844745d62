"""A measurement in a process of its own: seconds, and the CPU and memory of it and its children."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.benchmarks.frame import Figures

_LIMIT_S: Final = 3600.0
_LOOK_S: Final = 0.1


class Failed(Exception):
    """A measured process ended with an error; what it said is in the text."""


def child(module: str, *words: object, typed: str = "") -> Figures:
    """`python -m MODULE WORDS…`: the JSON object in its last line on stdout over what `measured`
    gives, so that a child which leaves its start-up out tells `seconds` and `cpu_s` itself.

    Raises:
        Failed: it ended with an error.
    """
    figures, out = measured([sys.executable, "-m", module, *map(str, words)], typed=typed)
    told: Figures = json.loads(out.splitlines()[-1])
    return {**figures, **told}


def measured(
    words: Sequence[str], *, env: Mapping[str, str] | None = None, typed: str = ""
) -> tuple[Figures, str]:
    """Run a program; `seconds`, `cpu_s` (with all children that were waited for), `peak_mb` (the
    largest resident set of the program itself) and `tree_peak_mb` (the largest sum of proportional
    sets of it and all below it at one time), both looked at ten times a second; and what it printed
    on stdout.

    Raises:
        Failed: it ended with an error, or not within the hour.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=out, stderr=err, env=env)
        watch = _Watch(process.pid)
        watch.start()
        assert process.stdin is not None, "a pipe was asked for"
        with suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(typed.encode())
        alarm = threading.Timer(_LIMIT_S, process.kill)
        alarm.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        finally:
            alarm.cancel()
            watch.ended.set()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.join()
        out.seek(0)
        if process.returncode:
            err.seek(0)
            said = err.read().decode(errors="replace")[-3000:]
            raise Failed(f"{' '.join(words[:6])} ended with {process.returncode}\n{said}")
        figures = {
            "seconds": seconds,
            "cpu_s": used.ru_utime + used.ru_stime,
            "peak_mb": watch.peak_kb / 1024,
            "tree_peak_mb": watch.tree_peak_kb / 1024,
        }
        return figures, out.read().decode()


def peak_mb() -> float:
    """The largest resident set that this process had. Not `ru_maxrss`: that of a child begins with
    what its parent had when it was started (Linux `setmax_mm_hiwater_rss` in exec)."""
    return _kb(os.getpid(), "status", "VmHWM:") / 1024


def cpu_s_of_children(names: Collection[str]) -> float:
    """CPU seconds used until now by those running children of ours that have one of these names:
    what a server costs."""
    ticks = 0
    for pid in _tree(os.getpid()):
        with suppress(OSError):
            name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
            if name.partition("(")[2] in names:
                ticks += sum(map(int, rest.split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class _Watch(threading.Thread):
    """Looks at the memory of a process and all below it until `ended` is set."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.peak_kb = self.tree_peak_kb = 0
        self._pid = pid

    def run(self) -> None:
        while not self.ended.wait(_LOOK_S):
            self.peak_kb = max(self.peak_kb, _kb(self._pid, "status", "VmHWM:"))
            now = sum(_kb(pid, "smaps_rollup", "Pss:") for pid in _tree(self._pid))
            self.tree_peak_kb = max(self.tree_peak_kb, now)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in os.scandir(f"/proc/{pid}/task"):
            for below in Path(task.path, "children").read_text().split():
                yield from _tree(int(below))


def _kb(pid: int, page: str, name: str) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/{page}").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1])
    return 0
