"""XNAT's answers: Restlet's status page, plain text, address lists, the login page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from http import HTTPStatus

from starlette.responses import Response

_WORDS: Mapping[int, str] = {
    400: "The request could not be understood by the server due to malformed syntax",
    401: "The request requires user authentication",
    403: "The server understood the request, but is refusing to fulfill it",
    404: "The server has not found anything matching the request URI",
    405: "The method specified in the request is not allowed for the resource "
    "identified by the request URI",
    406: "The resource identified by the request is only capable of generating response "
    "entities which have content characteristics not acceptable according to the accept "
    "headers sent in the request",
    409: "The request could not be completed due to a conflict with the current state of "
    "the resource",
    417: "The user agent expects some behaviour of the server which cannot be met",
    423: "The source or destination resource of a method is locked",
    500: "The server encountered an unexpected condition which prevented it from fulfilling "
    "the request",
}
_BROWSERS = ("mozilla", "msie", "applewebkit", "opera")
CR_LF = "\r\n"


class Refused(Exception):
    """A request that is answered with a status page; `reason` stands in its heading."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason or _WORDS.get(status, HTTPStatus(status).phrase)


def status_page(status: int, reason: str) -> Response:
    """The default page of Restlet 1.1.10.

    Its `<br>` stays unclosed: clients of XNAT live with a page that is no well-formed XML, and
    pyxnat 1.6.4 crashes over one that is.
    """
    section = f"10.{status // 100}.{status % 100 + 1}"
    page = (
        "<html>\n<head>\n   <title>Status page</title>\n</head>\n<body>\n"
        f"<h3>{escape(reason, quote=False)}</h3>"
        '<p>You can get technical details <a href="'
        f'http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec{section}">here</a>.<br>\n'
        'Please continue your visit at our <a href="/">home page</a>.\n'
        "</p>\n</body>\n</html>\n"
    )
    return Response(page, status, media_type="text/html")


def text(content: object, status: int = 200) -> Response:
    """A bare value, without a line end."""
    return Response(str(content), status, media_type="text/plain")


def addresses(uris: Iterable[str], status: int = 200) -> Response:
    """A `text/uri-list`: CR LF behind each line, the last one included."""
    return Response("".join(f"{uri}{CR_LF}" for uri in uris), status, media_type="text/uri-list")


def is_browser(user_agent: str) -> bool:
    """Whether XNAT takes this User-Agent for a browser's, and sends it to the login page."""
    return any(word in user_agent.lower() for word in _BROWSERS)


def unauthenticated(user_agent: str) -> Response:
    """The answer to somebody without a session: 401, or for browsers the way to the login."""
    if is_browser(user_agent):
        return Response(status_code=302, headers={"location": "/app/template/Login.vm"})
    page = status_page(401, _WORDS[401])
    page.headers["www-authenticate"] = 'Basic realm="XNAT Protected Area"'
    return page


def login_page() -> Response:
    """The page that a signed-out browser ends on."""
    page = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">\n<html><head>'
        "<title>XNAT</title></head><body>"
        '<form name="form1" method="post" action="/login">'
        '<input name="username"><input name="password" type="password">'
        "</form></body></html>\n"
    )
    return Response(page, media_type="text/html")


def index_page(login: str | None) -> Response:
    """The page that a signed-in user or a guest begins on; clients read who they are from it."""
    name = '<span style="color:red;">Guest</span>'
    if login is not None:
        name = f'&nbsp;<a id="uname" href="/app/template/XDATScreen_UpdateUser.vm">{login}</a>'
    page = (
        "<!DOCTYPE html>\n<html><head><title>XNAT</title></head><body>"
        f'<span id="user_info">Logged in as: {name}</span></body></html>\n'
    )
    return Response(page, media_type="text/html")
