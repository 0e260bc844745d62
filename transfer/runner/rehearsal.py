"""The dry run: every planned request is written to a folder instead of being sent."""

from __future__ import annotations

import os
from pathlib import Path

from transfer.ahead import made_ahead
from transfer.deid.methods import MethodSpec
from transfer.ledger.batches import instances_of, planned_batches
from transfer.ledger.order import read_order
from transfer.node import Batch, Node
from transfer.outgoing import LedgerInstance
from transfer.prepare.maker import Remaker
from transfer.prepare.method import open_method
from transfer.runner.ledger_thread import LedgerThread
from transfer.runner.pace import Bandwidth
from transfer.workspace import Workspace

# Requests are written one after the other.
_PROCESSES = 1
# Not the runner's: one may begin to send meanwhile.
_SPOOL = "spool-rehearsal"


async def rehearse(
    workspace: Workspace, node: Node, folder: Path, method: MethodSpec | None = None
) -> int:
    """Write the exact requests of everything that is planned; how many there are.

    Raises:
        UsageError: the method is not the one by which it was prepared.
        SourceChanged: a source file is not what the scan saw.
    """
    ledger = LedgerThread()
    await ledger.open(workspace.ledger)
    maker = None
    try:
        if method is not None:
            opened = await ledger(open_method, method)
            maker = await ledger(Remaker.of, opened, _PROCESSES, _SPOOL)
        else:
            maker = await ledger(Remaker.of_mends, _PROCESSES)
        order = await ledger(read_order)
        source, throttle = os.fsencode(order.source), Bandwidth()
        written, last = 0, 0
        while page := await ledger(planned_batches, last, 64):
            for last in page:
                planned = await ledger(instances_of, last)
                if not planned:
                    continue
                with made_ahead(maker, planned) as ahead:
                    instances = [LedgerInstance(one, source, throttle, ahead) for one in planned]
                    await node.rehearse(Batch(last, order.destination, instances), folder)
                written += 1
        return written
    finally:
        if maker is not None:
            await maker.aclose()
        await ledger.aclose()
