"""After the images: NIfTI volumes go to nodes that take them, each read back by its digests, and
into a hand-over folder where no such way is known."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from transfer import checkpoint
from transfer.errors import SourceChanged
from transfer.ledger.order import read_order
from transfer.ledger.volumes import (
    Volume,
    count_volumes,
    doubt_volumes,
    next_volume,
    open_images,
    record_not_sent,
    record_sent,
    record_verified,
)
from transfer.node import Node, Verdict
from transfer.prepare.method import OpenMethod
from transfer.runner.handover import HandOver
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.patience import Stopped, patiently
from transfer.runner.stream import Watch, supervise
from transfer.volumes.leaving import HeldFile, OutgoingVolume

if TYPE_CHECKING:
    from transfer.runner.run import Settings
    from transfer.runner.stop import Stop
    from transfer.volumes.making import JsonMaker
    from transfer.volumes.outgoing import DigestedFile

_T = TypeVar("_T")
_ATTEMPTS: Final = 2
_NOT_LISTED: Final = (
    "The node acknowledged the NIfTI volume and does not list it. Ask the node's administrator"
    " whether the account may write to the project, then upload again."
)
_GONE_THERE: Final = (
    "The NIfTI volume is not on the node any more as it was sent. Upload again, then it goes anew."
)
_MADE_OTHERWISE: Final = (
    "Made again, the JSON of the NIfTI image came out differently; it was not sent. Upload again:"
    " it is prepared anew."
)


@dataclass(frozen=True, slots=True)
class _Ready:
    """One volume made fit to leave."""

    volume: Volume
    outgoing: OutgoingVolume
    files: tuple[DigestedFile, DigestedFile]


async def move_volumes(
    ledger: LedgerThread,
    node: Node,
    settings: Settings,
    stop: Stop,
    method: OpenMethod | None,
    *,
    sends: bool,
) -> None:
    """Send every volume that is to go, or only look again for those that went. A volume waits for
    the images of its Study. Repeats safely after any interruption.

    Raises:
        NodeError: the node, or the way to it, is in trouble for too long, or refuses us.
        UsageError: the hand-over folder cannot be written.
    """
    counts = await ledger(count_volumes)
    if not counts.found:
        return
    watch = Watch(ledger, settings, stop, 1)
    await watch.look()
    watch.meter.total, watch.meter.done = counts.ready, counts.verified
    mover = _Mover(ledger, node, watch, stop, method)
    takes_volumes = (await node.abilities()).takes_volumes
    if takes_volumes:
        work = mover.send_all() if sends else mover.look_again()
    elif sends:
        work = mover.hand_over_all()
    else:
        return
    await supervise(work, watch, stop, settings.stop_grace_s)


class _Mover:
    """Takes volume after volume; one at a time, for XNAT wants one writer for each resource."""

    def __init__(
        self,
        ledger: LedgerThread,
        node: Node,
        watch: Watch,
        stop: Stop,
        method: OpenMethod | None,
    ) -> None:
        self._ledger = ledger
        self._node = node
        self._watch = watch
        self._stop = stop
        self._method = method
        self._maker: JsonMaker | None = None
        self._source = b""
        self._destination = ""

    async def send_all(self) -> None:
        await self._each(("todo", "sent"), self._send)

    async def look_again(self) -> None:
        await self._ledger(doubt_volumes)
        await self._each(("sent",), self._check)

    async def hand_over_all(self) -> None:
        folder = await self._ledger(lambda ledger: ledger.folder)
        handover = HandOver(folder, self._ledger)
        if not handover.folder.exists() and not self._watch.meter.total:
            return
        await asyncio.to_thread(handover.open)

        async def hand_over(ready: _Ready) -> None:
            await handover.take(ready.volume, ready.files)

        await self._each(("todo",), hand_over)
        if not self._stop():
            await asyncio.to_thread(handover.close)

    async def _each(
        self, states: tuple[str, ...], move: Callable[[_Ready], Awaitable[None]]
    ) -> None:
        order = await self._ledger(read_order)
        self._source, self._destination = os.fsencode(order.source), order.destination
        last = 0
        while not self._stop():
            volume = await self._ledger(next_volume, last, states)
            if volume is None:
                return
            last = volume.row
            if volume.study is not None and await self._ledger(open_images, volume.study) > 0:
                continue
            ready = await self._made(volume)
            if ready is None:
                continue
            try:
                await move(ready)
            except Stopped:
                return
            except SourceChanged as error:
                reason = f"{error.what} {error.remedy}"
                await self._ledger(record_not_sent, volume.row, reason)

    async def _made(self, volume: Volume) -> _Ready | None:
        """The volume as it was prepared, or the reason why it does not leave in the ledger."""
        from transfer.volumes.making import JsonMaker, StoppedJson
        from transfer.volumes.outgoing import outgoing

        if self._maker is None:
            self._maker = await self._ledger(JsonMaker, self._method)
        maker = self._maker
        made = await self._ledger(lambda _: maker.make(volume))
        if isinstance(made, StoppedJson):
            await self._ledger(record_not_sent, volume.row, made.reason)
            return None
        going, files = outgoing(volume, made, self._source, self._watch.bandwidth)
        if _sha256(made.content) != volume.json_sha256:
            await self._ledger(record_not_sent, volume.row, _MADE_OTHERWISE)
            return None
        return _Ready(volume, going, files)

    async def _send(self, ready: _Ready) -> None:
        row = ready.volume.row
        if ready.volume.state == "sent" and await self._is_there(ready):
            await self._ledger(record_verified, row)
            return
        for _ in range(_ATTEMPTS):
            outcome = await self._patiently(
                lambda: self._node.send_volume(ready.outgoing, self._destination, self._count_moved)
            )
            if outcome.verdict is Verdict.REFUSED:
                await self._ledger(record_not_sent, row, outcome.reason)
                return
            checkpoint.passed("volume-answered")
            await self._ledger(record_sent, row)
            checkpoint.passed("volume-sent")
            if await self._is_there(ready):
                await self._ledger(record_verified, row)
                checkpoint.passed("volume-verified")
                self._watch.meter.done += 1
                return
        await self._ledger(record_not_sent, row, _NOT_LISTED)

    async def _check(self, ready: _Ready) -> None:
        if await self._is_there(ready):
            await self._ledger(record_verified, ready.volume.row)
        else:
            await self._ledger(record_not_sent, ready.volume.row, _GONE_THERE)

    async def _is_there(self, ready: _Ready) -> bool:
        """Whether the node holds both files, by size and MD5."""
        held: Mapping[str, HeldFile] = await self._patiently(
            lambda: self._node.held_files(ready.outgoing.ref, self._destination)
        )
        return all(
            (found := held.get(file.name)) is not None
            and (found.size_bytes, found.md5) == (file.size_bytes, file.md5)
            for file in ready.files
        )

    async def _patiently(self, call: Callable[[], Awaitable[_T]]) -> _T:
        return await patiently(self._watch, self._stop, call)

    def _count_moved(self, size_bytes: int) -> None:
        self._watch.meter.moved(size_bytes)


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()
