"""An act of step 10 in this process: told on the way, and ended in good order when stopped."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from transfer.workspace import Home
from tui.publishing import carrying

if TYPE_CHECKING:
    from transfer.publication.carrying import Carrier

_T = TypeVar("_T")


def carried(home: Home, name: str, act: Callable[[Carrier], Awaitable[_T]]) -> _T:
    """Carry an act out. A service that is stopped, or a line that is lost, ends it as Ctrl-C does:
    what was asked of the node stands in the ledger, and the next command goes on from there.

    Raises:
        KeyboardInterrupt: it was stopped.
        TransferError: it was refused.
    """

    async def until_stopped() -> _T:
        task = asyncio.current_task()
        assert task is not None, "asyncio.run made it"
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        async with carrying(home, name) as carrier:
            return await act(carrier)

    try:
        return asyncio.run(until_stopped())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
