"""Signing in at the beginning of a run: at once for who looks on, patiently for who does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transfer.errors import NEVER
from transfer.node import Identity
from transfer.runner.patience import Stopped, standing_by
from transfer.runner.sender import PASSING
from transfer.scan.pace import Interrupted

if TYPE_CHECKING:
    from transfer.node import Node
    from transfer.runner.ledger_thread import LedgerThread
    from transfer.runner.settings import Settings
    from transfer.runner.stop import Stop


async def sign_in(ledger: LedgerThread, node: Node, settings: Settings, stop: Stop) -> Identity:
    """Who the node says we are. A node that answers wrongly, or falls silent, is asked again for as
    long as its trouble may pass; one that cannot be reached at all is told at once, since the
    address, the firewall or the proxy may be to blame, and a person is to see to it.

    Raises:
        Interrupted: the run is to end.
        NodeError: it will not have us, cannot be reached, or was in trouble for too long.
    """

    async def ask() -> Identity:
        try:
            return await node.sign_in()
        except PASSING as error:
            if not error.reached_node:
                error.retry = NEVER
            raise

    try:
        return await standing_by(ledger, settings, stop, "login", ask)
    except Stopped:
        raise Interrupted from None
