"""What httpcore sends and receives through: blocking sockets, for requests that have a thread of
their own.

Python's TLS over a blocking socket takes half the time of TLS through the event loop, and several
threads keep several cores busy, since encryption, hashing and reading hold no lock of Python's.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any, Final

import aiohappyeyeballs
import httpcore

from adapters.dripping import Pace
from adapters.interim import InterimAnswers

# RFC 8305 section 5 recommends a quarter of a second between attempts.
_NEXT_ADDRESS_S: Final = 0.25
# OpenSSL takes what it is given as one write, with one time-out for all of it: a stretch has to be
# so small that the slowest of lines carries it in that time.
_WRITE_BYTES: Final = 64 * 1024
# A kernel goes on sending what it has in hand long after the program gave a request up, or was
# killed: a node would have a batch again after its Study was archived. So closing throws it away
# (socket(7), SO_LINGER), unless the connection ends in good order.
_THROWN_AWAY: Final = struct.pack("ii", 1, 0)
_DELIVERED: Final = struct.pack("ii", 0, 0)
_here = threading.local()


class Call:
    """One request under way in a thread: what it waits for can be cut by others."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._lock = threading.Lock()
        self._let_go: Callable[[], object] | None = None
        self._is_cut = False

    def cut(self) -> None:
        """End the request at its next byte; it has an error then. Safe to call twice."""
        with self._lock:
            self._is_cut = True
            if self._let_go is not None:
                self._let_go()

    @contextmanager
    def here(self) -> Iterator[None]:
        """What this thread does in the block belongs to this request."""
        _here.call = self
        try:
            yield
        finally:
            del _here.call
            with self._lock:
                # The connection may be another request's by now.
                self._let_go = None

    def wait_on(self, let_go: Callable[[], object]) -> None:
        """From now on the request waits for something that this ends.

        Raises:
            OSError: it was cut.
        """
        with self._lock:
            if self._is_cut:
                raise _cut()
            self._let_go = let_go


def _cut() -> OSError:
    return ConnectionAbortedError("nobody waits for this request any more")


def _shut(held: socket.socket) -> None:
    # Not `held.shutdown`: an SSLSocket forgets its TLS at that, and whoever writes at this very
    # moment would go on in the clear.
    with suppress(OSError):
        socket.socket.shutdown(held, socket.SHUT_RDWR)


def _on_close(held: socket.socket, what: bytes) -> None:
    """What becomes of bytes that are on no wire yet, when the connection is closed."""
    with suppress(OSError):
        held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, what)


def _stretches(buffer: bytes) -> Iterator[memoryview]:
    whole = memoryview(buffer)
    for at in range(0, len(whole), _WRITE_BYTES):
        yield whole[at : at + _WRITE_BYTES]


@contextmanager
def _told(in_time: type[Exception], other: type[Exception]) -> Iterator[None]:
    """The exceptions of a socket as httpcore's."""
    try:
        yield
    except TimeoutError as error:
        raise in_time(str(error)) from error
    except OSError as error:
        raise other(str(error)) from error


class BlockingStream(httpcore.NetworkStream):
    """One connection. Time-outs in seconds count from the last bytes that moved; an answer has to
    keep its pace as well."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._pace = Pace()
        self._interim = InterimAnswers()
        # As with `_shut`: whoever closes has to wait until nobody writes.
        self._turn = threading.Lock()
        self._is_broken = False

    def _break(self) -> None:
        self._is_broken = True
        _shut(self._socket)

    @contextmanager
    def _ready(self, timeout_s: float | None) -> Iterator[socket.socket]:
        with self._turn:
            _here.call.wait_on(self._break)
            try:
                if timeout_s != self._socket.gettimeout():
                    self._socket.settimeout(timeout_s)
                yield self._socket
            except BaseException:
                self._is_broken = True
                raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with (
            _told(httpcore.ReadTimeout, httpcore.ReadError),
            self._ready(timeout) as ready,
        ):
            self._pace.demand(timeout)
            received = ready.recv(max_bytes)
            self._pace.took(len(received))
            self._interim.took(received)
            return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        with (
            _told(httpcore.WriteTimeout, httpcore.WriteError),
            self._ready(timeout) as ready,
        ):
            for stretch in _stretches(buffer):
                ready.sendall(stretch)
            self._pace.ask()
            self._interim.ask()

    def close(self) -> None:
        if not (self._is_broken or self._turn.locked()):
            _on_close(self._socket, _DELIVERED)
        _shut(self._socket)
        with self._turn:
            self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secured: BlockingStream | None = None
        try:
            with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
                with self._ready(timeout) as ready:
                    wrapped = ssl_context.wrap_socket(
                        ready, server_hostname=server_hostname, do_handshake_on_connect=False
                    )
                    secured = BlockingStream(wrapped)
                # Our own socket is an empty shell now: who cuts the line has to know the other.
                with secured._ready(timeout):
                    wrapped.do_handshake()
        except BaseException:
            (secured or self).close()
            raise
        return secured

    def get_extra_info(self, info: str) -> Any:
        if info == "socket":
            return self._socket
        if info == "is_readable":
            # httpcore asks while nobody reads: then there is something, or the other end is gone.
            look = select.poll()
            look.register(self._socket, select.POLLIN)
            return bool(look.poll(0))
        return None


class BlockingBackend(httpcore.NetworkBackend):
    """Connects for requests whose thread is in `Call.here`."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        call: Call = _here.call
        with _told(httpcore.ConnectTimeout, httpcore.ConnectError):
            connecting = asyncio.run_coroutine_threadsafe(
                _connected(host, port, timeout), call.loop
            )
            try:
                call.wait_on(connecting.cancel)
                connected = connecting.result()
            except CancelledError:
                raise _cut() from None
            except OSError:
                connecting.cancel()
                raise
            try:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _on_close(connected, _THROWN_AWAY)
                for option in socket_options or ():
                    connected.setsockopt(*option)
            except BaseException:
                connected.close()
                raise
        return BlockingStream(connected)


class NestedStream(httpcore.NetworkStream):
    """One connection of httpcore's own kind, which can do TLS within TLS; it is cut as ours are."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._pace = Pace()
        self._interim = InterimAnswers()
        self._turn = threading.Lock()
        self._is_broken = False
        _on_close(self._held, _THROWN_AWAY)

    @property
    def _held(self) -> socket.socket:
        held: socket.socket = self._stream.get_extra_info("socket")
        return held

    def _break(self) -> None:
        self._is_broken = True
        _shut(self._held)

    @contextmanager
    def _ready(self, other: type[Exception]) -> Iterator[httpcore.NetworkStream]:
        with self._turn:
            try:
                with _told(other, other):
                    _here.call.wait_on(self._break)
                yield self._stream
            except BaseException:
                self._is_broken = True
                raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._ready(httpcore.ReadError) as ready:
            with _told(httpcore.ReadTimeout, httpcore.ReadError):
                self._pace.demand(timeout)
            received = ready.read(max_bytes, timeout)
            self._pace.took(len(received))
            with _told(httpcore.ReadTimeout, httpcore.ReadError):
                self._interim.took(received)
            return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._ready(httpcore.WriteError) as ready:
            for stretch in _stretches(buffer):
                ready.write(bytes(stretch), timeout)
            self._pace.ask()
            self._interim.ask()

    def close(self) -> None:
        if not (self._is_broken or self._turn.locked()):
            _on_close(self._held, _DELIVERED)
        _shut(self._held)
        with self._turn:
            self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            with self._ready(httpcore.ConnectError) as ready:
                return NestedStream(ready.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            self.close()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class NestedBackend(httpcore.SyncBackend):
    """Connects to proxies that speak TLS themselves; as `BlockingBackend` otherwise."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return NestedStream(super().connect_tcp(host, port, timeout, local_address, socket_options))


async def _connected(host: str, port: int, timeout_s: float | None) -> socket.socket:
    """The address that answers first, of both families (RFC 8305)."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(timeout_s):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return await aiohappyeyeballs.start_connection(
            found, happy_eyeballs_delay=_NEXT_ADDRESS_S, interleave=1
        )
