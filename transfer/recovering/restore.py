"""A ledger put back from its copy: with the words that were said since, and the node asked before
anything goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from transfer import checkpoint
from transfer.errors import UsageError
from transfer.ledger.backup import backup_of, is_backup_sound
from transfer.ledger.connection import Ledger
from transfer.ledger.regained import Regained, regain
from transfer.private import sync_folder, unwritable_home
from transfer.recovering.look import alone, remove_drafts
from transfer.workspace import Workspace, private_opener

DRAFT: Final = "ledger.recovered.part"
DAMAGED: Final = "ledger.damaged.sqlite"
"""Where the ledger goes whose place is taken; what has it is the last one alone."""

_BESIDE: Final = ("-wal", "-shm", "-journal")


def restore(workspace: Workspace) -> Regained:
    """Put the copy in the ledger's place. May be killed anywhere and repeated.

    Raises:
        UsageError: there is no copy that is whole, or the folder cannot be written.
        RunnerHeld: somebody works on the transfer.
        LedgerDamaged: the disk is full.
    """
    with alone(workspace):
        backup = backup_of(workspace.ledger)
        if not is_backup_sound(backup):
            raise UsageError(
                "There is no copy of this transfer's ledger that is whole.",
                "Have it made anew, from the source and the node, with: eucaim-transfer recover"
                " NAME --rebuild",
            )
        draft = workspace.folder / DRAFT
        remove_drafts(workspace, DRAFT)
        try:
            _copy(backup, draft)
            with Ledger.open(draft) as ledger:
                found = regain(ledger)
                with ledger.transaction():
                    ledger.record_event("recover", "The ledger was put back from its copy.")
            checkpoint.passed("recover-made")
            put_in_place(workspace, draft)
        except OSError as error:
            raise unwritable_home(error) from error
        finally:
            remove_drafts(workspace, DRAFT)
    return found


def put_in_place(workspace: Workspace, draft: Path) -> None:
    """Let a new ledger take the place of the present one, which is set aside. Its log goes before
    it does: SQLite would take it for the new one's.

    Raises:
        OSError: the folder cannot be written.
    """
    ledger, aside = workspace.ledger, workspace.folder / DAMAGED
    for ending in ("", *_BESIDE):
        Path(f"{aside}{ending}").unlink(missing_ok=True)
    for ending in (*_BESIDE, ""):
        present = Path(f"{ledger}{ending}")
        if present.exists():
            os.replace(present, f"{aside}{ending}")
    checkpoint.passed("recover-aside")
    os.replace(draft, ledger)
    sync_folder(workspace.folder)
    checkpoint.passed("recover-done")


def _copy(backup: Path, draft: Path) -> None:
    with open(backup, "rb") as source, open(draft, "wb", opener=private_opener) as file:
        shutil.copyfileobj(source, file, 1024 * 1024)
        file.flush()
        os.fsync(file.fileno())
