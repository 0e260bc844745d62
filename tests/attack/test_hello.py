"""Somebody on the line changes the ClientHello, which TLS finds out; a node smuggles headers into
its answer, which plant nothing."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.adapters.tls_server import Reply, Request, serving
from tests.attack.forge import Holder, issue, showing, trust_file
from tests.attack.test_hostile_node import _saying
from tests.attack.ways import PASSWORD, Target, bulk, library, xnat
from transfer.errors import NodeError

Change = Callable[[bytes], bytes]
WAYS = pytest.mark.parametrize("way", [bulk, library], ids=lambda way: way.__name__)
_SUPPORTED_VERSIONS, _KEY_SHARE = 43, 51


def _extensions_at(record: bytes) -> int:
    """Where the length of the extensions stands in a record with a ClientHello (RFC 8446 4.1.2)."""
    at = 5 + 4 + 2 + 32
    at += 1 + record[at]
    at += 2 + struct.unpack_from(">H", record, at)[0]
    return int(at + 1 + record[at])


def _without(*kinds: int) -> Change:
    def change(record: bytes) -> bytes:
        at = _extensions_at(record)
        kept, rest = b"", record[at + 2 :]
        while rest:
            kind, size = struct.unpack_from(">HH", rest)
            if kind not in kinds:
                kept += rest[: 4 + size]
            rest = rest[4 + size :]
        hello = record[9:at] + struct.pack(">H", len(kept)) + kept
        return (
            record[:3]
            + struct.pack(">H", len(hello) + 4)
            + b"\x01"
            + struct.pack(">I", len(hello))[1:]
            + hello
        )

    return change


def _with_one_bit_turned(record: bytes) -> bytes:
    """In the random number that both keys are made of."""
    return record[:20] + bytes([record[20] ^ 1]) + record[21:]


def _older_in_supported_versions(record: bytes) -> bytes:
    return record.replace(b"\x00\x2b\x00\x03\x02\x03\x04", b"\x00\x2b\x00\x03\x02\x03\x03")


CHANGES: dict[str, Change] = {
    "no-supported-versions": _without(_SUPPORTED_VERSIONS),
    "no-key-share": _without(_KEY_SHARE),
    "nothing-of-1.3": _without(_SUPPORTED_VERSIONS, _KEY_SHARE),
    "1.2-for-1.3": _older_in_supported_versions,
    "one-bit": _with_one_bit_turned,
    "as-it-was": lambda record: record,
}


@contextmanager
def _relay(to: int, change: Change) -> Iterator[int]:
    """Passes everything on, the first record changed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pump(source: socket.socket, target: socket.socket) -> None:
            with suppress(OSError):
                while piece := source.recv(65536):
                    target.sendall(piece)
            with suppress(OSError):
                target.shutdown(socket.SHUT_WR)

        def serve(client: socket.socket) -> None:
            client.settimeout(20)
            with client, socket.create_connection(("127.0.0.1", to)) as server, suppress(OSError):
                server.settimeout(20)
                first = b""
                while len(first) < 5 or len(first) < 5 + struct.unpack_from(">H", first, 3)[0]:
                    first += client.recv(65536)
                server.sendall(change(first))
                back = threading.Thread(target=pump, args=(server, client))
                back.start()
                pump(client, server)
                back.join(20)

        def accept() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(20)


@pytest.mark.parametrize("changed", [name for name in CHANGES if name != "as-it-was"])
def test_each_change_changes_a_hello(changed: str) -> None:
    context, out = ssl.create_default_context(), ssl.MemoryBIO()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="n.example").do_handshake()
    hello = out.read()
    assert CHANGES[changed](hello) != hello
    assert CHANGES["as-it-was"](hello) == hello == _without()(hello)


@WAYS
@pytest.mark.parametrize("changed", CHANGES)
async def test_a_changed_hello_ends_the_connection_before_a_byte_of_ours(
    changed: str, way: Callable[[Target], Awaitable[None]], root: Holder, folder: Path
) -> None:
    """The server would speak 1.2 as well: it is the client that does not."""
    both = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    context = showing(folder, issue(root), versions=both)

    def answer(request: Request) -> Reply:
        return Reply(200, request.body[:0])

    with serving(answer, context) as server, _relay(server.port, CHANGES[changed]) as port:
        target = Target(f"https://127.0.0.1:{port}", folder, trust_file(folder, root))
        if changed == "as-it-was":
            await way(target)
            assert PASSWORD.encode() in bytes(server.received)
            return
        with pytest.raises(NodeError):
            await way(target)
    assert bytes(server.received) == b""


# A head that two readers take for two different things is how one answer becomes two.
SMUGGLED = {
    "bare-return": b"X-A: b\rSet-Cookie: JSESSIONID=planted\r\n",
    "zero-byte": b"X-A: b\0Set-Cookie: JSESSIONID=planted\r\n",
    "space-before-colon": b"Transfer-Encoding : chunked\r\n",
    "folded": b"X-A: b\r\n Set-Cookie: JSESSIONID=planted\r\n",
    "two-lengths": b"Content-Length: 5\r\nContent-Length: 50\r\n",
    "length-and-chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "signed-length": b"Content-Length: +5\r\n",
    "negative-length": b"Content-Length: -1\r\n",
}


@pytest.mark.parametrize("smuggled", SMUGGLED)
async def test_a_header_that_was_smuggled_in_plants_no_session_and_makes_no_second_answer(
    smuggled: str, root: Holder, folder: Path
) -> None:
    """Refused, or read as one answer: what XNAT's sign-in then sends is told by nobody but it."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + SMUGGLED[smuggled]
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted"
    told = head + b"\r\n0\r\n\r\n" + second
    context = showing(folder, issue(root))
    with _saying(context, lambda: iter((told,))) as url, pytest.raises(NodeError) as refused:
        await xnat(Target(url, folder, trust_file(folder, root)))
    assert "planted" not in refused.value.what + refused.value.remedy
