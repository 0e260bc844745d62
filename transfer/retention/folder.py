"""What lies in a transfer's folder beside its ledger: all of it goes but the evidence.

What stays is named, not what goes: a file that a later version writes there, or that somebody put
there, may hold originals.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from transfer.errors import UsageError
from transfer.ledger.kept_words import KEPT_WORDS
from transfer.private import sync_folder
from transfer.workspace import Workspace

REPORT: Final = "report"
"""Where the evidence lies, as `report` writes it."""


def _stays(name: str, ledger: str) -> bool:
    stays = (REPORT, KEPT_WORDS, ledger, f"{ledger}-wal", f"{ledger}-shm")
    return name in stays or name.endswith(".lock")


def remove_copies(workspace: Workspace) -> int:
    """Remove every file and folder but ledger, kept words, locks and evidence; how many there were.
    Links are removed, not followed. May be repeated.

    Raises:
        UsageError: something cannot be removed.
    """
    n = 0
    try:
        with os.scandir(workspace.folder) as found:
            entries = [e for e in found if not _stays(e.name, workspace.ledger.name)]
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                Path(entry.path).unlink(missing_ok=True)
            n += 1
        for lock in workspace.folder.glob("*.lock"):
            _empty(lock)
        sync_folder(workspace.folder)
    except OSError as error:
        raise UsageError(
            f"A copy in the folder of this transfer cannot be removed: {error.strerror}.",
            "Give the folder and all in it to this account, then purge again: it goes on.",
        ) from error
    return n


def _empty(lock: Path) -> None:
    """A lock says nothing; what else bears such a name goes with its content."""
    if lock.is_symlink() or lock.is_dir():
        if lock.is_symlink():
            lock.unlink()
        else:
            shutil.rmtree(lock)
    elif lock.stat().st_size:
        os.truncate(lock, 0)
