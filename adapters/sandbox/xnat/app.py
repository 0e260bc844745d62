"""The stand-in's HTTP face: identity, faults of the front, cookies, and the way to a handler."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox.faults import Fault
from adapters.sandbox.front import apply
from adapters.sandbox.xnat import (
    answers,
    fields,
    logins,
    prearchive_routes,
    services,
    trees,
    uploads,
    xapi,
)
from adapters.sandbox.xnat.accounts import GUEST, Session
from adapters.sandbox.xnat.answers import Refused
from adapters.sandbox.xnat.call import Call
from adapters.sandbox.xnat.site import Site

_FRONT = ("latency", "status", "too-large", "evict", "become-guest", "cut-before-body")
_GUARDED = ("data", "REST", "xapi", "fs")
_BODY_METHODS = ("PUT", "POST")


class XnatApp:
    """An ASGI application that lives at `/` of an origin of its own."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.site.advance()
        drawn = self.site.faults.draw("xnat", _FRONT)
        response = await apply(drawn) or _too_large(request, drawn)
        if response is None:
            if "cut-before-body" in drawn:
                scope["sandbox.cut"]()
            response = await self._answer(request, drawn)
        await response(scope, receive, send)

    async def _answer(self, request: Request, drawn: Mapping[str, Fault]) -> Response:
        words = [unquote(word) for word in request.scope["raw_path"].decode().split("/") if word]
        session, is_refused = self._identify(request)
        if session is not None and "evict" in drawn:
            self.site.accounts.close(session)
            session = None
            is_refused = is_refused or "authorization" in request.headers
        if session is not None and "become-guest" in drawn:
            session.login = GUEST
        opened = session is not None and session.id != _cookie(request)
        is_guarded = bool(words) and words[0] in _GUARDED and words != ["data", "services", "auth"]
        is_guest = session is None or session.login == GUEST
        lets_in = self.site.options.has_guests or (session is not None and not is_refused)
        if is_refused or (is_guarded and is_guest and not lets_in):
            response = answers.unauthenticated(request.headers.get("user-agent", ""))
            self._set_cookies(response, None)
            return response
        if session is None and is_guarded:
            session, opened = self.site.accounts.open(GUEST), True
        login = None if session is None or session.login == GUEST else session.login
        pairs = request.query_params.multi_items()
        query = dict(fields.whole_pair(name, value) for name, value in pairs)
        call = Call(self.site, request, words, login, session, query)
        try:
            response = await self._route(call)
        except Refused as refusal:
            response = answers.status_page(refusal.status, refusal.reason)
        if call.session is not session:
            session, opened = call.session, True
        self._set_cookies(response, session if opened else None)
        return response

    async def _route(self, call: Call) -> Response:
        words = list(call.words)
        if not words or words[0] in ("app", "index.html", "login"):
            return logins.web_page(call)
        if words[0] == "xapi":
            call.words = words[1:]
            return await xapi.answer(call)
        if words[0] not in ("data", "REST"):
            raise Refused(404)
        below = words[1:]
        if below[:1] == ["archive"] and len(below) > 1:
            below = below[1:]
        call.words = below
        match below:
            case ["JSESSION"] | ["auth"] | ["services", "auth"]:
                return await logins.answer(call)
            case ["services", "tokens", *_]:
                return logins.tokens(call)
            case ["services", "import"]:
                return await uploads.answer(call)
            case ["services", *_] | ["status", _]:
                return await services.answer(call)
            case ["prearchive", *_]:
                return await prearchive_routes.answer(call)
            case ["users"]:
                return logins.users(call)
            case ["search", *_]:
                return xapi.search(call)
            case ["projects" | "subjects" | "experiments", *_]:
                return await trees.answer(call)
        raise Refused(404)

    def _identify(self, request: Request) -> tuple[Session | None, bool]:
        """The caller's session, and whether credentials were given that are wrong."""
        cookie = _cookie(request)
        session = self.site.accounts.resume(cookie) if cookie else None
        basic = _basic(request.headers.get("authorization", ""))
        if basic is None:
            return session, False
        login = self.site.accounts.check(*basic)
        if login is None:
            return None, True
        if session is None or session.login != login:
            session = self.site.accounts.open(login)
        return session, False

    def _set_cookies(self, response: Response, opened: Session | None) -> None:
        # Tomcat's legacy cookie writer quotes the value because of its comma.
        now_ms, timeout_ms = int(self.site.clock() * 1000), int(self.site.accounts.timeout_s * 1000)
        expiry = f'SESSION_EXPIRATION_TIME="{now_ms},{timeout_ms}"; Version=1; Path=/'
        response.headers.append("set-cookie", expiry)
        if opened is not None:
            cookie = f"JSESSIONID={opened.id}; Path=/; Secure; HttpOnly"
            response.headers.append("set-cookie", cookie)


def _too_large(request: Request, drawn: Mapping[str, Fault]) -> Response | None:
    """nginx's 413 for a body above the limit, before any of it is read."""
    fault = drawn.get("too-large")
    length = int(request.headers.get("content-length", 0))
    if fault is None or request.method not in _BODY_METHODS or length <= fault.number():
        return None
    page = "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n</html>\r\n"
    return Response(page, 413, {"connection": "close"}, media_type="text/html")


def _cookie(request: Request) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar["JSESSIONID"].value if "JSESSIONID" in jar else ""


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, password
