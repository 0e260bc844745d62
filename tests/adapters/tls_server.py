"""A small HTTPS server in threads, as good or as bad as a test wants it, that notes what it saw."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.certificates import Issued

_PATIENCE_S = 20.0


@dataclass
class Request:
    """What arrived. `body` is read when it is asked for, so that an answer can come before it."""

    method: str
    target: str
    headers: Mapping[str, str]
    _read: Callable[[int], bytes] = field(repr=False)
    _taken: bytes | None = field(default=None, repr=False)

    @property
    def body(self) -> bytes:
        if self._taken is None:
            self._taken = self._read(int(self.headers.get("content-length", "0")))
        return self._taken


@dataclass(frozen=True)
class Reply:
    """An answer. `then` is what becomes of the connection: kept, closed properly, or reset;
    `reset` sends no answer at all."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    then: str = "keep"


Script = Callable[[Request], Reply]


@dataclass
class Server:
    """A running server: where it is, and what reached the program behind the TLS layer."""

    port: int
    scheme: str
    requests: list[Request] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    connections: int = 0
    tls_errors: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


def server_context(
    issued: Issued,
    *,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    client_ca: Path | None = None,
) -> ssl.SSLContext:
    """A server's context that speaks exactly `version`; with `client_ca` it demands our
    certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(issued.certificate, issued.key)
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


@contextmanager
def serving(script: Script, context: ssl.SSLContext | None) -> Iterator[Server]:
    """Serve on a free loopback port until the block is left; without a context in plain text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener.getsockname()[1], "https" if context else "http")
        threads: list[threading.Thread] = []
        open_sockets: set[socket.socket] = set()

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                server.connections += 1
                connection.settimeout(_PATIENCE_S)
                open_sockets.add(connection)
                thread = threading.Thread(target=_serve, args=(server, script, connection, context))
                threads.append(thread)
                thread.start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            # A thread that sits in accept() or recv() wakes up by shutdown, not by close.
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(_PATIENCE_S)
            for connection in open_sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(_PATIENCE_S)
            for connection in open_sockets:
                connection.close()


def _serve(
    server: Server, script: Script, connection: socket.socket, context: ssl.SSLContext | None
) -> None:
    # An own descriptor: wrap_socket takes over the one that it is given.
    plain = connection.dup()
    stream: socket.socket = plain
    try:
        if context is not None:
            stream = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            stream.do_handshake()
        while _one_request(server, script, stream, connection):
            pass
    except ssl.SSLError as refused:
        server.tls_errors.append(refused.reason or "")
        # Read on until the client hangs up, or its unread bytes would reset the alert away.
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    except OSError:
        pass
    finally:
        stream.close()
        plain.close()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _one_request(
    server: Server, script: Script, stream: socket.socket, connection: socket.socket
) -> bool:
    buffer = bytearray()

    def more() -> bool:
        piece = stream.recv(65536)
        server.received.extend(piece)
        buffer.extend(piece)
        return bool(piece)

    while b"\r\n\r\n" not in buffer:
        if not more():
            return False
    head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
    buffer[:] = rest
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        key, _, value = line.partition(":")
        headers[key.strip().lower()] = value.strip()

    def read(size: int) -> bytes:
        while len(buffer) < size and more():
            pass
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken

    request = Request(method, target, headers, read)
    server.requests.append(request)
    reply = script(request)
    if reply.then == "reset":
        # Linger of zero seconds: close() sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()
        connection.close()
        return False
    lines = [f"HTTP/1.1 {reply.status} Whatever", f"Content-Length: {len(reply.body)}"]
    lines += [f"{key}: {value}" for key, value in reply.headers.items()]
    if reply.then == "close":
        lines.append("Connection: close")
    stream.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body)
    if reply.then == "close":
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while stream.recv(65536):
                pass
        return False
    return True
