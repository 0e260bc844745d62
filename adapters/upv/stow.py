"""STOW-RS: a batch as one streamed multipart request, its length known before the first byte.

DICOM PS3.18 10.5; framing by RFC 2046 5.1 and RFC 2387. The boundary stands unquoted: older
Orthanc refuses quotes. Nothing of an instance is changed or held back on its way.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx

from adapters.bulk_transport import with_body
from adapters.pieces import exact_pieces
from adapters.rehearsals import write_request
from adapters.statuses import refuse_status
from adapters.translate import translate
from adapters.upv.answer import LARGEST_ANSWER_BYTES, read_answer
from adapters.upv.auth import Credential
from adapters.upv.options import Settings
from adapters.upv.templates import filled, places_of
from transfer import checkpoint
from transfer.errors import NodeFault, SignInExpired, UsageError
from transfer.leaving import OutgoingInstance
from transfer.node import Batch, InstanceOutcome, OnBytes


@dataclass(frozen=True, slots=True)
class Framing:
    """What stands before, between and after the instances of one body."""

    boundary: str

    @classmethod
    def fresh(cls) -> Framing:
        return cls(secrets.token_hex(16))

    @property
    def content_type(self) -> str:
        return f'multipart/related; type="application/dicom"; boundary={self.boundary}'

    def head(self, index: int) -> bytes:
        """What goes before the instance at `index`."""
        lead = "" if index == 0 else "\r\n"
        return f"{lead}--{self.boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()

    @property
    def tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()

    def length(self, sizes: Sequence[int]) -> int:
        """Content-Length of a body with instances of these sizes, in bytes."""
        heads = sum(len(self.head(index)) for index in range(len(sizes)))
        return heads + sum(sizes) + len(self.tail)


def body(
    framing: Framing, instances: Sequence[OutgoingInstance], on_bytes: OnBytes
) -> Generator[bytes, None, None]:
    """The bytes of one request; a new one is needed for each attempt.

    `on_bytes` hears of the instances' bytes only, after the connection took them.

    Raises:
        SourceChanged: an instance cannot be read, or is not as long as it was said to be.
    """
    for index, instance in enumerate(instances):
        yield framing.head(index)
        with closing(exact_pieces(instance)) as pieces:
            for piece in pieces:
                yield piece
                on_bytes(len(piece))
    yield framing.tail
    checkpoint.passed("body-sent")


class Stow:
    """Sends batches to one node."""

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, credential: Credential
    ) -> None:
        self._client = client
        self._settings = settings
        self._credential = credential

    async def send(self, batch: Batch, on_bytes: OnBytes) -> Sequence[InstanceOutcome]:
        """As `Node.send`. Before the one repetition after a 401 the bytes counted so far are
        taken back: `on_bytes` hears a negative number."""
        moved = 0

        def count(size_bytes: int) -> None:
            nonlocal moved
            moved += size_bytes
            on_bytes(size_bytes)

        authorization = await self._credential.header()
        try:
            return await self._attempt(batch, count, authorization)
        except SignInExpired:
            await self._credential.renew(authorization)
        if moved:
            on_bytes(-moved)
        return await self._attempt(batch, count, await self._credential.header())

    async def _attempt(
        self, batch: Batch, on_bytes: OnBytes, authorization: str | None
    ) -> Sequence[InstanceOutcome]:
        framing = Framing.fresh()
        content = body(framing, batch.instances, on_bytes)
        request = self._request(batch, framing, content, authorization)
        node = self._settings.name
        try:
            response = await self._client.send(request, stream=True)
            try:
                answer = await self._bounded(response)
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
            translated = translate(problem, node)
            if translated is None:
                raise
            raise translated from problem
        status = response.status_code
        if 200 <= status < 300 or status in (400, 409):
            sent = [instance.sop_instance_uid for instance in batch.instances]
            return read_answer(answer, sent, status=status, node=node)
        raise refuse_status(status, node=node, retry_after=response.headers.get("Retry-After"))

    async def _bounded(self, response: httpx.Response) -> bytes:
        collected = bytearray()
        async for piece in response.aiter_bytes():
            collected += piece
            if len(collected) > LARGEST_ANSWER_BYTES:
                raise NodeFault(
                    "The node's answer is larger than any answer to a transfer can be.",
                    "Check dicomweb_url in config.toml; if it is right, tell the node's support.",
                    node=self._settings.name,
                )
        return bytes(collected)

    def _request(
        self,
        batch: Batch,
        framing: Framing,
        content: Generator[bytes, None, None],
        authorization: str | None,
    ) -> httpx.Request:
        places = places_of(batch.destination, self._settings.timepoint)
        headers = filled(self._settings.stow_headers, places)
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise UsageError(
                "The destination holds characters that cannot stand in a request header.",
                "Use the project's code, in plain letters, as the destination.",
            )
        headers["Content-Type"] = framing.content_type
        headers["Content-Length"] = str(framing.length([i.size_bytes for i in batch.instances]))
        # XML as the second choice: dcm4chee can do both, Microsoft's only JSON.
        headers["Accept"] = "application/dicom+json, application/json;q=0.9"
        if authorization is not None:
            headers["Authorization"] = authorization
        # A space as %20: only forms, not every server, read + as one.
        query = urlencode(filled(self._settings.stow_query, places), quote_via=quote)
        url = f"{self._settings.dicomweb_url}/studies" + (f"?{query}" if query else "")
        return with_body(self._client.build_request("POST", url, headers=headers), content)

    async def rehearse(self, batch: Batch, folder: Path) -> None:
        """Write `NNNN.http` (request line and headers, the credential masked) and `NNNN.body`
        (the exact body), both for our eyes only. Nothing is connected, nobody is signed in."""
        framing = Framing.fresh()
        content = body(framing, batch.instances, lambda _: None)
        masked = self._settings.masked_authorization
        request = self._request(batch, framing, content, masked)
        await write_request(folder, f"{batch.batch_id:04d}", request, content)
