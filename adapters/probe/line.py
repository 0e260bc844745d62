"""One connection by hand: secured when asked, a request's head written, an answer's head read.

The program's own traffic goes through httpx and requests. The doctor needs to stand between the
steps that these do in one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import h11

_AT_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers of an answer; names in lower case."""

    status: int
    headers: Sequence[tuple[str, str]]

    def values(self, name: str) -> Sequence[str]:
        return [value for key, value in self.headers if key == name]


class Line:
    """Both directions of a connection. Close it; a context manager does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def secure(self, context: ssl.SSLContext, host: str, seconds: float) -> ssl.SSLObject:
        """Shake hands; over a line that is secure already, inside of it.

        Raises:
            OSError: of which `ssl.SSLError` and `TimeoutError` are kinds.
        """
        async with asyncio.timeout(seconds):
            await self._writer.start_tls(context, server_hostname=host)
        secured: Any = self._writer.get_extra_info("ssl_object")
        assert secured is not None
        return secured  # type: ignore[no-any-return]

    async def ask(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], seconds: float
    ) -> Head | None:
        """Send the head of a request and no body; the head of the first answer, an interim one
        (100 Continue) included. None when the other side hangs up without one.

        Raises:
            OSError: the line broke, or nothing came in time.
            h11.RemoteProtocolError: what came is no HTTP.
        """
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_AT_MOST_BYTES)
        self._writer.write(
            talk.send(h11.Request(method=method, target=target, headers=list(headers)))
        )
        async with asyncio.timeout(seconds):
            await self._writer.drain()
            while True:
                event = talk.next_event()
                if isinstance(event, h11.InformationalResponse | h11.Response):
                    return Head(
                        event.status_code,
                        [(k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers],
                    )
                if event is not h11.NEED_DATA:
                    return None
                piece = await self._reader.read(_AT_MOST_BYTES)
                if not piece:
                    return None
                talk.receive_data(piece)

    async def close(self) -> None:
        """Hang up at once; safe to call twice."""
        self._writer.transport.abort()
        # Not `wait_closed`: after a handshake that failed it would wait for ever.
        await asyncio.sleep(0)
