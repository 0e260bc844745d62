"""The token endpoints of a Keycloak realm: discovery, grants, and their refusals in words.

RFC 6749 (password and refresh grants), RFC 8628 (device grant), OpenID Connect Discovery 1.0.
Knows no store and keeps no state but the discovered addresses.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.signin import Person, SignInPrompt
from adapters.statuses import BUSY, refuse_status
from adapters.tls import origin
from adapters.translate import translate
from transfer.errors import NEVER, NodeError, NodeFault, SignInExpired, SignInRefused

_LARGEST_ANSWER_BYTES = 1 << 20
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SCOPES = ("openid offline_access", "openid")
"""Tried in this order: an offline session outlives a transfer of days, a plain one 10 hours."""

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a grant gave. `lifetime_s` is the access token's."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    lifetime_s: float


class GrantRefused(Exception):
    """The issuer's OAuth error, before it is put into words. Never leaves the sign-in modules."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code)
        self.code = code
        self.description = description


class Realm:
    """One realm as seen by one public client."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        issuer_url: str,
        client_id: str,
        *,
        node: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._issuer_url = issuer_url
        self._client_id = client_id
        self._node = node
        self._sleep = sleep
        self._endpoints: Mapping[str, Any] | None = None

    async def password_grant(self, username: str, password: str) -> Tokens:
        """Sign in by name and password, with an offline session where the realm gives one.

        Raises:
            GrantRefused: not repeated with the same password, or the account gets locked.
        """
        form = {"grant_type": "password", "username": username, "password": password}
        try:
            return await self._grant({**form, "scope": SCOPES[0]})
        except GrantRefused as refused:
            # These two say that name and password are right and only the scope is not given.
            if refused.code not in ("invalid_scope", "not_allowed"):
                raise
            return await self._grant({**form, "scope": SCOPES[1]})

    async def refresh_grant(self, refresh: str) -> Tokens:
        """Renew; raises GrantRefused("invalid_grant") when the session is over."""
        return await self._grant({"grant_type": "refresh_token", "refresh_token": refresh})

    async def has_device_grant(self) -> bool:
        return isinstance((await self._discovered()).get("device_authorization_endpoint"), str)

    async def device_grant(self, person: Person) -> Tokens:
        """Let a person sign in with any browser, and wait for it.

        Raises:
            GrantRefused: unauthorized_client where the realm does not allow it; access_denied
                or expired_token where the person did not.
        """
        answer: Mapping[str, Any] = {}
        for scope in SCOPES:
            try:
                answer = await self._post("device_authorization_endpoint", {"scope": scope})
                break
            except GrantRefused as refused:
                if refused.code != "invalid_scope" or scope == SCOPES[-1]:
                    raise
        code, user_code = answer.get("device_code"), answer.get("user_code")
        address = answer.get("verification_uri_complete") or answer.get("verification_uri")
        if not (isinstance(code, str) and isinstance(user_code, str) and isinstance(address, str)):
            raise self._fault()
        remaining_s = _seconds(answer.get("expires_in"), 600.0)
        interval_s = _seconds(answer.get("interval"), 5.0)
        person.show(SignInPrompt(address, user_code, remaining_s))
        while remaining_s > 0:
            await self._sleep(interval_s)
            remaining_s -= interval_s
            try:
                return await self._grant({"grant_type": _DEVICE_GRANT, "device_code": code})
            except GrantRefused as refused:
                if refused.code == "slow_down":
                    interval_s += 5.0
                elif refused.code != "authorization_pending":
                    raise
        raise GrantRefused("expired_token", "")

    async def end_session(self, refresh: str) -> None:
        """Tell the issuer to forget the session behind a refresh token."""
        if "end_session_endpoint" in await self._discovered():
            await self._post("end_session_endpoint", {"refresh_token": refresh})

    async def _grant(self, form: Mapping[str, str]) -> Tokens:
        answer = await self._post("token_endpoint", form)
        access, refresh = answer.get("access_token"), answer.get("refresh_token")
        if not isinstance(access, str) or not access or not access.isascii():
            raise self._fault()
        return Tokens(
            access=access,
            refresh=refresh if isinstance(refresh, str) and refresh else None,
            lifetime_s=_seconds(answer.get("expires_in"), 60.0),
        )

    async def _post(self, endpoint: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        url = (await self._discovered()).get(endpoint)
        if not isinstance(url, str):
            raise self._fault()
        try:
            is_ours = origin(url) == origin(self._issuer_url)
        except ValueError:
            is_ours = False
        if not is_ours:
            # Whoever answers there would be given the password.
            raise NodeFault(
                "The sign-in service names an address on another server for its tokens.",
                "Check issuer_url in config.toml; if it is right, tell the node's support.",
                node=self._node,
                retry=NEVER,
            )
        return await self._ask("POST", url, {**form, "client_id": self._client_id})

    async def _discovered(self) -> Mapping[str, Any]:
        if self._endpoints is None:
            url = f"{self._issuer_url}/.well-known/openid-configuration"
            self._endpoints = await self._ask("GET", url, None)
        return self._endpoints

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None
    ) -> Mapping[str, Any]:
        try:
            async with self._client.stream(
                method,
                url,
                data=dict(form) if form is not None else None,
                headers={"Accept": "application/json"},
                follow_redirects=method == "GET",
            ) as response:
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > _LARGEST_ANSWER_BYTES:
                        raise self._fault()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            raise translate(problem, self._node) or self._fault() from problem
        if response.status_code == 204:
            return {}
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if response.status_code in (400, 401, 403) and isinstance(answer, dict):
            code = answer.get("error")
            if isinstance(code, str):
                raise GrantRefused(code, str(answer.get("error_description", "")))
        if response.status_code in BUSY:
            raise refuse_status(
                response.status_code,
                node=self._node,
                retry_after=response.headers.get("Retry-After"),
            )
        if response.status_code != 200 or not isinstance(answer, dict):
            raise self._fault()
        return answer

    def _fault(self) -> NodeFault:
        return NodeFault(
            "The sign-in service did not answer as one.",
            "Check issuer_url in config.toml; if it is right, try again later.",
            node=self._node,
        )


def _seconds(value: object, default: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= 1e9 else default  # type: ignore[operator, arg-type]


def in_words(refused: GrantRefused, node: str) -> NodeError:
    """The refusal of a sign-in for the operator (wording of Keycloak 26, upv-node.md 3)."""
    if "not fully set up" in refused.description.lower():
        return SignInRefused(
            "The account is not fully set up: terms not accepted, not yet validated by the node, "
            "or no first and last name.",
            "Sign in on the node's web site with a browser once and do what it asks; if it asks "
            "for nothing, wait until the node has validated the account.",
            node=node,
        )
    if refused.code == "unauthorized_client":
        return SignInRefused(
            "The node does not allow this way of signing in for this client.",
            "Ask the node's support which client_id and auth to put into config.toml.",
            node=node,
        )
    if refused.code == "access_denied":
        return SignInRefused(
            "The sign-in was declined in the browser.", "Run login again.", node=node
        )
    if refused.code == "expired_token":
        return SignInExpired(
            "Nobody signed in with the browser in time.", "Run login again.", node=node
        )
    if refused.code == "invalid_grant":
        if "disabled" in refused.description.lower():
            return SignInRefused(
                "The account is disabled.", "Ask the node's support to enable it.", node=node
            )
        return SignInRefused(
            "The node does not accept this name and password.",
            "Check both and run login again. After 10 failures the account is locked for up to "
            "15 minutes without saying so. Accounts made through LS-AAI first need a password: "
            "User Account, Account security, Signing in, on the node's web site.",
            node=node,
        )
    if refused.code == "invalid_client":
        return SignInRefused(
            "The node does not know the client that this program signs in as.",
            "Correct client_id in config.toml, or ask the node's support for it.",
            node=node,
        )
    return SignInRefused(
        "The sign-in service refused the sign-in.",
        "Sign in on the node's web site with a browser; if that works, tell the node's support.",
        node=node,
    )


def claims_of(access_token: str) -> Mapping[str, Any]:
    """What a JWT says about its bearer, unverified: for showing to the person, never for deciding.

    Empty when the token is opaque.
    """
    parts = access_token.split(".")
    if len(parts) != 3:
        return {}
    try:
        content = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
