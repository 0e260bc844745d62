"""What one public client may ask of a realm: tokens for a password, a code or a refresh token.

RFC 6749 (password and refresh grants), RFC 7009 (revocation). Bodies and answers are oauthlib's;
its client objects live for one question, since they remember the tokens they read.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from oauthlib.oauth2 import Client, LegacyApplicationClient, OAuth2Error

from adapters.upv.oidc import Realm
from adapters.upv.refusals import GrantRefused

SCOPES = ("openid offline_access", "openid")
"""Tried in this order: an offline session outlives a transfer of days, a plain one 10 hours."""
NO_SUCH_SCOPE = ("invalid_scope", "not_allowed")
"""Refusals that say that all is right but the scope (Keycloak has the second for offline ones)."""

TokenKind = Literal["access_token", "refresh_token"]
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a grant gave. `lifetime_s` is the access token's."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    lifetime_s: float
    identity: str | None = field(repr=False, default=None)


class Grants:
    """One public client of a realm."""

    def __init__(self, realm: Realm, client_id: str) -> None:
        self.realm = realm
        self.client_id = client_id

    async def by_password(self, username: str, password: str) -> Tokens:
        """Sign in by name and password, with an offline session where the realm gives one.

        Raises:
            GrantRefused: not repeated with the same password, or the account gets locked.
        """
        client = LegacyApplicationClient(self.client_id)

        def body(scope: str) -> str:
            return str(
                client.prepare_request_body(username, password, scope=scope, include_client_id=True)
            )

        try:
            return await self.exchange(body(SCOPES[0]))
        except GrantRefused as refused:
            if refused.code not in NO_SUCH_SCOPE:
                raise
            return await self.exchange(body(SCOPES[1]))

    async def by_refresh(self, refresh: str) -> Tokens:
        """Renew; raises GrantRefused("invalid_grant") when the session is over."""
        client = Client(self.client_id)
        return await self.exchange(
            str(client.prepare_refresh_body(refresh_token=refresh, client_id=self.client_id))
        )

    async def exchange(self, body: str) -> Tokens:
        """Ask the token endpoint.

        Raises:
            GrantRefused: the issuer's own word for no.
        """
        answer = await self.realm.ask("token_endpoint", body)
        try:
            read = Client(self.client_id).parse_request_body_response(json.dumps(answer))
        except OAuth2Error as problem:
            if isinstance(answer.get("error"), str):
                raise GrantRefused(str(problem.error), str(problem.description)) from None
            raise self.realm.fault() from None
        except (ValueError, TypeError, AttributeError, OverflowError):
            # A scope that is no text, a lifetime beyond all numbers: oauthlib trusts their kinds.
            raise self.realm.fault() from None
        return self._understood(read, answer)

    def _understood(self, read: Mapping[str, Any], answer: Mapping[str, Any]) -> Tokens:
        access, refresh, identity = (
            read.get(key) for key in ("access_token", "refresh_token", "id_token")
        )
        is_bearer = str(read.get("token_type", "bearer")).lower() == "bearer"
        if not is_bearer or not isinstance(access, str) or not is_sendable(access):
            raise self.realm.fault()
        return Tokens(
            access=access,
            refresh=refresh if isinstance(refresh, str) and is_sendable(refresh) else None,
            lifetime_s=seconds(answer.get("expires_in"), 60.0),
            identity=identity if isinstance(identity, str) else None,
        )

    async def end(self, token: str, kind: TokenKind = "refresh_token") -> None:
        """Have the realm forget a token and the session behind it; by its revocation endpoint,
        else by ending the session.

        Raises:
            GrantRefused: it knows no such token.
        """
        if await self.realm.offers("revocation_endpoint"):
            _, _, body = Client(self.client_id).prepare_token_revocation_request(
                await self.realm.address("revocation_endpoint"),
                token,
                token_type_hint=kind,
                client_id=self.client_id,
            )
            await self.realm.tell("revocation_endpoint", str(body))
        elif kind == "refresh_token" and await self.realm.offers("end_session_endpoint"):
            form = {"client_id": self.client_id, "refresh_token": token}
            await self.realm.tell("end_session_endpoint", urlencode(form))


def is_sendable(token: str) -> bool:
    """Whether a token can stand in a header (RFC 6750 2.1)."""
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def seconds(value: object, default: float) -> float:
    """A length of time out of an answer; the default where it is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= 1e9 else default  # type: ignore[operator, arg-type]
