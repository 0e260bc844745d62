"""The method of a transfer with the cohort's key in it, for whoever de-identifies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from transfer.ledger.connection import Ledger
from transfer.ledger.order import read_order
from transfer.workspace import Home, Workspace

if TYPE_CHECKING:
    from transfer.deid.methods import MethodSpec

_PASSPHRASE: Final = "key.passphrase"  # noqa: S105 - the name of the secret, not the secret


def method_of(home: Home, workspace: Workspace, ledger: Ledger) -> MethodSpec | None:
    """How this transfer de-identifies; None where its files go as they are.

    The key is made where the cohort has none. Nobody is asked anything: a passphrase comes from
    the secret store.

    Raises:
        UsageError: the key cannot be opened, or a file of the method is gone or was changed.
    """
    from transfer.method_files import de_identifies, load_method_files

    order = read_order(ledger)
    if not de_identifies(order):
        return None
    from adapters.secrets import SecretStore
    from transfer.deid.cohort import key_of_transfer

    key, is_new = key_of_transfer(home, ledger, SecretStore(home.root).get(_PASSPHRASE))
    if is_new:
        with ledger.transaction():
            ledger.record_event("key", f"The cohort's key {key.fingerprint} was made.")
    return load_method_files(workspace.folder, ledger).spec(order, key.text)
