"""A relay between the program and an untouched server that harms TLS connections at given moments.

It has no key: it sees TLS 1.3 records (RFC 8446 section 5.1), and tells by their number and length
where a request stands. The client's first encrypted record is its Finished; a request is a record
of headers, then those of its body; the server's first two after the handshake are tickets.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_HANDSHAKE, _ENCRYPTED = 22, 23
_HEADER_BYTES: Final = 5
_OVERHEAD_BYTES: Final = 22
"""Of a record: its header, the type behind the content, and the tag of AES-GCM or ChaCha20."""
_TICKETS: Final = 2
_BODY_FROM_BYTES: Final = 3000
"""No request without images is as long."""
_LARGE_BYTES: Final = 256 * 1024
_LONGEST_HEAD_BYTES: Final = 400
_PATIENCE_S: Final = 60.0
_DRIP_S: Final = 0.005


class Moment(StrEnum):
    """Where a connection stands. Of answers there are those to images and those to questions."""

    CONNECT = "at the connection"
    HELLO = "at the handshake's first words"
    SERVER_HELLO = "in the handshake"
    HEAD = "after the head"
    BODY = "in the body"
    LAST = "before the last byte"
    ANSWER = "before the answer"
    MID_ANSWER = "in the answer"
    ASKED = "before a listing's answer"
    MID_ASKED = "in a listing's answer"
    REUSE = "at the next request"
    PROXY = "before the way is open"


class Deed(StrEnum):
    """What is done there. `LATE` holds the rest back until the client has gone and a later request
    with images was answered, as a buffering proxy may."""

    RESET = "reset"
    CLOSE = "closed without a word"
    SILENT = "black hole"
    GONE = "server gone without a word"
    FLIP = "flipped bit"
    DRIP = "slow drip"
    LATE = "arrives late"


@dataclass(frozen=True)
class Fault:
    """One deed at one moment, `times` times, at each `every`-th such moment; `after` are let pass
    first, and all of them until `sent` answers to images have gone through."""

    deed: Deed
    moment: Moment
    times: int = 1
    after: int = 0
    sent: int = 0
    every: int = 1


class _Ended(Exception):
    """The connection is no more."""


@dataclass
class Relay:
    """A running relay. `acts[n]` is called before the n-th answer to images goes on, counted from
    1. `made` counts deeds, `opened` connections, `sent` answers to images.
    `tail_bytes` is how long the last piece of a body is; with `as_proxy` it is a proxy that opens
    the way (CONNECT) to the server, wherever it was to lead."""

    server: tuple[str, int]
    tail_bytes: int = 0
    as_proxy: bool = False
    fault: Fault | None = None
    acts: dict[int, Callable[[], None]] = field(default_factory=dict)
    in_large: Callable[[], None] | None = None
    made: int = 0
    opened: int = 0
    sent: int = 0
    arrived_late: int = 0
    port: int = 0
    late: threading.Event = field(default_factory=threading.Event)
    is_calm: threading.Event = field(default_factory=threading.Event)
    _passed: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def harm(self, fault: Fault) -> None:
        """From now on, until it is used up."""
        with self._lock:
            self.fault, self.made, self._passed = fault, 0, 0

    def calm(self) -> None:
        """No more harm; what was silent stays so."""
        with self._lock:
            self.fault = None

    def strikes(self, moment: Moment) -> Deed | None:
        """The deed that falls at this moment, if one does."""
        with self._lock:
            fault = self.fault
            if fault is None or fault.moment is not moment or self.made >= fault.times:
                return None
            if self.sent < fault.sent:
                return None
            self._passed += 1
            if self._passed <= fault.after or (self._passed - fault.after) % fault.every:
                return None
            self.made += 1
            return fault.deed

    def in_the_middle(self) -> None:
        """A large body is under way."""
        with self._lock:
            act, self.in_large = self.in_large, None
        if act is not None:
            act()

    def answers(self) -> None:
        """An answer to images is there, and goes on next."""
        with self._lock:
            self.sent += 1
            act = self.acts.pop(self.sent, None)
        if act is not None:
            act()


class _Connection:
    """One connection: what came from each side, where it stands."""

    def __init__(self, relay: Relay, client: socket.socket, server: socket.socket) -> None:
        self._relay = relay
        self._client, self._server = client, server
        self._pending = {client: bytearray(), server: bytearray()}
        self._greeted = self._was_greeted = False
        self._from_client = self._from_server = 0
        self._records = self._bytes = 0
        self._is_answering = False
        self._body_was_seen = False

    def carry(self) -> None:
        """Until one side ends; raises `_Ended` or OSError then."""
        self._at(Moment.CONNECT, b"", self._server)
        while True:
            ready, _, _ = select.select([self._client, self._server], (), (), _PATIENCE_S)
            if not ready:
                return
            for source in ready:
                piece = source.recv(65536)
                if not piece:
                    return
                self._pending[source] += piece
                for record in _whole_records(self._pending[source]):
                    if source is self._client:
                        self._sent(record)
                    else:
                        self._answered(record)

    def _sent(self, record: bytes) -> None:
        if record[0] == _HANDSHAKE and not self._greeted:
            self._greeted = True
            self._forward(Moment.HELLO, record, self._server, was_half=False)
            return
        if record[0] == _ENCRYPTED:
            self._from_client += 1
            if self._from_client > 1 and self._requests(record):
                return
        self._server.sendall(record)

    def _requests(self, record: bytes) -> bool:
        """A record of a request; whether it is dealt with."""
        if self._is_answering:
            self._is_answering = self._body_was_seen = False
            self._records = self._bytes = 0
            if self._at(Moment.REUSE, record, self._server):
                return True
        self._records += 1
        content = len(record) - _OVERHEAD_BYTES
        self._bytes += content
        if self._bytes > _LARGE_BYTES:
            self._relay.in_the_middle()
        if self._records == 2 and self._at(Moment.HEAD, record, self._server):
            return True
        if self._bytes <= _BODY_FROM_BYTES:
            return False
        if not self._body_was_seen:
            self._body_was_seen = True
            return self._forward(Moment.BODY, record, self._server)
        if content == self._relay.tail_bytes:
            return self._forward(Moment.LAST, record, self._server, keep=1)
        return False

    def _answered(self, record: bytes) -> None:
        if not self._was_greeted:
            self._was_greeted = True
            self._forward(Moment.SERVER_HELLO, record, self._client)
            return
        if record[0] == _ENCRYPTED and self._from_client:
            self._from_server += 1
            if self._from_server > _TICKETS and self._records:
                self._answers(record)
                return
        self._client.sendall(record)

    def _answers(self, record: bytes) -> None:
        """A record of an answer. One in two pieces is harmed in its second, the headers stand."""
        had_body = self._bytes > _BODY_FROM_BYTES
        is_first, self._is_answering = not self._is_answering, True
        if had_body and is_first:
            self._relay.answers()
        if is_first and self._at(Moment.ANSWER if had_body else Moment.ASKED, record, self._client):
            return
        within = Moment.MID_ANSWER if had_body else Moment.MID_ASKED
        if not is_first or len(record) > _LONGEST_HEAD_BYTES:
            self._forward(within, record, self._client)
        else:
            self._client.sendall(record)
        if had_body:
            self._relay.late.set()

    def _at(self, moment: Moment, record: bytes, sink: socket.socket) -> bool:
        """Before anything of the record; whether it has gone on by another way."""
        deed = self._relay.strikes(moment)
        if deed is None:
            return False
        self._do(deed, record, sink)
        return True

    def _forward(
        self,
        moment: Moment,
        record: bytes,
        sink: socket.socket,
        *,
        keep: int = 0,
        was_half: bool = True,
    ) -> bool:
        """Send the record; a deed falls in its middle, or `keep` bytes before its end."""
        deed = self._relay.strikes(moment)
        at = len(record) - keep if keep else len(record) // 2 if was_half else 0
        if deed in (None, Deed.FLIP, Deed.DRIP):
            at = 0
        sink.sendall(record[:at])
        if deed is None:
            sink.sendall(record)
        else:
            self._do(deed, record[at:], sink)
        return True

    def _do(self, deed: Deed, rest: bytes, sink: socket.socket) -> None:
        if deed is Deed.FLIP:
            # In the content, not in the header: the length stays true.
            sink.sendall(rest[:-1] + bytes([rest[-1] ^ 1]))
        elif deed is Deed.DRIP:
            for byte in rest:
                sink.sendall(bytes([byte]))
                time.sleep(_DRIP_S)
        elif deed is Deed.CLOSE:
            raise _Ended
        elif deed is Deed.RESET:
            reset(self._client)
            reset(self._server)
            raise _Ended
        elif deed is Deed.GONE:
            reset(self._server)
            self._await_leave()
        elif deed is Deed.SILENT:
            self._await_leave()
        elif deed is Deed.LATE:
            self._relay.late.clear()
            self._await_leave(sink, rest)

    def _await_leave(self, late_to: socket.socket | None = None, rest: bytes = b"") -> None:
        """Nothing moves until the client gives up; then what is late may come."""
        look = select.poll()
        # Neither read nor written: only that the other side has hung up is of interest.
        look.register(self._client, select.POLLRDHUP)
        deadline = time.monotonic() + _PATIENCE_S
        while not look.poll(100) and not self._relay.is_calm.is_set():
            assert time.monotonic() < deadline, "the client waits for ever"
        if late_to is self._server:
            self._relay.late.wait(_PATIENCE_S)
            late_to.sendall(rest)
            # Its answer, which nobody hears.
            if late_to.recv(65536):
                self._relay.arrived_late += 1
        raise _Ended


def _whole_records(pending: bytearray) -> Iterator[bytes]:
    while len(pending) >= _HEADER_BYTES:
        size = _HEADER_BYTES + int.from_bytes(pending[3:5], "big")
        if len(pending) < size:
            return
        record = bytes(pending[:size])
        del pending[:size]
        yield record


def reset(connection: socket.socket) -> None:
    """End a connection by RST."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _opened(relay: Relay, client: socket.socket) -> None:
    """Hear a CONNECT, say that the way is open."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(65536)
        if not piece:
            raise _Ended
        head += piece
    deed = relay.strikes(Moment.PROXY)
    if deed is Deed.RESET:
        reset(client)
    if deed is Deed.SILENT:
        # Until the client gives up.
        client.recv(1)
    if deed is not None:
        raise _Ended
    client.sendall(b"HTTP/1.1 200 Opened\r\n\r\n")


def _serve(relay: Relay, client: socket.socket) -> None:
    with contextlib.suppress(OSError, _Ended), client:
        if relay.as_proxy:
            _opened(relay, client)
        with socket.create_connection(relay.server, timeout=_PATIENCE_S) as server:
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Connection(relay, client, server).carry()


class Door:
    """Where a relay takes connections; it may be shut (connections are refused) and opened."""

    def __init__(self, relay: Relay, listen: Callable[[int], socket.socket]) -> None:
        self._relay = relay
        self._listen = listen
        self._listener: socket.socket | None = None
        self.open()

    def open(self) -> None:
        """Take connections, at the same port as before."""
        self._listener = self._listen(self._relay.port)
        self._relay.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections; those that are open stay so."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.settimeout(_PATIENCE_S)
            self._relay.opened += 1
            threading.Thread(target=_serve, args=(self._relay, client), daemon=True).start()


def _on_loopback(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


@contextmanager
def relay_to(
    server: tuple[str, int],
    *,
    tail_bytes: int = 0,
    as_proxy: bool = False,
    listen: Callable[[int], socket.socket] = _on_loopback,
) -> Iterator[tuple[Relay, Door]]:
    """A relay before `server`, until the block is left."""
    relay = Relay(server, tail_bytes, as_proxy)
    door = Door(relay, listen)
    try:
        yield relay, door
    finally:
        relay.is_calm.set()
        relay.late.set()
        door.shut()
