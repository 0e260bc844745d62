"""A node, or whoever stands in its place, that answers to do harm: a plain error, soon, in bounded
memory, and no secret to anybody else."""

from __future__ import annotations

import gzip
import resource
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from adapters.interim import MOST, InterimAnswers
from tests.adapters.tls_server import Reply, Request, serving
from tests.attack.forge import Holder, issue, showing, trust_file
from tests.attack.ways import PASSWORD, Target, bulk, library, oidc, stow, xnat
from transfer.errors import NodeError

REPOSITORY = Path(__file__).parents[2]
# An answer of 64 MiB is let in, in pieces and then as one.
_MOST_BYTES = 320 * 1024 * 1024


@pytest.fixture(scope="module")
def context(root: Holder, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return showing(tmp_path_factory.mktemp("node"), issue(root))


@contextmanager
def _saying(context: ssl.SSLContext, pieces: Callable[[], Iterator[bytes]]) -> Iterator[str]:
    """Whoever asks anything is told these bytes until there are no more, or it hangs up."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
                for piece in pieces():
                    if over.is_set():
                        return
                    secured.sendall(piece)
                # Until the client hangs up: what it sent and nobody read would cut the answer.
                while secured.recv(65536):
                    pass

        def accept() -> None:
            while not over.is_set():
                with suppress(OSError):
                    connection, _ = listener.accept()
                    connection.settimeout(20)
                    threading.Thread(target=serve, args=(connection,), daemon=True).start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(20)


def _endless(head: bytes, piece: bytes) -> Callable[[], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield head
        while True:
            yield piece

    return pieces


_FINE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
NONSENSE = {
    "no-http": _endless(b"", b"SSH-2.0-OpenSSH_9.2\r\n" * 1000),
    "endless-continue": _endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
    "endless-hints": _endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 2000),
    "endless-status-line": _endless(b"HTTP/1.1 200 ", b"x" * 65536),
    "endless-header": _endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    "endless-headers": _endless(b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n" * 4096),
    "endless-body": _endless(_FINE + b"\r\n", b" " * 65536),
    "endless-chunks": _endless(
        _FINE + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n"
    ),
    "chunk-of-a-terabyte": _endless(
        _FINE + b"Transfer-Encoding: chunked\r\n\r\n10000000000\r\n", b" " * 65536
    ),
    "endless-trailers": _endless(
        _FINE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Header: value\r\n" * 4096
    ),
    "body-of-a-terabyte": _endless(_FINE + b"Content-Length: 1099511627776\r\n\r\n", b" " * 65536),
}


def _gzip(size: int) -> bytes:
    return gzip.compress(b" " * size, 9, mtime=0)


BOMBS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "gzip": ("gzip", lambda: _gzip(400 << 20)),
    "gzip-twice": ("gzip, gzip", lambda: gzip.compress(_gzip(400 << 20) * 8, 9, mtime=0)),
    "deflate": ("deflate", lambda: zlib.compress(b" " * (400 << 20), 9)),
    "brotli": ("br", lambda: b"\x5b\xff\xff\x03" * 4096),
    "zstd": ("zstd", lambda: b"\x28\xb5\x2f\xfd" * 4096),
}


def _packed(name: str) -> Callable[[], Iterator[bytes]]:
    encoding, make = BOMBS[name]
    content = make()
    head = f"Content-Encoding: {encoding}\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    return lambda: iter((_FINE + head, content))


@pytest.fixture(scope="module")
def hostile() -> dict[str, Callable[[], Iterator[bytes]]]:
    """Every answer without end, and every bomb."""
    return NONSENSE | {name: _packed(name) for name in BOMBS}


@pytest.mark.parametrize("way", [stow, oidc, xnat, library], ids=lambda way: way.__name__)
def test_answers_without_end_and_bombs_end_in_plain_errors_within_bounded_memory(
    way: Callable[[Target], object],
    hostile: dict[str, Callable[[], Iterator[bytes]]],
    context: ssl.SSLContext,
    root: Holder,
    folder: Path,
) -> None:
    """Packed twice, a third of a megabyte would be gigabytes before anybody counted a byte."""
    with ExitStack() as open_ones:
        urls = [open_ones.enter_context(_saying(context, said)) for said in hostile.values()]
        outcomes, grown = _in_a_process(way.__name__, urls, folder, trust_file(folder, root))
    ends = dict(zip(hostile, outcomes, strict=True))
    # What was whole before its trailers had no end, and what is left packed, is an answer.
    allowed = {"endless-trailers", "brotli", "zstd"} if way is library else set()
    assert {name: said for name, said in ends.items() if not said.startswith("NodeError: ")} == {
        name: "fine" for name in allowed
    }
    assert grown < _MOST_BYTES


def _interim(status: int) -> bytes:
    return f"HTTP/1.1 {status} Wait\r\nLink: </x>\r\n\r\n".encode()


@pytest.mark.parametrize("size", [1, 7, 65536])
@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_answers_are_counted_however_they_are_cut_into_pieces(
    status: int, size: int
) -> None:
    told = _interim(status) * (MOST + 1)
    heard = InterimAnswers()

    def hear() -> None:
        for at in range(0, len(told), size):
            heard.took(told[at : at + size])

    with pytest.raises(ConnectionAbortedError):
        hear()


@pytest.mark.parametrize("size", [1, 7, 65536])
def test_as_many_as_a_patient_server_sends_are_passed_over_and_an_image_is_no_answer(
    size: int,
) -> None:
    """What follows the answer's own head is its body, whatever stands in it."""
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + _interim(100) * (2 * MOST)
    told = _interim(102) * MOST + answer
    heard = InterimAnswers()
    for _ in range(2):
        for at in range(0, len(told), size):
            heard.took(told[at : at + size])
        heard.ask()


@pytest.mark.parametrize("status", [100, 102, 103])
@pytest.mark.parametrize("way", [bulk, library], ids=lambda way: way.__name__)
async def test_an_answer_behind_interim_ones_is_read(
    status: int,
    way: Callable[[Target], Awaitable[None]],
    context: ssl.SSLContext,
    root: Holder,
    folder: Path,
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with _saying(context, lambda: iter((_interim(status) * 9, answer))) as url:
        await way(Target(url, folder, trust_file(folder, root)))


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZip"])
async def test_a_node_that_packs_although_nobody_asked_is_read(
    name: str, context: ssl.SSLContext, root: Holder, folder: Path
) -> None:
    from adapters.sessions import Way, httpx_client

    words = b"{}" + b" words of the node" * 50_000
    content = gzip.compress(words, mtime=0)
    reply = Reply(200, content, {"Content-Encoding": name})
    with serving(lambda _: reply, context) as server:
        async with httpx_client(Way("n", trust_file(folder, root))) as client:
            assert (await client.get(server.url)).content == words
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("cut", [1, 9, 100])
async def test_a_packed_answer_that_is_cut_or_damaged_is_no_answer(
    cut: int, context: ssl.SSLContext, root: Holder, folder: Path
) -> None:
    content = gzip.compress(bytes(range(256)) * 40, mtime=0)[:-cut]
    with (
        serving(lambda _: Reply(200, content, {"Content-Encoding": "gzip"}), context) as server,
        pytest.raises(NodeError, match="cannot be read"),
    ):
        await bulk(Target(server.url, folder, trust_file(folder, root)))


FOREIGN = [
    "http://127.0.0.1:{other}/",
    "https://127.0.0.1:{other}/",
    "https://localhost:{other}/",
    "https://127.0.0.1:{own}@127.0.0.1:{other}/",
    "//127.0.0.1:{other}/",
    "\\\\127.0.0.1:{other}/",
    "https:127.0.0.1:{other}",
    "https:///127.0.0.1:{other}/",
    "https://127.0.0.1:{own}.example/",
    "https://127.0.0.1:0{own}.@[::1]:{other}/",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{other}/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "https://[",
    "https://127.0.0.1:99999/",
    "\x1b[2J",
    "",
]


@pytest.mark.parametrize("status", [301, 307])
@pytest.mark.parametrize("way", [bulk, library, stow, oidc, xnat], ids=lambda way: way.__name__)
@pytest.mark.parametrize("target", FOREIGN)
async def test_no_redirect_takes_a_secret_to_anybody_else(
    target: str,
    way: Callable[[Target], object],
    status: int,
    context: ssl.SSLContext,
    root: Holder,
    folder: Path,
) -> None:
    with serving(lambda _: Reply(), context) as other:

        def redirect(request: Request) -> Reply:
            location = target.format(other=other.port, own=server.port)
            return Reply(status, b"" if request.body else b"no", {"Location": location})

        with serving(redirect, context) as server:
            with suppress(NodeError):
                await way(Target(server.url, folder, trust_file(folder, root)))  # type: ignore[misc]
            assert len(server.requests) >= 1
    assert other.connections == 0


async def test_a_session_id_is_told_to_no_host_that_a_cookie_names(
    context: ssl.SSLContext, root: Holder, folder: Path
) -> None:
    """XNAT's JSESSIONID goes by hand into the requests to the node, and nothing else does."""

    def script(request: Request) -> Reply:
        planted = "JSESSIONID=planted0123456789; Domain=127.0.0.1; Path=/"
        if request.target == "/data/services/auth":
            assert request.body is not None
            return Reply(200, b"0123456789ABCDEF", {"Set-Cookie": planted})
        if request.target == "/data/auth":
            return Reply(200, b"User 'us' is logged in", {"Set-Cookie": planted})
        return Reply(404)

    with serving(script, context) as server:
        with suppress(NodeError):
            await xnat(Target(server.url, folder, trust_file(folder, root)))
        cookies = {request.headers.get("cookie") for request in server.requests}
    assert cookies == {None, "JSESSIONID=0123456789ABCDEF"}


ESCAPES = ["\x1b]52;c;eA==\x07", "\x1b[2J", "\u202e", "\x9b31m", "\x1b]8;;http://x\x07", "[/x][b]"]


@pytest.mark.parametrize("escape", ESCAPES, ids=range(len(ESCAPES)))
async def test_what_a_realm_answers_moves_no_cursor(
    escape: str, context: ssl.SSLContext, root: Holder, folder: Path
) -> None:
    import json

    body = json.dumps({"error": escape, "error_description": escape * 3}).encode()
    with (
        serving(lambda _: Reply(400, body, {"X": "y"}), context) as server,
        pytest.raises(NodeError) as refused,
    ):
        await oidc(Target(server.url, folder, trust_file(folder, root)))
    told = f"{refused.value.what} {refused.value.remedy}"
    assert not any(part in told for part in ("\x1b", "\u202e", "\x9b", "[/x]"))


_CHILD = """
import asyncio, resource, sys
from pathlib import Path
from tests.attack import ways
from transfer.errors import NodeError
import adapters.upv.node, adapters.xnat.node
folder, ca_file = Path(sys.argv[2]), Path(sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
async def main(url):
    async with asyncio.timeout(60):
        await getattr(ways, sys.argv[1])(ways.Target(url, folder, ca_file))
for url in sys.argv[4:]:
    try:
        asyncio.run(main(url))
        print("fine")
    except NodeError as problem:
        print("NodeError:", problem.what)
    except BaseException as problem:
        print("other:", repr(problem)[:500])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def _in_a_process(way: str, urls: list[str], folder: Path, ca_file: Path) -> tuple[list[str], int]:
    """What each ended with, and by how many bytes the process grew. It cannot take the machine's
    memory with it."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))

    done = subprocess.run(
        [sys.executable, "-P", "-c", _CHILD, way, str(folder), str(ca_file), *urls],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        preexec_fn=limit,
    )
    *lines, grown = done.stdout.splitlines()
    assert len(lines) == len(urls), f"{done.stdout}\n{done.stderr}"
    assert PASSWORD not in done.stdout + done.stderr
    return lines, int(grown) * 1024
