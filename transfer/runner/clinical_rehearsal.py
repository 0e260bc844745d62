"""The dry run of the clinical data: every request is written to a folder instead of being sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from transfer.clinical.leaving import ClinicalItem
from transfer.deid.methods import MethodSpec
from transfer.ledger.order import read_order
from transfer.prepare.method import open_method
from transfer.runner.clinical import outgoing
from transfer.runner.clinical_files import (
    FOLDER,
    TableFile,
    forget_tables_on_disk,
    write_tables,
)
from transfer.runner.clinical_gate import refuse_last_look, refuse_way
from transfer.runner.clinical_making import leaving_pages, next_page
from transfer.runner.clinical_sending import item_of_subject
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.pace import Bandwidth
from transfer.workspace import Workspace

if TYPE_CHECKING:
    from transfer.clinical.outgoing.table import Outgoing
    from transfer.node import Node


async def rehearse_clinical(
    workspace: Workspace, node: Node, folder: Path, method: MethodSpec | None = None
) -> int:
    """Write the exact requests of all clinical data as they would leave now; how many there are.
    For a node to which a person uploads the tables these are written themselves.

    Raises:
        StepBlocked: the last look saw what must not leave, or the node lacks something.
        UsageError: the method is not the one by which the images went, or the folder cannot be
            written.
        ClinicalRefused: a value does not fit the node's form.
    """
    ledger = LedgerThread()
    await ledger.open(workspace.ledger)
    try:
        opened = None if method is None else await ledger(open_method, method)
        destination = (await ledger(read_order)).destination
        way = await node.clinical_way(destination)
        refuse_way(way)
        async with outgoing(ledger, opened) as (reader, out):
            await ledger(refuse_last_look, await reader(lambda _: tuple(out.problems())))
            if way.by_hand:
                return len(await reader(lambda _: write_tables(out, folder)))
            written = 0
            if way.by_subject:
                written += await _subjects(reader, out, node, destination, folder)
            if way.by_file:
                tables_in = workspace.folder / f"{FOLDER}-rehearsal"
                try:
                    for table in await reader(lambda _: write_tables(out, tables_in)):
                        item = ClinicalItem(TableFile(table, Bandwidth()), media_type="text/csv")
                        await node.rehearse_clinical(item, destination, folder)
                        written += 1
                finally:
                    await asyncio.to_thread(forget_tables_on_disk, tables_in)
            return written
    finally:
        await ledger.aclose()


async def _subjects(
    reader: LedgerThread, out: Outgoing, node: Node, destination: str, folder: Path
) -> int:
    written, throttle = 0, Bandwidth()
    pages = await reader(lambda _: leaving_pages(out))
    while page := await reader(next_page, pages):
        for one in page:
            document = node.clinical_document(one.subject)
            item = item_of_subject(one.subject, document, throttle)
            await node.rehearse_clinical(item, destination, folder)
            written += 1
    return written
