"""No memory image of a crash of ours: it could hold a token."""

from __future__ import annotations

import contextlib
import resource


def write_no_core_dumps() -> None:
    """From now on a crash of this process, or of one that it starts, writes no memory image."""
    with contextlib.suppress(OSError, ValueError):
        _, hard = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
