"""What stands before a stand-in's services, as a web server does: faults of the front, records."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.sandbox import answers
from adapters.sandbox.faults import Fault, Faults


class Front:
    """Applies `latency` and `status` faults to a whole service."""

    def __init__(self, app: ASGIApp, faults: Faults, service: str) -> None:
        self._app = app
        self._faults = faults
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await apply(self._faults.draw(self._service, ("latency", "status")))
        await (refusal or self._app)(scope, receive, send)


async def apply(drawn: Mapping[str, Fault]) -> Response | None:
    """Wait out the latency; the answer of the front if it refuses the request by itself."""
    if "latency" in drawn:
        await asyncio.sleep(drawn["latency"].number() / 1000)
    fault = drawn.get("status")
    if fault is None:
        return None
    status = int(fault.number())
    headers: dict[str, str] = {}
    if "retry-after" in fault.options:
        headers["retry-after"] = f"{fault.options['retry-after']:g}"
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        headers["connection"] = "close"
    return answers.front_error(status, HTTPStatus(status).phrase, headers)


class Recorder:
    """Keeps every request as a file `NNNN-request.http`: request line, headers, body.

    Bodies are written as they pass, and as far as the service read them. Credentials stand in
    these files as they came in.
    """

    def __init__(self, app: ASGIApp, folder: Path, numbers: Iterator[int]) -> None:
        """`numbers` is shared by all that record into the folder; taken ones are passed over."""
        self._app = app
        folder.mkdir(parents=True, exist_ok=True)
        taken = {path.name for path in folder.glob("*-request.http")}
        self._paths = (folder / name for n in numbers if (name := _name(n)) not in taken)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with next(self._paths).open("wb", buffering=0) as file:
            file.write(_head(scope))

            async def tee() -> Message:
                message = await receive()
                file.write(message.get("body", b""))
                return message

            await self._app(scope, tee, send)


def _name(number: int) -> str:
    return f"{number:04}-request.http"


def _head(scope: Scope) -> bytes:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    lines = [scope["method"].encode() + b" " + scope["raw_path"] + query + b" HTTP/1.1"]
    lines += [name.title() + b": " + value for name, value in scope["headers"]]
    return b"\r\n".join(lines) + b"\r\n\r\n"
