"""Named points that the engine passes, so that a test can end the process exactly there."""

from __future__ import annotations

from collections.abc import Callable

observer: Callable[[str], None] | None = None
"""Called with the name of each point that is passed. Only tests set it."""


def passed(point: str) -> None:
    """Say that the engine is at this point."""
    if observer is not None:
        observer(point)
