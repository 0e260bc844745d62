"""One process at a time: a turn that is taken on a file and given back when its holder ends.

For what may be done once only, such as using up a refresh token: a realm that rotates them ends
the whole session when one is shown twice (RFC 9700 4.14.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

_LOOK_AGAIN_S = 0.05
_PATIENCE_S = 120.0
_GRACE_S = 30.0

T = TypeVar("T")


@contextlib.asynccontextmanager
async def turn(file: Path, *, patience_s: float = _PATIENCE_S) -> AsyncIterator[bool]:
    """Wait until no other process holds `file`; whether the turn is ours.

    It is not where the file cannot be made (then nothing is stored there that could be shared) or
    where its holder shows no sign of ending, such as a stopped process: better twice than never.
    """
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError:
        yield False
        return
    try:
        yield await _taken(descriptor, patience_s)
    finally:
        os.close(descriptor)


async def _taken(descriptor: int, patience_s: float) -> bool:
    ends_at = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= ends_at:
                return False
        except OSError:
            return False
        # Waiting in a thread could not be cancelled.
        await asyncio.sleep(_LOOK_AGAIN_S)


async def to_its_end(work: Coroutine[Any, Any, T], *, grace_s: float = _GRACE_S) -> T:
    """Await `work`; when we are cancelled meanwhile it still gets `grace_s` seconds to finish.

    What the other side has used up must be stored here before we go.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=grace_s)
        if task.done() and not task.cancelled():
            task.exception()  # else asyncio reports it as never looked at
        task.cancel()
        raise
