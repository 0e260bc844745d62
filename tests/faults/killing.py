"""The real command line in a process that is struck at a named point; run as a script.

    python -P killing.py BLOW POINT NTH[,NTH…] WORDS…
    python -P killing.py record FILE - WORDS…

At the n-th passing of POINT (see `passings`) falls the BLOW: `self` kills the process by SIGKILL,
`group` all processes of its group, `worker` one of its worker processes, `freeze` holds all of
these as a file server that does not answer would, `interrupt` sends SIGINT to its whole process
group, as ctrl+c in a terminal does, `terminate` and `hangup` send SIGTERM and SIGHUP to the
process, `hold` stops it until SIGCONT. WORDS are a command line of `eucaim-transfer`; with
`--detach` it is the runner which is struck. `record` writes down every point that is passed, a
line each.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

Observe = Callable[[str], None]


def _kill_self() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_worker() -> None:
    # None is there for a moment after an earlier blow.
    for worker in multiprocessing.active_children()[:1]:
        worker.kill()


def _freeze_workers() -> None:
    for worker in multiprocessing.active_children():
        assert worker.pid is not None, "it was started"
        os.kill(worker.pid, signal.SIGSTOP)


def _interrupt_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGINT)


def _kill_group() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def _hold_self() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


_BLOWS: dict[str, Callable[[], None]] = {
    "self": _kill_self,
    "group": _kill_group,
    "worker": _kill_worker,
    "freeze": _freeze_workers,
    "interrupt": _interrupt_group,
    "terminate": _terminate,
    "hangup": _hang_up,
    "hold": _hold_self,
}


def _striking(strike: Callable[[], None], point: str, moments: set[int]) -> Observe:
    passings = itertools.count(1)

    def observe(passed: str) -> None:
        if passed == point and next(passings) in moments:
            strike()

    return observe


def _recording(path: str) -> Observe:
    file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - open as long as the process
    return lambda passed: print(passed, file=file, flush=True)


def _strike_runner(*how: str) -> None:
    from tui import launch

    command = [sys.executable, "-P", str(Path(__file__).absolute()), *how]
    setattr(launch, "this_program", lambda *words: [*command, *words])  # noqa: B010 - its own name


def main(blow: str, point: str, nth: str, *words: str) -> int:
    """Run the command line of `words` until the blow falls, and beyond where it can."""
    # Only the program is installed, and a script's own folder is not looked into.
    sys.path.append(str(Path(__file__).parents[2]))
    from tests.faults.passings import watch
    from transfer import plan
    from transfer.prepare import phase as preparing
    from transfer.scan import pace, readers

    # Pages of a few rows: a small transfer then passes every point several times.
    pace.PAGE = preparing._PAGE = 10
    plan._PAGE = 16
    setattr(readers, "_FILES_PER_TASK", 8)  # noqa: B010 - it is Final
    if blow != "freeze":
        # None is cut short by the clock: a run passes the same points on a slow machine. Where
        # nothing answers, the clock is what is looked at.
        pace._TELL_EVERY_S = preparing._TELL_EVERY_S = 3600.0
    if "--detach" in words:
        _strike_runner(blow, point, nth)
    elif blow == "record":
        watch(_recording(point))
    else:
        watch(_striking(_BLOWS[blow], point, {int(n) for n in nth.split(",")}))
    from tui.__main__ import main as command_line

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
