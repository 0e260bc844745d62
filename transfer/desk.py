"""The processes of `transfer.workers` for an event loop, which never waits for them."""

from __future__ import annotations

import asyncio
import time
from multiprocessing.connection import Connection
from typing import Any, Generic

from transfer.workers import CHANCES, Answer, Item, Job, Trade, Worker, end_all


class Desk(Generic[Item, Answer]):
    """Processes that are each asked one thing at a time.

    They start with the first question. Nothing here holds a thread: a file server that hangs
    keeps neither the loop nor the end of the program waiting.
    """

    def __init__(self, processes: int, trade: Trade[Item, Answer]) -> None:
        self._processes = processes
        self._trade = trade
        self._workers: list[Worker[Item, Answer]] = []
        self._free: asyncio.Queue[int] = asyncio.Queue()
        self._open: set[asyncio.Task[Answer]] = set()

    async def ask(self, item: Item) -> Answer:
        """The answer to one item, by whichever process is free first. May be cancelled; the
        process then finishes for nobody.

        Raises:
            UsageError: no process can be started.
        """
        if len(self._workers) < self._processes and self._free.empty():
            self._workers.append(Worker.start(self._trade))
            self._free.put_nowait(len(self._workers) - 1)
        place = await self._free.get()
        task = asyncio.create_task(self._exchange(place, item))
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        return await asyncio.shield(task)

    async def _exchange(self, place: int, item: Item) -> Answer:
        job: Job[Item, Answer] = Job([item], self._trade.size_of(item))
        deaths = 0
        try:
            while deaths < CHANCES:
                worker = self._workers[place]
                worker.give(job, ())
                try:
                    while job.answers is None:
                        await _readable(worker.pipe)
                        worker.take()
                    return job.answers[0]
                except (EOFError, OSError):
                    self._workers[place] = worker.successor(self._trade)
                    worker.end(time.monotonic())
                    deaths += worker.is_ready
            return self._trade.died(item)
        finally:
            self._free.put_nowait(place)

    async def aclose(self) -> None:
        """End every process, whatever it is doing."""
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        workers, self._workers = self._workers, []
        if workers:
            await asyncio.to_thread(end_all, workers)


async def _readable(pipe: Connection[Any, Any]) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(pipe.fileno(), lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        loop.remove_reader(pipe.fileno())
