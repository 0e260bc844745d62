"""A person's word on a difference, and the ends that a dataset can come to before it is used."""

from __future__ import annotations

from transfer.checkpoint import passed
from transfer.errors import StepBlocked, UsageError
from transfer.ledger.publication import Accepted, Happened, add_accepted, add_happened
from transfer.publication.looking import DELETE_ASKED, forget, look_at_node, look_of
from transfer.publication.means import Means
from transfer.publication.standing import Look
from transfer.publication.values import Act, Stage


async def accept(means: Means, person: str, reason: str) -> Look:
    """A person answers for what the node counts otherwise, for these very figures.

    Raises:
        UsageError: nothing differs.
    """
    with means.trying("compare"):
        look = await look_at_node(means, by_name=True)
    if look.dataset is None or look.difference is None or not look.difference.is_fault:
        raise UsageError(
            "Nothing differs that would have to be accepted.",
            "See how it stands: eucaim-transfer dataset NAME",
        )
    at = means.now_utc()
    word = Accepted(look.dataset.id, look.difference.figures, person, reason)
    with means.ledger.transaction():
        add_accepted(means.ledger, word, at)
        said = Happened("difference accepted", look.dataset.id, reason, person)
        add_happened(means.ledger, said, at)
    return look_of(means, look.dataset)


async def invalidate(means: Means, reason: str, person: str) -> Look:
    """Mark the dataset as not to be used; one that is marked is not marked again.

    Raises:
        StepBlocked: there is none.
    """
    look = await look_at_node(means)
    dataset = look.dataset
    if dataset is None or look.origin is None:
        raise StepBlocked("There is no dataset to be marked.", "Nothing is to be done.")
    if dataset.stage is Stage.INVALIDATED:
        return look
    means.happened(Happened("invalidation asked for", dataset.id, reason, person))
    passed("invalidate-asked")
    marked = await means.publisher.invalidate(dataset.id, reason)
    passed("invalidate-answered")
    done = Happened("marked as not to be used", dataset.id, reason, person)
    means.keep(marked, look.origin, done)
    return look_of(means, marked)


async def delete(means: Means) -> Look:
    """Remove a dataset whose creation did not end well; where it is gone already that is all.

    Raises:
        StepBlocked: it is not one of that kind.
    """
    look = await look_at_node(means)
    dataset = look.dataset
    if dataset is None:
        return look
    is_unfinished = dataset.stage in (Stage.CREATING, Stage.FAILED)
    if not is_unfinished or Act.DELETE not in dataset.may:
        raise StepBlocked(
            "Only a dataset that was not made to its end can be removed, by who made it; nothing"
            " was changed.",
            "One that is made is marked as not to be used instead: eucaim-transfer dataset NAME"
            " --invalidate --reason TEXT --by PERSON",
        )
    means.happened(Happened(DELETE_ASKED, dataset.id))
    passed("delete-asked")
    await means.publisher.delete(dataset.id)
    passed("delete-answered")
    forget(means, "removed", dataset.id)
    return look_of(means, None)
