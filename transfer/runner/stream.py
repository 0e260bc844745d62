"""Lanes, verification and the watch over the operator's wishes, all at the same time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING

from transfer.ahead import AsyncMaker
from transfer.bandwidth import NO_LIMIT, Schedule, in_force, seconds_to_move
from transfer.ledger.census import take_census
from transfer.ledger.control import Wish, read_control
from transfer.ledger.listing import doubt_verified
from transfer.ledger.order import read_order
from transfer.ledger.progress import Progress, write_progress
from transfer.ledger.whereto import leads_elsewhere, remember_address
from transfer.node import Node
from transfer.runner.awake import Awake
from transfer.runner.committer import Committer
from transfer.runner.lanes import Lanes
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.meter import Meter
from transfer.runner.pace import Bandwidth, Trouble
from transfer.runner.sender import Sender, Shared
from transfer.runner.verifier import Verifier

if TYPE_CHECKING:
    from transfer.runner.run import Settings
    from transfer.runner.stop import Stop

_WATCH_S = 0.25


class Watch:
    """Reads the wishes and the schedule, applies them, and writes the progress row; of `most` lanes
    at most."""

    def __init__(self, ledger: LedgerThread, settings: Settings, stop: Stop, most: int) -> None:
        self._ledger = ledger
        self._settings = settings
        self._stop = stop
        self._most = most
        self._written: Progress | None = None
        self._schedule: Schedule | None = None
        self._limit = NO_LIMIT
        self.bandwidth = Bandwidth()
        self.is_paused = False
        self.phase = ""
        """What is told instead of sending or verifying, where it is neither."""
        self.concurrency = min(settings.concurrency or most, most)
        self.lanes: Lanes | None = None
        """Where as many requests run as pay."""
        self.trouble = Trouble(settings.patience_s, settings.first_pause_s)
        self.listing_trouble = Trouble(settings.patience_s, settings.first_pause_s)
        self.meter = Meter()

    async def look(self) -> None:
        """Apply the wishes that are in force now."""
        if self.bandwidth.awake is None:
            self.bandwidth.awake = await self._ledger(Awake.of)
        control = await self._ledger(read_control)
        schedule = await asyncio.to_thread(self._settings.schedule)
        now = self._settings.wall_clock()
        self._limit = in_force(schedule, control, now, self._settings.zone)
        self._schedule, limit = schedule, self._limit.bytes_per_s
        is_paused = control.wish is Wish.PAUSE
        wished = control.concurrency or self._settings.concurrency or self._most
        self.concurrency = min(wished, self._most)
        if self.lanes is not None:
            self.lanes.most = self.concurrency
            if is_paused or limit != self.bandwidth.bytes_per_s or self.trouble.note:
                self.lanes.restart()
            self.lanes.look(self.meter.bytes_moved)
        self.bandwidth.bytes_per_s = limit
        self.is_paused = is_paused
        if control.wish is Wish.STOP:
            self._stop.request()

    async def tell(self) -> None:
        """Write the moment, unless nothing changed."""
        is_sending = self.meter.lanes or self.meter.bytes_left
        self.meter.phase = self.phase or ("send" if is_sending else "verify")
        sending, listing = self.trouble, self.listing_trouble
        progress = self.meter.progress(
            sending.retries + listing.retries, sending.note or listing.note
        )
        if self.lanes is not None and progress.lanes:
            allowed, most = self.lanes.allowed, self.lanes.most
            progress = replace(progress, requests_allowed=allowed, requests_most=most)
        progress = replace(progress, eta_s=self._time_left(progress))
        if progress != self._written:
            await self._ledger(write_progress, progress)
            self._written = progress

    def _time_left(self, progress: Progress) -> float | None:
        """What the meter says by the rate of now, with the hours in which less may go."""
        if progress.eta_s is None or progress.rate_bps <= 0:
            return progress.eta_s
        rate, now = progress.rate_bps, self._settings.wall_clock()
        left = progress.eta_s * rate
        zone = self._settings.zone
        return round(seconds_to_move(left, rate, self._schedule, self._limit, now, zone))

    async def keep(self) -> None:
        """Look and tell until cancelled."""
        while True:
            await self.look()
            await self.tell()
            await asyncio.sleep(_WATCH_S)


async def stream(
    ledger: LedgerThread,
    node: Node,
    settings: Settings,
    stop: Stop,
    maker: AsyncMaker | None,
    *,
    sends: bool,
) -> bool:
    """Send (unless only verifying) and verify until nothing is left or the run is to end. With a
    `maker` instances leave as that makes them.

    Returns:
        Whether the node lists what it holds.
    """
    abilities = await node.abilities()
    watch = Watch(ledger, settings, stop, abilities.max_concurrency)
    await watch.look()
    watch.lanes = Lanes(asyncio.get_running_loop().time, watch.concurrency)
    is_elsewhere = await ledger(leads_elsewhere, settings.address)
    if is_elsewhere or not sends:
        await ledger(doubt_verified)
    if sends:
        # Only now: a run that ends before doubts once more.
        await ledger(remember_address, settings.address)
    census = await ledger(take_census)
    watch.meter.total = census.instances.ready
    watch.meter.done = census.instances.sent
    watch.meter.bytes_left = census.bytes_total - census.bytes_sent
    ordered = await ledger(read_order)
    delay = abilities.listing_delay_s
    verifier = Verifier(
        ledger,
        node,
        watch.listing_trouble,
        listing_delay_s=delay if settings.listing_delay_s is None else settings.listing_delay_s,
        may_resend=sends,
        destination=ordered.destination,
        committed_only=abilities.commits_studies,
        should_stop=stop,
    )
    verifier.can_list = abilities.can_list
    order = Shared(
        source=os.fsencode(ordered.source),
        destination=ordered.destination,
        should_stop=stop,
        is_paused=lambda: watch.is_paused,
        lanes=watch.lanes,
        can_list=lambda: verifier.can_list,
        maker=maker,
    )
    sender = Sender(ledger, node, order, watch.bandwidth, watch.trouble, watch.meter)
    lanes = abilities.max_concurrency if sends else 0
    committer = Committer(
        ledger, node, watch.trouble, destination=ordered.destination, should_stop=stop
    )
    # A verification alone changes nothing on the node.
    committer.is_done = not (sends and abilities.commits_studies)
    await supervise(
        _work(sender, committer, verifier, watch, lanes), watch, stop, settings.stop_grace_s
    )
    return verifier.can_list


async def _work(
    sender: Sender, committer: Committer, verifier: Verifier, watch: Watch, lanes: int
) -> None:
    is_sent = False

    async def send_all() -> None:
        nonlocal is_sent
        if lanes:
            await sender.reconcile()
        async with asyncio.TaskGroup() as group:
            for number in range(lanes):
                group.create_task(sender.lane(number))
        is_sent = True

    async with asyncio.TaskGroup() as group:
        group.create_task(send_all())
        if not committer.is_done:
            group.create_task(committer.run(lambda: is_sent))
        group.create_task(verifier.run(lambda: is_sent and committer.is_done))


async def supervise(
    work: Coroutine[None, None, None], watch: Watch, stop: Stop, grace_s: float
) -> None:
    """Let the work run under the watch; on a stop, give requests under way `grace_s` to end."""
    loop = asyncio.get_running_loop()
    keeper = asyncio.create_task(watch.keep())
    task = asyncio.create_task(work)
    deadline: float | None = None
    try:
        while not task.done() and not keeper.done():
            await asyncio.wait(
                {task, keeper}, timeout=_WATCH_S, return_when=asyncio.FIRST_COMPLETED
            )
            if stop() and deadline is None:
                deadline = loop.time() + grace_s
            if deadline is not None and (stop.at_once or loop.time() > deadline):
                break
    finally:
        for one in (task, keeper):
            if not one.done():
                one.cancel()
        results = await asyncio.gather(task, keeper, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result
