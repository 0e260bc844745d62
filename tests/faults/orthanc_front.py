"""A web server of our own before Orthanc, which spoils answers as the stand-ins do."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from adapters.sandbox.ca import ThrowAwayCa
from adapters.sandbox.dicomweb import service_of
from adapters.sandbox.faults import Faults
from adapters.sandbox.http1 import Http1Server
from adapters.sandbox.spoiling import Spoiler
from tests.faults.servers import RealServer

_HOST: Final = "127.0.0.1"
_ROOT: Final = "/dicom-web"
_OWN: Final = ("host", "connection", "transfer-encoding", "content-length", "keep-alive")


@dataclass(frozen=True)
class OrthancFront:
    """`server` is Orthanc behind the front; `faults` are read by the front's own thread."""

    server: RealServer
    faults: Faults


class _Forward:
    """Asks Orthanc the same, and gives its answer back."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._client = httpx.AsyncClient(trust_env=False, timeout=60)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        query = request.url.query
        url = self._upstream + scope["raw_path"].decode("ascii") + (f"?{query}" if query else "")
        headers = [(n, v) for n, v in request.headers.items() if n not in _OWN]
        length = request.headers.get("content-length")
        if length is not None:
            headers.append(("content-length", length))
        body = _stream(request) if length not in (None, "0") else None
        got = await self._client.request(request.method, url, headers=headers, content=body)
        kept = {n: v for n, v in got.headers.items() if n not in _OWN}
        await Response(got.content, got.status_code, kept)(scope, receive, send)

    async def aclose(self) -> None:
        await self._client.aclose()


async def _stream(request: Request) -> AsyncIterator[bytes]:
    async for piece in request.stream():
        if piece:
            yield piece


def _service(scope: Scope) -> tuple[str, ...]:
    # The second time for its statuses, which nobody behind makes.
    service = service_of(scope["method"], scope["path"].removeprefix(_ROOT))
    return ("any", service)


@contextmanager
def orthanc_front(real: RealServer) -> Iterator[OrthancFront]:
    """The front before this Orthanc, over TLS under an authority of its own, until the block is
    left."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="orthanc-front", daemon=True)
    thread.start()

    def call(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(work(), loop).result(timeout=30)

    faults = Faults()
    with tempfile.TemporaryDirectory(prefix="orthanc-front-") as folder:
        ca = ThrowAwayCa(Path(folder))
        forward = _Forward(real.orthanc.rest_url)
        server = Http1Server(Spoiler(forward, faults, _service), ca.issue().context())
        try:
            port = call(lambda: server.start(_HOST, 0))
            url = f"https://{_HOST}:{port}{_ROOT}"
            orthanc = replace(real.orthanc, dicomweb_url=url, ca_file=ca.file)
            yield OrthancFront(replace(real, orthanc=orthanc), faults)
        finally:
            call(server.stop)
            call(forward.aclose)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()
