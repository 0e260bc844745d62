"""The bytes of a file on their way from the event loop into a request that a thread makes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError

from adapters.pieces import exact_pieces
from transfer.errors import SourceChanged
from transfer.leaving import OutgoingFile

_LONGEST_PIECE_S = 600.0


class Outgoing:
    """A request's body for requests: its length is known, and one piece at a time is in memory.

    Made anywhere, iterated in a thread, closed in the loop, which reads the file; a request that
    nobody waits for any more ends at its next piece.
    """

    def __init__(self, file: OutgoingFile, loop: asyncio.AbstractEventLoop) -> None:
        self._size_bytes = file.size_bytes
        self._loop = loop
        self._pieces = exact_pieces(file)
        self._reading: asyncio.Task[object] | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return self._size_bytes

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._next()) is not None:
            yield piece

    def _next(self) -> bytes | None:
        piece = asyncio.run_coroutine_threadsafe(self._read(), self._loop)
        try:
            return piece.result(_LONGEST_PIECE_S)
        except (TimeoutError, CancelledError) as problem:
            piece.cancel()
            raise _not_given() from problem

    async def _read(self) -> bytes | None:
        if self._is_closed:
            # An end would be the end of the body, and the node would be waited for.
            raise _not_given()
        self._reading = asyncio.current_task()
        try:
            return await anext(self._pieces, None)
        finally:
            self._reading = None

    async def aclose(self) -> None:
        """Let go of the file; safe to call twice."""
        self._is_closed = True
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self._pieces.aclose()


def _not_given() -> SourceChanged:
    return SourceChanged(
        "A file did not give its bytes in time.", "Look whether its disk answers, then go on."
    )
