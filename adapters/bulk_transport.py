"""httpx's asyncio client over blocking connections: each request has a thread of its own, which
reads, hashes, encrypts and sends; the event loop hears of it when the answer is there.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from typing import TypeVar

import httpcore
import httpx

from adapters.bulk_stream import BlockingBackend, Call, NestedBackend

_T = TypeVar("_T")
# An answer this small comes with its headers, one this large a stretch at a time.
_STRETCH_BYTES = 256 * 1024
# A disk that hangs holds a thread for as long as it likes; whoever gives up does not wait for it.
_PARTING_S = 1.0


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The bytes of one request, drawn and closed by the request's own thread."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise TypeError("a body is drawn in a thread")
        yield b""

    def close(self) -> None:
        self._pieces.close()

    async def aclose(self) -> None:
        """The thread has done it."""


def with_body(request: httpx.Request, pieces: Generator[bytes, None, None]) -> httpx.Request:
    """The request, with a body of the length that its headers tell."""
    request.stream = Body(pieces)
    return request


class ThreadTransport(httpx.AsyncBaseTransport):
    """One pool of connections. `proxy` is httpx's; HTTP/1.1 only, nothing is tried again."""

    def __init__(
        self, context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None
    ) -> None:
        self._transport = _Pooled(context, limits, proxy)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = Call(asyncio.get_running_loop())
        return await _in_thread(call, lambda: self._answer(request, call), _let_go)

    def _answer(self, request: httpx.Request, call: Call) -> httpx.Response:
        stream = request.stream
        assert isinstance(stream, httpx.SyncByteStream), "a body is drawn in a thread"
        try:
            response = self._transport.handle_request(request)
        finally:
            stream.close()
        content = response.stream
        assert isinstance(content, httpx.SyncByteStream), "from a pool of blocking connections"
        length = response.headers.get("Content-Length", "")
        is_small = length.isdecimal() and int(length) <= _STRETCH_BYTES
        if is_small or request.method == "HEAD":
            try:
                whole = httpx.ByteStream(b"".join(content))
            finally:
                content.close()
            return _with(response, whole)
        return _with(response, _Answer(content, call))

    async def aclose(self) -> None:
        await asyncio.to_thread(self._transport.close)


def _with(response: httpx.Response, stream: httpx.AsyncByteStream) -> httpx.Response:
    return httpx.Response(
        response.status_code,
        headers=response.headers,
        stream=stream,
        extensions=response.extensions,
    )


class _Pooled(httpx.HTTPTransport):
    """httpx's own transport, over a pool of connections of our kind."""

    def __init__(
        self, context: ssl.SSLContext, limits: httpx.Limits, proxy: httpx.Proxy | None
    ) -> None:
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=limits.max_connections,
                max_keepalive_connections=limits.max_keepalive_connections,
                keepalive_expiry=limits.keepalive_expiry,
                network_backend=BlockingBackend(),
            )
            return
        # TLS within TLS is no business of a socket's.
        is_secure = proxy.url.scheme == "https"
        self._pool = httpcore.HTTPProxy(
            proxy_url=str(proxy.url),
            proxy_headers=proxy.headers.raw,
            ssl_context=context,
            proxy_ssl_context=proxy.ssl_context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=NestedBackend() if is_secure else BlockingBackend(),
        )


class _Answer(httpx.AsyncByteStream):
    """A large answer, or one of unknown length, read a stretch at a time."""

    def __init__(self, content: httpx.SyncByteStream, call: Call) -> None:
        self._content = content
        self._pieces = iter(content)
        self._call = call

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while stretch := await _in_thread(self._call, self._stretch):
            yield stretch

    def let_go(self) -> None:
        """Give the connection back, unread."""
        self._content.close()

    def _stretch(self) -> bytes:
        collected = bytearray()
        for piece in self._pieces:
            collected += piece
            if len(collected) >= _STRETCH_BYTES:
                break
        return bytes(collected)

    async def aclose(self) -> None:
        await _in_thread(self._call, self._content.close)


def _let_go(response: httpx.Response) -> None:
    if isinstance(response.stream, _Answer):
        response.stream.let_go()


async def _in_thread(
    call: Call, function: Callable[[], _T], let_go: Callable[[_T], None] | None = None
) -> _T:
    """The result of a function in a thread of its own; whoever gives up cuts the line, and
    `let_go` is told of a result that came nevertheless."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[_T] = loop.create_future()

    def tell(setting: Callable[[_T], None] | Callable[[BaseException], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is there to be told
            loop.call_soon_threadsafe(lambda: None if done.done() else setting(what))  # type: ignore[arg-type]

    def work() -> None:
        with call.here():
            try:
                result = function()
            except BaseException as problem:  # noqa: BLE001 - it is raised where it is waited for
                tell(done.set_exception, problem)
            else:
                tell(done.set_result, result)

    def not_wanted(done: asyncio.Future[_T]) -> None:
        # Taken notice of however late it comes: asyncio would log a problem that nobody saw, and
        # an OSError names its file.
        if not done.cancelled() and done.exception() is None and let_go is not None:
            let_go(done.result())

    # A daemon: a disk that hangs does not keep the program from ending.
    threading.Thread(target=work, name="request", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        call.cut()
        done.add_done_callback(not_wanted)
        # What the thread reads from is let go of before whoever cancelled goes on.
        await asyncio.wait([done], timeout=_PARTING_S)
        raise
