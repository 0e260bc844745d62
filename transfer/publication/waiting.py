"""Waiting for the platform, which may take days: seldom asked, and as seldom after a new start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from transfer.errors import NodeError
from transfer.journey.waiting import since
from transfer.ledger.publication import bound_dataset, read_trouble
from transfer.publication.looking import look_of
from transfer.publication.means import Means
from transfer.publication.standing import Look
from transfer.publication.values import Stage

WAIT_EVERY_S: Final = 600.0
"""No platform is asked more often than that whether it has published."""


async def wait(
    means: Means, look: Callable[[], Awaitable[Look]], for_s: float, told: Callable[[Look], None]
) -> Look:
    """Look now and then; see `Carrier.wait`."""
    left_s = for_s
    while True:
        due_s = _due_s(means)
        if due_s > left_s:
            await means.sleep(left_s)
            return _seen(means)
        if due_s > 0:
            await means.sleep(due_s)
            left_s -= due_s
        try:
            found = await look()
        except NodeError as error:
            # Days go by: a node that is away for a night is asked again.
            if not error.retry.allowed:
                raise
        else:
            told(found)
            if not _is_awaited(found):
                return found


def _is_awaited(look: Look) -> bool:
    if look.dataset is None or not look.way.waits_for:
        return False
    stage = look.dataset.stage
    return stage is Stage.RELEASED or (stage is Stage.PUBLISHED and not look.dataset.pids)


def _due_s(means: Means) -> float:
    """In how many seconds the node may be asked. A clock that was put back never makes it longer
    than one turn."""
    bound, trouble = bound_dataset(means.ledger), read_trouble(means.ledger)
    asked = [bound.seen_at_utc] if bound else []
    asked += [trouble.at_utc] if trouble else []
    moments = [at for at in map(since, asked) if at is not None]
    if not moments:
        return 0.0
    passed_s = (means.clock() - max(moments)).total_seconds()
    return min(max(WAIT_EVERY_S - passed_s, 0.0), WAIT_EVERY_S)


def _seen(means: Means) -> Look:
    bound = bound_dataset(means.ledger)
    return look_of(means, bound.dataset if bound else None)
