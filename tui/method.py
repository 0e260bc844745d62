"""The method of a transfer with the cohort's key in it, for whoever de-identifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace
from tui.cli.output import tell

if TYPE_CHECKING:
    from transfer.deid.keys.keyring import CohortKey
    from transfer.deid.methods import MethodSpec

_PASSPHRASE: Final = "key.passphrase"  # noqa: S105 - the name of the secret, not the secret


def key_of(home: Home, ledger: Ledger) -> tuple[CohortKey | None, bool]:
    """The key of a transfer's cohort, and whether it was made just now; None where nothing is
    de-identified. Nobody is asked anything: a passphrase comes from the secret store.

    Raises:
        UsageError: the key cannot be opened.
    """
    from transfer.method_files import de_identifies

    if not de_identifies(read_order(ledger)):
        return None, False
    from adapters.secrets import SecretStore
    from transfer.deid.keys.cohort import key_of_transfer

    key, is_new = key_of_transfer(home, ledger, SecretStore(home.root).get(_PASSPHRASE))
    if is_new:
        with ledger.transaction():
            ledger.record_event("key", f"The cohort's key {key.fingerprint} was made.")
    return key, is_new


def doubts_told(spec: MethodSpec, most: int = 20) -> list[str]:
    """What is doubtful in a script, a sentence each; empty for a profile."""
    from transfer.deid.methods import doubts_of

    doubts = doubts_of(spec)
    told = [f"{spec.name}, line {doubt.line}: {doubt.words}" for doubt in doubts[:most]]
    return told if len(doubts) <= most else [*told, f"… and {len(doubts) - most} lines more."]


def method_of(home: Home, workspace: Workspace, ledger: Ledger) -> MethodSpec | None:
    """How this transfer de-identifies; None where its files go as they are.

    The key is made where the cohort has none, which is told on stderr and kept in the transfer's
    history.

    Raises:
        UsageError: the key cannot be opened, or a file of the method is gone or was changed.
    """
    from transfer.deid.keys.cohort import notice_of_new_key
    from transfer.method_files import load_method_files

    files = load_method_files(workspace.folder, ledger)
    key, is_new = key_of(home, ledger)
    if key is None:
        return None
    if is_new:
        for line in notice_of_new_key(key):
            tell(line.replace("NAME", workspace.name))
    return files.spec(read_order(ledger), key.text)
