"""How far step 10 is: what a node was asked just now, and what the ledger knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from transfer.ledger.connection import Ledger
from transfer.ledger.publication import (
    Accepted,
    Bound,
    Creation,
    Origin,
    Trouble,
    accepted_for,
    bound_dataset,
    last_compared,
    newest_creation,
    read_trouble,
)
from transfer.publication.comparing import (
    Difference,
)
from transfer.publication.next_move import next_move
from transfer.publication.values import Cohort, Dataset, PublicationWay, Stage


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about one piece of metadata. `key` is its field's. What `blocks` has to be put
    right before others see the dataset; the rest is told."""

    key: str
    text: str
    severity: Literal["block", "warn"] = "block"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at step 10. `creation` is the attempt whose fate is unknown; `trouble` is why the
    dataset is not as it should be, or the last thing tried did not come to its end. `accepted` is a
    person's word on these very differences. `next` is what to do in words, `command` the line that
    does it; both are empty where nothing is to be done."""

    way: PublicationWay
    cohort: Cohort
    dataset: Dataset | None = None
    origin: Origin | None = None
    difference: Difference | None = None
    accepted: Accepted | None = None
    faults: Sequence[Fault] = ()
    creation: Creation | None = None
    trouble: Trouble | None = None
    stage_since_utc: str = ""
    seen_at_utc: str = ""
    next: str = ""
    command: str = ""

    @property
    def is_in_the_way(self) -> bool:
        """A difference that nobody has accepted."""
        return self.difference is not None and self.difference.is_fault and self.accepted is None


@dataclass(frozen=True, slots=True)
class PublicationState:
    """What the ledger knows of step 10; nobody is asked for it. `catalogued` is whether the
    catalogue's entry was looked up."""

    bound: Bound | None = None
    creation: Creation | None = None
    difference: Difference | None = None
    accepted: Accepted | None = None
    trouble: Trouble | None = None
    catalogued: bool = False

    @property
    def stage(self) -> Stage | None:
        return self.bound.stage if self.bound else None

    @property
    def is_in_the_way(self) -> bool:
        """A difference that nobody has accepted."""
        return self.difference is not None and self.difference.is_fault and self.accepted is None

    @property
    def is_published(self) -> bool:
        return self.stage is Stage.PUBLISHED

    def next_move(self, name: str) -> tuple[str, str]:
        """What to do in words, and the command that does it."""
        return next_move(self, name)

    def document(self) -> dict[str, Any]:
        """The part of `status --json` but for the step's state."""
        if self.bound is None:
            return {**_NOTHING, "catalogue": self.catalogued}
        dataset = self.bound.dataset
        return {
            "stage": dataset.stage.value,
            "dataset": dataset.id,
            "name": dataset.name,
            "version": dataset.version,
            "visibility": dataset.visibility,
            "studies": dataset.studies,
            "subjects": dataset.subjects,
            "pids": dict(dataset.pids),
            "link": dataset.link,
            "since": self.bound.stage_since_utc,
            "seen_at": self.bound.seen_at_utc,
            "catalogue": self.catalogued,
        }


_NOTHING: Final[dict[str, Any]] = {
    "stage": None,
    "dataset": None,
    "name": "",
    "version": "",
    "visibility": "",
    "studies": None,
    "subjects": None,
    "pids": {},
    "link": "",
    "since": None,
    "seen_at": None,
}
NOTHING_PUBLISHED: Final = PublicationState()


def read_publication(ledger: Ledger) -> PublicationState:
    """What is known of step 10. Cheap at any size of transfer: the comparison is the last one that
    was made."""
    bound, newest = bound_dataset(ledger), newest_creation(ledger)
    difference = accepted = None
    if bound is not None:
        compared = last_compared(ledger)
        if compared is not None and compared.dataset_id == bound.id:
            difference = Difference.of(compared.content)
            accepted = accepted_for(ledger, bound.id, difference.figures)
    return PublicationState(
        bound,
        newest if newest is not None and newest.is_open else None,
        difference,
        accepted,
        read_trouble(ledger),
        _is_catalogued(ledger),
    )


def _is_catalogued(ledger: Ledger) -> bool:
    from transfer.catalogue.standing import read_catalogue

    return read_catalogue(ledger).is_seen
