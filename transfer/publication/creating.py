"""Creating a dataset from an index, at most once: the node knows no key by which a repeated request
is one and the same (upv-node.md 2.3)."""

from __future__ import annotations

from typing import Final

from transfer.checkpoint import passed
from transfer.errors import (
    BodyTooLarge,
    DatasetRefused,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SignInRefused,
    StepBlocked,
    TlsRefused,
    Unreachable,
)
from transfer.ledger.publication import (
    Creation,
    CreationState,
    Happened,
    add_creation,
    add_happened,
    end_creation,
    newest_creation,
)
from transfer.publication.index_file import Index
from transfer.publication.means import Means
from transfer.publication.values import Dataset
from transfer.sentences import listed

LOOK_UP_S: Final = 120.0
"""How long a dataset is looked for whose creation was not answered."""
_PAUSES_S: Final = (2.0, 3.0, 5.0)
_PAUSE_S: Final = 10.0
_NOT_MADE: Final = (
    BodyTooLarge,
    DatasetRefused,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SignInRefused,
    TlsRefused,
)
_LATER: Final = (Unreachable, NodeBusy, NodeFault)


def open_creation(means: Means) -> Creation | None:
    """The attempt whose fate is unknown."""
    newest = newest_creation(means.ledger)
    return newest if newest is not None and newest.is_open else None


async def refuse_same_name(means: Means, name: str) -> None:
    """Names need not be unique; that another dataset has it should be known before.

    Raises:
        StepBlocked: there is one.
    """
    found = await means.publisher.candidates(name)
    if found:
        told = [f"{one.id} ({one.stage.value}, of {one.created_at_utc[:10]})" for one in found]
        raise StepBlocked(
            f"The node has a dataset of that name already: {listed(told, 5)}. Nothing was created.",
            "If it is this one, pick it up: eucaim-transfer dataset NAME --pick-up ID. Else take"
            " another name, or say that a second one is meant: --again.",
        )


async def create_once(means: Means, index: Index, name: str, person: str) -> str:
    """Ask for the dataset and return its id; the attempt is in the ledger before.

    Raises:
        StepBlocked: nobody knows whether it was created, nor could it be found.
        NodeError: it was not created.
    """
    known = await means.publisher.candidates()
    attempt = Creation(
        0,
        name,
        index.sha256,
        index.studies,
        index.subjects,
        frozenset(dataset.id for dataset in known),
        "asked",
        "",
        "",
        person,
        means.now_utc(),
        "",
    )
    with means.ledger.transaction():
        add_creation(means.ledger, attempt)
        asked = Happened("creation asked for", detail=index.sha256, person=person)
        add_happened(means.ledger, asked, means.now_utc())
    attempt = open_creation(means) or attempt
    passed("creation-asked")
    try:
        dataset_id = await means.publisher.create(index.wanted)
    except NodeError as error:
        if not error.reached_node or isinstance(error, _NOT_MADE):
            _end(means, attempt, "refused", message=error.what)
            raise
        found = await look_up(means, attempt, LOOK_UP_S)
        if found is None:
            raise unknown(attempt) from error
        dataset_id = found.id
    passed("creation-answered")
    return dataset_id


def bind_created(means: Means, attempt: Creation, dataset: Dataset) -> None:
    """The attempt led to this dataset, which is the transfer's from now on; all at once."""
    with means.ledger.transaction():
        _end_inside(means, attempt, "created", dataset_id=dataset.id)
        done = Happened("created", dataset.id, person=attempt.person)
        means.keep_inside(dataset, "created", done)
    passed("creation-recorded")


def give_up(means: Means, attempt: Creation, person: str) -> None:
    """A person says that the dataset was not created, after it was looked for."""
    _end(means, attempt, "given-up", message="A person says that it was not created.")
    means.happened(Happened("creation given up by a person's word", person=person))


async def look_up(means: Means, attempt: Creation, patience_s: float) -> Dataset | None:
    """The dataset of an attempt that was not answered: the only one of its name that was not there
    before. A node may not list what it is still making, so that it is looked for for a while.

    Raises:
        StepBlocked: there are several.
        NodeError: the node could not be asked.
    """
    waited_s, pauses = 0.0, iter(_PAUSES_S)
    while True:
        unanswered: NodeError | None = None
        try:
            listing = await means.publisher.candidates(attempt.name)
        except _LATER as error:
            unanswered, listing = error, ()
        found = [one for one in listing if one.id not in attempt.known_before]
        if len(found) > 1:
            raise StepBlocked(
                "It is unknown which dataset was created: several of that name are new on the"
                f" node: {listed([one.id for one in found], 5)}.",
                "See on the node which one is yours, then: eucaim-transfer dataset NAME --pick-up"
                " ID",
            )
        if found:
            return found[0]
        if waited_s >= patience_s:
            if unanswered is not None:
                raise unanswered
            return None
        pause = next(pauses, _PAUSE_S)
        await means.sleep(pause)
        waited_s += pause


def unknown(attempt: Creation) -> StepBlocked:
    """The refusal to ask once more what may have been done already."""
    return StepBlocked(
        f"Nobody knows whether the dataset was created: the request of {attempt.asked_at_utc} was"
        " not answered, and the node lists none that is new. Asking again now could make two.",
        "Wait some minutes and look again: eucaim-transfer dataset NAME. Only once the node's own"
        " pages show none either, create it with --again.",
    )


def _end(means: Means, attempt: Creation, state: CreationState, *, message: str = "") -> None:
    with means.ledger.transaction():
        _end_inside(means, attempt, state, message=message)
        told = Happened(f"creation {state}", detail=message, person=attempt.person)
        add_happened(means.ledger, told, means.now_utc())


def _end_inside(
    means: Means,
    attempt: Creation,
    state: CreationState,
    *,
    dataset_id: str = "",
    message: str = "",
) -> None:
    now = means.now_utc()
    end_creation(means.ledger, attempt.row, state, now, dataset_id=dataset_id, message=message)
