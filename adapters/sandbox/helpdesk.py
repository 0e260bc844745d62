"""The stand-in helpdesk: tickets and articles by the REST API of Zammad, as far as we speak it.

Worded after docs.zammad.org (API: Introduction, Tickets, Articles) and what Zammad 6 answers where
it refuses. A customer opens tickets and sees those alone; an agent sees all, answers and closes.
"""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.sandbox.faults import Faults
from transfer.clock import utc_now

_LARGEST_PAGE: Final = 100
_STATES: Final = ("new", "open", "pending reminder", "closed", "merged", "pending close")
_AFTER_POST: Final = ("lose-answer", "late-answer")


@dataclass(frozen=True, slots=True)
class DeskUser:
    """Somebody of the helpdesk, by the token of theirs."""

    id: int
    login: str
    token: str
    is_agent: bool = False
    may_open: bool = True


CUSTOMER: Final = DeskUser(3, "ingester@hospital.example", "ingester-helpdesk-token")
AGENT: Final = DeskUser(4, "agent@helpdesk.example", "agent-helpdesk-token", is_agent=True)
STRANGER: Final = DeskUser(5, "guest@hospital.example", "guest-helpdesk-token", may_open=False)
GROUPS: Final = (
    "Reference nodes",
    "Technical support team",
    "dashboard",
    "catalogue",
    "First line support",
    "ETL ingestion support",
)


class _Refusal(Exception):
    def __init__(self, status: HTTPStatus, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(slots=True)
class _Ticket:
    id: int
    number: str
    title: str
    group: str
    customer: DeskUser
    state: str = "new"
    created_at: str = ""
    updated_at: str = ""
    close_at: str | None = None
    articles: list[dict[str, Any]] = field(default_factory=list)


class Helpdesk:
    """Tickets in memory; `app` is its HTTP face, to be mounted at `path`."""

    path = "/helpdesk"

    def __init__(self, faults: Faults, groups: Sequence[str] = GROUPS) -> None:
        self.groups = list(groups)
        self.takes_tokens = True
        self._faults = faults
        self._users = {user.token: user for user in (CUSTOMER, AGENT, STRANGER)}
        self._tickets: dict[int, _Ticket] = {}
        self._ids = itertools.count(1)
        self._article_ids = itertools.count(1)
        self._attachments: dict[int, bytes] = {}
        below = "/api/v1"
        self.app = Starlette(
            routes=[
                Route(f"{below}/users/me", self._guarded(self._me)),
                Route(f"{below}/tickets", self._guarded(self._list), methods=["GET"]),
                Route(f"{below}/tickets", self._guarded(self._create), methods=["POST"]),
                Route(f"{below}/tickets/{{id:int}}", self._guarded(self._show), methods=["GET"]),
                Route(f"{below}/tickets/{{id:int}}", self._guarded(self._update), methods=["PUT"]),
                Route(
                    f"{below}/ticket_articles/by_ticket/{{id:int}}", self._guarded(self._articles)
                ),
                Route(
                    f"{below}/ticket_attachment/{{id:int}}/{{article:int}}/{{attachment:int}}",
                    self._guarded(self._attachment),
                ),
            ]
        )

    def tickets(self) -> list[dict[str, Any]]:
        """Every ticket as an agent sees it, oldest first, its articles with it."""
        return [
            {**_named(ticket), "articles": list(ticket.articles)}
            for ticket in self._tickets.values()
        ]

    def answer(self, number: str, body: str, *, state: str = "open", is_html: bool = True) -> None:
        """Answer a ticket as an agent does on the web page."""
        self.write(number, AGENT, body, is_html=is_html)
        self._set_state(self._numbered(number), state)

    def write(
        self,
        number: str,
        user: DeskUser,
        body: str,
        *,
        is_html: bool = False,
        is_internal: bool = False,
    ) -> None:
        """Write an article on the web page."""
        kind = "text/html" if is_html else "text/plain"
        order = {"body": body, "content_type": kind, "type": "web", "internal": is_internal}
        self._add(self._numbered(number), user, order)

    def open(self, user: DeskUser, title: str, group: str, body: str) -> None:
        """Open a ticket on the web page, as a person does who pastes a text."""
        order = {"body": body, "content_type": "text/html", "type": "web"}
        self._open(user, title, group, order)

    def attachment(self, key: int) -> bytes:
        """The bytes of an attachment."""
        return self._attachments[key]

    def _numbered(self, number: str) -> _Ticket:
        return next(t for t in self._tickets.values() if t.number == number)

    def revoke(self, token: str) -> None:
        """The user deletes a token."""
        del self._users[token]

    def _guarded(self, answer: Any) -> Any:
        async def go(request: Request) -> Response:
            try:
                user = self._user_of(request.headers.get("authorization", ""))
                response: Response = await answer(request, user)
            except _Refusal as refusal:
                document = {"error": refusal.words, "error_human": refusal.words}
                return JSONResponse(document, refusal.status)
            return response

        return go

    def _user_of(self, authorization: str) -> DeskUser:
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() != "token":
            raise _Refusal(HTTPStatus.FORBIDDEN, "Authentication required")
        if not self.takes_tokens:
            raise _Refusal(HTTPStatus.FORBIDDEN, "API token access disabled!")
        user = self._users.get(rest.strip().removeprefix("token=").strip('"'))
        if user is None:
            raise _Refusal(HTTPStatus.UNAUTHORIZED, "Can't find User for Token")
        return user

    async def _me(self, request: Request, user: DeskUser) -> Response:
        return JSONResponse({"id": user.id, "login": user.login, "email": user.login})

    async def _list(self, request: Request, user: DeskUser) -> Response:
        page = max(1, _number(request, "page", 1))
        size = min(_LARGEST_PAGE, max(1, _number(request, "per_page", _LARGEST_PAGE)))
        mine = [t for t in self._tickets.values() if user.is_agent or t.customer is user]
        shown = mine[(page - 1) * size : page * size]
        return JSONResponse([_told(ticket, request) for ticket in shown])

    async def _show(self, request: Request, user: DeskUser) -> Response:
        return JSONResponse(_told(self._seen(request, user), request))

    async def _articles(self, request: Request, user: DeskUser) -> Response:
        ticket = self._seen(request, user)
        shown = [a for a in ticket.articles if user.is_agent or not a["internal"]]
        return JSONResponse(shown)

    async def _attachment(self, request: Request, user: DeskUser) -> Response:
        self._seen(request, user)
        content = self._attachments.get(request.path_params["attachment"])
        if content is None:
            raise _Refusal(HTTPStatus.NOT_FOUND, "Couldn't find Store")
        return Response(content, media_type="application/octet-stream")

    async def _create(self, request: Request, user: DeskUser) -> Response:
        order = await _document(request)
        if not user.may_open:
            raise _Refusal(HTTPStatus.FORBIDDEN, "Not authorized")
        group = order.get("group")
        if not group:
            words = "The required value 'group_id' is missing."
            raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, words)
        if group not in self.groups:
            words = f"No lookup value found for 'group': \"{group}\""
            raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, words)
        if not str(order.get("title") or "").strip():
            words = "The required value 'title' is missing."
            raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, words)
        article = order.get("article")
        ticket = self._open(user, str(order["title"]), str(group), article)
        drawn = self._faults.draw("helpdesk", _AFTER_POST)
        if "lose-answer" in drawn:
            request.scope["sandbox.cut"]()
        if "late-answer" in drawn:
            import asyncio

            await asyncio.sleep(drawn["late-answer"].number() / 1000)
        return JSONResponse(_told(ticket, request), HTTPStatus.CREATED)

    def _open(self, user: DeskUser, title: str, group: str, article: object) -> _Ticket:
        key, now = next(self._ids), utc_now()
        ticket = _Ticket(key, f"{22000 + key}", title, group, user, created_at=now, updated_at=now)
        if isinstance(article, dict):
            self._add(ticket, user, article)
        self._tickets[key] = ticket
        return ticket

    async def _update(self, request: Request, user: DeskUser) -> Response:
        ticket = self._seen(request, user)
        order = await _document(request)
        if isinstance(order.get("article"), dict):
            self._add(ticket, user, order["article"])
        if order.get("state"):
            if order["state"] not in _STATES:
                words = f"No lookup value found for 'state': \"{order['state']}\""
                raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, words)
            self._set_state(ticket, str(order["state"]))
        return JSONResponse(_told(ticket, request))

    def _seen(self, request: Request, user: DeskUser) -> _Ticket:
        key = request.path_params["id"]
        ticket = self._tickets.get(key)
        if ticket is None:
            raise _Refusal(HTTPStatus.NOT_FOUND, f"Couldn't find Ticket with 'id'={key}")
        if not user.is_agent and ticket.customer is not user:
            raise _Refusal(HTTPStatus.FORBIDDEN, "Not authorized")
        return ticket

    def _set_state(self, ticket: _Ticket, state: str) -> None:
        ticket.state, ticket.updated_at = state, utc_now()
        ticket.close_at = ticket.updated_at if state == "closed" else None

    def _add(self, ticket: _Ticket, user: DeskUser, order: Mapping[str, Any]) -> None:
        now = utc_now()
        ticket.articles.append(
            {
                "id": next(self._article_ids),
                "ticket_id": ticket.id,
                "from": user.login,
                "to": ticket.group,
                "subject": order.get("subject"),
                "body": str(order.get("body", "")),
                "content_type": order.get("content_type", "text/html"),
                "type": order.get("type", "note"),
                "sender": "Agent" if user.is_agent else "Customer",
                "internal": bool(order.get("internal", False)),
                "attachments": [self._keep(one) for one in order.get("attachments", ())],
                "created_by_id": user.id,
                "created_by": user.login,
                "created_at": now,
                "updated_at": now,
            }
        )

    def _keep(self, order: Mapping[str, Any]) -> dict[str, Any]:
        try:
            content = base64.b64decode(str(order["data"]), validate=True)
            name, mime = str(order["filename"]), str(order["mime-type"])
        except (KeyError, binascii.Error) as error:
            words = "Attachment needs 'filename', 'data' and 'mime-type'."
            raise _Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, words) from error
        key = len(self._attachments) + 1
        self._attachments[key] = content
        size = str(len(content))
        return {"id": key, "filename": name, "size": size, "preferences": {"Mime-Type": mime}}


def _told(ticket: _Ticket, request: Request) -> dict[str, Any]:
    """A ticket: with `expand` also by names, else by numbers alone."""
    named = _named(ticket)
    if request.query_params.get("expand") == "true":
        return named
    return {key: value for key, value in named.items() if key not in ("group", "state", "customer")}


def _named(ticket: _Ticket) -> dict[str, Any]:
    group_id = GROUPS.index(ticket.group) + 1 if ticket.group in GROUPS else len(GROUPS) + 1
    return {
        "id": ticket.id,
        "group_id": group_id,
        "group": ticket.group,
        "priority_id": 2,
        "state_id": _STATES.index(ticket.state) + 1,
        "state": ticket.state,
        "number": ticket.number,
        "title": ticket.title,
        "owner_id": 1,
        "customer_id": ticket.customer.id,
        "customer": ticket.customer.login,
        "note": None,
        "close_at": ticket.close_at,
        "article_count": len(ticket.articles),
        "article_ids": [article["id"] for article in ticket.articles],
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
    }


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() else default


async def _document(request: Request) -> dict[str, Any]:
    try:
        found = await request.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _Refusal(HTTPStatus.BAD_REQUEST, "Invalid JSON")
    return found
