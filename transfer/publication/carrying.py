"""Step 10 of one transfer, carried out: a dataset is found or made, followed, filled in, compared,
and shown to others behind the gate; then the platform is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import bound_dataset
from transfer.legal.gate import refuse_unless_confirmed
from transfer.publication import ending, making, picking, waiting
from transfer.publication.comparing import read_cohort
from transfer.publication.creating import open_creation, unknown
from transfer.publication.holding import held
from transfer.publication.looking import known_dataset, look_at_node, look_of
from transfer.publication.means import Clock, Means, Sleep, now
from transfer.publication.node import Publisher
from transfer.publication.picking import refuse_where_born
from transfer.publication.readiness import refuse_unless_ready
from transfer.publication.seeking import new_candidates
from transfer.publication.showing import (
    edit,
    keep_entered,
    refuse_at_the_gate,
    refuse_faulty,
    refuse_lacking,
    show,
)
from transfer.publication.speech import person_of, reason_of, refuse_patients
from transfer.publication.standing import Look
from transfer.publication.values import (
    Dataset,
    GuideLine,
    NewDataset,
    PublicationWay,
    Stage,
    Texts,
)
from transfer.workspace import Workspace

FOLLOW_S: Final = 3600.0
"""How long `publish` follows a dataset that is being made."""
_LONGEST_REASON: Final = 128

Told = Callable[[Look], None]


def _nobody(_: Look) -> None:
    return None


class Carrier:
    """Carries one transfer through step 10. One process acts at a time: it holds
    `publication.lock` of the workspace for as long as one act takes, and no longer.

    The ledger is used in the thread of the event loop, which it blocks. Every method that asks the
    node raises its `NodeError`; what stood in the way is kept in the ledger then.

    Raises:
        RunnerHeld: another process is at step 10, or a runner has the transfer.
    """

    def __init__(
        self,
        workspace: Workspace,
        ledger: Ledger,
        publisher: Publisher,
        *,
        is_sandbox_node: bool,
        sleep: Sleep = asyncio.sleep,
        clock: Clock = now,
    ) -> None:
        self._means = Means(workspace, ledger, publisher, is_sandbox_node, sleep, clock)
        self._workspace = workspace
        self._ledger = ledger
        self._publisher = publisher
        self._name = read_order(ledger).name

    @property
    def way(self) -> PublicationWay:
        return self._publisher.way

    def guide(self) -> Sequence[GuideLine]:
        """What a person does in the node's own pages; asks nobody."""
        return self._publisher.guide(read_cohort(self._ledger))

    def seen(self) -> Look:
        """As it was seen last; asks nobody. Of the metadata it has the empty form alone."""
        bound = bound_dataset(self._ledger)
        return look_of(self._means, bound.dataset if bound else None)

    async def look(self) -> Look:
        """Ask the node how it stands and keep what it says. Nothing is picked up but a dataset
        that this transfer asked for itself."""
        refuse_lacking(self._means)
        async with held(self._workspace, self._ledger):
            with self._means.trying("look"):
                return await look_at_node(self._means)

    async def candidates(self) -> Sequence[Dataset]:
        """Datasets on the node that may be this transfer's: made after its first instance went,
        and no other transfer's of this home."""
        refuse_lacking(self._means)
        return await new_candidates(self._means)

    async def pick_up(self, id: str | None, person: str = "") -> Look:
        """Take a dataset that a person made on the node for that of this transfer: the only new
        draft, or the one of that id. Metadata that were entered before are written into it.

        Raises:
            StepBlocked: there is none or several, or the transfer has one that others see.
            UsageError: the project is the dataset here.
            DatasetGone: there is none of that id.
        """
        refuse_where_born(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger):
            with self._means.trying("pick up"):
                return await picking.pick_up(self._means, id, person)

    async def create(self, wanted: NewDataset, person: str = "", *, again: bool = False) -> Look:
        """Create a dataset from an index that a person has. Where an earlier attempt was not
        answered, what became of it is found out instead. `again`: a person says that there may be a
        second one of that name, or that an earlier attempt came to nothing.

        Raises:
            StepBlocked: something comes first, a name is taken, subjects are strangers, or nobody
                knows whether it was created.
            UsageError: the files or the metadata are not fit, or the node takes no index.
            DatasetRefused: the node will not take it.
        """
        refuse_where_born(self._means)
        making.refuse_index(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger, from_runners=True):
            return await making.create(self._means, wanted, person, again=again)

    async def follow(self, for_s: float = FOLLOW_S, told: Told = _nobody) -> Look:
        """Go on asking until the node has made the dataset; then it is compared, and what was
        entered before is written into it. Returns at once where nothing is being made.

        Raises:
            StepBlocked: it is not made after that time; nothing is lost.
            DatasetRefused: the node gave up, and why.
        """
        look = await making.follow(self._means, self.look, for_s, told)
        if look.dataset is None or look.dataset.stage is not Stage.DRAFT:
            return look
        async with held(self._workspace, self._ledger):
            with self._means.trying("follow"):
                return await making.made(self._means)

    async def edit(self, texts: Texts, person: str = "") -> Look:
        """Fill metadata in. They are kept here first; before there is a dataset, only here.

        Raises:
            StepBlocked: a text tells of a patient.
            UsageError: a value does not fit.
            DatasetRefused: the node did not take one.
        """
        refuse_lacking(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger):
            if self._has_none():
                refuse_faulty(self.way.fields, texts)
                keep_entered(self._means, texts, person)
                return look_of(self._means, None)
            with self._means.trying("edit"):
                look = await look_at_node(self._means)
                fields = look.dataset.fields if look.dataset else self.way.fields
                refuse_faulty(fields, texts)
                keep_entered(self._means, texts, person)
                if look.dataset is None:
                    return look
                edited = await edit(self._means, look.dataset, texts, person)
                return look if edited is look.dataset else await look_at_node(self._means)

    def _has_none(self) -> bool:
        is_known = bound_dataset(self._ledger) is not None
        is_asked_for = open_creation(self._means) is not None
        return self.way.is_born_elsewhere and not is_known and not is_asked_for

    async def accept_difference(self, person: str, reason: str) -> Look:
        """A person answers for what the node counts otherwise: for these very figures.

        Raises:
            UsageError: who or why is missing, or nothing differs.
            StepBlocked: the reason tells of a patient.
        """
        person, reason = person_of(person), reason_of(reason)
        refuse_patients(self._ledger, {"reason": reason})
        async with held(self._workspace, self._ledger):
            return await ending.accept(self._means, person, reason)

    async def publish(
        self,
        visibility: str,
        confirm: str | None,
        person: str = "",
        texts: Texts | None = None,
        told: Told = _nobody,
        follow_s: float = FOLLOW_S,
    ) -> Look:
        """Release the dataset, or let others see the project. The gate is asked before anything
        else, and once more right before the request that changes something. What was left off goes
        on where it stands; what is shown already is not shown again.

        Raises:
            StepBlocked: the legal record is not whole, something comes first, there is no dataset
                yet, or what the node holds differs.
            UsageError: the name was not typed, or a value does not fit.
            NotAllowed, DatasetRefused: the node will not.
        """
        visibility = refuse_at_the_gate(self._means, visibility, confirm)
        refuse_lacking(self._means)
        person = person_of(person) if person else ""
        async with held(self._workspace, self._ledger, from_runners=True):
            refuse_unless_ready(self._workspace, self._ledger)
            if texts:
                refuse_faulty(self.way.fields, texts)
                keep_entered(self._means, texts, person)
            with self._means.trying("publish"):
                if await known_dataset(self._means) is None:
                    attempt = open_creation(self._means)
                    if attempt is not None:
                        raise unknown(attempt)
                    await picking.pick_up(self._means, None, person)
        if self.way.is_born_elsewhere:
            await self.follow(follow_s, told)
        async with held(self._workspace, self._ledger, from_runners=True):
            refuse_unless_ready(self._workspace, self._ledger)
            with self._means.trying("publish"):
                look = await show(self._means, visibility, confirm, person, texts)
        told(look)
        return look

    async def wait(self, for_s: float, told: Told = _nobody) -> Look:
        """Ask now and then, never more often than every ten minutes, until the platform has
        published the dataset and named its identifiers; at the end of that time it returns what
        was seen last. A node that cannot be reached meanwhile is asked again later; a sign-in that
        ran out is raised."""
        return await waiting.wait(self._means, self.look, for_s, told)

    async def invalidate(self, reason: str, person: str, confirm: str | None) -> Look:
        """Mark the dataset as not to be used any more, with the reason that others read.

        Raises:
            UsageError: name, person or reason is missing.
            StepBlocked: there is no dataset, or the reason tells of a patient.
            NotAllowed, DatasetRefused: the node will not.
        """
        refuse_unless_confirmed(self._name, confirm)
        refuse_lacking(self._means)
        person, reason = person_of(person), reason_of(reason, _LONGEST_REASON)
        refuse_patients(self._ledger, {"reason": reason})
        async with held(self._workspace, self._ledger):
            with self._means.trying("invalidate"):
                return await ending.invalidate(self._means, reason, person)

    async def delete(self, confirm: str | None) -> Look:
        """Remove a dataset whose creation did not end well. Images and clinical data stay.

        Raises:
            UsageError: the name was not typed.
            StepBlocked: it is not one of that kind.
        """
        refuse_unless_confirmed(self._name, confirm)
        refuse_where_born(self._means)
        async with held(self._workspace, self._ledger):
            with self._means.trying("delete"):
                return await ending.delete(self._means)
