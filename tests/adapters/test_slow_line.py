"""A slow line: what moves is not given up, however long it takes."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from adapters.bulk_transport import with_body
from adapters.sessions import Way, httpx_client

_PIECE_BYTES = 8 << 20
_AT_A_TIME = 64 << 10
_PAUSE_S = 0.02


@contextmanager
def _slow_reader(context: ssl.SSLContext, *, stops_after: int) -> Iterator[str]:
    """Takes about 3 MB a second of a body of one piece, and stops to read after so many bytes."""
    with socket.socket() as listener:
        # What the kernels hold between the two ends has gone at once for whoever sends.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _AT_A_TIME)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        is_over = threading.Event()

        def serve() -> None:
            plain, _ = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(plain, server_side=True) as it:
                got = 0
                while got < min(_PIECE_BYTES, stops_after):
                    piece = it.recv(_AT_A_TIME)
                    if not piece:
                        return
                    got += len(piece)
                    time.sleep(_PAUSE_S)
                if stops_after < _PIECE_BYTES:
                    is_over.wait(60)
                it.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            is_over.set()
            thread.join(20)


def _request(client: httpx.AsyncClient, url: str) -> httpx.Request:
    def pieces() -> Generator[bytes, None, None]:
        yield bytes(_PIECE_BYTES)

    headers = {"Content-Length": str(_PIECE_BYTES)}
    return with_body(client.build_request("POST", url, headers=headers), pieces())


async def test_a_piece_that_moves_may_take_longer_than_the_time_out(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """OpenSSL takes a piece as one write: 1 MiB had to leave within two minutes, which sixteen
    requests on a line of 1 Mbit/s never do."""
    with _slow_reader(good_context, stops_after=_PIECE_BYTES) as url:
        async with httpx_client(Way(ca_file=ca_file, write_timeout_s=1.0)) as client:
            answer = await client.send(_request(client, url))
    assert answer.text == "ok"


async def test_a_piece_that_does_not_move_is_given_up(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with _slow_reader(good_context, stops_after=_AT_A_TIME) as url:
        async with httpx_client(Way(ca_file=ca_file, write_timeout_s=1.0)) as client:
            with pytest.raises(httpx.WriteTimeout, match=r"timed out"):
                await client.send(_request(client, url))
