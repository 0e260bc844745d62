"""What a person typed at a question of the app: refused in a line, or taken as it is meant."""

from __future__ import annotations

import os
from pathlib import Path

from transfer.errors import UsageError


def path_of(text: str) -> Path:
    """The path that was typed, `~` opened."""
    return Path(os.path.expanduser(text.strip()))


def refuse_empty(text: str) -> None:
    """Raises UsageError where nothing was typed."""
    if not text.strip():
        raise UsageError("This cannot stay empty.", "Write it, or press Esc.")


def refuse_relative(text: str) -> None:
    """Raises UsageError where the path hangs on the folder that the app was started in."""
    if not path_of(text).is_absolute():
        raise UsageError("That is no whole path.", "Begin it with / or ~.")
