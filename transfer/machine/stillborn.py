"""A thread that the machine began and had no memory to bring up: whoever started it waits for ever.

CPython's `Thread.start` returns when the new thread says that it runs. One that gets no memory for
its first frame ends without that word, and the whole program stands still (python/cpython#140746).
`watch` is to be taken out when the lowest version that we support has it mended.
"""

from __future__ import annotations

import _thread
import os
import select
import threading
from typing import Final

from transfer.machine.lacking import NO_MEMORY
from transfer.values import ExitCode

_LOOKS: Final = 30
"""So often the same thread is found not up yet. Looks are counted, not seconds: a suspended process
looks as little as it starts threads."""


def watch(*, every_s: float = 1.0) -> None:
    """From now on, end this process with the refusal of a machine without memory once a thread of
    it was not up after 30 looks. Nothing is lost by it: what was recorded stands."""
    refusal = f"eucaim-transfer: {NO_MEMORY[0]}\n  what to do: {NO_MEMORY[1]}\n".encode()
    # Not by `Thread.start`, which would be the first to wait for ever.
    _thread.start_new_thread(_keep_looking, (refusal, every_s))


def _keep_looking(refusal: bytes, every_s: float) -> None:
    waiting: dict[threading.Thread, int] = {}
    while max(waiting.values(), default=0) < _LOOKS:
        # Not by `time.sleep`, which sleeps to a moment: a clock that was set meanwhile refuses it.
        select.select((), (), (), every_s)
        try:
            # Where `Thread.start` keeps those that have not said their word.
            begun = list(threading._limbo)  # type: ignore[attr-defined]
            waiting = {thread: waiting.get(thread, 0) + 1 for thread in begun}
        except (MemoryError, RuntimeError):
            # No memory for this look, or a thread came or went meanwhile.
            continue
    try:
        os.write(2, refusal)
    finally:
        # Nobody is left who could end in good order: that takes the thread that waits.
        os._exit(ExitCode.USAGE)
