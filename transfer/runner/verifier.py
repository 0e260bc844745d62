"""Proof of arrival: every acknowledged instance is looked for in the node's own listing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from transfer import checkpoint
from transfer.errors import NotSupported
from transfer.ledger.listing import (
    SentInstance,
    SeriesToCheck,
    record_unlisted,
    record_verified,
    sent_instances,
    series_to_check,
)
from transfer.node import Node
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.pace import Trouble
from transfer.runner.sender import PASSING

_PAGE = 64
_PARALLEL = 4
_IDLE_S = 0.2
_RESENDS = 2
UNLISTED = (
    "The node acknowledged this instance but does not list it."
    " Ask the node's administrator with the SOP Instance UID, then upload again."
)


class Verifier:
    """Compares Series by Series as soon as all of one went; sends again what got lost."""

    def __init__(
        self,
        ledger: LedgerThread,
        node: Node,
        trouble: Trouble,
        *,
        listing_delay_s: float,
        may_resend: bool,
        destination: str,
        committed_only: bool,
        should_stop: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._node = node
        self._trouble = trouble
        self._listing_delay_s = listing_delay_s
        self._may_resend = may_resend
        self._destination = destination
        self._committed_only = committed_only
        self._should_stop = should_stop
        self._missing_since: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self.can_list = True
        self.verified = 0

    async def run(self, sender_is_done: Callable[[], bool]) -> None:
        """Check until everything that was sent is verified, given up, or cannot be listed."""
        while not self._should_stop() and self.can_list:
            done_before = sender_is_done()
            due, waiting = await self._due()
            if not due and not waiting and done_before:
                return
            if due:
                await self._check_all(due)
            else:
                await asyncio.sleep(_IDLE_S)

    async def _due(self) -> tuple[list[SeriesToCheck], bool]:
        """Series that may be asked for now, and whether others wait for their time."""
        now = asyncio.get_running_loop().time()
        waiting, after = False, 0
        while True:
            page = await self._ledger(
                series_to_check, _PAGE, after=after, committed_only=self._committed_only
            )
            due = [s for s in page if self._not_before.get(s.row, 0.0) <= now]
            waiting = waiting or len(due) < len(page)
            if due or len(page) < _PAGE:
                return due, waiting
            after = page[-1].row

    async def _check_all(self, due: list[SeriesToCheck]) -> None:
        limit = asyncio.Semaphore(_PARALLEL)

        async def one(series: SeriesToCheck) -> None:
            async with limit:
                if self.can_list and not self._should_stop():
                    await self._check(series)

        async with asyncio.TaskGroup() as group:
            for series in due:
                group.create_task(one(series))

    async def _check(self, series: SeriesToCheck) -> None:
        await self._trouble.wait(self._should_stop)
        try:
            held = await self._node.holdings(series.series, self._destination)
        except NotSupported:
            self.can_list = False
            return
        except PASSING as error:
            self._trouble.met(error)
            return
        self._trouble.over()
        checkpoint.passed("listed")
        sent = await self._ledger(sent_instances, series.row)
        seen = [i.row for i in sent if i.sop_instance_uid in held]
        if seen:
            await self._ledger(record_verified, seen)
            self.verified += len(seen)
            checkpoint.passed("verified")
        missing = [i for i in sent if i.sop_instance_uid not in held]
        if missing:
            await self._look_again(series, missing)
        else:
            self._missing_since.pop(series.row, None)
            self._not_before.pop(series.row, None)

    async def _look_again(self, series: SeriesToCheck, missing: list[SentInstance]) -> None:
        now = asyncio.get_running_loop().time()
        since = self._missing_since.setdefault(series.row, now)
        if now - since < self._listing_delay_s:
            self._not_before[series.row] = now + min(10.0, self._listing_delay_s / 4)
            return
        again = [i.row for i in missing if self._may_resend and i.attempts < _RESENDS]
        lost = [i.row for i in missing if i.row not in set(again)]
        await self._ledger(record_unlisted, again, lost, UNLISTED)
        del self._missing_since[series.row]
        self._not_before.pop(series.row, None)
