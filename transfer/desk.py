"""The processes of `transfer.workers` for an event loop, which never waits for them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final, Generic

from transfer.errors import UsageError
from transfer.workers import CHANCES, Answer, Item, Job, Trade, Worker, end_all

# One in work and one that waits in the pipe: none idles until the loop has read its answer.
_IN_HAND: Final = 2


class Desk(Generic[Item, Answer]):
    """Processes that are asked one thing after the other by whoever comes.

    They start with the first question. Nothing here holds a thread: a file server that hangs
    keeps neither the loop nor the end of the program waiting.
    """

    def __init__(self, processes: int, trade: Trade[Item, Answer]) -> None:
        self._processes = processes
        self._trade = trade
        self._workers: list[Worker[Item, Answer]] = []
        self._waiting: deque[Job[Item, Answer]] = deque()
        self._asked: dict[Job[Item, Answer], asyncio.Future[Answer]] = {}

    async def ask(self, item: Item) -> Answer:
        """The answer to one item, by whichever process is free first. May be cancelled; the
        process then finishes for nobody.

        Raises:
            UsageError: no process can be started.
        """
        job: Job[Item, Answer] = Job([item], self._trade.size_of(item))
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[job] = answer
        self._waiting.append(job)
        self._give_out()
        return await answer

    def _give_out(self) -> None:
        while self._waiting:
            if self._asked[self._waiting[0]].done():
                del self._asked[self._waiting.popleft()]
                continue
            try:
                worker = self._next_worker()
            except UsageError as error:
                self._refuse(self._waiting.popleft(), error)
                continue
            if len(worker.hand) >= _IN_HAND or not worker.has_room_for(self._waiting[0], ()):
                return
            worker.give(self._waiting.popleft(), ())

    def _next_worker(self) -> Worker[Item, Answer]:
        idlest = min(self._workers, key=lambda w: len(w.hand), default=None)
        if idlest is not None and (not idlest.hand or len(self._workers) >= self._processes):
            return idlest
        worker = Worker.start(self._trade)
        self._workers.append(worker)
        self._listen(worker)
        return worker

    def _listen(self, worker: Worker[Item, Answer]) -> None:
        asyncio.get_running_loop().add_reader(worker.pipe.fileno(), self._hear, worker)

    def _hear(self, worker: Worker[Item, Answer]) -> None:
        """Take what a process says, and give it more to do."""
        # Its end is heard too, also where it had nothing to do.
        job = worker.hand[0] if worker.is_ready and worker.hand else None
        try:
            worker.take()
        except (EOFError, OSError):
            self._replace(worker)
        else:
            if job is not None and job.answers is not None:
                self._settle(job, job.answers[0])
        self._give_out()

    def _replace(self, dead: Worker[Item, Answer]) -> None:
        """Put a fresh process in a dead one's place; what that had in hand is done again."""
        asyncio.get_running_loop().remove_reader(dead.pipe.fileno())
        self._workers.remove(dead)
        dead.end(time.monotonic())
        if dead.is_ready and dead.hand:
            suspect = dead.hand[0]
            suspect.deaths += 1
            if suspect.deaths >= CHANCES:
                dead.hand.popleft()
                self._settle(suspect, self._trade.died(suspect.items[0]))
        try:
            fresh = dead.successor(self._trade)
        except UsageError as error:
            for job in dead.hand:
                self._refuse(job, error)
            return
        self._workers.append(fresh)
        self._listen(fresh)
        for job in dead.hand:
            fresh.give(job, ())

    def _settle(self, job: Job[Item, Answer], answer: Answer) -> None:
        asked = self._asked.pop(job)
        if not asked.done():
            asked.set_result(answer)

    def _refuse(self, job: Job[Item, Answer], error: UsageError) -> None:
        asked = self._asked.pop(job)
        if not asked.done():
            asked.set_exception(error)

    async def aclose(self) -> None:
        """End every process, whatever it is doing."""
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()
        self._waiting.clear()
        workers, self._workers = self._workers, []
        for worker in workers:
            asyncio.get_running_loop().remove_reader(worker.pipe.fileno())
        if workers:
            await asyncio.to_thread(end_all, workers)
