"""Which secret store is used, and whether it works."""

from __future__ import annotations

import os

from transfer.errors import UsageError
from transfer.machine.host import YOU
from transfer.machine.question import Question
from transfer.machine.space import existing
from transfer.node import CheckResult
from transfer.workspace import Home

# No node can bear it: names of nodes have no dot.
_NOBODY = "doctor.looks.token"


def check_secret_store(home: Home) -> CheckResult:
    """Where do tokens go, and can what is there be read?"""
    from adapters.secrets import SecretStore

    asked = Question("secret-store", "Asked for the keyring, and read the file with the secrets.")
    if not os.access(existing(home.root), os.R_OK | os.X_OK):
        return asked.warn(
            "Where secrets are kept cannot be told: the folder for transfers is closed to us.",
            "See what is said about that folder.",
            "no access",
            YOU,
        )
    store = SecretStore(home.root)
    try:
        store.get(_NOBODY)
        facts = store.describe()
    except UsageError as refused:
        return asked.fail(refused.what, refused.remedy, "refused", YOU)
    answer = f"reads {', '.join(facts.reads_from)}; writes {facts.writes_to}"
    return asked.ok(str(facts), answer)
