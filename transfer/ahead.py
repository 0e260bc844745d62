"""Between the thread of a request and the processes that make what it sends: pieces are asked for
a little ahead of the instance that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from transfer.errors import SourceChanged
from transfer.ledger.batches import PlannedInstance
from transfer.outgoing import forget_spools
from transfer.scan.part10 import DEFLATED

if TYPE_CHECKING:
    from transfer.deid.pixels import OutgoingPiece

_AHEAD: Final = 2
_WHOLES: Final = 2


class AsyncMaker(Protocol):
    """Whoever makes pieces, for an event loop."""

    async def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
        """See `transfer.outgoing.Maker`."""
        ...


class Ahead:
    """A `Maker` for the instances of one batch, in the order in which they leave. Made and closed
    in the event loop; asked in one thread at a time."""

    def __init__(self, maker: AsyncMaker, instances: Sequence[PlannedInstance]) -> None:
        self._maker = maker
        self._instances = instances
        self._places = {planned.row: place for place, planned in enumerate(instances)}
        self._loop = asyncio.get_running_loop()
        self._asked: dict[int, Future[Sequence[OutgoingPiece]]] = {}
        self._is_closed = False

    def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
        """See `transfer.outgoing.Maker`."""
        place = self._places[planned.row]
        for wanted in range(place, min(place + 1 + _AHEAD, len(self._instances))):
            # What is deflated is made as a whole, in memory: one for each request is enough.
            is_early = wanted != place and _is_whole(self._instances[wanted])
            if wanted not in self._asked and not self._is_closed and not is_early:
                making = self._maker.pieces(self._instances[wanted])
                self._asked[wanted] = asyncio.run_coroutine_threadsafe(making, self._loop)
        if self._is_closed:
            # Closed while it was asked for: nobody else lets go of that.
            self.close()
        asked = self._asked.pop(place, None)
        with suppress(CancelledError):
            if asked is not None:
                return asked.result()
        raise SourceChanged("Nobody waits for this instance any more.", "Go on.")

    def close(self) -> None:
        """Let go of what was made and not called for. Safe to call twice, from any thread."""
        self._is_closed = True
        for place in list(self._asked):
            # Not cancelled: its process would finish for nobody, and leave a spool on the disk.
            if (asked := self._asked.pop(place, None)) is not None:
                asked.add_done_callback(_forget)


class Wholes:
    """Bounds how many batches at a time hold a deflated instance as a whole, which is up to 64 MiB
    in a worker and in the runner: their number must not follow that of the requests. They wait
    before their request begins, so that no node waits with them."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_WHOLES)

    @asynccontextmanager
    async def room_for(
        self, maker: AsyncMaker | None, instances: Sequence[PlannedInstance]
    ) -> AsyncIterator[None]:
        """Room for a batch; there is always some where files go as they are."""
        if maker is not None and any(map(_is_whole, instances)):
            async with self._room:
                yield
        else:
            yield


@contextmanager
def made_ahead(
    maker: AsyncMaker | None, instances: Sequence[PlannedInstance]
) -> Iterator[Ahead | None]:
    """What makes the pieces of a batch; None where files go as they are."""
    if maker is None:
        yield None
        return
    ahead = Ahead(maker, instances)
    try:
        yield ahead
    finally:
        ahead.close()


def _is_whole(planned: PlannedInstance) -> bool:
    return planned.transfer_syntax_uid in DEFLATED


def _forget(asked: Future[Sequence[OutgoingPiece]]) -> None:
    if not asked.cancelled() and asked.exception() is None:
        forget_spools(asked.result())
