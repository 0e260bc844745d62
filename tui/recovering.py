"""A damaged ledger: what the command and the screens say of it, and do about it.

Everything here blocks, a look at a large ledger for minutes: call in threads.
"""

from __future__ import annotations

from transfer.errors import UsageError
from transfer.ledger.regained import Regained
from transfer.recovering.look import Look, look_at
from transfer.recovering.restore import DAMAGED, restore
from transfer.sentences import count
from transfer.workspace import Home, Workspace


class Recovering:
    """The ledgers of all transfers of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def look(self, name: str) -> Look:
        """Raises: UsageError."""
        return look_at(self._home.workspace(name))

    def put_back(self, name: str) -> Regained:
        """Put the copy in the damaged ledger's place. Raises: UsageError, RunnerHeld,
        LedgerDamaged."""
        workspace = self._home.workspace(name)
        refuse_sound(workspace)
        return restore(workspace)


def refuse_sound(workspace: Workspace) -> None:
    """Raises UsageError where the ledger is whole: a copy is older than it."""
    if look_at(workspace).is_sound:
        raise UsageError(
            "The ledger is whole; nothing was changed.",
            f"See how far the transfer is with: eucaim-transfer status {workspace.name}",
        )


def kept_told(look: Look) -> str:
    """What persons said, as it lies beside the ledger."""
    told = "Nothing that a person said was kept beside it."
    if look.words or look.legal:
        told = f"Kept beside it: {_said(look.words, look.legal)}."
    if look.is_words_broken:
        told += " The file was changed by somebody; what follows the change is not trusted."
    return told


def regained_told(found: Regained) -> list[str]:
    """What came back with the ledger."""
    lines = []
    if found.words or found.legal:
        lines.append(f"Taken from what was kept beside it: {_said(found.words, found.legal)}.")
    if found.again:
        lines.append(f"{count(found.again, 'word')} on single patients has to be said again.")
    if found.is_broken:
        lines.append("The file of words was changed by somebody; what follows that was not taken.")
    if found.is_chosen:
        lines.append("What goes was chosen or mended in ways that the ledger does not know.")
    return lines


def _said(words: int, legal: int) -> str:
    return f"{count(words, 'word')} of persons, {count(legal, 'legal entry', 'legal entries')}"


def aside_told() -> str:
    """Where the damaged ledger is afterwards."""
    return f"The damaged one lies beside it as {DAMAGED}, until purge or the next recovery."
