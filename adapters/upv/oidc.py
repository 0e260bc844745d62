"""A Keycloak realm over our guarded client: what it offers, and one question at a time.

OpenID Connect Discovery 1.0. The bodies of questions and the meaning of answers are oauthlib's
(`grants`, `device`, `paste`); this is only the way there and back: bounded answers, no redirect of
a secret, no address on another server. Knows no store and keeps no state but what the realm offers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import httpx

from adapters.statuses import BUSY, refuse_status
from adapters.tls import origin
from adapters.translate import translate
from adapters.upv.refusals import GrantRefused
from transfer.errors import NEVER, NodeFault, Retry

_LARGEST_ANSWER_BYTES = 1 << 20
_LONGEST_ADDRESS = 2048
_LONGEST_ANSWER_S = 120.0
"""A time-out of the connection is one of each piece: a server that drips would hold us for days."""
_FORM = "application/x-www-form-urlencoded"


def is_address(value: object) -> TypeGuard[str]:
    """Whether a text of the realm's may be shown to a person, drawn as a link, or asked: nothing in
    it that moves a terminal's cursor, names a user before the host, or fills the screen."""
    return (
        isinstance(value, str)
        and len(value) <= _LONGEST_ADDRESS
        and value.startswith("https://")
        and value.isascii()
        and value.isprintable()
        and not {" ", "\\"} & set(value)
        and "@" not in re.split("[/?#]", value.removeprefix("https://"), maxsplit=1)[0]
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: Any
    """What its JSON holds; None where it holds none."""
    retry_after: str | None


class Realm:
    """One issuer, for all of its clients."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        issuer_url: str,
        *,
        node: str,
        longest_answer_s: float = _LONGEST_ANSWER_S,
    ) -> None:
        self._client = client
        self._longest_answer_s = longest_answer_s
        self._issuer_url = issuer_url
        self._discovered: Mapping[str, Any] | None = None
        self.node = node

    async def offers(self, endpoint: str) -> bool:
        """Whether the discovery document names this endpoint."""
        return isinstance((await self._known()).get(endpoint), str)

    async def says(self, key: str) -> object:
        """One entry of the discovery document; None when it has none."""
        return (await self._known()).get(key)

    async def address(self, endpoint: str) -> str:
        """Where an endpoint is.

        Raises:
            NodeFault: nowhere, or on another server than the issuer, who would be given secrets.
        """
        url = (await self._known()).get(endpoint)
        if not is_address(url):
            raise self.fault()
        self.demand_ours(url)
        return url

    def demand_ours(self, url: str) -> None:
        """Refuse an address that is not on the issuer's own server.

        Raises:
            NodeFault: it is on another one.
        """
        try:
            is_ours = origin(url) == origin(self._issuer_url)
        except ValueError:
            is_ours = False
        if not is_ours:
            raise NodeFault(
                "The sign-in service names an address on another server for the sign-in.",
                "Check issuer_url in config.toml; if it is right, tell the node's support.",
                node=self.node,
                retry=NEVER,
            )

    async def ask(self, endpoint: str, body: str) -> Mapping[str, Any]:
        """Post a form (URL-encoded); the JSON object that comes back.

        Raises:
            GrantRefused: the issuer's own word for no.
        """
        answer = self._granted(await self._exchange("POST", await self.address(endpoint), body))
        if answer.status != 200 or not isinstance(answer.content, dict):
            raise self.fault()
        return answer.content

    async def tell(self, endpoint: str, body: str) -> None:
        """Post a form where nothing but a yes comes back.

        Raises:
            GrantRefused: the issuer's own word for no.
        """
        answer = self._granted(await self._exchange("POST", await self.address(endpoint), body))
        if not 200 <= answer.status < 300:
            raise self.fault()

    async def _known(self) -> Mapping[str, Any]:
        if self._discovered is None:
            url = f"{self._issuer_url}/.well-known/openid-configuration"
            # Whatever it says, nothing was asked for that could be granted.
            answer = self._served(await self._exchange("GET", url, None))
            found = answer.content
            if answer.status != 200 or not isinstance(found, dict):
                raise self.fault()
            # RFC 8414 3.3: a document that speaks for another issuer must not be used.
            if str(found.get("issuer", "")).rstrip("/") != self._issuer_url:
                raise NodeFault(
                    "The sign-in service speaks for another issuer than the configured one.",
                    "Correct issuer_url in config.toml: it is the realm's address, letter by "
                    "letter as the realm's own discovery document writes it.",
                    node=self.node,
                    retry=NEVER,
                )
            self._discovered = found
        return self._discovered

    async def _exchange(self, method: str, url: str, body: str | None) -> _Answer:
        headers = {"Accept": "application/json"} | ({"Content-Type": _FORM} if body else {})
        try:
            async with (
                asyncio.timeout(self._longest_answer_s),
                self._client.stream(
                    method, url, content=body, headers=headers, follow_redirects=method == "GET"
                ) as response,
            ):
                content = b""
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > _LARGEST_ANSWER_BYTES:
                        raise self.fault()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            raise translate(problem, self.node) or self.fault() from problem
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        return _Answer(response.status_code, document, response.headers.get("Retry-After"))

    def _granted(self, answer: _Answer) -> _Answer:
        if answer.status in (400, 401, 403) and isinstance(answer.content, dict):
            code = answer.content.get("error")
            if isinstance(code, str):
                raise GrantRefused(code, str(answer.content.get("error_description", "")))
        return self._served(answer)

    def _served(self, answer: _Answer) -> _Answer:
        if answer.status in BUSY:
            raise refuse_status(answer.status, node=self.node, retry_after=answer.retry_after)
        if 400 <= answer.status < 500:
            # A refusal, though in nobody's words; what it refused may have been a password.
            raise self.fault(NEVER)
        return answer

    def fault(self, retry: Retry | None = None) -> NodeFault:
        """What came back is not what a sign-in service says."""
        return NodeFault(
            "The sign-in service did not answer as one.",
            "Check issuer_url in config.toml; if it is right, try again later.",
            node=self.node,
            retry=retry,
        )
