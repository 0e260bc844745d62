"""The stand-in's device grant (RFC 8628): codes, their polling, and the page where one confirms.

Off for every client as on the node, until a client is named in `clients`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox import pages
from adapters.sandbox.grants import Session, Sessions
from adapters.sandbox.realm import CLIENTS, Account, Refused, form_of

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"

SignIn = Callable[[str, str], Account]
"""The account of a name and password; raises Refused."""


@dataclass
class _Request:
    client_id: str
    scope: str
    user_code: str
    ends_at: float
    asked_at: float = float("-inf")
    state: Literal["pending", "denied"] | Account = "pending"


class Devices:
    """Device codes of one issuer. `clients` may be changed at any time, and so may `interval_s`,
    the least time between two questions; what clients are told is that of the beginning."""

    def __init__(
        self,
        sessions: Sessions,
        sign_in: SignIn,
        base: Callable[[Request], str],
        *,
        clients: Collection[str] = (),
        lifetime_s: float = 600.0,
        interval_s: float = 5.0,
    ) -> None:
        self._sessions = sessions
        self._sign_in = sign_in
        self._base = base
        self._lifetime_s = lifetime_s
        self._told_interval_s = interval_s
        self.interval_s = interval_s
        self._requests: dict[str, _Request] = {}
        self.clients = set(clients)
        self.routes = [
            Route("/protocol/openid-connect/auth/device", self._begin, methods=["POST"]),
            Route("/device", self._page, methods=["GET"]),
            Route("/device", self._decide, methods=["POST"]),
        ]

    def redeem(self, device_code: str, client_id: str) -> Session:
        """The session that a person's yes began; taken once.

        Raises:
            Refused: no such code, not decided yet, asked too soon, declined, or too late.
        """
        held = self._requests.get(device_code)
        if held is None or held.client_id != client_id:
            raise Refused("invalid_grant", "Device code not valid")
        now = time.monotonic()
        if now >= held.ends_at:
            del self._requests[device_code]
            raise Refused("expired_token", "Device code is expired")
        since_s, held.asked_at = now - held.asked_at, now
        # A tenth of leave, for what the way here takes now more and now less.
        if since_s < 0.9 * self.interval_s:
            raise Refused("slow_down", "Slow down")
        if held.state == "pending":
            raise Refused("authorization_pending", "The authorization request is still pending")
        del self._requests[device_code]
        if held.state == "denied":
            raise Refused("access_denied", "The end user denied the authorization request")
        return self._sessions.begin(held.state.username, client_id, held.scope)

    async def _begin(self, request: Request) -> Response:
        form = await form_of(request)
        client_id = form.get("client_id", "")
        if client_id not in CLIENTS:
            words = "Invalid client or Invalid client credentials"
            return Refused("invalid_client", words, 401).answer()
        if client_id not in self.clients:
            words = (
                "Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. "
                "The flow is disabled for the client."
            )
            return Refused("unauthorized_client", words).answer()
        letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        user_code, device_code = f"{letters[:4]}-{letters[4:]}", secrets.token_urlsafe(32)
        self._requests[device_code] = _Request(
            client_id, form.get("scope", ""), user_code, time.monotonic() + self._lifetime_s
        )
        address = f"{self._base(request)}/device"
        return JSONResponse(
            {
                "device_code": device_code,
                "user_code": user_code,
                "verification_uri": address,
                "verification_uri_complete": f"{address}?user_code={user_code}",
                "expires_in": int(self._lifetime_s),
                "interval": int(self._told_interval_s),
            },
            headers={"cache-control": "no-store"},
        )

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(pages.device(request.query_params.get("user_code", "")))

    async def _decide(self, request: Request) -> Response:
        form = await form_of(request)
        code = form.get("user_code", "").strip().upper()
        held = next((h for h in self._requests.values() if h.user_code == code), None)
        if held is None or held.state != "pending" or time.monotonic() >= held.ends_at:
            return HTMLResponse(pages.device("", "Invalid code, please try again."), 400)
        if "cancel" in form:
            held.state = "denied"
            return HTMLResponse(pages.message("Device Login Failed", "Consent denied."))
        try:
            account = self._sign_in(form.get("username", ""), form.get("password", ""))
        except Refused:
            return HTMLResponse(pages.device(code, "Invalid username or password."), 401)
        held.state = account
        words = "You may close this browser window and go back to your device."
        return HTMLResponse(pages.message("Device Login Successful", words))
