"""Asking a node how a dataset is, keeping what it says, and comparing it with what was verified."""

from __future__ import annotations

from typing import Final

from transfer.errors import DatasetGone, DatasetRefused
from transfer.ledger.publication import (
    Compared,
    Happened,
    Origin,
    Trouble,
    add_happened,
    bound_dataset,
    creation_of,
    forget_dataset,
    keep_compared,
    last_compared,
    last_happened,
)
from transfer.publication.comparing import (
    Difference,
    compared_again,
    difference_of,
    named,
    read_cohort,
)
from transfer.publication.creating import bind_created, look_up, open_creation
from transfer.publication.explaining import explain_failure
from transfer.publication.means import Means
from transfer.publication.metadata import lacking
from transfer.publication.standing import Look, read_publication
from transfer.publication.values import Dataset, Stage

DELETE_ASKED: Final = "removal asked for"
_COMPARED: Final = (Stage.DRAFT, Stage.RELEASED, Stage.PUBLISHED)


def look_of(means: Means, dataset: Dataset | None) -> Look:
    """A look, with what the ledger knows besides; asks nobody."""
    state = read_publication(means.ledger)
    way = means.publisher.way
    what, command = state.next_move(means.name)
    fields = dataset.fields if dataset is not None and dataset.fields else way.fields
    is_open = dataset is not None and dataset.stage in (Stage.CREATING, Stage.DRAFT)
    return Look(
        way,
        read_cohort(means.ledger),
        dataset,
        state.bound.origin if state.bound else None,
        state.difference,
        state.accepted,
        lacking(fields) if is_open and dataset is not None and dataset.fields else (),
        state.creation,
        _failure(dataset) or state.trouble,
        state.bound.stage_since_utc if state.bound else "",
        state.bound.seen_at_utc if state.bound else "",
        what,
        command,
    )


def _failure(dataset: Dataset | None) -> Trouble | None:
    if dataset is None or dataset.stage is not Stage.FAILED:
        return None
    what, remedy = explain_failure(dataset.said)
    return Trouble("follow", DatasetRefused.exit_code, what, remedy)


async def look_at_node(means: Means, *, by_name: bool = False) -> Look:
    """Ask, and keep the answer. `by_name`: compare by name even where that was done before.

    Raises:
        DatasetGone: the node has the dataset no more.
    """
    bound = await known_dataset(means)
    if bound is None:
        return look_of(means, None)
    dataset_id, origin = bound
    try:
        dataset = await means.publisher.dataset(dataset_id)
    except DatasetGone:
        if _was_to_go(means, dataset_id):
            forget(means, "removed", dataset_id)
            return look_of(means, None)
        raise
    means.keep(dataset, origin)
    await compare(means, dataset, origin, by_name=by_name)
    return look_of(means, dataset)


async def known_dataset(means: Means) -> tuple[str, Origin] | None:
    """The dataset of this transfer: the destination itself, the one that the ledger knows, or the
    one that was asked for and not answered."""
    if not means.publisher.way.is_born_elsewhere:
        return means.destination, "destination"
    attempt = open_creation(means)
    if attempt is not None:
        found = await look_up(means, attempt, 0.0)
        if found is not None:
            bind_created(means, attempt, found)
    bound = bound_dataset(means.ledger)
    return (bound.id, bound.origin) if bound else None


def forget(means: Means, what: str, dataset_id: str) -> None:
    """The transfer has no dataset any more."""
    with means.ledger.transaction():
        forget_dataset(means.ledger)
        add_happened(means.ledger, Happened(what, dataset_id), means.now_utc())


def _was_to_go(means: Means, dataset_id: str) -> bool:
    last = last_happened(means.ledger, dataset_id)
    return last is not None and last.what == DELETE_ASKED


async def compare(
    means: Means, dataset: Dataset, origin: Origin, *, by_name: bool = False
) -> Difference | None:
    """Compare and keep it; None while there is nothing to compare. By name where the figures are
    other ones than last time; in a project, which may hold more than this transfer, only where it
    holds less."""
    if dataset.stage not in _COMPARED:
        return None
    ledger = means.ledger
    found = difference_of(dataset, read_cohort(ledger), creation_of(ledger, dataset.id))
    found = compared_again(found, last_compared(ledger), dataset.id)
    is_due = by_name or found.missing_count is None
    if is_due and (origin != "destination" or found.is_less):
        found = await named(ledger, means.publisher, dataset.id, found)
    with ledger.transaction():
        keep_compared(ledger, Compared(dataset.id, found.document()), means.now_utc())
    return found
