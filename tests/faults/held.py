"""A command of the program that holds still at a point, while something happens around it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.bench import Bench
from tests.faults.processes import await_until, living_in_session, stopped_in_session
from tests.faults.scenario import Stage

HOLDING: Final = Path(__file__).with_name("holding.py")
_END_S: Final = 120.0
LEDGER_HELD: Final = "The ledger is held by another program."
"""What others are told, with exit code 2, where one of its threads stands inside a transaction."""


@dataclass
class Held:
    """A process that stands still."""

    bench: Bench
    process: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.process.pid

    def go_on(self) -> None:
        """Let it go on from where it stands."""
        os.kill(self.pid, signal.SIGCONT)

    def end(self) -> subprocess.CompletedProcess[str]:
        """Let it go on to its end; what it said."""
        self.go_on()
        out, err = self.process.communicate(timeout=_END_S)
        await_until(lambda: not living_in_session(self.pid), "all processes of the run ended")
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)


@contextmanager
def held_at(
    bench: Bench, point: str, nth: int = 1, words: Sequence[str] = ("upload", "trial")
) -> Iterator[Held]:
    """The command, standing at the n-th passing of a point of `transfer.checkpoint`; killed when
    the block is left before its end.

    Raises:
        AssertionError: it ended without passing there so often.
    """
    with bench.started(str(HOLDING), point, str(nth), *words) as process:

        def stands() -> bool:
            assert process.poll() is None, f"ended before {point}: {process.communicate()}"
            return process.pid in stopped_in_session(process.pid)

        await_until(stands, f"the run stands at {point}", within_s=_END_S)
        yield Held(bench, process)


def end_held(
    stage: Stage, held: Held, codes: set[int], *, says: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Let it go on to its end: one of these exit codes, with these words, kept for the judge."""
    ran = held.end()
    stage.hear(ran, codes)
    if says is not None:
        assert says in ran.stderr, ran.stderr
    return ran
