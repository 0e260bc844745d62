"""The helpdesk by its REST API: open a ticket once and never twice, and see what became of it.

Source: upv-node.md 6; docs.zammad.org, API. A token of the user's own (Profile, Token Access,
permission ticket.customer) signs every request.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import httpx

from adapters.helpdesk.answers import (
    answers_of,
    bodies_of,
    reply_of,
    ticket_of,
    tickets_of,
)
from adapters.helpdesk.options import TOKEN, DeskSettings
from adapters.helpdesk.refusals import NAME, NoSuchGroup, lost, no_token, not_zammad, refuse
from adapters.proxies import proxy_password, rules_from
from adapters.secrets import SecretStore
from adapters.sessions import Way, httpx_client
from transfer.errors import (
    NodeError,
)
from transfer.tickets import DeskTicket, TicketText

_PAGE: Final = 100
_MOST_PAGES: Final = 100
_LONGEST_S: Final = 900.0
"""Attachments over a slow line take minutes; a server whose answer drips may not hold us longer."""
_LARGEST_ANSWER_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a ticket, under a name of ours."""

    name: str
    mime_type: str
    content: bytes


class Helpdesk:
    """EUCAIM's helpdesk. Coroutines only; raises only NodeError. Connections live in one loop."""

    def __init__(
        self,
        settings: DeskSettings,
        secrets: SecretStore,
        *,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._environ = os.environ if environ is None else environ
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return "Helpdesk()"

    async def aclose(self) -> None:
        """Close the connections; safe to call twice."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def whoami(self) -> str:
        """The login of the account that the token belongs to.

        Raises:
            SignInExpired, NotAllowed: there is no token, or it is not accepted.
        """
        found = await self._get("users/me")
        return str(found.get("login", "")) if isinstance(found, dict) else ""

    async def open_ticket(
        self, text: TicketText, attachments: Sequence[Attachment] = ()
    ) -> DeskTicket:
        """Open a ticket in its group, or in the fallback one where that is not offered. Where an
        answer got lost, the ticket is looked for. Whoever repeats this asks `look_up` first.

        Raises:
            NodeError: with `reached_node` False where the helpdesk certainly has no ticket.
        """
        groups = dict.fromkeys(group for group in (text.group, text.fallback_group) if group)
        refused: NoSuchGroup | None = None
        for group in groups:
            try:
                return await self._open(text, group, attachments)
            except NoSuchGroup as refusal:
                refused = refusal
            except NodeError as trouble:
                there = await self._after(trouble, text)
                if there is None:
                    raise
                return there
        assert refused is not None, "there is at least one group"
        raise refused.as_error(list(groups))

    async def _after(self, trouble: NodeError, text: TicketText) -> DeskTicket | None:
        """What became of a request whose answer never came, or says nothing."""
        if not trouble.reached_node:
            return None
        try:
            return await self.look_up(text)
        except NodeError:
            return None

    async def look_up(self, text: TicketText, number: str = "") -> DeskTicket | None:
        """The account's own ticket that bears the text's reference, or else the number.

        The list is asked, not the search: what the search knows may lag behind.
        """
        by_number = None
        async for ticket in self._own_tickets():
            if number and ticket.number == number:
                by_number = ticket
            if ticket.title == text.title and await self._bears(ticket, text.reference):
                return ticket
        return by_number

    async def _own_tickets(self) -> AsyncIterator[DeskTicket]:
        seen: set[int] = set()
        for page in range(1, _MOST_PAGES + 1):
            found = await self._get("tickets", {"expand": "true", "page": page, "per_page": _PAGE})
            tickets = [t for t in tickets_of(found, self._settings.url) if t.id not in seen]
            for ticket in tickets:
                seen.add(ticket.id)
                yield ticket
            if not tickets:
                return

    async def _bears(self, ticket: DeskTicket, reference: str) -> bool:
        found = await self._get(f"ticket_articles/by_ticket/{ticket.id}")
        return bool(reference) and any(reference in body for body in bodies_of(found))

    async def follow(self, desk_id: int) -> DeskTicket:
        """A ticket as it is now, with what the staff answered."""
        found = await self._get(f"tickets/{desk_id}", {"expand": "true"})
        ticket = ticket_of(found, self._settings.url)
        if ticket is None or not isinstance(found, dict):
            raise not_zammad()
        articles = await self._get(f"ticket_articles/by_ticket/{desk_id}")
        customer = found.get("customer_id")
        return replace(
            ticket,
            answers=answers_of(articles, customer),
            replied_at_utc=reply_of(articles, customer),
        )

    async def _open(
        self, text: TicketText, group: str, attachments: Sequence[Attachment]
    ) -> DeskTicket:
        article: dict[str, object] = {
            "subject": text.title,
            "body": text.body,
            "type": "note",
            "content_type": "text/plain",
            "internal": False,
        }
        if attachments:
            article["attachments"] = [
                {
                    "filename": one.name,
                    "data": base64.b64encode(one.content).decode(),
                    "mime-type": one.mime_type,
                }
                for one in attachments
            ]
        order = {"title": text.title, "group": group, "article": article}
        status, found = await self._ask("POST", "tickets", {"expand": "true"}, order)
        if status != 201:
            refuse(status, found, self._settings.url, group)
        ticket = ticket_of(found, self._settings.url)
        if ticket is None:
            raise not_zammad()
        return replace(ticket, group=ticket.group or group)

    async def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> object:
        status, found = await self._ask("GET", path, query or {})
        if status != 200:
            refuse(status, found, self._settings.url)
        return found

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        order: Mapping[str, object] | None = None,
    ) -> tuple[int, object]:
        client, token = await self._connected()
        url = f"{self._settings.url}/api/v1/{path}"
        headers = {"Authorization": f"Token token={token}", "Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(_LONGEST_S),
                client.stream(
                    method, url, params=dict(query), json=order, headers=headers
                ) as answer,
            ):
                body = await _bounded(answer)
                return answer.status_code, _json(answer, body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            raise lost(problem, method) from problem

    async def _connected(self) -> tuple[httpx.AsyncClient, str]:
        token = await asyncio.to_thread(self._secrets.get, TOKEN)
        if not token:
            raise no_token(self._settings.url)
        if self._client is None:
            # Reading the trust store takes a moment.
            self._client = await asyncio.to_thread(self._make_client)
        return self._client, token

    def _make_client(self) -> httpx.AsyncClient:
        settings = self._settings
        password = proxy_password(self._secrets.get, NAME)
        return httpx_client(
            Way(
                node=NAME,
                ca_file=settings.ca_file,
                proxies=rules_from(self._environ, password, settings.proxy),
                connect_timeout_s=settings.connect_timeout_s,
                read_timeout_s=settings.read_timeout_s,
            )
        )


async def _bounded(answer: httpx.Response) -> bytes:
    pieces, size = [], 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > _LARGEST_ANSWER_BYTES:
            raise not_zammad()
        pieces.append(piece)
    return b"".join(pieces)


def _json(answer: httpx.Response, body: bytes) -> object:
    """The answer's document; None where it is none, which a proxy's page for one is not."""
    import json

    if answer.is_redirect or "json" not in answer.headers.get("content-type", ""):
        if answer.is_success or answer.is_redirect:
            raise not_zammad()
        return None
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        raise not_zammad() from None
    return found
