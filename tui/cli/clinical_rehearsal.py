"""The dry run of `clinical`, with the node's adapter and the cohort's key."""

from __future__ import annotations

import asyncio
from pathlib import Path

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.runner.clinical_rehearsal import rehearse_clinical
from transfer.workspace import Home, Workspace, make_private_folder
from tui.method import method_of
from tui.nodes import choose_node


def rehearse_here(home: Home, workspace: Workspace, folder: Path) -> int:
    """Write every request of the clinical data into a folder; how many there are.

    Raises:
        TransferError: as `rehearse_clinical`.
    """
    make_private_folder(folder)
    with Ledger.open(workspace.ledger) as ledger:
        node_name = read_order(ledger).node
        method = method_of(home, workspace, ledger)

    async def write() -> int:
        node = choose_node(home, node_name).open()
        try:
            return await rehearse_clinical(workspace, node, folder, method)
        finally:
            await node.aclose()

    return asyncio.run(write())
