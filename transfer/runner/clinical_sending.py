"""Clinical items to the node: each is sent, read back, compared, and recorded by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from transfer import checkpoint
from transfer.clinical.leaving import (
    ClinicalDocument,
    ClinicalItem,
    ClinicalOutcome,
    ClinicalSubject,
    ClinicalVerdict,
    ClinicalWay,
    Held,
)
from transfer.clinical.outgoing.going import patients_with_rows
from transfer.errors import BodyTooLarge, ClinicalRefused, NodeError, SourceChanged
from transfer.ledger.clinical_items import (
    Item,
    item_of,
    record_attempt,
    record_differs,
    record_failed,
    record_sent,
    record_verified,
    subjects_of,
)
from transfer.outgoing import Throttle
from transfer.runner.clinical_files import ContentFile, TableFile, TableOnDisk
from transfer.runner.clinical_making import Leaving, leaving_pages, next_page, sha256_of
from transfer.runner.clinical_words import KnownToNobody, without_name, without_names
from transfer.runner.judge import BROKEN_TO_FAIL
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.patience import Stopped, Stubborn, patiently
from transfer.runner.stop import Stop
from transfer.runner.stream import Watch

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.ledger.connection import Ledger
    from transfer.node import Node

_T = TypeVar("_T")
_IDLE_S: Final = 0.1
_ATTEMPTS: Final = 2
_OTHERWISE: Final = (
    "Made again, the data came out differently; they were not sent. Send again: they are made anew."
)
_NOT_THERE: Final = (
    "The node acknowledged the data and does not give them back. Ask the node's administrator"
    " whether the account may write there, then send again."
)
_BACK_OTHERWISE: Final = (
    "The node acknowledged the data and gives back others. Ask the node's administrator who else"
    " writes there, then send again."
)


@dataclass(frozen=True, slots=True)
class _Work:
    item: Item
    going: ClinicalItem


class ClinicalSender:
    """Sends what is missing, in as many lanes as the node takes."""

    def __init__(
        self,
        ledger: LedgerThread,
        reader: LedgerThread,
        node: Node,
        way: ClinicalWay,
        watch: Watch,
        stop: Stop,
        destination: str,
        *,
        overwrites: bool,
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._node = node
        self._way = way
        self._watch = watch
        self._stop = stop
        self._destination = destination
        self._overwrites = overwrites
        self._queue: asyncio.Queue[_Work | None] = asyncio.Queue(2 * max(1, way.max_concurrency))
        self._waiting = 0
        self._is_filled = False
        self._out: Outgoing | None = None
        self._known = KnownToNobody()

    async def run(self, out: Outgoing, tables: Sequence[TableOnDisk]) -> None:
        """Send all that is not known to be there. Ends early when the run is to end.

        Raises:
            NodeError: the node, or the way to it, is in trouble for too long, or refuses us.
        """
        self._out = out
        lanes = max(1, self._way.max_concurrency)

        async def fill() -> None:
            async for work in self._all(out, tables):
                self._waiting += 1
                await self._queue.put(work)
            self._is_filled = True
            for _ in range(lanes):
                await self._queue.put(None)

        async with asyncio.TaskGroup() as group:
            group.create_task(fill())
            for number in range(lanes):
                group.create_task(self._lane(number))

    async def _all(self, out: Outgoing, tables: Sequence[TableOnDisk]) -> AsyncIterator[_Work]:
        if self._way.by_subject:
            pages = await self._reader(lambda _: leaving_pages(out))
            while page := await self._reader(next_page, pages):
                if self._stop():
                    return
                items = await self._ledger(subjects_of, [one.patient for one in page])
                missing = [
                    (one, item)
                    for one in page
                    if (item := items.get(one.patient)) is not None and self._is_missing(item)
                ]
                for one, item in missing:
                    yield await asyncio.to_thread(self._work, one, item)
        if self._way.by_file:
            for table in tables:
                found = await self._ledger(item_of, "file", None, table.name)
                if found is not None and self._is_missing(found):
                    file = TableFile(table, self._watch.bandwidth)
                    yield _Work(found, ClinicalItem(file, media_type="text/csv"))

    def _is_missing(self, item: Item) -> bool:
        # What cannot be put into the node's form was recorded when it was made.
        may_go = bool(item.sha256) and item.state != "verified"
        return may_go and (item.state != "sent" or self._way.reads_back)

    def _work(self, one: Leaving, item: Item) -> _Work:
        document = self._node.clinical_document(one.subject)
        if sha256_of(document) != item.sha256:
            item = replace(item, sha256="")
        return _Work(item, item_of_subject(one.subject, document, self._watch.bandwidth))

    async def _lane(self, number: int) -> None:
        while True:
            if number >= self._watch.concurrency and not self._stop():
                if self._is_filled and not self._waiting:
                    return
                await asyncio.sleep(_IDLE_S)
                continue
            work = await self._queue.get()
            if work is None:
                return
            self._waiting -= 1
            # Taken also when the run is to end, so that the filling ends; it goes in the next one.
            if not self._stop():
                await self._deliver_or_record(work)

    async def _deliver_or_record(self, work: _Work) -> None:
        try:
            await self._deliver(work)
        except Stopped:
            return
        except Stubborn as given_up:
            await self._fail(work, given_up.error)
        except (ClinicalRefused, BodyTooLarge, SourceChanged) as error:
            await self._fail(work, error)

    async def _fail(self, work: _Work, error: NodeError | SourceChanged) -> None:
        said = await self._nameless(work, f"{error.what} {error.remedy}")
        await self._ledger(record_failed, work.item.row, said)

    async def _nameless(self, work: _Work, said: str) -> str:
        """A node's words with keys of patients where it says names, and without originals."""
        out, key, subject = self._out, work.item.key, work.going.subject
        if not said:
            return said

        def nameless(ledger: Ledger) -> str:
            keyed = without_name(said, subject, key)
            if not subject and out is not None:
                keyed = without_names(said, out, patients_with_rows(ledger, 0))
            return self._known.told(ledger, keyed, key)

        return await self._reader(nameless)

    async def _deliver(self, work: _Work) -> None:
        row = work.item.row
        if not work.item.sha256:
            await self._ledger(record_failed, row, _OTHERWISE)
            return
        if work.item.state == "sent" and await self._is_settled_by(work, await self._held(work)):
            return
        for _ in range(_ATTEMPTS):
            await self._ledger(record_attempt, row)
            checkpoint.passed("clinical-leased")
            outcome = await self._send(work)
            checkpoint.passed("clinical-answered")
            if outcome.verdict is ClinicalVerdict.DIFFERS:
                said = await self._nameless(work, outcome.reason)
                await self._ledger(record_differs, row, said)
                return
            if outcome.verdict is ClinicalVerdict.REFUSED:
                said = await self._nameless(work, outcome.reason)
                await self._ledger(record_failed, row, said)
                return
            await self._ledger(record_sent, row)
            checkpoint.passed("clinical-sent")
            if not self._way.reads_back:
                self._watch.meter.done += 1
                return
            held = await self._held(work)
            if await self._is_settled_by(work, held):
                return
            if held is Held.OTHER:
                await self._ledger(record_failed, row, _BACK_OTHERWISE)
                return
        await self._ledger(record_failed, row, _NOT_THERE)

    async def _send(self, work: _Work) -> ClinicalOutcome:
        return await self._ask(
            lambda: self._node.send_clinical(
                work.going, self._destination, overwrite=self._overwrites
            )
        )

    async def _held(self, work: _Work) -> Held:
        return await self._ask(lambda: self._node.held_clinical(work.going, self._destination))

    async def _is_settled_by(self, work: _Work, held: Held) -> bool:
        """Whether nothing is left to do for it; what the node does not tell stays as it is."""
        if held is Held.SAME:
            await self._ledger(record_verified, work.item.row)
            checkpoint.passed("clinical-verified")
        elif held is not Held.UNTOLD:
            return False
        self._watch.meter.done += 1
        return True

    async def _ask(self, call: Callable[[], Awaitable[_T]]) -> _T:
        return await patiently(self._watch, self._stop, call, strikes=BROKEN_TO_FAIL)


def item_of_subject(
    subject: ClinicalSubject, document: ClinicalDocument, throttle: Throttle
) -> ClinicalItem:
    """A subject's document on its way out."""
    return ClinicalItem(
        ContentFile(document.name, document.content, throttle),
        subject=subject.pseudonym,
        media_type=document.media_type,
        format="JSON" if "json" in document.media_type else "CSV",
    )
