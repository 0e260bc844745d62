"""An answer that drips is none: time-outs of a connection count from the last byte, and a server
that gives one now and then would hold a request for days."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from http.client import CONTINUE, SWITCHING_PROTOCOLS, BadStatusLine, HTTPResponse
from typing import Any, Final

from adapters.interim import MOST

LEAST_BYTES_PER_S: Final = 1024
"""An eighth of what a modem carries. Slower than that, on the whole, is taken for silence."""


class Pace:
    """How fast an answer comes. It has the time-out for beginning, and a second for each KiB."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.ask()

    def ask(self) -> None:
        """Now it is waited for."""
        self._asked_at = self._clock()
        self._bytes = 0

    def took(self, size_bytes: int) -> None:
        """So much more of it came."""
        self._bytes += size_bytes

    def demand(self, timeout_s: float | None) -> None:
        """To be called before it is waited for more.

        Raises:
            TimeoutError: it has had its time, by this time-out in seconds.
        """
        if timeout_s is None:
            return
        waited_s = self._clock() - self._asked_at
        if self._bytes and waited_s > timeout_s + self._bytes / LEAST_BYTES_PER_S:
            raise TimeoutError("the answer comes too slowly to be one")


class _PacedFile(io.RawIOBase):
    """What comes from a socket, as long as it keeps the pace."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._raw = connected.makefile("rb", buffering=0)
        self._pace = Pace()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._pace.demand(self._socket.gettimeout())
        size = self._raw.readinto(buffer)
        self._pace.took(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _PacedSocket:
    """A socket for whoever only makes a file of it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def makefile(self, mode: str, *_: object) -> io.BufferedReader:
        assert mode == "rb", "an answer is read"
        return io.BufferedReader(_PacedFile(self._socket))


class PacedResponse(HTTPResponse):
    """The standard library's answer, read from a connection that must not drip."""

    def __init__(self, sock: socket.socket, *arguments: Any, **named: Any) -> None:
        super().__init__(_PacedSocket(sock), *arguments, **named)  # type: ignore[arg-type]
        self._interim = 0

    # Of http.client, which passes over 100 alone, takes any other for the answer, and counts none.
    def _read_status(self) -> tuple[str, int, str]:
        version, status, reason = super()._read_status()  # type: ignore[misc]
        if 100 <= status < 200 and status != SWITCHING_PROTOCOLS:
            self._interim += 1
            if self._interim > MOST:
                raise BadStatusLine("interim answers without end")
            status = CONTINUE
        return version, status, reason
