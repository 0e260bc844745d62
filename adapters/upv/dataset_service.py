"""Requests to the dataset-service: the second token, two kinds of 401, answers of bounded length.

What it says follows the recorded exchanges of version 3.23.2 (upv-node.md 2), not its OpenAPI file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx

from adapters.translate import translate
from adapters.upv.auth import Credential
from adapters.upv.clinical_answer import is_page, read_json
from adapters.upv.dataset_refusals import is_token_fault, no_answer, refused_answer, token_refused
from adapters.upv.options import Settings
from adapters.upv.roles import claims_of
from transfer.errors import NodeFault

_LARGEST_ANSWER_BYTES: Final = 8 * 1024 * 1024
_PAGE: Final = 100
_MOST_ROWS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: whole in memory, since a repeated request sends it anew."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, read to its end."""

    status: int
    body: bytes
    retry_after: str | None = None


class DatasetService:
    """The API of one node in the name of the account that is signed in for datasets. Nothing is
    repeated but a request whose token was refused, once, with a new one; no redirect is followed.
    """

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, credential: Credential
    ) -> None:
        self._client = client
        self._settings = settings
        self._credential = credential

    @property
    def node(self) -> str:
        return self._settings.name

    @property
    def claims(self) -> Mapping[str, Any]:
        """What the token at hand says of its bearer; empty before the first request."""
        return claims_of((self._credential.current() or "").removeprefix("Bearer "))

    async def sign_in(self) -> None:
        """Have a token that is valid, by what is stored."""
        await self._credential.header()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """The document at `path`.

        Raises:
            DatasetGone: there is no such dataset.
        """
        answer = await self._exchange("GET", path, query=query)
        if answer.status != 200:
            raise self._refused(answer)
        return self.read(answer)

    async def version(self) -> str:
        """What the service calls its version: plain text, asked for in nobody's name."""
        answer = await self._asked("GET", "/version", None, None, None)
        if answer.status != 200 or is_page(answer.body):
            raise self._refused(answer)
        return answer.body[:64].decode("utf-8", "replace").strip()

    async def rows(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Any]:
        """Every row of a list, page by page. One that changes meanwhile may show a row twice, or
        leave one out.

        Raises:
            NodeFault: it is no list, or the node gives the same page again and again.
        """
        skip = 0
        before: list[Any] = []
        while skip < _MOST_ROWS:
            document = await self.get(path, {**query, "skip": str(skip), "limit": str(_PAGE)})
            rows = document.get("list") if isinstance(document, dict) else None
            total = document.get("total") if isinstance(document, dict) else None
            if not isinstance(rows, list) or not isinstance(total, int):
                raise no_answer(self.node)
            if rows and rows == before:
                raise no_answer(self.node)
            for row in rows:
                yield row
            before = rows
            skip += len(rows)
            if not rows or skip >= total:
                return

    async def post(self, path: str, body: Body) -> Answer:
        """The answer to a creation, whatever its status; only 401 is judged here."""
        return await self._exchange("POST", path, body=body)

    async def change(self, path: str, body: Body) -> Answer:
        """The answer to a PATCH, as `post`."""
        return await self._exchange("PATCH", path, body=body)

    async def delete(self, path: str) -> None:
        answer = await self._exchange("DELETE", path)
        if answer.status not in (200, 204):
            raise self._refused(answer)

    def _refused(self, answer: Answer) -> Exception:
        return refused_answer(answer.status, answer.body, answer.retry_after, self.node)

    def read(self, answer: Answer) -> Any:
        """The document of a successful answer. Raises NodeFault where it is none."""
        document = read_json(answer.body)
        if document is None:
            raise no_answer(self.node, is_page=is_page(answer.body))
        return document

    async def _exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
    ) -> Answer:
        authorization = await self._credential.header()
        answer = await self._asked(method, path, query, body, authorization)
        if answer.status == 401 and is_token_fault(answer.body):
            await self._credential.renew(authorization)
            authorization = await self._credential.header()
            answer = await self._asked(method, path, query, body, authorization)
            if answer.status == 401 and is_token_fault(answer.body):
                raise token_refused(answer.body, self.node)
        if answer.status == 401:
            raise refused_answer(401, answer.body, None, self.node, claims=self.claims)
        return answer

    async def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Body | None,
        authorization: str | None,
    ) -> Answer:
        url = self._settings.dataset_service_url + path
        if query:
            url += "?" + urlencode(query, quote_via=quote)
        headers = {"Accept": "application/json"}
        if authorization is not None:
            headers["Authorization"] = authorization
        if body is not None:
            headers["Content-Type"] = body.content_type
        content = None if body is None else body.content
        try:
            request = self._client.build_request(method, url, headers=headers, content=content)
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                collected = await self._collected(response)
                again = response.headers.get("Retry-After")
                return Answer(response.status_code, collected, again)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
            translated = translate(problem, self.node)
            if translated is None:
                raise
            raise translated from problem

    async def _collected(self, response: httpx.Response) -> bytes:
        collected = bytearray()
        async for piece in response.aiter_bytes():
            collected += piece
            if len(collected) > _LARGEST_ANSWER_BYTES:
                raise NodeFault(
                    "The node's answer about a dataset is larger than any such answer can be.",
                    "Check dataset_service_url in config.toml; if it is right, tell the node's "
                    "support.",
                    node=self.node,
                )
        return bytes(collected)
