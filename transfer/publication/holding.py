"""One process at a time acts at step 10 of a transfer, and none while its runner is at work."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from transfer.errors import RunnerHeld
from transfer.ledger.connection import Ledger
from transfer.ledger.holder import kept_from_runners
from transfer.workspace import Workspace

_PATIENCE_S: Final = 5.0
_PAUSE_S: Final = 0.05


@asynccontextmanager
async def held(
    workspace: Workspace, ledger: Ledger, *, from_runners: bool = False
) -> AsyncIterator[None]:
    """Hold step 10 for one act. `from_runners`: no runner can start meanwhile either.

    Raises:
        RunnerHeld: another process acts on it, or a runner has the transfer.
    """
    descriptor = await _locked(workspace.folder / "publication.lock")
    try:
        with ExitStack() as stack:
            if from_runners:
                stack.enter_context(kept_from_runners(workspace.lock, ledger))
            yield
    finally:
        os.close(descriptor)


async def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    patience = _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if patience <= 0:
                os.close(descriptor)
                raise RunnerHeld(
                    "Another process is at step 10 of this transfer at this moment.",
                    "Let it end, or end it; then try again. Nothing was changed.",
                ) from None
        try:
            await asyncio.sleep(_PAUSE_S)
        except asyncio.CancelledError:
            os.close(descriptor)
            raise
        patience -= _PAUSE_S
