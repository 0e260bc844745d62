"""Requests in threads of their own: what becomes of them when nobody waits any more, and that no
byte of theirs is ever in the clear."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any, Final

import httpcore
import httpx
import pytest

from adapters import bulk_transport
from adapters.bulk_stream import BlockingBackend, BlockingStream, Call
from adapters.bulk_transport import with_body
from adapters.proxies import rules_from
from adapters.sessions import Way, httpx_client
from tests.adapters.connect_proxy import connect_proxy
from tests.adapters.tls_server import Reply, Request, serving

_SECRET = b"ORIGINAL-IDENTIFIER "
_PIECE = _SECRET * 4096


def _fine(request: Request) -> Reply:
    return Reply(body=b"%d" % len(request.body))


class _Endless:
    """A body that has no end, and tells when it began and when it was let go of."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.closed = threading.Event()

    def pieces(self) -> Generator[bytes, None, None]:
        try:
            while True:
                yield _PIECE
                self.began.set()
        finally:
            self.closed.set()


@contextlib.contextmanager
def _wiretap(port: int) -> Iterator[tuple[int, bytearray]]:
    """A port that leads to another one, and every byte that went there."""
    heard = bytearray()

    def carry(source: socket.socket, target: socket.socket, keeps: bool) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if keeps:
                    heard.extend(piece)
                target.sendall(piece)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            back = threading.Thread(target=carry, args=(far, near, False))
            back.start()
            carry(near, far, True)
            back.join()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                serving_now.append(threading.Thread(target=serve, args=(near,)))
                serving_now[-1].start()

    serving_now: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], heard
        for thread in serving_now:
            thread.join()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _endless_post(client: httpx.AsyncClient, url: str, body: _Endless) -> httpx.Request:
    headers = {"Content-Length": str(1 << 40)}
    return with_body(client.build_request("POST", url, headers=headers), body.pieces())


async def _begun(
    client: httpx.AsyncClient, url: str
) -> tuple[asyncio.Task[httpx.Response], _Endless]:
    """A request in the middle of its endless body."""
    body = _Endless()
    sending = asyncio.create_task(client.send(_endless_post(client, url, body)))
    assert await asyncio.to_thread(body.began.wait, 20)
    return sending, body


async def test_a_request_that_is_given_up_ends_and_lets_go_of_its_body(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server:
        async with httpx_client(Way(ca_file=ca_file)) as client:
            sending, body = await _begun(client, server.url)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert body.closed.is_set()
            answer = await client.post(server.url, content=b"abc")
    assert answer.text == "3"


async def test_whoever_cuts_a_line_in_the_middle_lets_no_byte_out_in_the_clear(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """An SSLSocket forgets its TLS when it is shut down or closed, and would write on without."""
    with serving(_fine, good_context) as server, _wiretap(server.port) as (port, heard):
        for _ in range(30):
            client = httpx_client(Way(ca_file=ca_file))
            sending, _ = await _begun(client, f"https://127.0.0.1:{port}")
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await client.aclose()
    assert len(heard) > 30 * len(_PIECE)
    assert _SECRET not in heard


async def test_a_line_that_is_cut_keeps_its_tls(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """The same, without luck: `SSLSocket.shutdown` would leave a socket that has none."""
    with serving(_fine, good_context) as server:
        call = Call(asyncio.get_running_loop())
        context = ssl.create_default_context(cafile=ca_file)

        def connected() -> BlockingStream:
            with call.here():
                plain = BlockingBackend().connect_tcp("127.0.0.1", server.port)
                stream = plain.start_tls(context, "127.0.0.1")
            assert isinstance(stream, BlockingStream)
            return stream

        def write_after_all() -> None:
            with call.here(), pytest.raises(httpcore.WriteError):
                stream.write(_PIECE)

        stream = await asyncio.to_thread(connected)
        secured = stream.get_extra_info("socket")
        call.cut()
        assert secured.version() == "TLSv1.3"
        await asyncio.to_thread(write_after_all)
        stream.close()


async def test_a_client_that_is_closed_in_mid_request_lets_no_byte_out_in_the_clear(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server, _wiretap(server.port) as (port, heard):
        for _ in range(30):
            client = httpx_client(Way(ca_file=ca_file))
            sending, _ = await _begun(client, f"https://127.0.0.1:{port}")
            await client.aclose()
            with pytest.raises(httpx.TransportError):
                await sending
    assert len(heard) > 30 * len(_PIECE)
    assert _SECRET not in heard


async def test_an_address_that_does_not_answer_costs_no_time_where_another_one_does(
    ca_file: Path, good_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8305: a network that drops IPv6 must not make every connection wait for its time-out."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(0)
    # Its queue is full: whoever else connects hears nothing.
    filling = socket.create_connection(silent.getsockname())
    loop = asyncio.get_running_loop()
    with serving(_fine, good_context) as server:

        async def both(*_: object, **__: object) -> list[object]:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, silent.getsockname()), (*kind, ("127.0.0.1", server.port))]

        monkeypatch.setattr(loop, "getaddrinfo", both)
        async with httpx_client(Way(ca_file=ca_file, connect_timeout_s=600.0)) as client:
            async with asyncio.timeout(60):
                answer = await client.post(server.url, content=b"ab")
    filling.close()
    silent.close()
    assert answer.text == "2"


@pytest.mark.parametrize("size_bytes", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
async def test_an_answer_of_any_size_comes_whole_and_its_connection_is_used_again(
    ca_file: Path, good_context: ssl.SSLContext, size_bytes: int
) -> None:
    content = os.urandom(size_bytes)

    def large(_: Request) -> Reply:
        return Reply(body=content)

    with serving(large, good_context) as server:
        async with httpx_client(Way(ca_file=ca_file)) as client:
            for _ in range(2):
                assert (await client.get(server.url)).content == content
        assert server.connections == 1


async def test_a_body_that_needs_the_event_loop_is_refused(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"

    with serving(_fine, good_context) as server:
        async with httpx_client(Way(ca_file=ca_file)) as client:
            with pytest.raises(AssertionError):
                await client.post(server.url, content=pieces())
    assert server.requests == []


async def test_a_request_that_is_given_up_in_the_handshake_ends_at_once(
    ca_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts and says nothing would hold the thread for the whole time-out."""
    monkeypatch.setattr(bulk_transport, "_PARTING_S", 20.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        way = Way(ca_file=ca_file, connect_timeout_s=30.0)
        async with httpx_client(way) as client:
            url = f"https://127.0.0.1:{silent.getsockname()[1]}"
            sending = asyncio.create_task(client.post(url, content=b"abc"))
            accepted, _ = await asyncio.to_thread(silent.accept)
            with accepted:
                # The first bytes of a handshake: it is under way.
                assert await asyncio.to_thread(accepted.recv, 1)
                sending.cancel()
                async with asyncio.timeout(10):
                    await asyncio.gather(sending, return_exceptions=True)
    assert sending.cancelled()


async def test_an_answer_that_nobody_waits_for_any_more_gives_its_connection_back(
    ca_file: Path, good_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer is there and whoever asked is told to give up before hearing of it: a pool of one
    would have none for anybody else."""

    def large(_: Request) -> Reply:
        return Reply(body=bytes(3_000_000))

    answer = bulk_transport.ThreadTransport._answer
    answered, may_tell = threading.Event(), threading.Event()

    def held(*given: Any) -> httpx.Response:
        response = answer(*given)
        answered.set()
        may_tell.wait(20)
        return response

    monkeypatch.setattr(bulk_transport.ThreadTransport, "_answer", held)
    with serving(large, good_context) as server:
        way = Way(ca_file=ca_file, max_connections=1, connect_timeout_s=2.0)
        async with httpx_client(way) as client:
            asking = asyncio.create_task(client.get(server.url))
            assert await asyncio.to_thread(answered.wait, 20)
            asking.cancel()
            await asyncio.sleep(0)
            may_tell.set()
            await asyncio.gather(asking, return_exceptions=True)
            assert len((await client.get(server.url)).content) == 3_000_000


async def test_what_fails_long_after_it_was_given_up_is_not_logged(
    ca_file: Path,
    good_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """asyncio logs an exception that nobody took, and the one of a disk names the file."""
    monkeypatch.setattr(bulk_transport, "_PARTING_S", 0.01)
    hangs, goes_on, over = threading.Event(), threading.Event(), threading.Event()

    def pieces() -> Generator[bytes, None, None]:
        try:
            yield b"x"
            hangs.set()
            goes_on.wait(20)
            raise FileNotFoundError(2, "No such file", "/data/DOE^JANE/1.dcm")
        finally:
            over.set()

    with serving(_fine, good_context) as server:
        async with httpx_client(Way(ca_file=ca_file)) as client:
            request = client.build_request("POST", server.url, headers={"Content-Length": "9"})
            sending = asyncio.create_task(client.send(with_body(request, pieces())))
            assert await asyncio.to_thread(hangs.wait, 20)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            goes_on.set()
            assert await asyncio.to_thread(over.wait, 20)
            while any(thread.name == "request" for thread in threading.enumerate()):  # noqa: ASYNC110 - it ends by itself
                await asyncio.sleep(0.01)
            await asyncio.sleep(0)
            del sending, request
            gc.collect()
    assert "DOE^JANE" not in caplog.text
    assert "never retrieved" not in caplog.text


@contextlib.contextmanager
def _narrow() -> Iterator[socket.socket]:
    """A server that takes a few kilobytes off the line and leaves the rest in the client's hand."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener


async def _sent_to(listener: socket.socket, *, gives_up: bool) -> int:
    """How many of a request's bytes arrive when its connection is closed before they were read."""
    call = Call(asyncio.get_running_loop())

    def send() -> None:
        with call.here():
            stream = BlockingBackend().connect_tcp("127.0.0.1", listener.getsockname()[1])
            stream.write(_PIECE)
            if gives_up:
                with pytest.raises(httpcore.ReadTimeout):
                    stream.read(1, timeout=0.05)
            stream.close()

    await asyncio.to_thread(send)
    return _all_of(listener)


def _all_of(listener: socket.socket) -> int:
    near, _ = listener.accept()
    arrived = 0
    with near, contextlib.suppress(ConnectionResetError):
        while piece := near.recv(1 << 16):
            arrived += len(piece)
    return arrived


async def test_what_is_still_in_hand_when_a_request_is_given_up_never_arrives() -> None:
    """The node would have it again after the Study was archived, and open a new session for it."""
    with _narrow() as listener:
        assert await _sent_to(listener, gives_up=True) < len(_PIECE)


_KILLED: Final = """
import asyncio, sys, threading
from adapters.bulk_stream import BlockingBackend, Call
loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()
with Call(loop).here():
    stream = BlockingBackend().connect_tcp("127.0.0.1", int(sys.argv[1]))
    stream.write(bytes(int(sys.argv[2])))
    print("written", flush=True)
    sys.stdin.read()
"""


def test_what_is_still_in_hand_when_the_program_is_killed_never_arrives() -> None:
    with _narrow() as listener:
        words = (str(listener.getsockname()[1]), str(len(_PIECE)))
        killed = subprocess.Popen(
            [sys.executable, "-P", "-c", _KILLED, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with killed:
            assert killed.stdout is not None
            assert killed.stdout.readline() == b"written\n"
            killed.kill()
        assert _all_of(listener) < len(_PIECE)


async def test_a_connection_that_ends_in_good_order_delivers_what_it_has() -> None:
    with _narrow() as listener:
        assert await _sent_to(listener, gives_up=False) == len(_PIECE)


@pytest.mark.parametrize("speaks_tls", [False, True])
async def test_a_request_through_a_proxy_is_cut_as_any_other(
    ca_file: Path,
    good_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    speaks_tls: bool,
) -> None:
    """It would go on sending what nobody wants sent any more."""
    monkeypatch.setattr(bulk_transport, "_PARTING_S", 20.0)
    body = _Endless()
    with (
        serving(_fine, good_context) as server,
        connect_proxy(context=good_context if speaks_tls else None) as proxy,
    ):
        way = Way(ca_file=ca_file, proxies=rules_from({"HTTPS_PROXY": proxy.url}))
        async with httpx_client(way) as client:
            sending = asyncio.create_task(client.send(_endless_post(client, server.url, body)))
            assert await asyncio.to_thread(body.began.wait, 20)
            sending.cancel()
            async with asyncio.timeout(10):
                await asyncio.gather(sending, return_exceptions=True)
            assert body.closed.is_set()
            assert (await client.post(server.url, content=b"abc")).text == "3"
    assert proxy.connections == 2


async def test_a_server_that_says_nothing_keeps_no_other_handshake_waiting(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """All connections share one context; none may hold it while it waits."""
    with (
        serving(_fine, good_context) as server,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        async with httpx_client(Way(ca_file=ca_file, connect_timeout_s=600.0)) as client:
            stuck = asyncio.create_task(client.get(f"https://127.0.0.1:{silent.getsockname()[1]}/"))
            near, _ = await asyncio.to_thread(silent.accept)
            async with asyncio.timeout(60):
                await asyncio.to_thread(near.recv, 1)
                answer = await client.post(server.url, content=b"abcd")
            stuck.cancel()
            await asyncio.gather(stuck, return_exceptions=True)
        near.close()
    assert answer.text == "4"
