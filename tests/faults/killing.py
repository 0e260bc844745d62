"""The real command line in a process that is struck at a named point; run as a script.

    python -P killing.py BLOW POINT NTH[,NTH…] WORDS…

At the n-th passing of POINT (`transfer.checkpoint`) falls the BLOW: `self` kills the process by
SIGKILL, `worker` one of its worker processes, `freeze` holds all of these as a file server that
does not answer would, `interrupt` sends SIGINT to its whole process group,
as ctrl+c in a terminal does. WORDS are a command line of `eucaim-transfer`.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable

from transfer import checkpoint


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


_BLOWS: dict[str, Callable[[], None]] = {
    "self": _kill_self,
    "worker": _kill_worker,
    "freeze": _freeze_workers,
    "interrupt": _interrupt_group,
}


def main(blow: str, point: str, nth: str, *words: str) -> int:
    """Run the command line of `words` until the blow falls, and beyond where it can."""
    from transfer import plan
    from transfer.prepare import phase as preparing
    from transfer.scan import pace

    # Pages of a few rows: a small transfer then passes every point several times.
    pace.PAGE = preparing._PAGE = 10
    plan._PAGE = 16
    passings = itertools.count(1)
    moments = {int(n) for n in nth.split(",")}

    def observe(passed: str) -> None:
        if passed == point and next(passings) in moments:
            _BLOWS[blow]()

    checkpoint.observer = observe
    from tui.__main__ import main as command_line

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
