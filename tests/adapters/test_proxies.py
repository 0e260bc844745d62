"""Which way a request leaves the house."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import requests

from adapters.proxies import DIRECT, Proxy, rules_from
from adapters.sessions import Way, httpx_client, requests_session
from adapters.translate import translate
from tests.adapters.tls_server import Reply, Request, serving
from transfer.errors import Unreachable, UsageError

PROXY = {"HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    ("no_proxy", "host", "port", "is_direct"),
    [
        ("", "node.example", 443, False),
        ("*", "node.example", 443, True),
        ("node.example", "node.example", 443, True),
        ("node.example", "NODE.example.", 443, True),
        ("example", "node.example", 443, True),
        (".example", "node.example", 443, True),
        ("*.example", "node.example", 443, True),
        ("ode.example", "node.example", 443, False),
        ("other.example", "node.example", 443, False),
        ("node.example:8443", "node.example", 8443, True),
        ("node.example:8443", "node.example", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.1/8", "10.1.2.3", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3:8443", "10.1.2.3", 443, False),
        ("2.3", "10.1.2.3", 443, False),
        ("fd00::/8", "fd00::1", 443, True),
        ("[fd00::1]", "[fd00::1]", 443, True),
        ("[fd00::1]:8443", "fd00::1", 8443, True),
        ("a.example, node.example", "node.example", 443, True),
        ("a.example node.example", "node.example", 443, True),
    ],
)
def test_no_proxy_names_hosts_suffixes_ports_and_address_ranges(
    no_proxy: str, host: str, port: int, is_direct: bool
) -> None:
    rules = rules_from({**PROXY, "NO_PROXY": no_proxy})
    assert (rules.proxy_for(host, port) is None) is is_direct


def test_without_a_proxy_every_host_is_reached_directly() -> None:
    assert rules_from({"NO_PROXY": "x"}) == DIRECT
    assert DIRECT.proxy_for("node.example", 443) is None


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_each_of_the_usual_variables_is_read(name: str) -> None:
    assert rules_from({name: "proxy.example:3128"}).proxy == Proxy("http://proxy.example:3128")


def test_http_proxy_alone_says_nothing_about_https() -> None:
    assert rules_from({"HTTP_PROXY": "http://proxy.example:3128"}) == DIRECT


@pytest.mark.parametrize("value", ["socks5://p.example:1080", "http://", "http://p.example:port"])
def test_a_proxy_address_that_cannot_be_used_is_a_usage_error(value: str) -> None:
    with pytest.raises(UsageError, match="proxy address"):
        rules_from({"HTTPS_PROXY": value})


def test_the_proxys_password_comes_from_the_secret_store_and_is_not_shown() -> None:
    rules = rules_from({"HTTPS_PROXY": "http://us@proxy.example:3128"}, "pass:word@")
    assert rules.proxy is not None
    assert rules.proxy.authorization == "Basic dXM6cGFzczp3b3JkQA=="
    assert "word" not in repr(rules)
    assert rules.proxy.url == "http://proxy.example:3128"


@contextmanager
def _connect_proxy(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy for one connection: gives `answer` to CONNECT and, if it is 200, opens the way."""
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while piece := source.recv(65536):
                    sink.sendall(piece)
                sink.shutdown(socket.SHUT_WR)

        def serve() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        head += client.recv(65536)
                    heads.append(head)
                    client.sendall(answer)
                    if b" 200 " not in answer:
                        return
                    host, port = head.split()[1].decode().split(":")
                    with socket.create_connection((host, int(port))) as upstream:
                        back = threading.Thread(target=pump, args=(upstream, client))
                        back.start()
                        pump(client, upstream)
                        back.join(20)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], heads
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


def _fine(_: Request) -> Reply:
    return Reply(body=b"fine")


async def _get(stack: str, url: str, way: Way) -> str:
    if stack == "httpx":
        async with httpx_client(way) as client:
            return (await client.get(url)).text

    def blocking() -> str:
        with requests_session(url, way) as session:
            return session.get(url).text

    return await asyncio.to_thread(blocking)


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_proxy_is_given_its_own_credential_and_only_the_nodes_address(
    stack: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    opened = b"HTTP/1.1 200 Opened\r\n\r\n"
    with serving(_fine, good_context) as server, _connect_proxy(opened) as (port, heads):
        rules = rules_from({"HTTPS_PROXY": f"http://us@127.0.0.1:{port}"}, "word")
        assert await _get(stack, server.url, Way(ca_file=ca_file, proxies=rules)) == "fine"
    assert heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())
    assert b"Basic " + base64.b64encode(b"us:word") in heads[0]
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_proxy_that_refuses_is_named_as_the_culprit(stack: str, ca_file: Path) -> None:
    refusal = b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n"
    with _connect_proxy(refusal) as (port, _):
        way = Way(ca_file=ca_file, proxies=rules_from({"HTTPS_PROXY": f"127.0.0.1:{port}"}))
        with pytest.raises(
            (httpx.ProxyError, requests.exceptions.ProxyError), match="407"
        ) as problem:
            await _get(stack, "https://node.example/", way)
    error = translate(problem.value, "a-node")
    assert isinstance(error, Unreachable)
    assert error.what == "The proxy did not open the way to the node."
    assert error.reached_node is False


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_the_environment_is_not_looked_at_by_the_libraries(
    stack: str, ca_file: Path, good_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(_fine, good_context) as server:
        assert await _get(stack, server.url, Way(ca_file=ca_file)) == "fine"


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_netrc_file_gives_no_credential_away(
    stack: str,
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving(_fine, good_context) as server:
        assert await _get(stack, server.url, Way(ca_file=ca_file)) == "fine"
    assert "authorization" not in server.requests[0].headers
