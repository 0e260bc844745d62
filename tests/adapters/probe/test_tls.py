"""Who breaks the secure connection, and how that is told: each certificate and version for real."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import socket
import ssl
import threading
from pathlib import Path

import pytest

from adapters.probe.certificates import Certificate, read_certificate
from adapters.probe.inspectors import inspector_of
from adapters.tls import ClientCertificate
from tests.adapters.connect_proxy import connect_proxy
from tests.adapters.probe.asking import lines, only_trouble, probed
from tests.adapters.tls_server import Reply, Request, Server, server_context, serving
from tests.certificates import Authority, Issued, self_signed

OLD = ssl.TLSVersion.TLSv1_2


def _fine(_: Request) -> Reply:
    return Reply(200, b"[]")


def _nothing_was_sent(server: Server) -> bool:
    return server.requests == [] and bytes(server.received) == b""


async def test_a_server_of_tls_1_2_is_named_with_its_version_and_its_issuer(
    authority: Authority,
) -> None:
    with serving(_fine, server_context(authority.issue(), version=OLD)) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "tls-version"
    assert trouble.message == "127.0.0.1 offers only TLSv1.2; nothing was sent."
    assert "which EUCAIM requires" in trouble.remedy
    assert "issued by Throw-away CA of a test" in trouble.remedy
    assert trouble.whom == "the node's support"
    assert trouble.answer.startswith("TLSv1.2, ")
    assert _nothing_was_sent(server)


async def test_an_old_version_under_a_foreign_authority_is_something_on_the_way(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "Hospital Root 3")
    with serving(_fine, server_context(stranger.issue(), version=OLD)) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "tls-version"
    assert trouble.message == (
        "127.0.0.1 offers only TLSv1.2, and Hospital Root 3, whom this machine does not trust, "
        "issued its certificate: most likely something on the way answers in its place."
    )
    assert trouble.whom == "your network's administrator"


async def test_an_inspecting_proxy_that_speaks_tls_1_2_is_named_as_the_hop_that_breaks_it(
    authority: Authority, tmp_path: Path
) -> None:
    inspector = Authority(tmp_path, "FortiGate CA")
    with serving(_fine, server_context(inspector.issue(), version=OLD)) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "tls-version"
    assert trouble.message == (
        "A proxy (FortiGate) breaks TLS 1.3: it answers in the place of 127.0.0.1 with TLSv1.2, "
        "its certificate issued by FortiGate CA."
    )
    assert "exempt" in trouble.remedy
    assert trouble.whom == "your network's administrator"
    assert _nothing_was_sent(server)


async def test_a_server_that_hangs_up_on_tls_1_3_without_a_word_is_found_out(
    authority: Authority,
) -> None:
    """As some proxies do, which never say that it is the version."""
    first = threading.Event()
    with (
        serving(_fine, server_context(authority.issue(), version=OLD)) as server,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):

        def relay() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    hello = client.recv(65536)
                    if not first.is_set():
                        first.set()
                        continue
                    with socket.create_connection(("127.0.0.1", server.port)) as upstream:
                        upstream.settimeout(5)
                        upstream.sendall(hello)
                        with contextlib.suppress(OSError):
                            client.sendall(upstream.recv(65536))
                            upstream.sendall(client.recv(65536))
                            client.sendall(upstream.recv(65536))

        thread = threading.Thread(target=relay)
        thread.start()
        port = listener.getsockname()[1]
        results = await probed(f"https://127.0.0.1:{port}", authority.ca_file)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
    trouble = only_trouble(results)
    assert trouble.check == "tls-version"
    assert trouble.message == "127.0.0.1 offers only TLSv1.2; nothing was sent."


async def test_an_authority_that_nobody_trusts_is_named(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "A stranger")
    with serving(_fine, server_context(stranger.issue())) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "certificate"
    assert trouble.message == (
        "The certificate of 127.0.0.1 is issued by A stranger, whom this machine does not trust; "
        "nothing was sent."
    )
    assert "ca_file" in trouble.remedy
    assert _nothing_was_sent(server)


async def test_an_inspecting_proxy_without_its_ca_is_named(
    authority: Authority, tmp_path: Path
) -> None:
    inspector = Authority(tmp_path, "mitmproxy")
    with serving(_fine, server_context(inspector.issue())) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "certificate"
    assert trouble.message == (
        "A proxy (mitmproxy: mitmproxy) reads the connection to 127.0.0.1, and this machine does "
        "not trust its authority; nothing was sent."
    )
    assert trouble.whom == "your network's administrator"
    assert _nothing_was_sent(server)


async def test_an_inspecting_proxy_with_its_ca_is_let_through_and_told(tmp_path: Path) -> None:
    inspector = Authority(tmp_path, "Zscaler Root CA")
    with serving(_fine, server_context(inspector.issue())) as server:
        results = await probed(server.url, inspector.ca_file)
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state) == ("inspection", "warn")
    assert trouble.message == ("A proxy (Zscaler Root CA) reads this connection. It is a Zscaler.")
    assert trouble.whom == "your network's administrator"
    assert lines(results)[-1] == ("round-trip", "ok")


async def test_a_proxy_whose_chain_is_not_the_servers_own_is_found_out_whatever_it_is_called(
    authority: Authority, tmp_path: Path
) -> None:
    """Its issuer says nothing: but past the proxy the server shows another one."""
    house = Authority(tmp_path, "House authority 1")
    both = tmp_path / "both.pem"
    both.write_bytes(authority.ca_file.read_bytes() + house.ca_file.read_bytes())
    with (
        serving(_fine, server_context(authority.issue())) as server,
        serving(_fine, server_context(house.issue())) as reader,
        connect_proxy(leads_to=reader.port) as proxy,
    ):
        results = await probed(server.url, both, environ={"HTTPS_PROXY": proxy.url})
    trouble = only_trouble(results, "warn")
    assert (trouble.check, trouble.state) == ("inspection", "warn")
    assert trouble.message == "A proxy (House authority 1) reads this connection."
    assert "directly: TLSv1.3" in trouble.answer
    assert server.requests == []


async def test_a_proxy_that_breaks_tls_1_3_is_found_out_by_the_server_past_it(
    authority: Authority,
) -> None:
    with (
        serving(_fine, server_context(authority.issue())) as server,
        serving(_fine, server_context(authority.issue(), version=OLD)) as reader,
        connect_proxy(leads_to=reader.port) as proxy,
    ):
        results = await probed(server.url, authority.ca_file, environ={"HTTPS_PROXY": proxy.url})
    trouble = only_trouble(results)
    assert trouble.check == "tls-version"
    assert trouble.message == (
        "The proxy breaks TLS 1.3: through it 127.0.0.1 speaks TLSv1.2, directly TLSv1.3."
    )
    assert trouble.whom == "your network's administrator"


async def test_a_self_signed_certificate_is_told_apart_from_an_unknown_authority(
    authority: Authority, tmp_path: Path
) -> None:
    with serving(_fine, server_context(self_signed(tmp_path))) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "certificate"
    assert trouble.message == (
        "The certificate of 127.0.0.1 is self-signed: nobody vouches for it; nothing was sent."
    )
    assert trouble.whom == "the node's support"


@pytest.mark.parametrize(
    ("begins", "ends", "said", "whom"),
    [
        (-10.0, -3.0, "expired on {ends}", "the node's support"),
        (2.0, 9.0, "is valid from {begins} only", "this host's administrator"),
    ],
    ids=["expired", "not-yet-valid"],
)
async def test_a_certificate_out_of_its_time_is_told_with_its_date_and_our_clock(
    begins: float, ends: float, said: str, whom: str, authority: Authority
) -> None:
    now = dt.datetime.now(dt.UTC)
    issued = authority.issue("timed", valid_from_days=begins, valid_until_days=ends)
    with serving(_fine, server_context(issued)) as server:
        trouble = only_trouble(
            await probed(server.url, authority.ca_file, clock=lambda: now.timestamp())
        )
    days = {
        "begins": f"{now + dt.timedelta(days=begins):%Y-%m-%d}",
        "ends": f"{now + dt.timedelta(days=ends):%Y-%m-%d}",
    }
    assert trouble.check == "certificate"
    assert trouble.message == (
        f"The certificate of 127.0.0.1 {said.format(**days)}; this machine's clock says "
        f"{now:%Y-%m-%d}. Nothing was sent."
    )
    assert "clock" in trouble.remedy
    assert trouble.whom == whom
    assert _nothing_was_sent(server)


async def test_a_certificate_of_another_name_is_told_with_both_names(authority: Authority) -> None:
    issued = authority.issue("other", names=("elsewhere.example",))
    with serving(_fine, server_context(issued)) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file))
    assert trouble.check == "certificate"
    assert trouble.message == (
        f"The certificate at 127.0.0.1:{server.port} belongs to elsewhere.example, not to "
        "127.0.0.1; nothing was sent."
    )
    assert _nothing_was_sent(server)


async def test_a_certificate_that_ends_soon_is_a_warning(authority: Authority) -> None:
    issued = authority.issue("soon", valid_until_days=5)
    with serving(_fine, server_context(issued)) as server:
        trouble = only_trouble(await probed(server.url, authority.ca_file), "warn")
    assert (trouble.check, trouble.state) == ("certificate", "warn")
    assert trouble.message == "The certificate of the node expires in 4 days."


async def test_a_server_that_asks_for_our_certificate_says_so(
    authority: Authority, ca_file: Path
) -> None:
    context = server_context(authority.issue(), client_ca=ca_file)
    with serving(_fine, context) as server:
        trouble = only_trouble(await probed(server.url, ca_file))
    assert trouble.check == "client-certificate"
    assert "client_certificate" in trouble.remedy
    assert server.requests == []


async def test_our_certificate_is_shown_to_a_server_that_asks(
    authority: Authority, ca_file: Path
) -> None:
    ours: Issued = authority.issue("ours", for_client=True)
    certificate = ClientCertificate(ours.certificate, ours.key)
    with serving(_fine, server_context(authority.issue(), client_ca=ca_file)) as server:
        results = await probed(server.url, ca_file, certificate=certificate)
    assert {result.state for result in results} == {"ok"}


def test_a_certificate_that_is_damaged_is_read_or_refused_and_nothing_else(
    authority: Authority,
) -> None:
    whole = ssl.PEM_cert_to_DER_cert(authority.issue("whole").certificate.read_text())
    assert read_certificate(whole).issuer == "Throw-away CA of a test"
    chance = random.Random(20261126)  # noqa: S311 - the same damage in each run
    refused = 0
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_certificate(bytes(damaged))
        except ValueError:
            refused += 1
    assert refused > 100


def _issued_by(name: str) -> list[Certificate]:
    now = dt.datetime.now(dt.UTC)
    return [Certificate("node.example", name, ["node.example"], now, now, "00")]


@pytest.mark.parametrize(
    ("issuer", "product"),
    [
        ("mitmproxy", "mitmproxy"),
        ("Zscaler Inc., Zscaler Intermediate Root CA (zscalerthree.net) (t)", "Zscaler"),
        ("Fortinet, Certificate Authority, FG100FTK20001234", "FortiGate"),
        ("Palo Alto Networks, Forward-Trust", "Palo Alto Networks"),
        ("Blue Coat SG-S500 Series", "Blue Coat (Symantec)"),
        ("Sophos SSL CA_C1234567890", "Sophos"),
        ("ca.hospital.goskope.com", "Netskope"),
        ("Forcepoint LLC, Forcepoint Cloud CA", "Forcepoint"),
        ("Cisco, Cisco Umbrella Secondary SubCA fra-SG", "Cisco Umbrella"),
        ("McAfee Web Gateway", "Skyhigh (McAfee)"),
        ("Check Point Firewall CA", "Check Point"),
        ("Squid Proxy CA", "Squid"),
        ("AO Kaspersky Lab, Kaspersky Anti-Virus Personal Root Certificate", "Kaspersky"),
        ("ESET, spol. s r. o., ESET SSL Filter CA", "ESET"),
        ("SonicWALL Firewall DPI-SSL", "SonicWall"),
    ],
)
def test_inspecting_products_are_known_by_their_issuer(issuer: str, product: str) -> None:
    assert inspector_of(_issued_by(issuer)) == product


@pytest.mark.parametrize(
    "issuer",
    [
        "Let's Encrypt, R11",
        "GEANT Vereniging, GEANT OV RSA CA 4",
        "Hellenic Academic and Research Institutions CA, GEANT TLS RSA 1",
        "DigiCert Inc, DigiCert TLS RSA SHA256 2020 CA1",
        "Sectigo Limited, Sectigo RSA Organization Validation Secure Server CA",
        "Cisco Systems, HydrantID Server CA O1",
        "Cloudflare, Inc., Cloudflare Inc ECC CA-3",
        "eucaim-transfer sandbox CA",
        "Hospital Reset Root",
    ],
)
def test_public_and_house_authorities_are_no_inspectors(issuer: str) -> None:
    assert inspector_of(_issued_by(issuer)) == ""
