"""The alias token that stands for a password: what is kept of it, and until when it serves.

XNAT gives one to every account that may sign in by password (1.8 to 1.10: two days of life unless
the site says otherwise). Whoever holds it needs no password.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

_LIFETIME_S = 2 * 86_400.0
_ALIAS = re.compile(r"[0-9A-Za-z-]{8,64}\Z")
_SECRET = re.compile(r"[0-9A-Za-z]{16,256}\Z")


@dataclass(frozen=True, slots=True)
class AliasToken:
    """Alias and secret serve as name and password; times are seconds since 1970."""

    alias: str
    secret: str
    issued_at_s: float
    expires_at_s: float

    def __repr__(self) -> str:
        return "AliasToken(…)"

    def is_due(self, now_s: float) -> bool:
        """Whether less than half of its life is left: time to get another one."""
        return self.expires_at_s - now_s < (self.expires_at_s - self.issued_at_s) / 2

    def stored(self) -> str:
        """The text for the secret store."""
        return json.dumps(asdict(self))


def read_stored(text: str | None) -> AliasToken | None:
    """The token in the secret store's text; None when there is none, or none that can be used."""
    found = _object(text)
    if found is None:
        return None
    return _token(found, found.get("issued_at_s"), found.get("expires_at_s"), 0.0)


def read_issued(text: str, now_s: float) -> AliasToken | None:
    """The token in the node's answer to `/data/services/tokens/issue`."""
    found = _object(text)
    if found is None or found.get("singleUse") in (True, "true"):
        return None
    ends_ms = found.get("estimatedExpirationTime")
    try:
        ends_s = float(ends_ms) / 1000 if isinstance(ends_ms, int | float | str) else None
    except (ValueError, OverflowError):
        ends_s = None
    return _token(found, now_s, ends_s, now_s)


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _token(found: dict[str, Any], issued: Any, expires: Any, now_s: float) -> AliasToken | None:
    alias, secret = found.get("alias"), found.get("secret")
    if not isinstance(alias, str) or not isinstance(secret, str):
        return None
    if not _ALIAS.match(alias) or not _SECRET.match(secret):
        return None
    try:
        start = float(issued) if isinstance(issued, int | float) else now_s
        end = float(expires) if isinstance(expires, int | float) else start + _LIFETIME_S
    except OverflowError:
        return None
    return AliasToken(alias, secret, start, end)


def void_path(token: AliasToken) -> str:
    """The route that makes a token void."""
    return f"/data/services/tokens/invalidate/{token.alias}/{token.secret}"
