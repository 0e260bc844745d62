"""Taking a dataset that a person made on the node for that of a transfer."""

from __future__ import annotations

from transfer.checkpoint import passed
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.publication import Happened, bound_dataset
from transfer.publication.looking import compare, look_at_node, look_of
from transfer.publication.means import Means
from transfer.publication.seeking import new_candidates, only_one
from transfer.publication.showing import refuse_lacking, write_kept
from transfer.publication.speech import refuse_patient_as_id
from transfer.publication.standing import Look
from transfer.publication.values import Stage

_GONE_ON = (Stage.FAILED, Stage.INVALIDATED)


def refuse_where_born(means: Means) -> None:
    """Raises UsageError where the destination is the dataset, StepBlocked where the configuration
    lacks something."""
    refuse_lacking(means)
    if not means.publisher.way.is_born_elsewhere:
        raise UsageError(
            "On this node the project itself is the dataset; there is none to pick up, to create"
            " or to remove.",
            f"Go on with: eucaim-transfer publish {means.name}",
        )


def refuse_second(means: Means, previous_id: str) -> None:
    """A transfer has one dataset; another may take its place as long as nobody else sees it, and
    afterwards as its next version.

    Raises:
        StepBlocked: others see the one that it has.
    """
    bound = bound_dataset(means.ledger)
    if bound is None or bound.stage in _GONE_ON or previous_id == bound.id:
        return
    if bound.stage in (Stage.RELEASED, Stage.PUBLISHED):
        raise StepBlocked(
            "This transfer has a dataset already that others see; nothing was changed.",
            "Make a new version of it (--new-version-of ID), or mark it first as not to be used:"
            " eucaim-transfer dataset NAME --invalidate --reason TEXT --by PERSON",
        )


async def pick_up(means: Means, id: str | None, person: str) -> Look:
    """Pick up the dataset of that id, or the only new draft; the one that the transfer has already
    is looked at.

    Raises:
        StepBlocked: there is none, there are several, it is another transfer's, or this one has a
            dataset that others see.
        DatasetGone: there is none of that id.
    """
    bound = bound_dataset(means.ledger)
    if bound is not None and id in (None, bound.id) and bound.stage not in _GONE_ON:
        return await look_at_node(means)
    if id is not None:
        refuse_patient_as_id(means.ledger, id)
    if id is None:
        id = only_one(await new_candidates(means)).id
    elif id in means.bound_elsewhere():
        raise StepBlocked(
            "That dataset belongs to another transfer; nothing was picked up.",
            "See which is this one's: eucaim-transfer dataset NAME --pick-up",
        )
    dataset = await means.publisher.dataset(id)
    if bound is not None and bound.id != dataset.id:
        refuse_second(means, dataset.previous_id)
    means.keep(dataset, "picked-up", Happened("picked up", dataset.id, person=person))
    passed("picked-up")
    dataset = await write_kept(means, dataset, person)
    means.keep(dataset, "picked-up")
    await compare(means, dataset, "picked-up", by_name=True)
    return look_of(means, dataset)
