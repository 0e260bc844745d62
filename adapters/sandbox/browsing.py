"""The stand-in's authorization code grant with PKCE (RFC 6749 4.1, RFC 7636, RFC 9207)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.sandbox import pages
from adapters.sandbox.devices import SignIn
from adapters.sandbox.grants import Session, Sessions
from adapters.sandbox.realm import CLIENTS, Refused, form_of


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a client sent the browser with."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    challenge: str


class Browsing:
    """The login page, and the codes that it sends browsers away with."""

    def __init__(
        self,
        sessions: Sessions,
        sign_in: SignIn,
        base: Callable[[Request], str],
        *,
        code_s: float = 60.0,
    ) -> None:
        self._sessions = sessions
        self._sign_in = sign_in
        self._base = base
        self._code_s = code_s
        self._wishes: dict[str, _Wish] = {}
        self._codes: dict[str, tuple[_Wish, Session, float]] = {}
        path = "/protocol/openid-connect/auth"
        self.routes = [
            Route(path, self._page, methods=["GET"]),
            Route(path, self._decide, methods=["POST"]),
        ]

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Session:
        """The session that a code stands for; taken once.

        Raises:
            Refused: it stands for none, or the verifier is not its own.
        """
        held = self._codes.pop(code, None)
        if held is None or held[0].client_id != client_id or time.monotonic() >= held[2]:
            raise Refused("invalid_grant", "Code not valid")
        wish, session, _ = held
        if redirect_uri != wish.redirect_uri:
            raise Refused("invalid_grant", "Incorrect redirect_uri")
        if wish.challenge and not hmac.compare_digest(_challenge(verifier), wish.challenge):
            raise Refused("invalid_grant", "PKCE verification failed: Code mismatch")
        return session

    async def _page(self, request: Request) -> Response:
        asked = request.query_params
        client = CLIENTS.get(asked.get("client_id", ""))
        redirect = asked.get("redirect_uri", "")
        if client is None:
            return HTMLResponse(pages.message("We are sorry...", "Client not found."), 400)
        if not client.has_redirects or not _is_below(redirect, self._base(request)):
            words = "Invalid parameter: redirect_uri"
            return HTMLResponse(pages.message("We are sorry...", words), 400)
        state = asked.get("state", "")
        if asked.get("response_type") != "code":
            return self._back(request, redirect, state, error="unsupported_response_type")
        challenge = asked.get("code_challenge", "")
        if challenge and asked.get("code_challenge_method") != "S256":
            words = "Invalid parameter: code challenge method is not matching the configured one"
            return self._back(
                request, redirect, state, error="invalid_request", error_description=words
            )
        session_code = secrets.token_urlsafe(24)
        self._wishes[session_code] = _Wish(
            asked["client_id"],
            redirect,
            asked.get("scope", ""),
            state,
            asked.get("nonce", ""),
            challenge,
        )
        return HTMLResponse(pages.login({"session_code": session_code}))

    async def _decide(self, request: Request) -> Response:
        form = await form_of(request)
        session_code = form.get("session_code", "")
        wish = self._wishes.get(session_code)
        if wish is None:
            words = "You took too long to login. Login process starting from beginning."
            return HTMLResponse(pages.message("Page has expired", words), 400)
        if "cancel" in form:
            del self._wishes[session_code]
            return self._back(request, wish.redirect_uri, wish.state, error="access_denied")
        try:
            account = self._sign_in(form.get("username", ""), form.get("password", ""))
        except Refused:
            trouble = "Invalid username or password."
            return HTMLResponse(pages.login({"session_code": session_code}, trouble), 200)
        del self._wishes[session_code]
        session = self._sessions.begin(account.username, wish.client_id, wish.scope, wish.nonce)
        code = ".".join(str(uuid.uuid4()) for _ in range(3))
        self._codes[code] = (wish, session, time.monotonic() + self._code_s)
        return self._back(
            request,
            wish.redirect_uri,
            wish.state,
            session_state=session.session_id,
            code=code,
        )

    def _back(self, request: Request, redirect: str, state: str, **said: str) -> Response:
        answer = {**({"state": state} if state else {}), **said, "iss": self._base(request)}
        joint = "&" if urlsplit(redirect).query else "?"
        return RedirectResponse(f"{redirect}{joint}{urlencode(answer)}", 302)


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _is_below(redirect: str, base: str) -> bool:
    try:
        came, ours = urlsplit(redirect), urlsplit(base)
    except ValueError:
        return False
    return (came.scheme, came.netloc) == (ours.scheme, ours.netloc) and not came.fragment
