"""One request and its whole answer, with the library's exceptions translated."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from adapters.bulk_transport import with_body
from adapters.translate import translate
from transfer.errors import NEVER, NodeFault, Retry

LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
"""A catalogue takes about 400 bytes an instance; a Series of 100,000 fits."""

_PAGE_START = 1024

Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body` is whole; redirects are not followed."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_page(self) -> bool:
        """Whether this is a page for people: XNAT's sign-in page comes with 200 as well."""
        start = self.body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")[:9].lower()
        return start.startswith((b"<!doctype", b"<html"))

    def json(self, node: str) -> Any:
        """The body as JSON.

        Raises:
            NodeFault: it is none.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as problem:
            raise unreadable(node) from problem


def unreadable(node: str) -> NodeFault:
    return NodeFault(
        "The node's answer cannot be read.",
        "Try again later; if it stays so, tell the node's support the time.",
        node=node,
    )


def cookie(session_id: str) -> dict[str, str]:
    """The header of a request that belongs to a session."""
    return {"Cookie": f"JSESSIONID={session_id}"}


def basic(name: str, password: str) -> dict[str, str]:
    """The header of a request that signs in by itself (RFC 7617)."""
    pair = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def segment(text: str) -> str:
    """A text as one segment of a path.

    Raises:
        NodeFault: it is a step to another path (RFC 3986 5.2.4), however it is quoted, or cannot
            be quoted.
    """
    try:
        if text not in (".", ".."):
            return quote(text, safe="")
    except UnicodeEncodeError:
        pass
    raise NodeFault(
        "The node has a name for something that cannot stand in an address; it was not asked for.",
        "Have it renamed at the node, or see which project config.toml names.",
        retry=NEVER,
    )


def address(base_url: str, path: str, query: Query | None = None) -> str:
    """The full address of a route; `path` begins with a slash and is quoted already."""
    # A space as %20: only forms, not every server, read + as one.
    return base_url + path + (f"?{urlencode(query, quote_via=quote)}" if query else "")


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    content: bytes | Generator[bytes, None, None] | None = None,
    read_timeout_s: float | None = None,
    node: str,
) -> Answer:
    """Make one request.

    Raises:
        TlsRefused, Unreachable, NodeFault: no whole answer came.
    """
    try:
        if isinstance(content, Generator):
            request = with_body(client.build_request(method, url, headers=headers), content)
        else:
            request = client.build_request(method, url, headers=headers, content=content)
        if read_timeout_s is not None:
            request.extensions["timeout"] = {
                **request.extensions["timeout"],
                "read": read_timeout_s,
            }
        response = await client.send(request, stream=True)
        try:
            # A question would be answered the same again. Whether what was sent is there, the next
            # attempt finds out.
            body = await _bounded(response, node, NEVER if content is None else None)
        finally:
            await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
        translated = translate(problem, node)
        if translated is None:
            raise
        raise translated from problem
    return Answer(response.status_code, response.headers, body)


async def digested(
    client: httpx.AsyncClient, url: str, *, headers: Mapping[str, str], node: str
) -> Answer:
    """GET a file and keep nothing of it: the body of a good answer is the file's MD5 in hex.

    Raises:
        TlsRefused, Unreachable, NodeFault: no whole answer came.
    """
    # What XNAT's catalogues carry, not a protection.
    digest = hashlib.md5(usedforsecurity=False)
    start = b""
    try:
        request = client.build_request("GET", url, headers=headers)
        response = await client.send(request, stream=True)
        try:
            if not response.is_success:
                return Answer(
                    response.status_code, response.headers, await _bounded(response, node)
                )
            async for piece in response.aiter_bytes():
                digest.update(piece)
                if len(start) < _PAGE_START:
                    start += piece[:_PAGE_START]
        finally:
            await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
        translated = translate(problem, node)
        if translated is None:
            raise
        raise translated from problem
    first = Answer(response.status_code, response.headers, start)
    body = start if first.is_page else digest.hexdigest().encode()
    return Answer(response.status_code, response.headers, body)


async def _bounded(response: httpx.Response, node: str, retry: Retry | None = NEVER) -> bytes:
    collected = bytearray()
    async for piece in response.aiter_bytes():
        collected += piece
        if len(collected) > LARGEST_ANSWER_BYTES:
            raise NodeFault(
                "The node's answer is larger than this program can take into memory.",
                "Tell the node's support the time; nothing of the transfer is lost.",
                node=node,
                retry=retry,
            )
    return bytes(collected)
