"""Making a dataset out of an index that a person has, and following it until it is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from transfer.errors import DatasetRefused, NodeError, StepBlocked, UsageError
from transfer.ledger.publication import bound_dataset, kept_texts
from transfer.publication.creating import (
    LOOK_UP_S,
    bind_created,
    create_once,
    give_up,
    look_up,
    open_creation,
    refuse_same_name,
    unknown,
)
from transfer.publication.explaining import explain_failure, plain
from transfer.publication.index_file import forget_index, take_index
from transfer.publication.looking import look_at_node
from transfer.publication.means import Means
from transfer.publication.metadata import lacking
from transfer.publication.picking import refuse_second
from transfer.publication.readiness import refuse_unless_ready
from transfer.publication.showing import keep_entered, refuse_faulty, told_of, write_kept
from transfer.publication.speech import refuse_patient_as_id
from transfer.publication.standing import Look
from transfer.publication.values import Dataset, NewDataset, Stage

Told = Callable[[Look], None]

_FAST_S: Final = 2.0
_SLOW_S: Final = 10.0
_FAST_FOR_S: Final = 60.0


def refuse_index(means: Means) -> None:
    """Raises UsageError where the node takes no index."""
    if not means.publisher.way.takes_index:
        raise UsageError(
            "This node takes no index of studies.",
            f"See what to do instead: eucaim-transfer dataset {means.name} --guide",
        )


async def create(means: Means, wanted: NewDataset, person: str, *, again: bool) -> Look:
    """Create it at most once; see `Carrier.create`."""
    refuse_unless_ready(means.workspace, means.ledger)
    bound, attempt = bound_dataset(means.ledger), open_creation(means)
    if attempt is None and bound is not None:
        if bound.stage in (Stage.CREATING, Stage.DRAFT):
            raise StepBlocked(
                "This transfer has a draft already; nothing was created.",
                "Look at it: eucaim-transfer dataset NAME",
            )
        refuse_second(means, wanted.previous_id)
    refuse_patient_as_id(means.ledger, wanted.previous_id)
    metadata = {**kept_texts(means.ledger), **wanted.metadata}
    fields = means.publisher.way.fields
    refuse_faulty(fields, metadata)
    needed = [fault for fault in lacking(fields, metadata) if fault.key == "name"]
    if needed:
        raise UsageError(
            f"The dataset needs a name; nothing was created. {told_of(needed)}",
            "Give it in the metadata: --metadata FILE",
        )
    keep_entered(means, metadata, person)
    ready = replace(wanted, metadata=metadata)
    with means.trying("create"):
        if attempt is not None:
            found = await look_up(means, attempt, LOOK_UP_S)
            if found is not None:
                bind_created(means, attempt, found)
                return await look_at_node(means)
            if not again:
                raise unknown(attempt)
            give_up(means, attempt, person)
        return await _create(means, ready, person, again=again)


async def _create(means: Means, wanted: NewDataset, person: str, *, again: bool) -> Look:
    name = "".join(wanted.metadata.get("name", ()))
    try:
        index = take_index(means.workspace, means.ledger, wanted)
        if not wanted.previous_id and not again:
            await refuse_same_name(means, name)
        dataset_id = await create_once(means, index, name, person)
    finally:
        forget_index(means.workspace)
    attempt = open_creation(means)
    assert attempt is not None, "it was written before the request"
    made = Dataset(dataset_id, name, Stage.CREATING, previous_id=wanted.previous_id)
    bind_created(means, attempt, made)
    return await look_at_node(means)


async def follow(
    means: Means, look: Callable[[], Awaitable[Look]], for_s: float, told: Told
) -> Look:
    """Look again and again until the dataset is made; see `Carrier.follow`."""
    followed_s = 0.0
    while True:
        try:
            found = await look()
        except NodeError as error:
            # It goes on on the node, whether it can be asked or not.
            if not error.retry.allowed or followed_s >= for_s:
                raise
        else:
            told(found)
            if found.dataset is None or found.dataset.stage is not Stage.CREATING:
                _refuse_failed(means, found.dataset)
                return found
        if followed_s >= for_s:
            late = _late(means, for_s)
            means.trouble("follow", late)
            raise late
        pause = _FAST_S if followed_s < _FAST_FOR_S else _SLOW_S
        await means.sleep(pause)
        followed_s += pause


def _refuse_failed(means: Means, dataset: Dataset | None) -> None:
    if dataset is not None and dataset.stage is Stage.FAILED:
        failure = DatasetRefused(*explain_failure(dataset.said))
        means.trouble("follow", failure)
        raise failure


def _late(means: Means, for_s: float) -> StepBlocked:
    bound = bound_dataset(means.ledger)
    said = plain(bound.dataset.said) if bound else ""
    last = f" Its last word: {said}" if said else ""
    return StepBlocked(
        f"The node has not made the dataset after {for_s / 60:.0f} minutes.{last} Nothing is lost:"
        " it may still do so.",
        "Go on following: eucaim-transfer dataset NAME --follow. Where it has not even begun for"
        " hours, tell the node's support, or remove it: eucaim-transfer dataset NAME --delete"
        " --confirm NAME",
    )


async def made(means: Means) -> Look:
    """The dataset has been made: compare it, and write what was entered before."""
    look = await look_at_node(means)
    if look.dataset is None:
        return look
    dataset = await write_kept(means, look.dataset, "")
    return look if dataset is look.dataset else await look_at_node(means)
