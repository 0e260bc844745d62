"""The OIDC issuer of the stand-in node, worded after Keycloak 26 with the node's realm values."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox import devices, tokens
from adapters.sandbox.browsing import Browsing
from adapters.sandbox.devices import Devices
from adapters.sandbox.grants import Session, Sessions
from adapters.sandbox.realm import (
    ACCOUNTS,
    CLIENTS,
    INGESTER,
    REALM_ROLES,
    Account,
    Client,
    Refused,
    form_of,
)

__all__ = ["INGESTER", "Issuer"]

_FAILURES_BEFORE_LOCK = 10
_LOCK_S = 60.0


class Issuer:
    """Issues and checks tokens; `app` is its HTTP face, to be mounted at `path`."""

    path = "/auth/realms/EUCAIM-NODE"

    def __init__(
        self,
        *,
        accounts: Sequence[Account] = ACCOUNTS,
        access_s: float = 300.0,
        refresh_s: float = 1800.0,
        rotates: bool = False,
        device_clients: Collection[str] = (),
        device_s: float = 600.0,
        device_interval_s: float = 5.0,
    ) -> None:
        self._accounts = {account.username: account for account in accounts}
        self._access_s = access_s
        self._sessions = Sessions(refresh_s, rotates=rotates)
        self._failures: dict[str, tuple[int, float]] = {}
        self._valid_from = 0
        self._serial = 0
        self.sign_ins = 0
        """How often a password was accepted."""
        self.sign_in_failures = 0
        """How often a name and password were refused."""
        self.refreshes = 0
        """How often a refresh token was accepted."""
        self.devices = Devices(
            self._sessions,
            self._by_name,
            self._base,
            clients=device_clients,
            lifetime_s=device_s,
            interval_s=device_interval_s,
        )
        self._browsing = Browsing(self._sessions, self._by_name, self._base)
        self._grants: Mapping[str, Callable[[str, Client, Mapping[str, str]], Session]] = {
            "password": self._by_password,
            "refresh_token": self._by_refresh,
            "authorization_code": self._by_code,
            devices.GRANT: self._by_device,
        }
        below = "/protocol/openid-connect"
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route(f"{below}/token", self._token, methods=["POST"]),
                Route(f"{below}/userinfo", self._userinfo),
                Route(f"{below}/logout", self._logout, methods=["POST"]),
                Route(f"{below}/revoke", self._revoke, methods=["POST"]),
                Route(f"{below}/certs", self._certs),
                *self.devices.routes,
                *self._browsing.routes,
            ]
        )

    def expire(self, *, sessions: bool = False) -> None:
        """Make every access token issued so far invalid, and with `sessions` refresh tokens too."""
        self._valid_from = self._serial
        if sessions:
            self._sessions.end_all()

    def check(self, authorization: str, audience: str) -> dict[str, Any]:
        """The claims behind an Authorization header.

        Raises:
            BadToken: absent, expired, revoked, or meant for somebody else.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise tokens.BadToken("no bearer token")
        return self.claims(token.strip(), audience)

    def claims(self, token: str, audience: str) -> dict[str, Any]:
        """The claims of a token.

        Raises:
            BadToken: expired, revoked, not ours, or meant for somebody else.
        """
        claims = tokens.claims_of(token)
        if claims["exp"] <= time.time() or claims["serial"] <= self._valid_from:
            raise tokens.BadToken("Signature has expired")
        if audience not in claims["aud"]:
            raise tokens.BadToken("Audience doesn't match")
        return claims

    def account(self, username: str) -> Account | None:
        return self._accounts.get(username)

    def account_of(self, subject_id: str) -> Account | None:
        """Who stands behind the `sub` of a token."""
        return next((a for a in self._accounts.values() if a.id == subject_id), None)

    def enrol(self, account: Account) -> None:
        """Add an account, or give one that is there other groups, from its next token on."""
        self._accounts[account.username] = account

    def sign_in(self, username: str, password: str) -> Account:
        """The account behind a name and password.

        Raises:
            Refused: there is none, or it is not ready.
        """
        return self._by_name(username, password)

    async def _discovery(self, request: Request) -> Response:
        base = self._base(request)
        below = f"{base}/protocol/openid-connect"
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{below}/auth",
                "token_endpoint": f"{below}/token",
                "userinfo_endpoint": f"{below}/userinfo",
                "end_session_endpoint": f"{below}/logout",
                "revocation_endpoint": f"{below}/revoke",
                "jwks_uri": f"{below}/certs",
                "device_authorization_endpoint": f"{below}/auth/device",
                "grant_types_supported": list(self._grants),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "code_challenge_methods_supported": ["S256"],
                "authorization_response_iss_parameter_supported": True,
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def _token(self, request: Request) -> Response:
        form = await form_of(request)
        client_id = form.get("client_id", "")
        client = CLIENTS.get(client_id)
        grant = self._grants.get(form.get("grant_type", ""))
        try:
            if client is None:
                words = "Invalid client or Invalid client credentials"
                raise Refused("invalid_client", words, 401)
            if grant is None:
                raise Refused("unsupported_grant_type", "Unsupported grant_type")
            session = grant(client_id, client, form)
        except Refused as refused:
            return refused.answer()
        return JSONResponse(
            self._tokens(self._base(request), session), headers={"cache-control": "no-store"}
        )

    def _by_password(self, client_id: str, client: Client, form: Mapping[str, str]) -> Session:
        if not client.has_password_grant:
            words = "Client not allowed for direct access grants"
            raise Refused("unauthorized_client", words)
        account = self._by_name(form.get("username", ""), form.get("password", ""))
        self.sign_ins += 1
        return self._sessions.begin(account.username, client_id, form.get("scope", ""))

    def _by_name(self, username: str, password: str) -> Account:
        account = self._accounts.get(username)
        failures, since = self._failures.get(username, (0, 0.0))
        # A locked account hears the same words as one with a wrong password.
        is_locked = failures >= _FAILURES_BEFORE_LOCK and time.monotonic() < since + _LOCK_S
        if account is None or is_locked or account.password != password:
            self._failures[username] = (failures + 1, time.monotonic())
            self.sign_in_failures += 1
            raise Refused("invalid_grant", "Invalid user credentials", 401)
        if not account.is_set_up:
            raise Refused("invalid_grant", "Account is not fully set up")
        self._failures.pop(username, None)
        return account

    def _by_refresh(self, client_id: str, client: Client, form: Mapping[str, str]) -> Session:
        session = self._sessions.use(form.get("refresh_token", ""), client_id)
        self.refreshes += 1
        return session

    def _by_device(self, client_id: str, client: Client, form: Mapping[str, str]) -> Session:
        return self.devices.redeem(form.get("device_code", ""), client_id)

    def _by_code(self, client_id: str, client: Client, form: Mapping[str, str]) -> Session:
        return self._browsing.redeem(
            form.get("code", ""),
            client_id,
            form.get("redirect_uri", ""),
            form.get("code_verifier", ""),
        )

    def _tokens(self, base: str, session: Session) -> Mapping[str, object]:
        refresh_s = 0 if session.is_offline else int(self._sessions.refresh_s)
        answer: dict[str, object] = {
            "access_token": tokens.sign(self._claims(base, session)),
            "expires_in": int(self._access_s),
            "refresh_expires_in": refresh_s,
            "refresh_token": self._sessions.token(session),
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.session_id,
            "scope": "email profile groups",
        }
        if session.has_identity:
            identity = {"typ": "ID", "aud": session.client_id}
            if session.nonce:
                identity["nonce"] = session.nonce
            answer["id_token"] = tokens.sign(self._claims(base, session) | identity)
        return answer

    def _claims(self, base: str, session: Session) -> dict[str, Any]:
        self._serial += 1
        account, client = self._accounts[session.username], CLIENTS[session.client_id]
        now = time.time()
        groups = list(account.groups)
        roles = [g for g in groups if not g.startswith(("PROJECT-", "ADMINS-PROJECT-"))]
        claims: dict[str, Any] = {
            "exp": now + self._access_s,
            "iat": int(now),
            "jti": str(uuid.uuid4()),
            "iss": base,
            "typ": "Bearer",
            "azp": session.client_id,
            "sub": account.id,
            "aud": [client.audience, "account"],
            "sid": session.session_id,
            "realm_access": {"roles": [*roles, *REALM_ROLES]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "email profile groups",
            "email_verified": True,
            "name": account.name,
            "preferred_username": account.username,
            "email": account.email,
            "serial": self._serial,
        }
        # Keycloak leaves out what is empty: no `groups`, and no client without roles.
        if groups:
            claims["groups"] = groups
        if client_roles := account.roles_at(client):
            claims["resource_access"][client.audience] = {"roles": client_roles}
        return claims

    async def _userinfo(self, request: Request) -> Response:
        try:
            claims = self.check(request.headers.get("authorization", ""), "account")
        except tokens.BadToken:
            challenge = 'Bearer realm="EUCAIM-NODE", error="invalid_token"'
            refused = Refused("invalid_token", "Token verification failed", 401)
            return refused.answer({"www-authenticate": challenge})
        kept = ("sub", "email_verified", "name", "preferred_username", "email", "groups")
        return JSONResponse({key: claims[key] for key in kept if key in claims})

    async def _logout(self, request: Request) -> Response:
        session = self._sessions.of((await form_of(request)).get("refresh_token", ""))
        if session is None:
            return Refused("invalid_grant", "Invalid refresh token").answer()
        self._sessions.end(session.session_id)
        return Response(status_code=204)

    async def _revoke(self, request: Request) -> Response:
        form = await form_of(request)
        session = self._sessions.of(form.get("token", ""))
        if session is None or session.client_id != form.get("client_id"):
            # RFC 7009 2.2: an unknown token is no error.
            return Response(status_code=200)
        self._sessions.end(session.session_id)
        return Response(status_code=200)

    async def _certs(self, request: Request) -> Response:
        return JSONResponse(tokens.key_set())

    def _base(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{self.path}"
