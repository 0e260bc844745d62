"""What all acts at step 10 have in common: the transfer, its node, a clock, the ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from transfer.errors import NodeError, StepBlocked, TransferError
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.ledger.publication import (
    Happened,
    Origin,
    Trouble,
    add_happened,
    bound_dataset,
    forget_trouble,
    keep_dataset,
    keep_trouble,
)
from transfer.publication.node import Publisher
from transfer.publication.values import Dataset, Stage
from transfer.workspace import Workspace

Sleep = Callable[[float], Awaitable[object]]
Clock = Callable[[], datetime]

_SEEN = {
    Stage.CREATING: "being made",
    Stage.FAILED: "not made, the node gave up",
    Stage.DRAFT: "a draft",
    Stage.RELEASED: "released",
    Stage.PUBLISHED: "published",
    Stage.INVALIDATED: "marked as not to be used",
}


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Means:
    """One transfer at step 10 and its node."""

    workspace: Workspace
    ledger: Ledger
    publisher: Publisher
    is_sandbox_node: bool
    sleep: Sleep
    clock: Clock

    @property
    def name(self) -> str:
        return read_order(self.ledger).name

    @property
    def destination(self) -> str:
        return read_order(self.ledger).destination

    def now_utc(self) -> str:
        moment = self.clock().astimezone(UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def keep(self, dataset: Dataset, origin: Origin, *happened: Happened) -> None:
        """Keep what the node said of the dataset, and what happened, all at once and durably."""
        with self.ledger.transaction():
            self.keep_inside(dataset, origin, *happened)

    def keep_inside(self, dataset: Dataset, origin: Origin, *happened: Happened) -> None:
        """The same, inside a transaction."""
        at = self.now_utc()
        known = bound_dataset(self.ledger)
        for one in happened:
            add_happened(self.ledger, one, at)
        is_other = keep_dataset(self.ledger, dataset, origin, at)
        if is_other and (known is not None or dataset.stage is not Stage.DRAFT):
            told = Happened(f"seen as {_SEEN[dataset.stage]}", dataset.id, dataset.visibility)
            add_happened(self.ledger, told, at)

    def happened(self, *happened: Happened) -> None:
        """Write down what is about to happen, or did."""
        with self.ledger.transaction():
            for one in happened:
                add_happened(self.ledger, one, self.now_utc())

    @contextmanager
    def trying(self, doing: str) -> Iterator[None]:
        """Keep why it did not come to its end, for who looks later and asks nobody."""
        try:
            yield
        except (NodeError, StepBlocked) as error:
            bound = bound_dataset(self.ledger)
            # That nothing else was found does not explain what failed.
            if bound is None or bound.stage is not Stage.FAILED or doing != "pick up":
                self.trouble(doing, error)
            raise
        forget_trouble(self.ledger)

    def trouble(self, doing: str, error: TransferError) -> None:
        """Keep one."""
        kept = Trouble(doing, error.exit_code, error.what, error.remedy)
        keep_trouble(self.ledger, kept, self.now_utc())

    def bound_elsewhere(self) -> frozenset[str]:
        """Datasets that belong to other transfers of this home."""
        found: set[str] = set()
        for path in self.workspace.folder.parent.glob("*/ledger.sqlite"):
            if path != self.workspace.ledger:
                found |= _bound_in(path.absolute().as_uri())
        return frozenset(found)


def _bound_in(uri: str) -> set[str]:
    # Not by `Ledger.open`: it would bring the schema of a transfer up to date that nobody asked
    # for. One that is older, or cannot be read, has no dataset of this version's.
    try:
        with closing(sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=5.0)) as connection:
            rows = connection.execute(
                "SELECT dataset_id FROM publication WHERE origin <> 'destination'"
            )
            return {str(row[0]) for row in rows}
    except sqlite3.Error:
        return set()
