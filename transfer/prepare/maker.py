"""What was prepared, made once more between lease and send; it must be the very same."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from transfer.deid.rewrite import Outgoing
from transfer.errors import SourceChanged
from transfer.ledger.batches import PlannedInstance
from transfer.ledger.connection import Ledger
from transfer.ledger.deid_run import read_numbers
from transfer.ledger.mends import has_mends
from transfer.ledger.order import read_order
from transfer.outgoing import as_it_is, forget_spools, source_changed
from transfer.prepare.mended import setup_of_mends
from transfer.prepare.method import OpenMethod, Releases, read_releases
from transfer.prepare.rewriter import Setup, Task, rewriting_desk
from transfer.workspace import make_private_folder

if TYPE_CHECKING:
    from transfer.deid.pixels import OutgoingPiece


class Remaker:
    """A `Maker` with processes of its own; it holds no more than they have in hand."""

    def __init__(self, setup: Setup, source: bytes, releases: Releases, processes: int) -> None:
        self._spool = setup.spool
        self._mends_alone = setup.mends_alone
        self._source = source
        self._releases = releases
        self._desk = rewriting_desk(processes, setup)

    @classmethod
    def of(
        cls, ledger: Ledger, method: OpenMethod, processes: int, spool: str = "spool"
    ) -> Remaker:
        """For the transfer of this ledger. Processes start when they are asked. `spool` names a
        folder of the transfer's that nobody else uses meanwhile."""
        source = os.fsencode(read_order(ledger).source)
        # Numbers were given since the method was opened.
        setup = replace(method.setup, numbers=read_numbers(ledger))
        if method.setup.spec.pixel_script is not None:
            folder = ledger.folder / spool
            # What a killed process left there is of no use to anybody.
            shutil.rmtree(folder, ignore_errors=True)
            make_private_folder(folder)
            setup = replace(setup, spool=folder)
        return cls(setup, source, read_releases(ledger), processes)

    @classmethod
    def of_mends(cls, ledger: Ledger, processes: int) -> Remaker | None:
        """For a transfer that sends files as they are, but for what persons had mended; None where
        nobody had."""
        if not has_mends(ledger):
            return None
        source = os.fsencode(read_order(ledger).source)
        return cls(setup_of_mends(), source, {}, processes)

    async def pieces(self, planned: PlannedInstance) -> Sequence[OutgoingPiece]:
        """See `Maker.pieces`."""
        if planned.head_sha256 is None and self._mends_alone and not planned.mends:
            return as_it_is(planned)
        if planned.head_sha256 is None:
            raise SourceChanged(
                "This instance was not made ready yet; it was not sent.",
                "Upload again: it is made ready first.",
            )
        task = Task(
            os.path.join(self._source, planned.path),
            (planned.file_bytes, planned.mtime_ns),
            planned.patient,
            self._releases.get(planned.patient.row, frozenset()),
            wants_pieces=True,
            mends=planned.mends,
            has_part10=planned.has_part10,
        )
        made = await self._desk.ask(task)
        if not isinstance(made, Outgoing):
            raise source_changed()
        if (made.head_sha256, made.size_bytes) != (planned.head_sha256, planned.size_bytes):
            # The run goes on with others, and may meet many of these.
            await asyncio.to_thread(forget_spools, made.pieces)
            raise SourceChanged(
                "Made once more, this instance came out differently; it was not sent.",
                "Upload again: it is prepared anew. If this comes back, tell the makers.",
            )
        return made.pieces

    async def aclose(self) -> None:
        """End the processes; pixels that nobody came for go with them."""
        await self._desk.aclose()
        if self._spool is not None:
            await asyncio.to_thread(shutil.rmtree, self._spool, ignore_errors=True)
