"""The stand-in's sessions: which refresh token stands for whom, and until when.

A plain session ends after `refresh_s` without use, an offline one never. As in the node's realm an
old refresh token stays good beside the new one, unless `rotates`; then showing a used one again
ends its session.
"""

from __future__ import annotations

import secrets
import time
import uuid
from dataclasses import dataclass

from adapters.sandbox.realm import Refused


@dataclass(frozen=True, slots=True)
class Session:
    """What a sign-in began. `nonce` came with it from the browser."""

    username: str
    client_id: str
    scope: str
    session_id: str
    expires_at: float
    nonce: str = ""

    @property
    def is_offline(self) -> bool:
        return "offline_access" in self.scope.split()

    @property
    def has_identity(self) -> bool:
        return "openid" in self.scope.split()


class Sessions:
    """Refresh tokens and the sessions behind them."""

    def __init__(self, refresh_s: float, *, rotates: bool = False) -> None:
        self.refresh_s = refresh_s
        self._rotates = rotates
        self._by_token: dict[str, Session] = {}
        self._used: dict[str, Session] = {}

    def begin(self, username: str, client_id: str, scope: str, nonce: str = "") -> Session:
        is_offline = "offline_access" in scope.split()
        ends = float("inf") if is_offline else time.time() + self.refresh_s
        return Session(username, client_id, scope, str(uuid.uuid4()), ends, nonce)

    def token(self, session: Session) -> str:
        """Another refresh token of the session."""
        token = secrets.token_urlsafe(48)
        self._by_token[token] = session
        return token

    def use(self, token: str, client_id: str) -> Session:
        """The session of a refresh token that is shown.

        Raises:
            Refused: it stands for no session of this client, or no longer.
        """
        if token in self._used:
            self.end(self._used[token].session_id)
            raise Refused("invalid_grant", "Maximum allowed refresh token reuse exceeded")
        session = self._by_token.get(token)
        if session is None or session.client_id != client_id:
            raise Refused("invalid_grant", "Invalid refresh token")
        if session.expires_at <= time.time():
            raise Refused("invalid_grant", "Token is not active")
        if self._rotates:
            self._used[token] = self._by_token.pop(token)
        return session

    def of(self, token: str) -> Session | None:
        """The session that a refresh token stands for, without using it."""
        return self._by_token.get(token)

    def end(self, session_id: str) -> None:
        """Forget a session with all its refresh tokens."""
        gone = [token for token, held in self._by_token.items() if held.session_id == session_id]
        for token in gone:
            del self._by_token[token]

    def end_all(self) -> None:
        self._by_token.clear()
