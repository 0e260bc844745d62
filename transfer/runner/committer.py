"""Nodes with an antechamber: each Study is taken over once, when all of it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from transfer import checkpoint
from transfer.errors import StudyRefused
from transfer.ledger.commits import (
    StudyToCommit,
    record_committed,
    record_study_refused,
    studies_to_commit,
)
from transfer.node import Node
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.pace import Trouble
from transfer.runner.sender import PASSING

_PAGE = 32
_PARALLEL = 2
_IDLE_S = 0.2


class Committer:
    """Commits Study by Study while others are still being sent."""

    def __init__(
        self,
        ledger: LedgerThread,
        node: Node,
        trouble: Trouble,
        *,
        destination: str,
        should_stop: Callable[[], bool],
    ) -> None:
        self._ledger = ledger
        self._node = node
        self._trouble = trouble
        self._destination = destination
        self._should_stop = should_stop
        self.is_done = False
        self.running = 0

    async def run(self, sender_is_done: Callable[[], bool]) -> None:
        """Commit until every Study that went is taken over or given up."""
        while not self._should_stop():
            done_before = sender_is_done()
            due = await self._ledger(studies_to_commit, _PAGE)
            if due:
                await self._commit_all(due)
            elif done_before:
                break
            else:
                await asyncio.sleep(_IDLE_S)
        self.is_done = True

    async def _commit_all(self, due: list[StudyToCommit]) -> None:
        limit = asyncio.Semaphore(_PARALLEL)

        async def one(study: StudyToCommit) -> None:
            async with limit:
                if not self._should_stop():
                    await self._commit(study)

        async with asyncio.TaskGroup() as group:
            for study in due:
                group.create_task(one(study))

    async def _commit(self, study: StudyToCommit) -> None:
        await self._trouble.wait(self._should_stop)
        if self._should_stop():
            return
        self.running += 1
        checkpoint.passed("before-commit")
        try:
            await self._node.commit_study(study.study, self._destination)
        except StudyRefused as error:
            await self._ledger(record_study_refused, study.row, f"{error.what} {error.remedy}")
        except PASSING as error:
            if not error.retry.allowed:
                raise
            self._trouble.met(error)
        else:
            checkpoint.passed("committed")
            await self._ledger(record_committed, study.row)
            self._trouble.over()
        finally:
            self.running -= 1
