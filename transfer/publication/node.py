"""What a node offers for step 10. An adapter implements it; the engine asks nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from transfer.legal.gate import Cleared
from transfer.node import Right
from transfer.publication.values import (
    Cohort,
    Dataset,
    GuideLine,
    HeldStudy,
    NewDataset,
    PublicationWay,
    Texts,
)
from transfer.values import StudyRef


class Publisher(Protocol):
    """Step 10 at one destination of one node. Coroutines raise only `NodeError`; nothing here
    repeats a request but the single renewal of a sign-in (401 once after a refresh), and nothing
    is changed on the node unless its name says so."""

    @property
    def way(self) -> PublicationWay: ...

    def guide(self, cohort: Cohort) -> Sequence[GuideLine]:
        """What a person does in the node's own pages for the dataset to be born, with the exact
        values to enter; empty where it is the destination."""
        ...

    async def rights(self) -> Sequence[Right]:
        """What this account may do of step 10, as far as the node tells beforehand."""
        ...

    async def candidates(self, name: str = "") -> Sequence[Dataset]:
        """Datasets of this destination that this account can see and may edit, the newest first,
        without their fields; with `name`, those of that very name alone. A node may leave out what
        is still being created."""
        ...

    async def dataset(self, id: str) -> Dataset:
        """All that the node says of one dataset, with its creation job while there is one.

        Raises:
            DatasetGone: the node knows no such dataset, or not for this account.
        """
        ...

    def studies(self, id: str) -> AsyncIterator[HeldStudy]:
        """Every Study of a dataset, all pages; ends at once where the node lists none."""
        ...

    def subject_of(self, study: StudyRef) -> str:
        """Under which subject `studies` lists a Study that went; asks nobody."""
        ...

    async def create(self, wanted: NewDataset) -> str:
        """Create a dataset; returns its id at once, the node goes on by itself.

        Raises:
            DatasetRefused: the node will not take it as it is; nothing is left there.
            NodeError: with `reached_node` the outcome is unknown: look it up by `candidates`
                before asking again, the node has no idempotency key.
        """
        ...

    async def edit(self, id: str, changes: Texts) -> Dataset:
        """Change metadata, field by field where the node takes one at a time, and read them back.

        Raises:
            DatasetRefused: the node did not take one of them; what was taken before it stays, the
                text says which.
        """
        ...

    async def show(self, id: str, visibility: str, leave: Cleared) -> Dataset:
        """The act behind the gate: release the dataset, or set who may see it; then read it back.
        Rights are checked first; `leave` is spent right before the request that changes something.
        One that is as it should be already is no error and is not asked for again.

        Raises:
            StepBlocked: the leave is not for this; no request was made.
            NotAllowed: the account may not, or the site forbids it.
            DatasetRefused: the node answered and it is not as it should be.
        """
        ...

    async def invalidate(self, id: str, reason: str) -> Dataset:
        """Mark a dataset as not to be used any more; it is not deleted."""
        ...

    async def delete(self, id: str) -> None:
        """Remove a dataset whose creation did not end well; images and clinical data stay."""
        ...

    async def aclose(self) -> None:
        """Close what only this opened. Safe to call twice."""
        ...
