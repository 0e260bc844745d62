"""How fast, and whether at all: the bandwidth limit and the pause that trouble imposes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from transfer.errors import NodeError
from transfer.outgoing import PIECE_BYTES
from transfer.runner.awake import Awake

_SMALLEST_PIECE = 16 * 1024
_LONGEST_PAUSE_S = 60.0


class Bandwidth:
    """A limit on payload bytes per second, shared by the threads of all requests; may change while
    bytes move. Times on the monotonic clock. With `awake` nothing leaves of a runner that slept
    while another took its place."""

    def __init__(self) -> None:
        self.awake: Awake | None = None
        self._bytes_per_s: int | None = None
        self._free_at = 0.0
        self._changes = 0
        self._changed = threading.Condition()

    @property
    def bytes_per_s(self) -> int | None:
        return self._bytes_per_s

    @bytes_per_s.setter
    def bytes_per_s(self, limit: int | None) -> None:
        if limit == self._bytes_per_s:
            return
        with self._changed:
            self._bytes_per_s = limit
            # Whoever waits under the old limit need not wait to its end.
            self._changes += 1
            self._free_at = 0.0
            self._changed.notify_all()

    def piece_bytes(self) -> int:
        """A quarter of a second's worth, so that a changed limit is felt at once."""
        limit = self._bytes_per_s
        if limit is None:
            return PIECE_BYTES
        return max(_SMALLEST_PIECE, min(PIECE_BYTES, limit // 4))

    def take(self, size_bytes: int) -> None:
        """Block until that many bytes may leave; in the order of asking. Raises as `Awake.look`."""
        if self._bytes_per_s is not None:
            self._wait(size_bytes)
        if self.awake is not None:
            self.awake.look()

    def _wait(self, size_bytes: int) -> None:
        with self._changed:
            if self._bytes_per_s is None:
                return
            start = max(time.monotonic(), self._free_at)
            self._free_at = start + size_bytes / self._bytes_per_s
            changes = self._changes
            while (left := start - time.monotonic()) > 0 and self._changes == changes:
                self._changed.wait(left)


class Trouble:
    """The node is in trouble with one kind of request, or it is not: one pause for all of them,
    growing. Sending and listing have one each: a node may list and yet take nothing for hours.

    Time counts from the last success, on the monotonic clock of the event loop. While lanes are
    waiting nothing is asked of the node; when `patience_s` has passed without one success, the
    error of the last attempt is raised.
    """

    def __init__(self, patience_s: float, first_pause_s: float) -> None:
        self._patience_s = patience_s
        self._first_pause_s = first_pause_s
        self._resume_at = 0.0
        self._since: float | None = None
        self._run = 0
        self.successes = 0
        self.retries = 0
        self.note = ""

    def over(self) -> None:
        """A request got an answer: all is well."""
        self.successes += 1
        self._since = None
        self._run = 0
        self._resume_at = 0.0
        self.note = ""

    def met(self, error: NodeError) -> None:
        """A request failed in a way that may pass.

        Raises:
            NodeError: the error given, once patience is at its end.
        """
        now = asyncio.get_running_loop().time()
        self.retries += 1
        if self._since is None:
            self._since = now
        elif now - self._since > self._patience_s:
            raise error
        if now >= self._resume_at:
            self._run += 1
        pause = min(self._first_pause_s * 2 ** (self._run - 1), _LONGEST_PAUSE_S)
        self._resume_at = max(self._resume_at, now + max(pause, error.retry.after_s))
        self.note = error.what

    async def wait(self, should_stop: Callable[[], bool]) -> None:
        """Return when the node may be asked again, or at once when stopping."""
        loop = asyncio.get_running_loop()
        while (left := self._resume_at - loop.time()) > 0 and not should_stop():  # noqa: ASYNC110 - the pause may grow or end meanwhile
            await asyncio.sleep(min(left, 0.2))
