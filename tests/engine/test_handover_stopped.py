"""A hand-over that is broken off: nothing of it goes on behind the next run's back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from transfer.runner.handover import HandOver


class _Large:
    """A file with no end in sight, which tells when it began and when it was let go of."""

    name = "large.nii.gz"
    size_bytes = 1 << 40
    md5 = sha256 = ""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Iterator[bytes]:
        try:
            for _ in range(2000):
                yield b"x"
                self.began.set()
                # As under a limit on bandwidth.
                self.closed.wait(0.005)
        finally:
            self.closed.set()


async def test_a_hand_over_that_is_stopped_writes_no_further(tmp_path: Path) -> None:
    """A thread that wrote a large file to its end would keep the program from ending, and take the
    next run's half of it away."""
    handover = HandOver(tmp_path, cast(Any, None))
    handover.open()
    file = _Large()
    taking = asyncio.create_task(handover.take(cast(Any, None), (file, file)))
    assert await asyncio.to_thread(file.began.wait, 20)
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)
    assert await asyncio.to_thread(file.closed.wait, 3)
    assert taking.cancelled()
