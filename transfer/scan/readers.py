"""The worker processes that read headers, in order, and survive a file that kills one."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType

from transfer.scan.facts import FileFacts, FileKind, FileVerdict

FILES_PER_TASK = 16

Task = list[tuple[int, bytes]]
Read = list[tuple[int, FileFacts]]


def _die_with_parent() -> None:
    # A worker holds both ends of its own queue and so never notices that the runner was killed.
    parent = multiprocessing.parent_process()
    assert parent is not None, "only worker processes run this"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="parent-watch").start()


def _read(task: Task) -> Read:
    from transfer.scan.inspect import inspect_file

    return [(row, inspect_file(path)) for row, path in task]


class Readers:
    """A pool of reading processes, bounded in what it has in hand."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._pool = self._start()

    def _start(self) -> ProcessPoolExecutor:
        # Spawned, not forked: a fork would inherit the runner's lock and keep it after a crash.
        return ProcessPoolExecutor(
            self._processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_die_with_parent,
        )

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=kind is None, cancel_futures=True)

    def read(self, files: Iterable[tuple[int, bytes]]) -> Iterator[Read]:
        """Facts of the files in the order given, a few at a time.

        A file whose reading ends its process is `rejected` with reason `reader-died`; all others
        are read by a fresh process.
        """
        hand: deque[tuple[Task, Future[Read]]] = deque()
        for task in _tasks(files):
            hand.append((task, self._submit(task)))
            if len(hand) >= 4 * self._processes:
                yield from self._next(hand)
        while hand:
            yield from self._next(hand)

    def _submit(self, task: Task) -> Future[Read]:
        try:
            return self._pool.submit(_read, task)
        except BrokenProcessPool as error:
            failed: Future[Read] = Future()
            failed.set_exception(error)
            return failed

    def _next(self, hand: deque[tuple[Task, Future[Read]]]) -> Iterator[Read]:
        task, future = hand.popleft()
        try:
            yield future.result()
        except BrokenProcessPool:
            yield from self._one_by_one(task)
            for place, (other, lost) in enumerate(hand):
                if lost.done() and isinstance(lost.exception(), BrokenProcessPool):
                    hand[place] = (other, self._submit(other))

    def _one_by_one(self, task: Task) -> Iterator[Read]:
        self._restart()
        for row, path in task:
            try:
                yield self._pool.submit(_read, [(row, path)]).result()
            except BrokenProcessPool:
                self._restart()
                yield [(row, FileFacts(FileKind.OTHER, FileVerdict.REJECT, ("reader-died",), None))]

    def _restart(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._start()


def _tasks(files: Iterable[tuple[int, bytes]]) -> Iterator[Task]:
    task: Task = []
    for file in files:
        task.append(file)
        if len(task) == FILES_PER_TASK:
            yield task
            task = []
    if task:
        yield task
