"""The password that a node refused last, remembered so that no restart sends it again.

A unit that systemd restarts, or a line of cron, begins with the same password each time; ten of
them lock the account (upv-node.md 3). What is kept is no password but a salted digest of it, in
the secret store. A person who signs in has it forgotten first: that is a word of theirs.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import secrets as random
from typing import Any

from adapters.secrets import SecretStore
from transfer.clock import utc_now
from transfer.errors import SignInRefused, UsageError

_ROUNDS = 200_000


def remember_refusal(secrets: SecretStore, node: str, username: str, password: str) -> None:
    """The node has just refused this name and password; blocks for a tenth of a second."""
    salt = random.token_hex(16)
    kept = {"at": utc_now(), "salt": salt, "digest": _digest(salt, username, password)}
    # A home that cannot be written to: this process alone remembers.
    with contextlib.suppress(UsageError):
        secrets.put(_name(node), json.dumps(kept))


def demand_unrefused(secrets: SecretStore, node: str, username: str, password: str) -> None:
    """Called before the password is sent; blocks for a tenth of a second.

    Raises:
        SignInRefused: the node refused it before, and nobody has signed in since.
    """
    kept = _kept(secrets, node)
    salt, digest = kept.get("salt"), kept.get("digest")
    if not isinstance(salt, str) or not isinstance(digest, str):
        return
    if hmac.compare_digest(_digest(salt, username, password).encode(), digest.encode()):
        raise SignInRefused(
            "The node refused this name and password before; they are not sent again by "
            "themselves, since accounts get locked by that.",
            f"Run eucaim-transfer login {node} at a terminal: there it is sent once more. If it is "
            "wrong, correct it where this program gets it from (systemd credential, "
            "EUCAIM_TRANSFER_PASSWORD, a pipe).",
            node=node,
        )


def forget_refusal(secrets: SecretStore, node: str) -> None:
    """A person signs in: whatever was refused may be tried again, once."""
    with contextlib.suppress(UsageError):
        secrets.delete(_name(node))


def _name(node: str) -> str:
    return f"{node}.refused"


def _kept(secrets: SecretStore, node: str) -> dict[str, Any]:
    try:
        found = json.loads(secrets.get(_name(node)) or "{}")
    except (UsageError, ValueError, RecursionError):
        # A store that cannot be read is told where the password is asked for.
        return {}
    return found if isinstance(found, dict) else {}


def _digest(salt: str, username: str, password: str) -> str:
    said = f"{username}\0{password}".encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", said, salt.encode(), _ROUNDS).hex()
