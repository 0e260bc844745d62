"""A node that keeps nothing but names: it answers STOW-RS one by one and lists what came.

TLS 1.3 and HTTP/1.1, one thread a connection; a body is in memory until it is answered. It costs
little beside what is measured, and unlike a sink it lets a transfer be verified. Made for what the
benchmarks send: Little Endian, explicit or implicit VR, deflated or not, the names in the first
kilobytes.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from adapters.sandbox.ca import LOOPBACK
from tests.certificates import Authority

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_HEAD_BYTES = 64 * 1024
_SOP_CLASS, _SOP_INSTANCE, _SERIES = (
    re.compile(before + rb"(?:UI..|..\0\0)([0-9.]+)", re.DOTALL)
    for before in (
        rb"\x08\0\x16\0",
        rb"\x08\0\x18\0",
        # Right behind that of its Study: one in a sequence is of another Series.
        rb"\x20\0\x0d\0(?:UI..|..\0\0)[0-9.]+\0?\x20\0\x0e\0",
    )
)


def _text(head: bytes, element: re.Pattern[bytes]) -> str:
    found = element.search(head)
    assert found is not None, "what is sent has its names at its beginning"
    return found[1].decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Take every part in and name it."""
        body = bytearray(int(self.headers["Content-Length"]))
        if self.rfile.readinto(body) < len(body):
            return
        boundary = self.headers.get_param("boundary", header="content-type")
        delimiter = f"\r\n--{boundary}".encode()
        references = []
        for head in _parts(body, delimiter):
            uid = _text(head, _SOP_INSTANCE)
            with self.server.lock:
                self.server.held.setdefault(_text(head, _SERIES), {})[uid] = None
            references.append(
                {
                    "00081150": {"vr": "UI", "Value": [_text(head, _SOP_CLASS)]},
                    "00081155": {"vr": "UI", "Value": [uid]},
                }
            )
        self._say({"00081199": {"vr": "SQ", "Value": references}})

    def do_GET(self) -> None:
        """The instances of a Series, page by page."""
        address = urlsplit(self.path)
        asked = parse_qs(address.query)
        offset, limit = (int(asked.get(key, ["0"])[0]) for key in ("offset", "limit"))
        with self.server.lock:
            held = list(self.server.held.get(address.path.split("/")[-2], ()))
        page = held[offset : offset + limit] if limit else held[offset:]
        self._say([{"00080018": {"vr": "UI", "Value": [uid]}} for uid in page])

    def _say(self, document: object) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/dicom+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


def _parts(body: bytearray, delimiter: bytes) -> Iterator[bytes]:
    """The beginning of each part's content."""
    at = body.find(delimiter[2:])
    while at >= 0 and (blank := body.find(b"\r\n\r\n", at)) >= 0:
        begins = blank + 4
        at = body.find(delimiter, begins)
        if at >= 0:
            yield _inflated(bytes(body[begins : min(begins + _HEAD_BYTES, at)]))


def _inflated(head: bytes) -> bytes:
    """As it is, or with what can be read of a deflated data set (PS3.5 section A.5)."""
    meta_end = 144 + int.from_bytes(head[140:144], "little")
    if _DEFLATED not in head[:meta_end]:
        return head
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(head[meta_end:], _HEAD_BYTES)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: str, context: ssl.SSLContext) -> None:
        super().__init__((address, 0), _Handler)
        self.context = context
        self.lock = threading.Lock()
        self.held: dict[str, dict[str, None]] = {}

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """The handshake is made in the connection's own thread."""
        with self.context.wrap_socket(request, server_side=True) as secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever went away went away."""


@contextmanager
def answering(folder: Path, address: str = "127.0.0.1") -> Iterator[tuple[str, Path]]:
    """Its DICOMweb address and the CA that vouches for it, until the block is left."""
    authority = Authority(folder / "ca")
    issued = authority.issue(names=(*LOOPBACK, address))
    server = _Server(address, issued.context())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://{address}:{server.server_port}/dicom-web", authority.ca_file
    finally:
        server.shutdown()
        server.server_close()
