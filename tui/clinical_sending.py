"""What the screen of the clinical upload asks of the engine. Everything here blocks."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from transfer.clinical.leaving import ClinicalWay
from transfer.clinical.outgoing.going import Going, WhyRow
from transfer.clinical.outgoing.naming import stem_of
from transfer.errors import TransferError
from transfer.ledger.clinical import (
    ClinicalFile,
    clinical_columns,
    clinical_files,
    row_number,
    table_width,
)
from transfer.ledger.clinical_items import Item, items_in_trouble, let_overwrite
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.ledger.mapping import read_mapping
from transfer.ledger.order import read_order
from transfer.method_files import de_identifies
from transfer.workspace import Home, Workspace


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go now, and where to. `files` are names as they leave; `stays` counts rows that do
    not, by reason. `way` is None where the node cannot be asked, and `trouble` says why."""

    files: tuple[str, ...]
    subjects: int
    rows: int
    stays: tuple[tuple[WhyRow, int], ...]
    columns_staying: int
    is_pseudonymised: bool
    way: ClinicalWay | None
    trouble: TransferError | None
    folder: Path


@dataclass(frozen=True, slots=True)
class Refused:
    """An item that the node did not take. `number` is that of its first row in its own file, 0 for
    a file."""

    item: Item
    number: int

    @property
    def key(self) -> str:
        return self.item.key


class ClinicalSending:
    """The clinical data of all transfers of a home on their way."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def plan(self, name: str) -> Plan:
        """What would go now. Nobody is asked over the network."""
        from transfer.runner.clinical_handover import handover_folder

        workspace = self._workspace(name)
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            order = read_order(ledger)
            is_method = de_identifies(order)
            going = Going(ledger, is_method=is_method, capped=frozenset())
            files = [file for file in clinical_files(ledger) if file.sha256 and not file.problem]
            rows, columns, stays = 0, 0, Counter[WhyRow]()
            for file in files:
                leaving, left = going.count_left_out(file.row, table_width(ledger, file.row))
                rows += leaving
                stays.update(left)
                columns += _columns_staying(ledger, file, is_method=is_method)
            subjects = sum(going.origins.values())
        way, trouble = self._way(order.node, order.destination)
        dataset = name.replace("_", "-")
        return Plan(
            tuple(f"{stem_of(dataset, n)}.csv" for n in range(1, len(files) + 1)),
            subjects,
            rows,
            tuple((why, stays[why]) for why in WhyRow if stays[why]),
            columns,
            is_method,
            way,
            trouble,
            handover_folder(workspace.folder),
        )

    def refused(self, name: str, limit: int, offset: int) -> list[Refused]:
        """A page of what the node did not take."""
        with Ledger.open(self._workspace(name).ledger, read_only=True) as ledger:
            return [
                Refused(item, row_number(ledger, item.first_row) if item.first_row else 0)
                for item in items_in_trouble(ledger, limit, offset)
            ]

    def let_overwrite(self, name: str) -> None:
        """Keep a person's word that the next run may write over other data. Raises: RunnerHeld."""
        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            let_overwrite(ledger)

    def handed_over(self, name: str, person: str) -> None:
        """Keep a person's word that the checked tables were uploaded.

        Raises:
            RunnerHeld: a runner is at work.
            StepBlocked: nothing waits for it, or the files are others.
        """
        from transfer.runner.clinical_handover import record_handed_over

        workspace = self._workspace(name)
        with (
            Ledger.open(workspace.ledger) as ledger,
            kept_from_runners(workspace.lock, ledger),
        ):
            record_handed_over(ledger, person)

    def _way(
        self, node_name: str, destination: str
    ) -> tuple[ClinicalWay | None, TransferError | None]:
        from tui.nodes import choose_node

        async def ask() -> ClinicalWay:
            node = choose_node(self._home, node_name).open()
            try:
                return await node.clinical_way(destination)
            finally:
                await node.aclose()

        try:
            return asyncio.run(ask()), None
        except TransferError as error:
            return None, error

    def _workspace(self, name: str) -> Workspace:
        return Workspace(self._home.transfers / name)


def _columns_staying(ledger: Ledger, file: ClinicalFile, *, is_method: bool) -> int:
    from transfer.clinical.outgoing.answered import staying_places
    from transfer.clinical.outgoing.columns import columns_of
    from transfer.clinical.outgoing.dates import DatePolicy
    from transfer.quality.rules.telling import telling_columns

    columns = clinical_columns(ledger, file.row)
    telling = staying_places(ledger, file, columns, telling_columns(ledger))
    policy = DatePolicy.MONTH if is_method else DatePolicy.AS_IS
    return len(columns_of(columns, read_mapping(ledger), policy, telling, ())[1])
