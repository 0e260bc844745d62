"""The worker processes that read headers, in order, and survive a file that kills one.

Each has a pipe of its own and shares no lock with the others: a process that is killed takes
nothing along but what it had in hand, and its pipe says so. It ends when the runner does, since
then nobody holds the other end of its pipe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from transfer.scan.facts import FileFacts, FileKind, FileVerdict

FILES_PER_TASK = 16
_TASKS_IN_HAND = 8
# What waits in a pipe must fit into it, or both ends could wait for each other for ever.
_BYTES_IN_HAND = 32 * 1024
# Whoever runs out of memory has a process killed, not always the one whose file is to blame.
_CHANCES = 3

Task = list[tuple[int, bytes]]
Read = list[tuple[int, FileFacts]]


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
    from transfer.scan.inspect import inspect_file

    try:
        while True:
            task: Task = pipe.recv()
            pipe.send([(row, inspect_file(path)) for row, path in task])
    except Exception:  # noqa: BLE001 - the runner is gone, or a file broke us: it finds out itself
        # Without a traceback: it could name the file, and files are named after patients.
        os._exit(1)


@dataclass(eq=False, slots=True)
class _Job:
    task: Task
    read: Read | None = None

    @property
    def size_bytes(self) -> int:
        return sum(len(path) for _, path in self.task)


@dataclass(eq=False, slots=True)
class _Reader:
    """One process, and the jobs that it was given and has not answered, in their order."""

    process: multiprocessing.process.BaseProcess
    pipe: Connection[Any, Any]
    hand: deque[_Job] = field(default_factory=deque)

    @classmethod
    def start(cls) -> _Reader:
        # Spawned, not forked: a fork would inherit the runner's lock and keep it after a crash.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs,), daemon=True)
        with _deaf_to_the_terminal(), theirs:
            process.start()
        return cls(process, ours)

    def has_room_for(self, job: _Job) -> bool:
        waiting = sum(other.size_bytes for other in self.hand)
        return not self.hand or (
            len(self.hand) < _TASKS_IN_HAND and waiting + job.size_bytes <= _BYTES_IN_HAND
        )

    def give(self, job: _Job) -> None:
        self.hand.append(job)
        # A process that has died is found out by `take`.
        with suppress(OSError):
            self.pipe.send(job.task)

    def take(self) -> None:
        """Wait for the answer to the oldest job.

        Raises:
            EOFError, OSError: the process has died.
        """
        self.hand[0].read = self.pipe.recv()
        self.hand.popleft()

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


class Readers:
    """Reading processes, bounded in what they have in hand."""

    def __init__(self, processes: int) -> None:
        self._readers = [_Reader.start() for _ in range(processes)]

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for reader in self._readers:
            reader.end()

    def read(self, files: Iterable[tuple[int, bytes]]) -> Iterator[Read]:
        """Facts of the files in the order given, a few at a time.

        A file whose reading ends its process again and again is `rejected` with reason
        `reader-died`; all others are read by a fresh process.
        """
        jobs = (_Job(task) for task in _tasks(files))
        order: deque[_Job] = deque()
        job = next(jobs, None)
        while order or job is not None:
            while job is not None and len(order) < 2 * _TASKS_IN_HAND * len(self._readers):
                reader = min(self._readers, key=lambda r: len(r.hand))
                if not reader.has_room_for(job):
                    break
                reader.give(job)
                order.append(job)
                job = next(jobs, None)
            if order[0].read is None:
                self._collect()
            while order and (read := order[0].read) is not None:
                order.popleft()
                yield read

    def _collect(self) -> None:
        """Wait until a process has answered, or has died."""
        busy = {reader.pipe: place for place, reader in enumerate(self._readers) if reader.hand}
        for pipe in wait(list(busy)):
            assert isinstance(pipe, Connection), "nothing else is waited for"
            place = busy[pipe]
            try:
                self._readers[place].take()
            except (EOFError, OSError):
                self._replace(place)

    def _replace(self, place: int) -> None:
        """Put a fresh process in a dead one's place; what that had in hand is read again."""
        suspect, *others = self._renew(place)
        suspect.read = [self._alone(place, file) for file in suspect.task]
        for job in others:
            self._readers[place].give(job)

    def _renew(self, place: int) -> Iterable[_Job]:
        dead = self._readers[place]
        self._readers[place] = _Reader.start()
        dead.end()
        return dead.hand

    def _alone(self, place: int, file: tuple[int, bytes]) -> tuple[int, FileFacts]:
        for _ in range(_CHANCES):
            job = _Job([file])
            self._readers[place].give(job)
            try:
                self._readers[place].take()
            except (EOFError, OSError):
                self._renew(place)
            if job.read is not None:
                return job.read[0]
        return file[0], FileFacts(FileKind.OTHER, FileVerdict.REJECT, ("reader-died",), None)


def _tasks(files: Iterable[tuple[int, bytes]]) -> Iterator[Task]:
    task: Task = []
    for file in files:
        task.append(file)
        if len(task) == FILES_PER_TASK:
            yield task
            task = []
    if task:
        yield task
