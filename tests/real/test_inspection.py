"""What the doctor says of a connection that mitmproxy reads, as a hospital's own proxy would."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.probe.asking import only_trouble, probed
from tests.adapters.tls_server import Reply, Server, server_context, serving
from tests.certificates import Authority
from tests.real.mitm import missing_software, mitm

pytestmark = pytest.mark.skipif(bool(missing_software()), reason=missing_software())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(authority: Authority) -> Iterator[Server]:
    with serving(lambda _: Reply(200, b"[]"), server_context(authority.issue())) as started:
        yield started


async def test_without_its_ca_it_is_refused_and_named(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    with mitm(tmp_path, authority.ca_file) as proxy:
        results = await probed(server.url, authority.ca_file, environ={"HTTPS_PROXY": proxy.url})
        assert proxy.read() == []
    trouble = only_trouble(results)
    assert trouble.check == "certificate"
    assert trouble.message == (
        "A proxy (mitmproxy: mitmproxy) reads the connection to 127.0.0.1, and this machine does "
        "not trust its authority; nothing was sent."
    )
    assert "ca_file" in trouble.remedy
    assert trouble.whom == "your network's administrator"


async def test_with_its_ca_it_is_let_through_and_named(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    with mitm(tmp_path, authority.ca_file) as proxy:
        results = await probed(server.url, proxy.ca_file, environ={"HTTPS_PROXY": proxy.url})
        assert len(proxy.read()) == len(server.requests) > 0
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state) == ("inspection", "warn")
    assert trouble.message == ("A proxy (mitmproxy) reads this connection. It is a mitmproxy.")


async def test_the_hop_that_breaks_tls_1_3_is_named_with_what_lies_behind_it(
    server: Server, authority: Authority, tmp_path: Path
) -> None:
    with mitm(tmp_path, authority.ca_file, most="TLS1_2") as proxy:
        results = await probed(server.url, proxy.ca_file, environ={"HTTPS_PROXY": proxy.url})
        assert proxy.read() == []
    trouble = only_trouble(results)
    assert trouble.check == "tls-version"
    assert trouble.message == (
        "A proxy (mitmproxy) breaks TLS 1.3: it answers in the place of 127.0.0.1 with TLSv1.2, "
        "its certificate issued by mitmproxy."
    )
    assert f"directly: {ssl.TLSVersion.TLSv1_3.name.replace('_', '.')}" in trouble.answer
