"""The TLS matrix: whoever is not certainly the node, by each way out, gets not one byte of ours.

Rows are what an attacker on the line or a careless administrator can show; columns are the ways of
`tests.attack.ways`. The server notes what reached the program behind its TLS layer: nothing may.
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.adapters.connect_proxy import connect_proxy
from tests.adapters.tls_server import Reply, Request, serving
from tests.attack.forge import Holder, issue, showing, signed_by_sha1, trust_file
from tests.attack.ways import PASSWORD, WAYS, Target, bulk, library
from transfer.errors import NodeError, TlsRefused

Shown = Callable[[Holder, Path], ssl.SSLContext]
# To make a server that speaks them is the point.
pytestmark = pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1:DeprecationWarning")
EACH_WAY = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
OLD = {
    "1.0": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1),
    "1.1": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1),
    "1.2": (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
    "1.0-to-1.2": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_2),
}


def _version(version: str) -> Shown:
    return lambda root, folder: showing(folder, issue(root), versions=OLD[version])


def _leaf(**fault: object) -> Shown:
    return lambda root, folder: showing(folder, issue(root, **fault))  # type: ignore[arg-type]


def _self_signed(root: Holder, folder: Path) -> ssl.SSLContext:
    return showing(folder, issue(None))


def _stranger(called: str) -> Shown:
    def shown(root: Holder, folder: Path) -> ssl.SSLContext:
        other = issue(None, called=called, is_ca=True)
        return showing(folder, issue(other), other)

    return shown


def _without_intermediate(root: Holder, folder: Path) -> ssl.SSLContext:
    middle = issue(root, called="in the middle", is_ca=True)
    return showing(folder, issue(middle))


def _cross_signed_by_a_stranger(root: Holder, folder: Path) -> ssl.SSLContext:
    middle = issue(root, called="in the middle", is_ca=True)
    stranger = issue(None, called="a stranger", is_ca=True)
    crossed = issue(stranger, called="in the middle", is_ca=True, key=middle.key)
    return showing(folder, issue(middle), crossed, stranger)


def _a_servers_certificate_as_authority(root: Holder, folder: Path) -> ssl.SSLContext:
    """Whoever has any certificate of the authority signs others with it."""
    anybody = issue(root, called="anybody", names=("anybody.example",))
    return showing(folder, issue(anybody), anybody)


def _intermediate(**fault: object) -> Shown:
    def shown(root: Holder, folder: Path) -> ssl.SSLContext:
        middle = issue(root, called="in the middle", is_ca=True, **fault)  # type: ignore[arg-type]
        return showing(folder, issue(middle), middle)

    return shown


def _small() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - that it is refused is the point


def _small_key(root: Holder, folder: Path) -> ssl.SSLContext:
    return showing(folder, issue(root, key=_small()))


def _small_key_of_intermediate(root: Holder, folder: Path) -> ssl.SSLContext:
    return _intermediate(key=_small())(root, folder)


def _weak_signature(root: Holder, folder: Path) -> ssl.SSLContext:
    return showing(folder, signed_by_sha1(root, folder))


def _asks_for_ours(root: Holder, folder: Path) -> ssl.SSLContext:
    context = showing(folder, issue(root))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(trust_file(folder, root))
    return context


# What is shown, and the finding by which it is refused.
MATRIX: dict[str, tuple[Shown, str]] = {
    "tls-1.0": (_version("1.0"), "tls-version"),
    "tls-1.1": (_version("1.1"), "tls-version"),
    "tls-1.2": (_version("1.2"), "tls-version"),
    "tls-1.0-to-1.2": (_version("1.0-to-1.2"), "tls-version"),
    "self-signed": (_self_signed, "unknown-ca"),
    "unknown-ca": (_stranger("a stranger"), "unknown-ca"),
    "unknown-ca-of-the-same-name": (_stranger("the root"), "unknown-ca"),
    "missing-intermediate": (_without_intermediate, "unknown-ca"),
    "cross-signed-by-a-stranger": (_cross_signed_by_a_stranger, "unknown-ca"),
    "server-as-authority": (_a_servers_certificate_as_authority, "tls-other"),
    "expired": (_leaf(days=(-9, -2)), "expired"),
    "expired-intermediate": (_intermediate(days=(-9, -2)), "expired"),
    "not-yet-valid": (_leaf(days=(2, 9)), "not-yet-valid"),
    "intermediate-not-yet-valid": (_intermediate(days=(2, 9)), "not-yet-valid"),
    "wrong-name": (_leaf(names=("other.example",)), "wrong-name"),
    "wrong-address": (_leaf(names=("127.0.0.2",)), "wrong-name"),
    "address-as-a-name": (_leaf(names=("dns:127.0.0.1",)), "wrong-name"),
    "wildcard-for-an-address": (_leaf(names=("dns:*.0.0.1",)), "wrong-name"),
    "wildcard-for-all": (_leaf(names=("dns:*",)), "wrong-name"),
    "common-name-alone": (_leaf(called="127.0.0.1", names=None), "wrong-name"),
    "common-name-beside-others": (_leaf(called="127.0.0.1", names=("o.example",)), "wrong-name"),
    "no-name-at-all": (_leaf(called="nobody", names=None), "wrong-name"),
    "outside-of-what-is-permitted": (_intermediate(permits=("10.0.0.0/8",)), "tls-other"),
    "within-what-is-excluded": (_intermediate(excludes=("127.0.0.0/8",)), "tls-other"),
    "for-clients": (_leaf(for_client=True), "tls-other"),
    "small-key": (_small_key, "tls-other"),
    "small-key-of-intermediate": (_small_key_of_intermediate, "tls-other"),
    "sha1-signature": (_weak_signature, "tls-other"),
    "asks-for-our-certificate": (_asks_for_ours, "client-certificate"),
}


def _must_not_be_asked(request: Request) -> Reply:
    return Reply(500)


@EACH_WAY
@pytest.mark.parametrize("shown", MATRIX)
async def test_who_is_not_certainly_the_node_gets_no_byte(
    shown: str, way: Callable[[Target], Awaitable[None]], root: Holder, folder: Path
) -> None:
    show, finding = MATRIX[shown]
    context = show(root, folder)
    with (
        serving(_must_not_be_asked, context) as server,
        pytest.raises(TlsRefused) as refused,
    ):
        await way(Target(server.url, folder, trust_file(folder, root)))
    assert refused.value.finding == finding
    assert refused.value.reached_node is False
    assert server.connections >= 1
    assert bytes(server.received) == b""


@EACH_WAY
async def test_an_authority_that_has_expired_vouches_for_nobody(
    way: Callable[[Target], Awaitable[None]], folder: Path
) -> None:
    old = issue(None, called="an old root", is_ca=True, days=(-9, -2))
    context = showing(folder, issue(old))
    with (
        serving(_must_not_be_asked, context) as server,
        pytest.raises(TlsRefused) as refused,
    ):
        await way(Target(server.url, folder, trust_file(folder, old)))
    assert refused.value.finding == "expired"
    assert bytes(server.received) == b""


@EACH_WAY
async def test_a_proxy_that_answers_for_the_node_gets_no_byte(
    way: Callable[[Target], Awaitable[None]], root: Holder, folder: Path
) -> None:
    """It says 200 to CONNECT, as it should, and then shows a certificate of its own."""
    with (
        serving(_must_not_be_asked, _stranger("a stranger")(root, folder)) as server,
        connect_proxy(leads_to=server.port) as proxy,
    ):
        trusted, more = trust_file(folder, root), f'proxy = "{proxy.url}"'
        with pytest.raises(TlsRefused) as refused:
            await way(Target("https://node.example", folder, trusted, more))
    assert refused.value.finding == "unknown-ca"
    assert bytes(server.received) == b""
    assert proxy.heads[0].startswith(b"CONNECT node.example:443 HTTP/1.1\r\n")
    assert PASSWORD.encode() not in b"".join(proxy.heads)


WILDCARDS = [
    ("*.example", "a.example", False),
    ("*.example", "a.b.example", False),
    ("*.example", "example", False),
    ("*.a.example", "b.a.example", True),
    ("a*.example", "ab.example", False),
    ("*a.example", "ba.example", False),
    ("a.*.example", "a.b.example", False),
    ("*.*.example", "a.b.example", False),
    ("A.EXAMPLE", "a.example", True),
]


@pytest.mark.usefixtures("everywhere_here")
@pytest.mark.parametrize("way", [bulk, library], ids=lambda way: way.__name__)
@pytest.mark.parametrize(("name", "host", "is_meant"), WILDCARDS)
async def test_a_wildcard_stands_for_one_whole_label(
    name: str,
    host: str,
    is_meant: bool,
    way: Callable[[Target], Awaitable[None]],
    root: Holder,
    folder: Path,
) -> None:
    """RFC 6125 6.4.3; none stands before a name of one label."""
    context = showing(folder, issue(root, names=(f"dns:{name}",)))
    asked: list[Request] = []

    def note(request: Request) -> Reply:
        asked.append(request)
        return Reply(200, request.body[:0])

    with serving(note, context) as server:
        target = Target(f"https://{host}:{server.port}", folder, trust_file(folder, root))
        if is_meant:
            await way(target)
        else:
            with pytest.raises(TlsRefused, match="another host name"):
                await way(target)
    assert len(asked) == is_meant
    assert (server.received == b"") is not is_meant


@EACH_WAY
async def test_the_node_itself_is_spoken_to_through_an_intermediate(
    way: Callable[[Target], Awaitable[None]], root: Holder, folder: Path
) -> None:
    """The same chain as in the matrix, without a fault: it is not the test that refuses."""
    asked: list[Request] = []

    def note(request: Request) -> Reply:
        asked.append(request)
        return Reply(418, b"" if request.body else b"no")

    with serving(note, _intermediate()(root, folder)) as server, suppress(NodeError):
        await way(Target(server.url, folder, trust_file(folder, root)))
    assert len(asked) >= 1


async def test_a_session_offers_the_three_suites_of_tls_1_3_and_nothing_older() -> None:
    from adapters.tls import client_context

    context = client_context()
    offered = {suite["name"] for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.3"}
    assert offered == {
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_AES_128_GCM_SHA256",
    }
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
