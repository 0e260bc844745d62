"""One question to the node, asked until it is answered: for as long as its trouble may pass, and
not while the run is paused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeVar

from transfer.errors import NodeError, NodeFault
from transfer.runner.sender import PASSING
from transfer.runner.stream import Watch, supervise

if TYPE_CHECKING:
    from transfer.runner.ledger_thread import LedgerThread
    from transfer.runner.settings import Settings
    from transfer.runner.stop import Stop

_T = TypeVar("_T")
_IDLE_S: Final = 0.1


class Stopped(Exception):
    """The run is to end."""


class Stubborn(Exception):
    """The node answers others and fails at this one each time; `error` is the last."""

    def __init__(self, error: NodeError) -> None:
        super().__init__(error.what)
        self.error = error


async def patiently(
    watch: Watch, stop: Stop, call: Callable[[], Awaitable[_T]], *, strikes: int = 0
) -> _T:
    """Ask until the node answers; waits while paused. With `strikes` it gives up after so many
    failures that are this one's own: the node's faults, and breaks while others got through.

    Raises:
        Stopped: the run is to end.
        Stubborn: the strikes are used up.
        NodeError: one that does not pass, or that has lasted for too long.
    """
    trouble, struck = watch.trouble, 0
    while True:
        await trouble.wait(stop)
        while watch.is_paused and not stop():  # noqa: ASYNC110 - a wish, no event
            await asyncio.sleep(_IDLE_S)
        if stop():
            raise Stopped
        successes = trouble.successes
        try:
            answer = await call()
        except PASSING as error:
            if not error.retry.allowed:
                raise
            struck += isinstance(error, NodeFault) or trouble.successes > successes
            if strikes and struck >= strikes:
                raise Stubborn(error) from error
            trouble.met(error)
        else:
            trouble.over()
            return answer


async def standing_by(
    ledger: LedgerThread,
    settings: Settings,
    stop: Stop,
    phase: str,
    call: Callable[[], Awaitable[_T]],
) -> _T:
    """The same where nothing else runs: what goes on is told, and wishes are followed, meanwhile.

    Raises:
        Stopped: the run is to end.
        NodeError: one that does not pass, or that has lasted for too long.
    """
    watch = Watch(ledger, settings, stop, 1)
    watch.phase = phase
    answers: list[_T] = []

    async def ask() -> None:
        answers.append(await patiently(watch, stop, call))

    await supervise(ask(), watch, stop, settings.stop_grace_s)
    if not answers:
        raise Stopped
    return answers[0]
