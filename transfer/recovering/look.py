"""What is there of a transfer's ledger: whether it is whole, its copy, and the words beside it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from transfer.errors import LedgerDamaged, RunnerHeld, UsageError
from transfer.ledger.backup import backup_of, is_backup_sound
from transfer.ledger.connection import Ledger
from transfer.ledger.kept_words import read_kept
from transfer.ledger.regained import is_unseen
from transfer.private import held_alone
from transfer.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Look:
    """`flaw` says in a sentence what is wrong with the ledger; empty where nothing is.
    `backup_at_utc` is when its copy was made; empty where there is none that is whole.
    `waits_for_a_look`: it was put back, and nobody has looked at what is to go."""

    flaw: str
    backup_at_utc: str
    words: int
    legal: int
    is_words_broken: bool
    waits_for_a_look: bool = False

    @property
    def is_sound(self) -> bool:
        """Nothing is to be done about it."""
        return not self.flaw

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "ledger": {"is_sound": self.is_sound, "flaw": self.flaw},
            "backup_at_utc": self.backup_at_utc or None,
            "kept": {"words": self.words, "legal": self.legal, "is_broken": self.is_words_broken},
            "waits_for_a_look": self.waits_for_a_look,
        }


def look_at(workspace: Workspace) -> Look:
    """Look at all of it: of ten million instances that takes minutes. Nothing is changed.

    Raises:
        UsageError: the ledger is of a later version, or the words cannot be read.
    """
    flaw, waits = _flaw_of_ledger(workspace)
    backup = backup_of(workspace.ledger)
    made = ""
    if is_backup_sound(backup):
        at = dt.datetime.fromtimestamp(backup.stat().st_mtime, dt.UTC)
        made = at.isoformat(timespec="seconds")
    try:
        kept = read_kept(workspace.folder)
    except OSError as error:
        raise UsageError(
            f"The words kept beside the ledger cannot be read: {error.strerror}.",
            "Give the transfer's folder and all in it to this account.",
        ) from error
    counted = [line.what for line in kept.lines]
    return Look(flaw, made, counted.count("word"), counted.count("legal"), kept.is_broken, waits)


def _flaw_of_ledger(workspace: Workspace) -> tuple[str, bool]:
    try:
        with Ledger.open(workspace.ledger, read_only=True) as ledger:
            found = ledger.rows("PRAGMA integrity_check(1)")
            if found != [("ok",)]:
                return "It does not hold together: pages of it are damaged.", False
            return "", is_unseen(ledger)
    except LedgerDamaged as error:
        return error.what, False


@contextmanager
def alone(workspace: Workspace) -> Iterator[None]:
    """While this lasts nobody else works on the transfer.

    Raises:
        RunnerHeld: somebody does.
    """
    busy = RunnerHeld(
        "Another process works on this transfer at this moment. Nothing was changed.",
        "Let it end, or end it; then try again.",
    )
    with (
        held_alone(workspace.folder / "purge.lock", busy),
        held_alone(workspace.folder / "publication.lock", busy),
        held_alone(workspace.folder / "rehearsal.lock", busy),
        held_alone(workspace.lock, busy),
    ):
        yield


def remove_drafts(workspace: Workspace, draft: str) -> None:
    """Take away what a killed recovery left."""
    with suppress(OSError):
        for path in workspace.folder.glob(f"{draft}*"):
            path.unlink(missing_ok=True)
