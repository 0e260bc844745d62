"""A small forward proxy in threads: it notes each CONNECT, and opens the way or answers as told."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_PATIENCE_S = 20.0
_TLS_HANDSHAKE = b"\x16"
OPENED = b"HTTP/1.1 200 Opened\r\n\r\n"


@dataclass
class Seen:
    """A running proxy: its address, the head of every request that it got,
    and whose certificates it was shown (None: nobody's)."""

    port: int
    scheme: str
    heads: list[bytes] = field(default_factory=list)
    certificates: list[object] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


def refusing(status: int, *challenges: str) -> bytes:
    """An answer with this status that asks for these kinds of login."""
    lines = [f"HTTP/1.1 {status} No", *(f"Proxy-Authenticate: {c}" for c in challenges)]
    return "\r\n".join([*lines, "Content-Length: 0", "Connection: close", "", ""]).encode()


@contextmanager
def connect_proxy(
    answer: bytes | None = OPENED,
    context: ssl.SSLContext | None = None,
    *,
    leads_to: int | None = None,
) -> Iterator[Seen]:
    """Gives `answer` to each CONNECT; one with 200 opens the way, None is a silence. With a
    `context` the proxy itself speaks TLS. `leads_to` is the port of loopback where all ways end,
    whatever was asked for, as with an inspecting proxy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen = Seen(listener.getsockname()[1], "https" if context else "http")
        threads: list[threading.Thread] = []
        connections: set[socket.socket] = set()

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                seen.connections += 1
                connections.add(client)
                client.settimeout(_PATIENCE_S)
                thread = threading.Thread(
                    target=_serve, args=(seen, answer, client, context, leads_to)
                )
                threads.append(thread)
                thread.start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield seen
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(_PATIENCE_S)
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(_PATIENCE_S)
            for connection in connections:
                connection.close()


def _serve(
    seen: Seen,
    answer: bytes | None,
    client: socket.socket,
    context: ssl.SSLContext | None,
    leads_to: int | None,
) -> None:
    # An own descriptor: wrap_socket takes over the one that it is given.
    stream: socket.socket | ssl.SSLSocket = client.dup()
    with contextlib.suppress(OSError), contextlib.ExitStack() as open_ones:
        if context is not None:
            stream = context.wrap_socket(stream, server_side=True)
            seen.certificates.append(stream.getpeercert() or None)
        open_ones.callback(stream.close)
        # The listener's side keeps the socket: closing ours alone says nothing to the client.
        open_ones.callback(client.shutdown, socket.SHUT_RDWR)
        head = b""
        while b"\r\n\r\n" not in head:
            piece = stream.recv(65536)
            if not piece:
                return
            head += piece
            if context is None and head[:1] == _TLS_HANDSHAKE:
                break
        seen.heads.append(head)
        if answer is None:
            # Until the client gives up.
            stream.recv(1)
            return
        stream.sendall(answer)
        if b" 200 " not in answer:
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        place = ("127.0.0.1", leads_to) if leads_to else (host.strip("[]"), int(port))
        upstream = socket.create_connection(place, timeout=_PATIENCE_S)
        open_ones.callback(upstream.close)
        _pump(stream, upstream)


def _pump(client: socket.socket, upstream: socket.socket) -> None:
    """One thread for both directions: a TLS socket is not to be used by two at once."""
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, upstream)
        ready.register(upstream, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select(_PATIENCE_S):
                source, sink = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                piece = source.recv(65536)
                while isinstance(source, ssl.SSLSocket) and source.pending():
                    piece += source.recv(65536)
                if not piece:
                    return
                sink.sendall(piece)
