"""The lanes: each leases a batch, sends it, and records what became of every instance."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from transfer import checkpoint
from transfer.ahead import AsyncMaker, Wholes, made_ahead
from transfer.errors import (
    BodyTooLarge,
    NodeBusy,
    NodeError,
    NodeFault,
    NotSupported,
    SourceChanged,
    Unreachable,
)
from transfer.ledger.batches import (
    Lease,
    PlannedInstance,
    Settled,
    forget_change,
    instances_of,
    interrupted_batches,
    lease_next,
    postpone,
    replaced_instances,
    settle,
)
from transfer.ledger.connection import Ledger
from transfer.ledger.listing import has_unverified
from transfer.ledger.selection import apply_selection
from transfer.node import Batch, InstanceOutcome, Node, Verdict
from transfer.outgoing import LedgerInstance, source_changed
from transfer.prepare.findings import hold_patients
from transfer.runner import judge
from transfer.runner.lanes import Lanes
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.meter import Meter
from transfer.runner.pace import Bandwidth, Trouble
from transfer.runner.request_size import RequestSize
from transfer.values import SeriesRef, SOPInstanceUID

PASSING = (Unreachable, NodeBusy, NodeFault)
"""Errors after which the same request may be made again."""

_IDLE_S = 0.1


@dataclass
class Shared:
    """What all lanes of one run share. `busy` counts lanes that may still add work."""

    source: bytes
    destination: str
    should_stop: Callable[[], bool]
    is_paused: Callable[[], bool]
    lanes: Lanes
    can_list: Callable[[], bool]
    maker: AsyncMaker | None = None
    busy: int = 0
    is_finished: bool = False


def _next_work(ledger: Ledger, most_bytes: int) -> tuple[Lease | None, bool]:
    # One look: between two, the verifier could turn the last unlisted instance into a batch.
    return lease_next(ledger, most_bytes), has_unverified(ledger)


class Sender:
    """Sends everything that is planned, in as many lanes as are allowed."""

    def __init__(
        self,
        ledger: LedgerThread,
        node: Node,
        order: Shared,
        bandwidth: Bandwidth,
        trouble: Trouble,
        meter: Meter,
    ) -> None:
        self._ledger = ledger
        self._node = node
        self._order = order
        self._bandwidth = bandwidth
        self._trouble = trouble
        self._meter = meter
        self._not_before: dict[int, float] = {}
        self._size = RequestSize()
        self._wholes = Wholes()

    async def reconcile(self) -> None:
        """Settle requests that were under way when an earlier runner ended: what the node lists
        has arrived, the rest goes again where its file is still the one that was scanned. A
        request whose Series could not be listed before the run is to end stays open. Of patients
        who are held back nothing goes again."""
        ended = Unreachable("The runner ended during the request.", "Nothing to do.")
        changed = source_changed()
        reason = f"{changed.what} {changed.remedy}"
        for batch in await self._ledger(interrupted_batches):
            instances = await self._ledger(instances_of, batch)
            listed = await self._listed(instances)
            if self._order.should_stop():
                return
            absent = [i.row for i in instances if i.sop_instance_uid not in listed]
            await self._ledger(forget_change, absent)
            lost = (await self._ledger(replaced_instances, batch)).intersection(absent)
            rest = Lease(batch, 0, 0, tuple(i for i in instances if i.row not in lost))
            settled, again = judge.after_break(rest, ended, listed, is_strike=False)
            settled += [Settled(row, "failed", reason) for row in sorted(lost)]
            await self._record(
                Lease(batch, 0, 0, instances), (settled, again), type(ended).__name__
            )
            await self._ledger(hold_patients)
            # Nothing could be left out of an open request.
            await self._ledger(apply_selection)

    async def lane(self, number: int) -> None:
        """One lane, until nothing is left or the run is to end."""
        order = self._order
        while not order.should_stop() and not order.is_finished:
            if order.is_paused() or number >= order.lanes.allowed:
                await asyncio.sleep(_IDLE_S)
                continue
            await self._trouble.wait(order.should_stop)
            if order.should_stop():
                return
            order.busy += 1
            try:
                lease, is_unverified = await self._ledger(_next_work, self._most_bytes())
                if lease is not None:
                    await self._send(lease)
            finally:
                order.busy -= 1
            if lease is None:
                # What was sent may turn out not to be listed, and then goes again.
                if not order.busy and not (is_unverified and order.can_list()):
                    order.is_finished = True
                    return
                await asyncio.sleep(_IDLE_S)

    def _most_bytes(self) -> int:
        limit = self._bandwidth.bytes_per_s
        return self._size.most_bytes(limit and limit / self._order.lanes.allowed)

    async def _send(self, lease: Lease) -> None:
        checkpoint.passed("leased")
        if not lease.instances:
            await self._ledger(settle, lease.batch_id, [])
            return
        await self._rest(lease.instances)
        maker = self._order.maker
        async with self._wholes.room_for(maker, lease.instances):
            if self._order.should_stop():
                await self._ledger(postpone, lease, "stopped")
                return
            await self._send_ahead(lease, maker)

    async def _send_ahead(self, lease: Lease, maker: AsyncMaker | None) -> None:
        with made_ahead(maker, lease.instances) as ahead:
            source, bandwidth = self._order.source, self._bandwidth
            await self._send_made(
                lease, [LedgerInstance(i, source, bandwidth, ahead) for i in lease.instances]
            )

    async def _send_made(self, lease: Lease, instances: Sequence[LedgerInstance]) -> None:
        successes = self._trouble.successes
        lane = self._meter.open(lease)
        began = time.monotonic()
        try:
            outcomes = await self._node.send(
                Batch(lease.batch_id, self._order.destination, instances), lane.moved
            )
            checkpoint.passed("answered")
            self._order.lanes.answered()
            now = time.monotonic()
            handed_over_at = lane.handed_over_at or now
            self._size.ended(lease.size_bytes, handed_over_at - began, now - began)
            lane.state = "recording"
            answer = {o.sop_instance_uid: o for o in outcomes}
            open_ones = judge.unanswered(lease, answer)
            listed = await self._listed(open_ones) if open_ones else set()
            digests = {i.sop_instance_uid: i.digests for i in instances}
            self._keep_waits(lease, outcomes)
            await self._record(
                lease, judge.after_answer(lease, answer, listed, digests), "answered"
            )
            self._trouble.over()
        except SourceChanged as error:
            changed = {i.planned.row for i in instances if i.has_changed}
            reason = f"{error.what} {error.remedy}"
            await self._record(lease, judge.after_source_change(lease, changed, reason), "source")
        except BodyTooLarge:
            await self._record(lease, judge.after_too_large(lease), "too large")
        except PASSING as error:
            if not error.retry.allowed:
                await self._ledger(postpone, lease, type(error).__name__)
                raise
            self._size.broken(lane.bytes_sent, time.monotonic() - began)
            lane.rewind()
            lane.state = "waiting to try again"
            self._order.lanes.troubled(began)
            is_strike = isinstance(error, NodeFault) or self._trouble.successes > successes
            self._trouble.met(error)
            if error.reached_node:
                await self._settle_broken(lease, error, is_strike=is_strike)
            else:
                await self._ledger(postpone, lease, type(error).__name__)
        except NodeError as error:
            await self._ledger(postpone, lease, type(error).__name__)
            raise
        finally:
            self._meter.close(lane)

    def _keep_waits(self, lease: Lease, outcomes: Sequence[InstanceOutcome]) -> None:
        """Remember how long the node wants us to wait for instances that it refused for now."""
        now = asyncio.get_running_loop().time()
        rows = {i.sop_instance_uid: i.row for i in lease.instances}
        for outcome in outcomes:
            if outcome.verdict is Verdict.REFUSED and outcome.retry.after_s:
                self._not_before[rows[outcome.sop_instance_uid]] = now + outcome.retry.after_s

    async def _rest(self, instances: Sequence[PlannedInstance]) -> None:
        """Wait before instances that had trouble: as long as the node said, else a little."""
        now = asyncio.get_running_loop().time()
        strikes = max(i.attempts for i in instances)
        until = max(
            now + min(0.25 * (2**strikes - 1), 30.0),
            *(self._not_before.pop(i.row, 0.0) for i in instances),
        )
        while (left := until - asyncio.get_running_loop().time()) > 0:
            if self._order.should_stop():
                return
            await asyncio.sleep(min(left, _IDLE_S))

    async def _settle_broken(self, lease: Lease, error: NodeError, *, is_strike: bool) -> None:
        listed = await self._listed(lease.instances)
        judgement = judge.after_break(lease, error, listed, is_strike=is_strike)
        await self._record(lease, judgement, type(error).__name__)

    async def _listed(self, instances: Sequence[PlannedInstance]) -> Collection[SOPInstanceUID]:
        """Which of these the node lists. Waits for a node in trouble; empty where it cannot
        list, or when the run is to end before it answers (then they simply go again)."""
        wanted = {i.sop_instance_uid for i in instances}
        found: set[SOPInstanceUID] = set()
        for series in dict.fromkeys(i.series for i in instances):
            found |= wanted & set(await self._holdings(series))
        return found

    async def _holdings(self, series: SeriesRef) -> Collection[SOPInstanceUID]:
        while not self._order.should_stop():
            await self._trouble.wait(self._order.should_stop)
            try:
                destination = self._order.destination
                held = await self._node.holdings(series, destination)
                return held.keys() | (await self._node.waiting(series, destination)).keys()
            except NotSupported:
                return ()
            except PASSING as error:
                self._trouble.met(error)
        return ()

    async def _record(self, lease: Lease, judgement: judge.Judgement, outcome: str) -> None:
        settled: list[Settled] = judgement[0]
        checkpoint.passed("before-record")
        await self._ledger(
            settle, lease.batch_id, settled, judgement[1], lease.attempt_row or None, outcome
        )
        checkpoint.passed("recorded")
        self._meter.acknowledged(*judge.acknowledged_bytes(lease, settled))
