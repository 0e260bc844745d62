"""Clinical data to one UPV node: an eForm for each subject, a table, or by the operator's hand."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from adapters.bulk_transport import with_body
from adapters.pieces import exact_pieces
from adapters.rehearsals import write_request
from adapters.statuses import refuse_status
from adapters.translate import translate
from adapters.upv.auth import Credential
from adapters.upv.clinical_answer import (
    complaint_in,
    form_in,
    held_form,
    holds,
    is_page,
    read_json,
    refusal_in,
)
from adapters.upv.options import Settings
from adapters.upv.templates import filled, filled_address, places_of
from transfer import checkpoint
from transfer.clinical.leaving import ClinicalItem, ClinicalOutcome, ClinicalVerdict, Held
from transfer.errors import NodeFault, NotSupported, UsageError

_LARGEST_ANSWER_BYTES: Final = 1024 * 1024
_LARGEST_FORM_BYTES: Final = 16 * 1024 * 1024
_REFUSED: Final = frozenset({400, 409, 413, 422})
_EXISTS: Final = frozenset({409, 412})
_NOT_READ_BACK: Final = frozenset({405, 406, 501})
_DOTS: Final = frozenset({".", ".."})
_STORED: Final = ClinicalOutcome(ClinicalVerdict.STORED)
_DIFFERS: Final = ClinicalOutcome(
    ClinicalVerdict.DIFFERS, "the node has other clinical data there; nothing was written"
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    retry_after: str | None


class Clinical:
    """Sends and reads back items for one node."""

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, credential: Credential
    ) -> None:
        self._client = client
        self._settings = settings
        self._options = settings.clinical
        self._credential = credential

    async def send(
        self, item: ClinicalItem, destination: str, *, overwrite: bool
    ) -> ClinicalOutcome:
        """As `Node.send_clinical`: reads first where it may not write over, and leaves the last
        word to the node by `If-None-Match: *` (RFC 9110 13.1.2)."""
        self._demand_taken(item)
        if self._is_unaddressable(item):
            return _unaddressable()
        if not overwrite:
            held = await self.held(item, destination)
            if held is Held.SAME:
                return ClinicalOutcome(ClinicalVerdict.STORED, "it was there already")
            if held is Held.OTHER:
                return _DIFFERS
        answer = await self._exchange(
            lambda authorization: with_body(
                *self._request(item, destination, authorization, overwrite)
            )
        )
        status = answer.status
        if status in _EXISTS and not overwrite:
            held = await self.held(item, destination)
            if held is Held.SAME:
                return _STORED
            if status == 412 or held is Held.OTHER:
                return _DIFFERS
        return self._outcome(answer)

    def _outcome(self, answer: _Answer) -> ClinicalOutcome:
        status, body = answer.status, answer.body
        if 200 <= status < 300:
            complaint = complaint_in(body)
            if complaint:
                return ClinicalOutcome(ClinicalVerdict.REFUSED, complaint)
            if is_page(body):
                raise self._is_web_page()
            return _STORED
        words = refusal_in(body)
        if status == 413:
            words = words or "it is larger than the node takes"
        if status in _REFUSED or (status == 404 and read_json(body) is not None):
            said = words or f"without a reason that can be shown (HTTP {status})"
            return ClinicalOutcome(ClinicalVerdict.REFUSED, said)
        raise refuse_status(status, node=self._settings.name, retry_after=answer.retry_after)

    def _is_web_page(self) -> NodeFault:
        return NodeFault(
            "A web page came instead of an answer to clinical data.",
            "Check eform_url or clinical_url in config.toml; if they are right, ask the node's "
            "support for the address of its REST API.",
            node=self._settings.name,
        )

    async def held(self, item: ClinicalItem, destination: str) -> Held:
        """As `Node.held_clinical`."""
        self._demand_taken(item)
        template = self._options.eform_read_url if item.subject else self._options.clinical_read_url
        if not template or self._is_unaddressable(item):
            return Held.UNTOLD
        if item.subject:
            return await self._held_form(template, item, destination)
        return await self._held_file(template, item, destination)

    async def _held_form(self, template: str, item: ClinicalItem, destination: str) -> Held:
        url = self._url(template, item, destination)
        answer = await self._exchange(
            lambda authorization: self._question(url, item, destination, authorization),
            _LARGEST_FORM_BYTES,
        )
        told = self._told(answer.status, answer.retry_after)
        if told is not None:
            return told
        held = held_form(answer.body, item.subject, self._settings.name)
        if held is None:
            return Held.NOTHING
        sent = form_in(json.loads(await asyncio.to_thread(_content, item)))
        return Held.SAME if holds(held, sent) else Held.OTHER

    async def _held_file(self, template: str, item: ClinicalItem, destination: str) -> Held:
        url = self._url(template, item, destination)
        async with self._answering(
            lambda authorization: self._question(url, item, destination, authorization)
        ) as response:
            told = self._told(response.status_code, response.headers.get("Retry-After"))
            if told is not None:
                return told
            digest, size_bytes = hashlib.md5(usedforsecurity=False), 0
            async for piece in response.aiter_bytes():
                digest.update(piece)
                size_bytes += len(piece)
                if size_bytes > item.file.size_bytes:
                    return Held.OTHER
        if not size_bytes:
            return Held.NOTHING
        return Held.SAME if digest.hexdigest() == item.file.md5 else Held.OTHER

    def _told(self, status: int, retry_after: str | None) -> Held | None:
        """What a status alone says; None where the body has to be looked at."""
        if status in (204, 404, 410):
            return Held.NOTHING
        if status in _NOT_READ_BACK:
            return Held.UNTOLD
        if status == 200:
            return None
        raise refuse_status(status, node=self._settings.name, retry_after=retry_after)

    async def rehearse(self, item: ClinicalItem, destination: str, folder: Path) -> None:
        """As `Node.rehearse_clinical`: `NAME.http` and `NAME.body`. Nothing is connected, nobody
        is signed in."""
        self._demand_taken(item)
        if self._is_unaddressable(item):
            raise UsageError(
                "A Patient ID cannot stand in the address or header that names it.",
                "Give the patient another ID at the source, or de-identify by a method.",
            )
        masked = self._settings.masked_authorization
        request, content = self._request(item, destination, masked, overwrite=False)
        await write_request(folder, item.file.name, request, content)

    async def _exchange(self, make: _Make, limit: int = _LARGEST_ANSWER_BYTES) -> _Answer:
        collected = bytearray()
        async with self._answering(make) as response:
            async for piece in response.aiter_bytes():
                collected += piece
                if len(collected) > limit:
                    raise NodeFault(
                        "The node's answer is larger than any answer to clinical data can be.",
                        "Check the addresses for clinical data in config.toml; if they are right, "
                        "tell the node's support.",
                        node=self._settings.name,
                    )
            again = response.headers.get("Retry-After")
            return _Answer(response.status_code, bytes(collected), again)

    @contextlib.asynccontextmanager
    async def _answering(self, make: _Make) -> AsyncGenerator[httpx.Response, None]:
        """The answer, its body not read yet; after a 401 that of the one repetition."""
        authorization = await self._credential.header()
        async with self._asked(make, authorization) as response:
            if response.status_code != 401:
                yield response
                return
        await self._credential.renew(authorization)
        async with self._asked(make, await self._credential.header()) as response:
            if response.status_code == 401:
                raise refuse_status(401, node=self._settings.name)
            yield response

    @contextlib.asynccontextmanager
    async def _asked(
        self, make: _Make, authorization: str | None
    ) -> AsyncGenerator[httpx.Response, None]:
        request = make(authorization)
        try:
            response = await self._client.send(request, stream=True, follow_redirects=False)
            try:
                yield response
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as problem:
            translated = translate(problem, self._settings.name)
            if translated is None:
                raise
            raise translated from problem

    def _request(
        self, item: ClinicalItem, destination: str, authorization: str | None, overwrite: bool
    ) -> tuple[httpx.Request, Generator[bytes, None, None]]:
        options = self._options
        template = options.eform_url if item.subject else options.clinical_url
        method = options.eform_method if item.subject else options.clinical_method
        headers = self._headers(item, destination, authorization)
        head = tail = b""
        headers["Content-Type"] = item.media_type
        if options.file_field and not item.subject:
            boundary = secrets.token_hex(16)
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
            head, tail = _form(boundary, options.file_field, item)
        headers["Content-Length"] = str(len(head) + item.file.size_bytes + len(tail))
        if method == "PUT" and not overwrite:
            headers["If-None-Match"] = "*"
        url = self._url(template, item, destination)
        request = self._client.build_request(method, url, headers=headers)
        return request, _body(head, item, tail)

    def _question(
        self, url: str, item: ClinicalItem, destination: str, authorization: str | None
    ) -> httpx.Request:
        headers = self._headers(item, destination, authorization)
        return self._client.build_request("GET", url, headers=headers)

    def _headers(
        self, item: ClinicalItem, destination: str, authorization: str | None
    ) -> dict[str, str]:
        headers = filled(self._options.headers, self._places(item, destination))
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise UsageError(
                "The destination holds characters that cannot stand in a request header.",
                "Name it in the address or in clinical_query of config.toml instead of in "
                "clinical_headers.",
            )
        headers["Accept"] = "application/json, text/csv;q=0.9, */*;q=0.1"
        if authorization is not None:
            headers["Authorization"] = authorization
        return headers

    def _places(self, item: ClinicalItem, destination: str) -> Mapping[str, str]:
        return places_of(destination, self._settings.timepoint, item.subject, item.file.name)

    def _url(self, template: str, item: ClinicalItem, destination: str) -> str:
        places = self._places(item, destination)
        if {places["project"], places["subproject"]} & _DOTS:
            raise UsageError(
                "The destination cannot stand in an address.",
                "Use the code of the project, or PROJECT|SUBPROJECT, as the destination.",
            )
        url = filled_address(template, places)
        # A space as %20: only forms, not every server, read + as one.
        query = urlencode(filled(self._options.query, places), quote_via=quote)
        return url + (f"{'&' if '?' in url else '?'}{query}" if query else "")

    def _is_unaddressable(self, item: ClinicalItem) -> bool:
        """Whether a Patient ID, as it stands in files that leave as they are, can name nobody in a
        request: dots alone lead out of their place in an address (RFC 3986 5.2.4), and a header
        has plain letters only."""
        subject = item.subject
        if subject in _DOTS or any(0xD800 <= ord(c) <= 0xDFFF for c in subject):
            return True
        in_header = any("{subject}" in text for text in self._options.headers.values())
        return in_header and not (subject.isascii() and subject.isprintable())

    def _demand_taken(self, item: ClinicalItem) -> None:
        mode, name = self._options.mode, self._settings.name
        for key, unknown in self._settings.clinical_lacks:
            raise UsageError(unknown, f"Set {key} of [nodes.{name}] in config.toml.")
        if mode == "eform-json" and item.subject:
            return
        if mode == "file-csv" and not item.subject and item.content == "clinical":
            return
        what = "for one subject" if item.subject else "of this kind as a file"
        raise NotSupported(
            f"The node is not configured to take clinical data {what}.",
            f"Set clinical_mode of [nodes.{name}] in config.toml, with the address that it needs.",
            node=name,
        )


_Make = Callable[[str | None], httpx.Request]


def _unaddressable() -> ClinicalOutcome:
    return ClinicalOutcome(
        ClinicalVerdict.REFUSED,
        "the Patient ID cannot stand in the address or header that names it; nothing was sent",
    )


def _form(boundary: str, field: str, item: ClinicalItem) -> tuple[bytes, bytes]:
    """What stands before and behind a file in a form (RFC 7578)."""
    name = quote(field, safe=" ")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
        f'filename="{quote(item.file.name)}"\r\nContent-Type: {item.media_type}\r\n\r\n'
    )
    return head.encode(), f"\r\n--{boundary}--\r\n".encode()


def _body(head: bytes, item: ClinicalItem, tail: bytes) -> Generator[bytes, None, None]:
    """The bytes of one request; a new one is needed for each attempt."""
    if head:
        yield head
    with contextlib.closing(exact_pieces(item.file)) as pieces:
        yield from pieces
    if tail:
        yield tail
    checkpoint.passed("body-sent")


def _content(item: ClinicalItem) -> bytes:
    with contextlib.closing(exact_pieces(item.file)) as pieces:
        return b"".join(pieces)
