"""Instances to batches: each batch is one request, bounded in bytes and in count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from transfer import checkpoint
from transfer.ledger.batches import add_batches, unplanned_page
from transfer.ledger.connection import Ledger
from transfer.node import Abilities

_PAGE = 4096


def pack(
    instances: Iterable[tuple[int, int, int, int]], abilities: Abilities
) -> Iterator[list[int]]:
    """Rows in order, cut into batches that the node can take.

    `instances` are (row, series row, study row, size in bytes), series by series. An instance
    larger than the limit goes alone.
    """
    batch: list[int] = []
    size, scope = 0, None
    for row, series, study, instance_bytes in instances:
        now = {"any": None, "study": study, "series": series}[abilities.batch_scope]
        is_full = (
            len(batch) >= abilities.max_batch_instances
            or size + instance_bytes > abilities.max_batch_bytes
            or now != scope
        )
        if batch and is_full:
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += instance_bytes
        scope = now
    if batch:
        yield batch


def plan(ledger: Ledger, abilities: Abilities, should_stop: Callable[[], bool]) -> int:
    """Put every unplanned instance into a batch; how many batches were added.

    May be interrupted anywhere and repeated: what has a batch keeps it.
    """
    added = 0
    while not should_stop():
        page = unplanned_page(ledger, _PAGE)
        if not page:
            break
        batches = list(pack(page, abilities))
        # The last batch of a full page may go on in the next one.
        if len(page) == _PAGE and len(batches) > 1:
            batches.pop()
        with ledger.transaction(durable=False):
            add_batches(ledger, batches)
        checkpoint.passed("planned")
        added += len(batches)
    return added
