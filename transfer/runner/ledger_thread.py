"""A connection of the runner, on a thread of its own, so that the loop never waits: the one that
writes, or one that reads beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from transfer.ledger.connection import Ledger

_P = ParamSpec("_P")
_T = TypeVar("_T")


class LedgerThread:
    """Runs functions of the ledger, one after the other, on the thread that opened it."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._ledger: Ledger | None = None

    async def open(self, path: Path, *, read_only: bool = False) -> None:
        """Open the ledger, for writing unless told otherwise. Raises what `Ledger.open` raises."""
        loop = asyncio.get_running_loop()
        self._ledger = await loop.run_in_executor(
            self._thread, lambda: Ledger.open(path, read_only=read_only)
        )

    async def __call__(
        self,
        function: Callable[Concatenate[Ledger, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """Call `function(ledger, …)` on the ledger's thread. Not undone by a cancellation."""
        ledger = self._ledger
        assert ledger is not None, "open comes first"
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: function(ledger, *args, **kwargs))

    async def aclose(self) -> None:
        """Finish what was asked for and close the connection."""
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, ledger.close)
        self._thread.shutdown(wait=False)
