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
from typing import Final, NoReturn

import httpx

from adapters.helpdesk.answers import (
    answers_of,
    bodies_of,
    complaint_of,
    is_about_group,
    reply_of,
    ticket_of,
    tickets_of,
)
from adapters.helpdesk.options import TOKEN, DeskSettings
from adapters.proxies import proxy_password, rules_from
from adapters.secrets import SecretStore
from adapters.sessions import Way, httpx_client
from adapters.statuses import BUSY
from adapters.translate import translate
from transfer.errors import (
    NEVER,
    BodyTooLarge,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    TlsRefused,
    Unreachable,
)
from transfer.tickets import DeskTicket, TicketText

NAME: Final = "helpdesk"
_PAGE: Final = 100
_MOST_PAGES: Final = 100
_LARGEST_ANSWER_BYTES: Final = 8 * 1024 * 1024
COPY: Final = "The text can be copied or saved and brought there by hand in the meantime."


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
        refused: _NoSuchGroup | None = None
        for group in groups:
            try:
                return await self._open(text, group, attachments)
            except _NoSuchGroup as refusal:
                refused = refusal
            except NodeError as lost:
                there = await self._after(lost, text)
                if there is None:
                    raise
                return there
        assert refused is not None, "there is at least one group"
        raise refused.as_error(list(groups))

    async def _after(self, lost: NodeError, text: TicketText) -> DeskTicket | None:
        """What became of a request whose answer never came, or says nothing."""
        if not lost.reached_node:
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
            raise _not_zammad()
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
            self._refuse(status, found, group)
        ticket = ticket_of(found, self._settings.url)
        if ticket is None:
            raise _not_zammad()
        return replace(ticket, group=ticket.group or group)

    async def _get(self, path: str, query: Mapping[str, str | int] | None = None) -> object:
        status, found = await self._ask("GET", path, query or {})
        if status != 200:
            self._refuse(status, found)
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
            async with client.stream(
                method, url, params=dict(query), json=order, headers=headers
            ) as answer:
                body = await _bounded(answer)
                return answer.status_code, _json(answer, body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            raise _lost(problem, method) from problem

    async def _connected(self) -> tuple[httpx.AsyncClient, str]:
        token = await asyncio.to_thread(self._secrets.get, TOKEN)
        if not token:
            raise _no_token(self._settings.url)
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

    def _refuse(self, status: int, found: object, group: str = "") -> NoReturn:
        complaint = complaint_of(found)
        said = f" It says: {complaint.rstrip('.')}." if complaint else ""
        if status == 401:
            raise SignInExpired(
                f"The helpdesk does not accept the token; no ticket was opened.{said}",
                f"{_HOW_TO.format(url=self._settings.url)} {COPY}",
                node=NAME,
                reached_node=False,
            )
        if status == 403:
            raise NotAllowed(
                f"The helpdesk does not let this token do that; no ticket was opened.{said}",
                f"The token needs the permission ticket.customer, and the helpdesk must allow"
                f" access by token. {COPY}",
                node=NAME,
                reached_node=False,
            )
        if status == 413:
            raise BodyTooLarge(
                "The attachments are larger than the helpdesk takes; no ticket was opened.",
                "Send it without them, and add them in the ticket on the web page.",
                node=NAME,
                reached_node=False,
            )
        if status == 422 and group and is_about_group(complaint):
            raise _NoSuchGroup(complaint)
        if status in BUSY or status >= 500:
            kind = NodeBusy if status in BUSY else NodeFault
            raise kind(
                f"The helpdesk is in trouble (HTTP {status}).{said}",
                f"Try again later: it is looked for first, and not opened twice. {COPY}",
                node=NAME,
                # A gateway may give up on a request that the desk still carries out; 429 is its
                # own refusal.
                reached_node=status != 429,
            )
        raise NodeFault(
            f"The helpdesk does not take this (HTTP {status}); no ticket was opened.{said}",
            COPY,
            node=NAME,
            retry=NEVER,
            reached_node=False,
        )


class _NoSuchGroup(Exception):
    """422: this group is not offered to the account."""

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self._complaint = complaint.rstrip(".")

    def as_error(self, groups: Sequence[str]) -> NodeFault:
        return NodeFault(
            f"The helpdesk does not offer this account the group {' or '.join(groups)}; no ticket"
            f" was opened. It says: {self._complaint}.",
            f"Choose a group on the helpdesk's web page. {COPY}",
            node=NAME,
            retry=NEVER,
            reached_node=False,
        )


_HOW_TO: Final = (
    "Make one at {url} (your picture, Profile, Token Access, permission ticket.customer) and store"
    " it with: eucaim-transfer login helpdesk."
)


def _no_token(url: str) -> SignInExpired:
    return SignInExpired(
        "There is no token for the helpdesk; nothing was sent.",
        f"{_HOW_TO.format(url=url)} {COPY}",
        node=NAME,
        reached_node=False,
    )


def _not_zammad() -> NodeFault:
    return NodeFault(
        "The helpdesk answered, but not as Zammad does.",
        f"Check url of [helpdesk] in config.toml. {COPY}",
        node=NAME,
        retry=NEVER,
    )


def _lost(problem: BaseException, method: str) -> NodeError:
    """A request that got no answer. The words of the other adapters speak of nodes."""
    known = translate(problem, NAME)
    if known is None or isinstance(known, TlsRefused):
        return known or _not_zammad()
    is_certain = not known.reached_node or method == "GET"
    what = known.what.replace("The node", "The helpdesk").replace("the node", "the helpdesk")
    if is_certain:
        return Unreachable(
            f"{what} Nothing was sent.",
            f"Check the network and the proxy from this machine to the helpdesk. {COPY}",
            node=NAME,
            reached_node=False,
        )
    return Unreachable(
        f"{what} Whether the ticket is there is not known.",
        "Try again in some minutes: it is looked for first, and not opened twice.",
        node=NAME,
    )


async def _bounded(answer: httpx.Response) -> bytes:
    pieces, size = [], 0
    async for piece in answer.aiter_bytes():
        size += len(piece)
        if size > _LARGEST_ANSWER_BYTES:
            raise _not_zammad()
        pieces.append(piece)
    return b"".join(pieces)


def _json(answer: httpx.Response, body: bytes) -> object:
    """The answer's document; None where it is none, which a proxy's page for one is not."""
    import json

    if answer.is_redirect or "json" not in answer.headers.get("content-type", ""):
        if answer.is_success or answer.is_redirect:
            raise _not_zammad()
        return None
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        raise _not_zammad() from None
    return found
