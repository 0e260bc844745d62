"""The OIDC issuer of the stand-in node, worded after Keycloak 26 with the node's realm values."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox import tokens
from adapters.sandbox.faults import Faults

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_FAILURES_BEFORE_LOCK = 10
_LOCK_S = 60.0
_REALM_ROLES = (
    "validated_user",
    "offline_access",
    "uma_authorization",
    "default-roles-eucaim-node",
)


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the realm; `groups` are what the node's registration form gives."""

    username: str
    password: str
    groups: Sequence[str] = ()
    is_set_up: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the realm: whom its tokens are for, and which grants it may use."""

    audience: str
    roles: Sequence[str] = ()
    has_password_grant: bool = True


INGESTER = Account(
    "ingester",
    "ingester",
    ("authorized-technical-data-manager", "dataset-administrator", "PROJECT-SANDBOX"),
)
PENDING = Account("pending", "pending", is_set_up=False)
CLIENTS: Mapping[str, Client] = {
    "qpinsights": Client("qpinsights-backend", ("User",)),
    "dataset-explorer": Client("dataset-service", ("admin_datasets", "use_datasets")),
    "guacamole": Client("guacamole", has_password_grant=False),
}


@dataclass(frozen=True, slots=True)
class _Session:
    username: str
    client_id: str
    session_id: str
    expires_at: float
    is_offline: bool
    scope: str


class Issuer:
    """Issues and checks tokens; `app` is its HTTP face, to be mounted at `path`."""

    path = "/auth/realms/EUCAIM-NODE"

    def __init__(
        self,
        faults: Faults,
        *,
        accounts: Sequence[Account] = (INGESTER, PENDING),
        access_s: float = 300.0,
        refresh_s: float = 1800.0,
    ) -> None:
        self._faults = faults
        self._accounts = {account.username: account for account in accounts}
        self._access_s = access_s
        self._refresh_s = refresh_s
        self._sessions: dict[str, _Session] = {}
        self._failures: dict[str, tuple[int, float]] = {}
        self._valid_from = 0
        self._serial = 0
        self.sign_ins = 0
        """How often a password was accepted."""
        self.refreshes = 0
        """How often a refresh token was accepted."""
        below = "/protocol/openid-connect"
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route(f"{below}/token", self._token, methods=["POST"]),
                Route(f"{below}/auth/device", self._device, methods=["POST"]),
                Route(f"{below}/userinfo", self._userinfo),
                Route(f"{below}/logout", self._logout, methods=["POST"]),
                Route(f"{below}/certs", self._certs),
            ]
        )

    def expire(self, *, sessions: bool = False) -> None:
        """Make every access token issued so far invalid, and with `sessions` refresh tokens too."""
        self._valid_from = self._serial
        if sessions:
            self._sessions.clear()

    def check(self, authorization: str, audience: str) -> dict[str, Any]:
        """The claims behind an Authorization header.

        Raises:
            BadToken: absent, expired, revoked, or meant for somebody else.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise tokens.BadToken
        claims = tokens.claims_of(token.strip())
        is_current = claims["exp"] > time.time() and claims["serial"] > self._valid_from
        if not is_current or audience not in claims["aud"]:
            raise tokens.BadToken
        return claims

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
                "jwks_uri": f"{below}/certs",
                "device_authorization_endpoint": f"{below}/auth/device",
                "grant_types_supported": ["refresh_token", "password", DEVICE_GRANT],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def _token(self, request: Request) -> Response:
        form = await _form(request)
        client_id = form.get("client_id", "")
        client = CLIENTS.get(client_id)
        if client is None:
            words = "Invalid client or Invalid client credentials"
            return _refuse(401, "invalid_client", words)
        grant = form.get("grant_type", "")
        if grant == "password":
            return self._by_password(request, client_id, client, form)
        if grant == "refresh_token":
            return self._by_refresh(request, client_id, form)
        if grant == DEVICE_GRANT:
            return _refuse(400, "invalid_grant", "Device code not valid")
        return _refuse(400, "unsupported_grant_type", "Unsupported grant_type")

    def _by_password(
        self, request: Request, client_id: str, client: Client, form: Mapping[str, str]
    ) -> Response:
        if not client.has_password_grant:
            words = "Client not allowed for direct access grants"
            return _refuse(400, "unauthorized_client", words)
        username = form.get("username", "")
        account = self._accounts.get(username)
        failures, since = self._failures.get(username, (0, 0.0))
        # A locked account hears the same words as one with a wrong password.
        is_locked = failures >= _FAILURES_BEFORE_LOCK and time.monotonic() < since + _LOCK_S
        if account is None or is_locked or account.password != form.get("password"):
            self._failures[username] = (failures + 1, time.monotonic())
            return _refuse(401, "invalid_grant", "Invalid user credentials")
        if not account.is_set_up:
            return _refuse(400, "invalid_grant", "Account is not fully set up")
        self._failures.pop(username, None)
        self.sign_ins += 1
        scope = form.get("scope", "")
        is_offline = "offline_access" in scope.split()
        expires_at = float("inf") if is_offline else time.time() + self._refresh_s
        session_id = str(uuid.uuid4())
        session = _Session(username, client_id, session_id, expires_at, is_offline, scope)
        return self._grant(request, session)

    def _by_refresh(self, request: Request, client_id: str, form: Mapping[str, str]) -> Response:
        session = self._sessions.get(form.get("refresh_token", ""))
        if session is None or session.client_id != client_id:
            return _refuse(400, "invalid_grant", "Invalid refresh token")
        if session.expires_at <= time.time():
            return _refuse(400, "invalid_grant", "Token is not active")
        self.refreshes += 1
        return self._grant(request, session)

    def _grant(self, request: Request, session: _Session) -> Response:
        refresh_token = secrets.token_urlsafe(48)
        self._sessions[refresh_token] = session
        answer: dict[str, object] = {
            "access_token": tokens.sign(self._claims(request, session)),
            "expires_in": int(self._access_s),
            "refresh_expires_in": 0 if session.is_offline else int(self._refresh_s),
            "refresh_token": refresh_token,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.session_id,
            "scope": "email profile groups",
        }
        if "openid" in session.scope.split():
            answer["id_token"] = tokens.sign(self._claims(request, session) | {"typ": "ID"})
        return JSONResponse(answer, headers={"cache-control": "no-store"})

    def _claims(self, request: Request, session: _Session) -> dict[str, Any]:
        self._serial += 1
        account, client = self._accounts[session.username], CLIENTS[session.client_id]
        now = time.time()
        groups = list(account.groups)
        roles = [group for group in groups if not group.startswith("PROJECT-")]
        claims: dict[str, Any] = {
            "exp": now + self._access_s,
            "iat": int(now),
            "jti": str(uuid.uuid4()),
            "iss": self._base(request),
            "typ": "Bearer",
            "azp": session.client_id,
            "sub": str(uuid.uuid5(uuid.NAMESPACE_DNS, account.username)),
            "aud": [client.audience, "account"],
            "sid": session.session_id,
            "realm_access": {"roles": [*roles, *_REALM_ROLES]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
            "scope": "email profile groups",
            "email_verified": True,
            "name": f"{account.username.title()} Sandbox",
            "preferred_username": account.username,
            "email": f"{account.username}@hospital.example",
            "serial": self._serial,
        }
        # Keycloak leaves out what is empty: no `groups`, and no client without roles.
        if groups:
            claims["groups"] = groups
        if client.roles and groups:
            claims["resource_access"][client.audience] = {"roles": list(client.roles)}
        return claims

    async def _device(self, request: Request) -> Response:
        words = (
            "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. "
            "The flow is disabled for the client."
        )
        return _refuse(400, "unauthorized_client", words)

    async def _userinfo(self, request: Request) -> Response:
        try:
            claims = self.check(request.headers.get("authorization", ""), "account")
        except tokens.BadToken:
            challenge = 'Bearer realm="EUCAIM-NODE", error="invalid_token"'
            headers = {"www-authenticate": challenge}
            words = "Token verification failed"
            return _refuse(401, "invalid_token", words, headers)
        kept = ("sub", "email_verified", "name", "preferred_username", "email", "groups")
        return JSONResponse({key: claims[key] for key in kept if key in claims})

    async def _logout(self, request: Request) -> Response:
        form = await _form(request)
        session = self._sessions.get(form.get("refresh_token", ""))
        if session is None:
            return _refuse(400, "invalid_grant", "Invalid refresh token")
        gone = [t for t, s in self._sessions.items() if s.session_id == session.session_id]
        for token in gone:
            del self._sessions[token]
        return Response(status_code=204)

    async def _certs(self, request: Request) -> Response:
        return JSONResponse(tokens.key_set())

    def _base(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}{self.path}"


async def _form(request: Request) -> dict[str, str]:

    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _refuse(
    status: int, error: str, words: str, headers: Mapping[str, str] | None = None
) -> Response:
    return JSONResponse({"error": error, "error_description": words}, status, headers)
