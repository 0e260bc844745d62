"""Step 10 put together: a transfer's ledger, its node, and the carrier between them.

For commands and screens alike. A ledger belongs to one thread, so that all of it happens in the
thread whose event loop runs it: screens call `carry` in a thread of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from transfer.accounts import ran_out
from transfer.errors import SignInExpired, SignInRefused
from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.workspace import Home
from tui.choosing import names_of
from tui.nodes import choose_node, is_sandbox_profile

if TYPE_CHECKING:
    from transfer.publication.carrying import Carrier
    from transfer.publication.values import PublicationWay

_T = TypeVar("_T")


@asynccontextmanager
async def carrying(home: Home, name: str) -> AsyncIterator[Carrier]:
    """The carrier of a transfer's step 10, its connections closed at the end. Nothing is asked of
    the node until a method of it does. Blocks its event loop while the ledger is at work.

    Raises:
        UsageError: there is no such transfer, or the configuration lacks what its node needs.
        LedgerDamaged: the ledger cannot be read.
    """
    from transfer.publication.carrying import Carrier

    workspace = home.workspace(name)
    with Ledger.open(workspace.ledger) as ledger:
        order = read_order(ledger)
        ledger.names = names_of(home, ledger)
        # Judged by the very profile that is used: the configuration may be changed at any moment.
        chosen = choose_node(home, order.node)
        is_sandbox, node = is_sandbox_profile(chosen), chosen.open()
        try:
            publisher = node.publisher(order.destination)
            try:
                yield Carrier(workspace, ledger, publisher, is_sandbox_node=is_sandbox)
            finally:
                await publisher.aclose()
        except (SignInExpired, SignInRefused) as error:
            # What one transfer learns of the account is true for every transfer to the node.
            ran_out(home, order.node, error.what)
            raise
        finally:
            await node.aclose()


def way_of(home: Home, name: str) -> PublicationWay:
    """How step 10 goes on the node of a transfer; asks nobody, also where nobody is signed in.

    Raises:
        UsageError: as `carrying`.
    """
    with Ledger.open(home.workspace(name).ledger, read_only=True) as ledger:
        order = read_order(ledger)
    node = choose_node(home, order.node).open()

    async def looked() -> PublicationWay:
        try:
            return node.publisher(order.destination).way
        finally:
            await node.aclose()

    return asyncio.run(looked())


def carry(home: Home, name: str, act: Callable[[Carrier], Awaitable[_T]]) -> _T:
    """Carry out one act, in an event loop of its own; blocks until it is done.

    Raises:
        TransferError: as `carrying`, and whatever the act was refused for.
    """

    async def carried() -> _T:
        async with carrying(home, name) as carrier:
            return await act(carrier)

    return asyncio.run(carried())
