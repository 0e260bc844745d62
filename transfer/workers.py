"""Worker processes that survive a file which kills one; what they had in hand is done again.

Each has a pipe of its own and shares no lock with the others: a process that is killed takes
nothing along but what it had in hand, and its pipe says so. It ends when the runner does, since
then nobody holds the other end of its pipe. What a worker needs to know, secrets perhaps, comes
through the pipe too: arguments and environment can be read by others.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from transfer.errors import UsageError

_TASKS_IN_HAND = 8
# A process that starts reads the program first: as long as one task takes, or longer.
_WORTH_A_START = 2
# What waits in a pipe must fit into it, or both ends could wait for each other for ever.
_BYTES_IN_HAND = 32 * 1024
# Whoever runs out of memory has a process killed, not always the one whose file is to blame.
CHANCES: Final = 3
# A process that ends before it can take up anything says nothing about any file.
_STARTS = 5
_WAIT_S = 0.5
_BURIAL_S = 2.0

_READY: Final = "ready"

Item = TypeVar("Item")
Answer = TypeVar("Answer")
News = deque[Any]
"""What a worker was told and has not looked at yet, oldest first; it takes out what it read."""


@dataclass(frozen=True, slots=True)
class Trade(Generic[Item, Answer]):
    """What the processes of a pool do.

    `begin` makes the function that answers one item, once in each process, out of `setup` and of
    the news that may come later; it must be found by its name, at the top of a module. `died`
    gives the answer for an item whose work ends its process again and again; `size_of` tells how
    many bytes an item takes in a pipe.
    """

    begin: Callable[[Any, News], Callable[[Item], Answer]]
    setup: object
    died: Callable[[Item], Answer]
    size_of: Callable[[Item], int]
    items_per_task: int = 16


@contextmanager
def _deaf_to_the_terminal() -> Iterator[None]:
    """What is started here never hears ctrl+c or a lost line: the runner alone decides."""
    # The first spawn starts the tracker, which unblocks SIGINT behind our back.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(pipe: Connection[Any, Any]) -> None:
    try:
        begin, setup = pipe.recv()
        news: News = deque()
        answer = begin(setup, news)
        pipe.send(_READY)
        while True:
            told, items = pipe.recv()
            news.extend(pickle.loads(one) for one in told)  # noqa: S301 - of our own process
            pipe.send([answer(item) for item in items])
    except BaseException:  # noqa: BLE001 - the runner is gone, or a file broke us: it finds out itself
        # Without a traceback: it could name the file, and files are named after patients.
        os._exit(1)


# Spawned, not forked: a fork would inherit the runner's lock and keep it after a crash.
class _Process(SpawnProcess):
    """Never waited for longer than `patience_s`, not by the interpreter's own end either.

    A killed process that waits for a file server is gone only when the server answers.
    """

    patience_s = _BURIAL_S

    def join(self, timeout: float | None = None) -> None:
        super().join(self.patience_s if timeout is None else timeout)


@dataclass(eq=False, slots=True)
class Job(Generic[Item, Answer]):
    """Items for one process. `deaths` counts the processes that an item took on its own."""

    items: list[Item]
    size_bytes: int
    answers: list[Answer] | None = None
    deaths: int = 0


@dataclass(eq=False, slots=True)
class Worker(Generic[Item, Answer]):
    """One process, the jobs that it was given and has not answered, in their order, and how many
    of the news it has heard. `start_number` counts from 1 in a row of processes of which none
    before it was ever ready."""

    process: _Process
    pipe: Connection[Any, Any]
    start_number: int
    hand: deque[Job[Item, Answer]] = field(default_factory=deque)
    heard: int = 0
    is_ready: bool = False

    @classmethod
    def start(cls, trade: Trade[Item, Answer], start_number: int = 1) -> Worker[Item, Answer]:
        """Start a process.

        Raises:
            UsageError: the machine starts no more, or those before it never got ready.
        """
        if start_number > _STARTS:
            raise _cannot_start()
        try:
            ours, theirs = multiprocessing.Pipe()
            process = _Process(target=_work, args=(theirs,), daemon=True)
            with _deaf_to_the_terminal(), theirs:
                process.start()
        except OSError as error:
            raise _cannot_start() from error
        # A process that has died is found out when it is to answer.
        with suppress(OSError):
            ours.send((trade.begin, trade.setup))
        return cls(process, ours, start_number)

    def successor(self, trade: Trade[Item, Answer]) -> Worker[Item, Answer]:
        """A fresh process for the place of this one, which has died. Raises as `start`."""
        return self.start(trade, 1 if self.is_ready else self.start_number + 1)

    def has_room_for(self, job: Job[Item, Answer], news: Sequence[bytes]) -> bool:
        if not self.hand:
            return True
        waiting = sum(other.size_bytes for other in self.hand) + job.size_bytes
        waiting += sum(len(one) for one in news[self.heard :])
        return len(self.hand) < _TASKS_IN_HAND and waiting <= _BYTES_IN_HAND

    def give(self, job: Job[Item, Answer], news: Sequence[bytes]) -> None:
        self.hand.append(job)
        unheard, self.heard = list(news[self.heard :]), len(news)
        with suppress(OSError):
            self.pipe.send((unheard, job.items))

    def take(self) -> None:
        """Wait for what the process says next: that it is ready, then the answer to each job.

        Raises:
            EOFError, OSError: the process has died.
        """
        said = self.pipe.recv()
        if self.is_ready:
            self.hand.popleft().answers = said
        self.is_ready = True

    def end(self, deadline: float) -> None:
        """Kill the process, and wait for its end until `deadline` on the monotonic clock."""
        self.process.kill()
        self.pipe.close()
        self.process.join(max(deadline - time.monotonic(), 0.0))
        if self.process.exitcode is None:
            self.process.patience_s = 0.0
        else:
            self.process.close()


def _cannot_start() -> UsageError:
    return UsageError(
        "The processes that read and rewrite files cannot be started, or end at once.",
        "See that this machine has memory left and allows more processes, and that the program's"
        " installation is whole; then do the same again.",
    )


def end_all(workers: Sequence[Worker[Any, Any]]) -> None:
    for worker in workers:
        worker.process.kill()
    deadline = time.monotonic() + _BURIAL_S
    for worker in workers:
        worker.end(deadline)


class Pool(Generic[Item, Answer]):
    """Processes that answer items in their order, bounded in what they have in hand."""

    def __init__(self, processes: int, trade: Trade[Item, Answer]) -> None:
        self._trade = trade
        self._processes = processes
        # A handful of files is soonest done by one; the others start when there is work for them.
        self._workers = [Worker.start(trade)]
        self._order: deque[Job[Item, Answer]] = deque()
        self._news: list[bytes] = []

    def __enter__(self) -> Pool[Item, Answer]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end_all(self._workers)

    def tell(self, news: object) -> None:
        """Have every process know this before it takes up anything that is given out later."""
        self._news.append(pickle.dumps(news))

    def answers(self, items: Iterable[Item]) -> Iterator[list[Answer]]:
        """The answers to the items in the order given, a few at a time; one call at a time.

        Empty after half a second without an answer, so that whoever asks may give up: a file
        server that hangs holds a process for as long as it likes.

        An item whose work ends its process again and again gets the trade's answer for that; all
        others are done by a fresh process.

        Raises:
            UsageError: no fresh process can be started.
        """
        jobs = self._jobs(items)
        order = self._order
        job = next(jobs, None)
        while order or job is not None:
            while job is not None and len(order) < 2 * _TASKS_IN_HAND * self._processes:
                worker = self._next_worker()
                if not worker.has_room_for(job, self._news):
                    break
                worker.give(job, self._news)
                order.append(job)
                job = next(jobs, None)
            if order[0].answers is None and not self._collect():
                yield []
            while order and (answers := order[0].answers) is not None:
                order.popleft()
                yield answers

    def _next_worker(self) -> Worker[Item, Answer]:
        worker = min(self._workers, key=lambda w: len(w.hand))
        if len(worker.hand) >= _WORTH_A_START and len(self._workers) < self._processes:
            worker = Worker.start(self._trade)
            self._workers.append(worker)
        return worker

    def _jobs(self, items: Iterable[Item]) -> Iterator[Job[Item, Answer]]:
        task: list[Item] = []
        for item in items:
            task.append(item)
            if len(task) == self._trade.items_per_task:
                yield self._job(task)
                task = []
        if task:
            yield self._job(task)

    def _job(self, items: list[Item]) -> Job[Item, Answer]:
        return Job(items, sum(self._trade.size_of(item) for item in items))

    def _collect(self) -> bool:
        """Wait until a process has answered, or has died; False when none did for a while."""
        busy = {worker.pipe: place for place, worker in enumerate(self._workers) if worker.hand}
        ready = wait(list(busy), _WAIT_S)
        for pipe in ready:
            assert isinstance(pipe, Connection), "nothing else is waited for"
            place = busy[pipe]
            try:
                self._workers[place].take()
            except (EOFError, OSError):
                self._replace(place)
        return bool(ready)

    def _replace(self, place: int) -> None:
        """Put a fresh process in a dead one's place; what that had in hand is done again, the
        job that it died of item by item."""
        dead = self._workers[place]
        self._workers[place] = dead.successor(self._trade)
        dead.end(time.monotonic() + _BURIAL_S)
        suspect, *others = dead.hand
        if not dead.is_ready:
            others = list(dead.hand)
        elif len(suspect.items) > 1:
            alone = [self._job([item]) for item in suspect.items]
            at = self._order.index(suspect)
            del self._order[at]
            for job in reversed(alone):
                self._order.insert(at, job)
            others = alone + others
        elif suspect.deaths + 1 < CHANCES:
            suspect.deaths += 1
            others = [suspect, *others]
        else:
            suspect.answers = [self._trade.died(suspect.items[0])]
        for job in others:
            self._workers[place].give(job, self._news)
