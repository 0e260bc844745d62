"""The worker processes that read headers, in order, and survive a file that kills one.

Each has a pipe of its own and shares no lock with the others: a process that is killed takes
nothing along but what it had in hand, and its pipe says so. It ends when the runner does, since
then nobody holds the other end of its pipe.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from transfer.scan.facts import FileFacts, FileKind, FileVerdict

FILES_PER_TASK = 16
_TASKS_IN_HAND = 8
# What waits in a pipe must fit into it, or both ends could wait for each other for ever.
_BYTES_IN_HAND = 32 * 1024
# Whoever runs out of memory has a process killed, not always the one whose file is to blame.
_CHANCES = 3
_WAIT_S = 0.5
_BURIAL_S = 2.0

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


# Spawned, not forked: a fork would inherit the runner's lock and keep it after a crash.
class _Process(SpawnProcess):
    """Never waited for longer than `patience_s`, not by the interpreter's own end either.

    A killed process that waits for a file server is gone only when the server answers.
    """

    patience_s = _BURIAL_S

    def join(self, timeout: float | None = None) -> None:
        super().join(self.patience_s if timeout is None else timeout)


@dataclass(eq=False, slots=True)
class _Job:
    """Files for one process. `deaths` counts the processes that a file took on its own."""

    task: Task
    read: Read | None = None
    deaths: int = 0

    @property
    def size_bytes(self) -> int:
        return sum(len(path) for _, path in self.task)


@dataclass(eq=False, slots=True)
class _Reader:
    """One process, and the jobs that it was given and has not answered, in their order."""

    process: _Process
    pipe: Connection[Any, Any]
    hand: deque[_Job] = field(default_factory=deque)

    @classmethod
    def start(cls) -> _Reader:
        ours, theirs = multiprocessing.Pipe()
        process = _Process(target=_work, args=(theirs,), daemon=True)
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

    def end(self, deadline: float) -> None:
        """Kill the process, and wait for its end until `deadline` on the monotonic clock."""
        self.process.kill()
        self.pipe.close()
        self.process.join(max(deadline - time.monotonic(), 0.0))
        if self.process.exitcode is None:
            self.process.patience_s = 0.0
        else:
            self.process.close()


class Readers:
    """Reading processes, bounded in what they have in hand."""

    def __init__(self, processes: int) -> None:
        self._readers = [_Reader.start() for _ in range(processes)]
        self._order: deque[_Job] = deque()

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for reader in self._readers:
            reader.process.kill()
        deadline = time.monotonic() + _BURIAL_S
        for reader in self._readers:
            reader.end(deadline)

    def read(self, files: Iterable[tuple[int, bytes]]) -> Iterator[Read]:
        """Facts of the files in the order given, a few at a time.

        Empty after half a second without an answer, so that whoever asks may give up: a file
        server that hangs holds a process for as long as it likes.

        A file whose reading ends its process again and again is `rejected` with reason
        `reader-died`; all others are read by a fresh process.
        """
        jobs = (_Job(task) for task in _tasks(files))
        order = self._order
        job = next(jobs, None)
        while order or job is not None:
            while job is not None and len(order) < 2 * _TASKS_IN_HAND * len(self._readers):
                reader = min(self._readers, key=lambda r: len(r.hand))
                if not reader.has_room_for(job):
                    break
                reader.give(job)
                order.append(job)
                job = next(jobs, None)
            if order[0].read is None and not self._collect():
                yield []
            while order and (read := order[0].read) is not None:
                order.popleft()
                yield read

    def _collect(self) -> bool:
        """Wait until a process has answered, or has died; False when none did for a while."""
        busy = {reader.pipe: place for place, reader in enumerate(self._readers) if reader.hand}
        ready = wait(list(busy), _WAIT_S)
        for pipe in ready:
            assert isinstance(pipe, Connection), "nothing else is waited for"
            place = busy[pipe]
            try:
                self._readers[place].take()
            except (EOFError, OSError):
                self._replace(place)
        return bool(ready)

    def _replace(self, place: int) -> None:
        """Put a fresh process in a dead one's place; what that had in hand is read again, the
        job that it died of file by file."""
        dead = self._readers[place]
        self._readers[place] = _Reader.start()
        dead.end(time.monotonic() + _BURIAL_S)
        suspect, *others = dead.hand
        if len(suspect.task) > 1:
            alone = [_Job([file]) for file in suspect.task]
            at = self._order.index(suspect)
            del self._order[at]
            for job in reversed(alone):
                self._order.insert(at, job)
            others = alone + others
        elif suspect.deaths + 1 < _CHANCES:
            suspect.deaths += 1
            others = [suspect, *others]
        else:
            died = FileFacts(FileKind.OTHER, FileVerdict.REJECT, ("reader-died",), None)
            suspect.read = [(suspect.task[0][0], died)]
        for job in others:
            self._readers[place].give(job)


def _tasks(files: Iterable[tuple[int, bytes]]) -> Iterator[Task]:
    task: Task = []
    for file in files:
        task.append(file)
        if len(task) == FILES_PER_TASK:
            yield task
            task = []
    if task:
        yield task
