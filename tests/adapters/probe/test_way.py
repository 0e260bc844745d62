"""From a name to an open connection: each way in which it fails, made for real."""

from __future__ import annotations

import functools
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.probe.dialling import name_servers
from tests.adapters.probe.asking import black_hole, closed_port, lines, only_trouble, probed
from tests.adapters.tls_server import Reply, Request, serving
from transfer.node import CheckResult


def _fine(_: Request) -> Reply:
    return Reply(200, b"[]")


@contextmanager
def _listening(answer: bytes | None) -> Iterator[int]:
    """Takes connections; says nothing (None), or after the first bytes `answer`, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(20)
                    if answer is None:
                        over.wait(20)
                        return
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)


async def test_a_good_way_is_told_hop_by_hop(ca_file: Path, good_context: ssl.SSLContext) -> None:
    with serving(_fine, good_context) as server:
        results = await probed(f"https://localhost:{server.port}", ca_file)
    assert lines(results) == [
        ("proxy", "ok"),
        ("dns", "ok"),
        ("reachable", "ok"),
        ("tls-version", "ok"),
        ("certificate", "ok"),
        ("answer", "ok"),
        ("round-trip", "ok"),
    ]
    assert all(result.tried and result.answer for result in results)
    assert results[0].message == (
        "The node is reached without a proxy: neither HTTPS_PROXY, ALL_PROXY nor config.toml "
        "names one."
    )
    assert results[1].message.startswith("localhost is ")
    assert f":{server.port}" in results[2].message


async def test_an_address_in_figures_asks_no_name_service(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server:
        results = await probed(server.url, ca_file)
    assert "dns" not in [result.check for result in results]


async def test_a_name_that_nobody_knows_is_a_finding_of_the_name_service() -> None:
    trouble = only_trouble(await probed("https://no-such-host.invalid"))
    assert trouble.check == "dns"
    assert "no-such-host.invalid" in trouble.message
    assert "name server" in trouble.remedy
    assert trouble.exit_code == 6
    assert trouble.tried == "Looked up no-such-host.invalid."


@pytest.mark.parametrize("host", ["a" * 64 + ".example", ".example", "a..example"])
@pytest.mark.parametrize("environ", [{}, {"HTTPS_PROXY": "http://127.0.0.1:1"}])
async def test_what_can_be_no_name_is_a_finding_and_no_crash(
    host: str, environ: dict[str, str]
) -> None:
    trouble = only_trouble(await probed(f"https://{host}", environ=environ))
    assert trouble.check == "dns"
    assert trouble.message == "What stands in the address of the node can be no host's name."


async def test_a_name_in_any_script_is_looked_up_as_it_goes_over_the_wire() -> None:
    trouble = only_trouble(await probed("https://krankenhäuser.invalid"))
    assert trouble.check == "dns"
    assert "xn--krankenhuser-ncb.invalid" in trouble.message


_ELSEWHERE = """
import asyncio, json, sys
from dataclasses import asdict
from tests.adapters.probe.asking import probed
json.dump([asdict(result) for result in asyncio.run(probed(sys.argv[1]))], sys.stdout)
"""


@functools.cache
def _no_own_mounts() -> str:
    """Why no process of ours may have mounts of its own; empty when one may."""
    if shutil.which("unshare") is None:
        return "no unshare: apt-get install util-linux"
    tried = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "no user namespaces: run as root, or allow them"


@pytest.mark.skipif(bool(_no_own_mounts()), reason=_no_own_mounts())
def test_a_name_server_that_does_not_answer_is_told_apart_from_an_unknown_name(
    tmp_path: Path,
) -> None:
    """In a process whose resolv.conf names an address where no name server is."""
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 127.0.0.9\noptions timeout:1 attempts:1\n")
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    python = [sys.executable, "-c", _ELSEWHERE, "https://node.example"]
    ran = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, str(conf), *python],
        capture_output=True,
        check=True,
        timeout=60,
    )
    trouble = only_trouble([CheckResult(**result) for result in json.loads(ran.stdout)])
    assert trouble.check == "dns"
    assert trouble.message == "The name service does not answer the question for node.example."
    assert trouble.answer == "no answer; asked: 127.0.0.9"
    assert trouble.whom == "this host's administrator"


def test_the_name_servers_that_were_asked_are_read_from_resolv_conf(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# a comment\nsearch example\nnameserver 10.0.0.2\nnameserver fd00::2\n")
    assert name_servers(file) == ["10.0.0.2", "fd00::2"]
    assert name_servers(tmp_path / "absent") == ()


async def test_a_closed_port_refuses() -> None:
    with closed_port() as port:
        trouble = only_trouble(await probed(f"https://127.0.0.1:{port}"))
    assert trouble.check == "reachable"
    assert trouble.message.startswith(f"127.0.0.1:{port} refuses connections")
    assert "config.toml" in trouble.remedy
    assert trouble.whom == "the node's support"
    assert trouble.answer == "127.0.0.1: connection refused"


async def test_a_firewall_that_drops_is_told_apart_from_one_that_refuses() -> None:
    with black_hole() as port:
        trouble = only_trouble(await probed(f"https://127.0.0.1:{port}", seconds=0.5))
    assert trouble.check == "reachable"
    assert trouble.message.startswith(f"127.0.0.1:{port} does not answer")
    assert "HTTPS_PROXY" in trouble.remedy
    assert trouble.whom == "your network's administrator"
    assert trouble.answer == "127.0.0.1: no answer in time"


async def test_a_network_without_a_way_there_is_told_apart_from_both() -> None:
    # Class E: no host may send there, so that the kernel itself says no.
    trouble = only_trouble(await probed("https://255.255.255.255:443"))
    assert trouble.check == "reachable"
    assert trouble.message == "This machine's network has no way to 255.255.255.255:443."
    assert trouble.whom == "your network's administrator"


async def test_a_port_that_takes_the_connection_and_says_nothing_is_a_firewall_by_name() -> None:
    with _listening(None) as port:
        trouble = only_trouble(await probed(f"https://127.0.0.1:{port}", seconds=0.5))
    assert trouble.check == "tls"
    assert "takes the connection and says nothing" in trouble.message
    assert trouble.answer == "no answer in time"


async def test_a_handshake_that_is_broken_off_is_a_firewall_by_name() -> None:
    with _listening(b"") as port:
        trouble = only_trouble(await probed(f"https://127.0.0.1:{port}"))
    assert trouble.check == "tls"
    assert "breaks the handshake off" in trouble.message
    assert trouble.whom == "your network's administrator"


async def test_plain_http_at_the_port_is_named_as_that() -> None:
    with _listening(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        trouble = only_trouble(await probed(f"https://127.0.0.1:{port}"))
    assert trouble.check == "tls"
    assert (
        trouble.message == f"What listens at 127.0.0.1:{port} does not speak TLS; nothing was sent."
    )
    assert trouble.whom == "you"


async def test_an_address_of_plain_http_is_refused_before_anything_is_connected() -> None:
    with serving(_fine, None) as server:
        trouble = only_trouble(await probed(server.url))
    assert trouble.check == "tls"
    assert trouble.message == "The address of the node is not https; nothing was sent."
    assert server.connections == 0


async def test_what_is_needed_later_only_warns() -> None:
    with closed_port() as port:
        results = await probed(
            f"https://127.0.0.1:{port}", optional="It is needed in step 10 only."
        )
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state, trouble.exit_code) == ("reachable", "warn", 0)
    assert trouble.message.endswith("It is needed in step 10 only.")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_both_families_of_addresses_are_dialled_as_they_are_written(host: str) -> None:
    with closed_port() as port:
        trouble = only_trouble(await probed(f"https://{host}:{port}"))
    assert trouble.check == "reachable"
    assert f"{host}:{port}" in trouble.message
