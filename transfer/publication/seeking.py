"""Which dataset on the node is this transfer's, where a person made it there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from transfer.errors import StepBlocked
from transfer.journey.waiting import since
from transfer.publication.comparing import read_cohort
from transfer.publication.means import Means
from transfer.publication.values import Dataset, Stage
from transfer.sentences import listed

_CLOCKS_DIFFER: Final = timedelta(minutes=15)
_NEW: Final = (Stage.CREATING, Stage.DRAFT)


async def new_candidates(means: Means) -> list[Dataset]:
    """Datasets that may be this transfer's: made after its first instance went, and no other
    transfer's of this home. One whose age the node does not tell is among them."""
    first = since(read_cohort(means.ledger).first_sent_utc)
    elsewhere = means.bound_elsewhere()
    found = []
    for dataset in await means.publisher.candidates():
        made = since(dataset.created_at_utc)
        is_older = first is not None and made is not None and made < first - _CLOCKS_DIFFER
        if not is_older and dataset.id not in elsewhere:
            found.append(dataset)
    return found


def only_one(found: Sequence[Dataset]) -> Dataset:
    """The only new draft.

    Raises:
        StepBlocked: there is none, or there are several; names are not unique, so that they are
            told apart by id.
    """
    drafts = [dataset for dataset in found if dataset.stage in _NEW]
    if not drafts:
        raise StepBlocked(
            "The node has no new draft that could be this transfer's.",
            "See what to do in the node's own pages: eucaim-transfer dataset NAME --guide. A draft"
            " that the node is still making may not be listed yet: try again in some minutes. One"
            " that it could not make is never listed; by the id that its pages told it is taken all"
            " the same: eucaim-transfer dataset NAME --pick-up ID",
        )
    if len(drafts) > 1:
        told = [f"{one.id} (made {one.created_at_utc[:16]})" for one in drafts]
        raise StepBlocked(
            f"The node has several new drafts; nothing was picked up: {listed(told, 8)}.",
            "See which one is this transfer's, then: eucaim-transfer dataset NAME --pick-up ID",
        )
    return drafts[0]
