"""STOW-RS as Orthanc's DICOMweb plugin 1.7 does it behind a web server (PS3.18, 10.5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox import answers
from adapters.sandbox.faults import Fault
from adapters.sandbox.multipart import MediaType, MultipartReader, PartBegins, PartData, PartEnds
from adapters.sandbox.part10 import Header, NotDicom
from adapters.sandbox.store import SOP_CLASS, SOP_INSTANCE, STUDY, Store

CANNOT_UNDERSTAND = 49152
WRONG_STUDY = PROCESSING_FAILURE = 272
DATA_SET_DOES_NOT_MATCH = 45063


@dataclass(slots=True)
class _Part:
    """A part that is whole; `header` is None when it is no DICOM file."""

    path: Path
    header: Header | None


@dataclass(slots=True)
class _Verdicts:
    """What the answer will say; every list in the order of the parts."""

    root: str
    referenced: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    retrieve_url: str = ""
    is_unreadable: bool = False
    is_refused: bool = False

    def stored(self, header: Header, warning: int | None = None) -> None:
        study, series = header.text(STUDY), header.text(0x0020000E)
        self.retrieve_url = self.retrieve_url or f"{self.root}/studies/{study}"
        url = f"{self.root}/studies/{study}/series/{series}/instances/{header.text(SOP_INSTANCE)}"
        item = _reference(header)
        item["00081190"] = answers.element("UR", url)
        if warning is not None:
            item["00081196"] = answers.element("US", warning)
        self.referenced.append(item)

    def refused(self, header: Header, reason: int) -> None:
        self.failed.append(_reference(header) | {"00081197": answers.element("US", reason)})

    def document(self) -> dict[str, Any]:
        document = {
            "00080005": answers.element("CS", "ISO_IR 100"),
            "00081198": answers.element("SQ", *self.failed),
            "00081199": answers.element("SQ", *self.referenced),
        }
        if self.retrieve_url:
            document["00081190"] = answers.element("UR", self.retrieve_url)
        return document


class Stow:
    """The `POST …/studies` handler; takes bodies in without holding one in memory.

    With Content-Length nothing is stored before the last byte is there, with chunked coding each
    part is stored as soon as it is whole: so the real front and archive behave together.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def answer(self, scope: Scope, receive: Receive, send: Send, study: str | None) -> None:
        """Carry out one request.

        `scope["sandbox.faults"]` holds the faults that hit it, `scope["sandbox.root"]` the
        absolute address of the DICOMweb root.
        """
        request = Request(scope, receive, send)
        refusal = _refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        faults: Mapping[str, Fault] = scope["sandbox.faults"]
        verdicts = _Verdicts(scope["sandbox.root"])
        body = _Body(self._store, request, "reset-mid-body" in faults)
        judge = _Judge(self._store, verdicts, study, faults)
        at_once = "content-length" not in request.headers
        try:
            async for part in body.parts():
                if at_once:
                    judge.settle(part)
                else:
                    body.whole.append(part)
            for part in body.whole:
                judge.settle(part)
        except ClientDisconnect:
            return
        finally:
            body.clean_up()
        await self._send(scope, receive, send, verdicts, faults)

    async def _send(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        verdicts: _Verdicts,
        faults: Mapping[str, Fault],
    ) -> None:
        if "reset-after-body" in faults:
            scope["sandbox.cut"]()
        if "delay-answer" in faults:
            await asyncio.sleep(faults["delay-answer"].number() / 1000)
        response = _response(Request(scope), verdicts, faults)
        if "truncate-answer" in faults:
            content = bytes(response.body)
            headers = response.raw_headers
            await send(
                {"type": "http.response.start", "status": response.status_code, "headers": headers}
            )
            half = content[: len(content) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            scope["sandbox.cut"](reset=False)
        await response(scope, receive, send)


class _Body:
    """The parts of one request, each in a spool file."""

    def __init__(self, store: Store, request: Request, is_reset_midway: bool) -> None:
        self._store = store
        self._request = request
        self._is_reset_midway = is_reset_midway
        self._spooled: list[Path] = []
        self.whole: list[_Part] = []

    async def parts(self) -> Any:
        """Every `application/dicom` part that is whole, in order."""
        media = MediaType.parse(self._request.headers["content-type"])
        reader = MultipartReader(media.parameters["boundary"])
        half = int(self._request.headers.get("content-length", 0)) // 2
        seen = 0
        path: Path | None = None
        file: IO[bytes] | None = None
        try:
            async for data in self._request.stream():
                seen += len(data)
                if self._is_reset_midway and seen >= half:
                    self._request.scope["sandbox.cut"]()
                for event in reader.feed(data):
                    if isinstance(event, PartBegins):
                        if event.content_type == "application/dicom":
                            path, file = self._open()
                    elif isinstance(event, PartData):
                        if file is not None:
                            file.write(event.data)
                    elif isinstance(event, PartEnds) and file is not None and path is not None:
                        file.close()
                        file = None
                        yield _Part(path, self._header(path))
        finally:
            if file is not None:
                file.close()

    def clean_up(self) -> None:
        self._store.discard(self._spooled)

    def _open(self) -> tuple[Path, IO[bytes]]:
        path = self._store.spool()
        self._spooled.append(path)
        return path, path.open("wb", buffering=0)

    def _header(self, path: Path) -> Header | None:
        try:
            return self._store.examine(path)
        except NotDicom:
            return None


class _Judge:
    """Decides part by part, faults included; each fault about one instance takes the first."""

    def __init__(
        self, store: Store, verdicts: _Verdicts, study: str | None, faults: Mapping[str, Fault]
    ) -> None:
        self._store = store
        self._verdicts = verdicts
        self._study = study
        self._pending = dict(faults)

    def settle(self, part: _Part) -> None:
        verdicts, header = self._verdicts, part.header
        if header is None or not header.text(SOP_INSTANCE):
            verdicts.is_unreadable = True
        elif not header.text(STUDY):
            verdicts.is_unreadable = True
            verdicts.refused(header, CANNOT_UNDERSTAND)
        elif self._study is not None and header.text(STUDY) != self._study:
            verdicts.is_refused = True
            verdicts.refused(header, WRONG_STUDY)
        elif "partial" in self._pending:
            fault = self._pending.pop("partial")
            verdicts.refused(header, int(fault.options.get("reason", PROCESSING_FAILURE)))
        elif "omit" in self._pending:
            del self._pending["omit"]
            self._store.keep(part.path, header)
        elif "drop-acked" in self._pending and not self._store.holds(header.text(SOP_INSTANCE)):
            del self._pending["drop-acked"]
            verdicts.stored(header)
        else:
            if "store-changed" in self._pending:
                del self._pending["store-changed"]
                _change(part.path)
            self._store.keep(part.path, header)
            warn = self._pending.pop("warn", None)
            verdicts.stored(header, int(warn.number(DATA_SET_DOES_NOT_MATCH)) if warn else None)


def _change(path: Path) -> None:
    """Another last byte: of a pixel, in an image."""
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _refusal(request: Request) -> Response | None:
    """The answer to a request whose Content-Type is not the one that STOW-RS asks for."""
    media = MediaType.parse(request.headers.get("content-type", ""))
    if media.name == "multipart/form-data":
        return Response(b"", 200)
    is_stow = (
        media.name == "multipart/related"
        and media.parameters.get("type", "application/dicom").lower() == "application/dicom"
        and media.parameters.get("boundary")
    )
    return None if is_stow else answers.orthanc_error(415, "POST", request.url.path)


def _response(request: Request, verdicts: _Verdicts, faults: Mapping[str, Fault]) -> Response:
    status = 400 if verdicts.is_unreadable else 409 if verdicts.is_refused else 200
    if "partial" in faults and status == 200 and verdicts.failed:
        status = int(faults["partial"].number(202))
    document = verdicts.document()
    is_xml = "xml" in faults or answers.wants_xml(request.headers.get("accept", ""))
    content = answers.to_xml(document) if is_xml else answers.to_json(document)
    # Orthanc names no Content-Type beside a refusal, though the body is the same document.
    is_named = status < 400
    media_type = (answers.XML if is_xml else answers.JSON) if is_named else None
    return Response(content, status, media_type=media_type)


def _reference(header: Header) -> dict[str, Any]:
    return {
        "00081150": answers.element("UI", header.text(SOP_CLASS)),
        "00081155": answers.element("UI", header.text(SOP_INSTANCE)),
    }
