"""Both nodes behind proxies as hospitals have them: squid with a login, and one that reads along.

The node has a name that only squid can look up, so what arrives has come through it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from adapters.proxies import ProxyOptions, rules_from
from adapters.sandbox.ca import LOOPBACK, ThrowAwayCa
from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.sessions import Way, httpx_client, requests_session
from adapters.translate import translate
from tests.certificates import Authority
from tests.engine.bench import NODE, TRANSFER, Bench, bench
from tests.engine.xnat_bench import xnat_bench
from tests.faults.processes import await_until
from tests.real import mitm as inspecting
from tests.real.front import free_port
from tests.real.mitm import Mitm, mitm
from tests.real.squid import HIDDEN, PASSWORD, USERNAME, missing_software, squid
from transfer.errors import NEVER, ProxyRefused, TlsRefused, Unreachable

STACKS = pytest.mark.parametrize("stack", ["httpx", "requests"])
KINDS = pytest.mark.parametrize("kind", ["upv", "xnat"])
needs_squid = pytest.mark.skipif(bool(missing_software()), reason=missing_software())
needs_mitm = pytest.mark.skipif(
    bool(inspecting.missing_software()), reason=inspecting.missing_software()
)


def _hidden(ca: ThrowAwayCa) -> ssl.SSLContext:
    return ca.issue("hidden", names=(HIDDEN, *LOOPBACK)).context()


def _hide(url: str) -> str:
    return url.replace("127.0.0.1", HIDDEN)


@contextmanager
def _node_behind(
    kind: str, folder: Path, *, is_long: bool = False, **table: str
) -> Iterator[Bench]:
    """A transfer to a stand-in that goes by the name that only squid knows; nobody is signed in.

    One that `is_long` takes far more than ten seconds at 1 KB a second.
    """
    if kind == "upv":
        options = Options(context=_hidden)
        many = 24 if is_long else 8
        with bench(folder, instances=many, options=options, is_signed_in=False) as at:
            endpoints = at.sandbox.endpoints
            at.configure(
                dicomweb_url=_hide(endpoints.dicomweb_url),
                issuer_url=_hide(endpoints.issuer_url),
                **table,
            )
            yield at
    else:
        with xnat_bench(folder, side=64 if is_long else 8, context=_hidden) as at:
            at.program.environ = {}
            at.configure(url=_hide(at.sandbox.xnat_url), **table)
            yield at


def test_the_nodes_name_is_known_to_nobody_but_the_proxy() -> None:
    with pytest.raises(socket.gaierror, match=r".+"):
        socket.getaddrinfo(HIDDEN, 443)


@needs_squid
@KINDS
def test_a_whole_transfer_goes_through_a_proxy_that_wants_a_login(
    kind: str, tmp_path: Path
) -> None:
    """Sign-in, upload, and verification by the other HTTP stack, each in a process of its own."""
    with (
        squid(login="basic") as proxy,
        _node_behind(kind, tmp_path, proxy=proxy.url, proxy_username=USERNAME) as at,
    ):
        at.program.good("login", NODE, "--proxy-password", typed=f"{PASSWORD}\n")
        at.program.good("login", NODE, typed="ingester\n")
        at.assert_all_arrived(at.upload())
        signed_in_and_sent = len(proxy.await_asked(2))
        ran = at.program.good("verify", TRANSFER)
        asked = proxy.await_asked(signed_in_and_sent + 1)
        ports = {at.sandbox.port, at.sandbox.xnat_port}
    assert PASSWORD not in ran.out + ran.err
    assert {(a.method, a.status, a.user) for a in asked} == {("CONNECT", 200, USERNAME)}
    assert {a.target.rpartition(":")[0] for a in asked} == {HIDDEN}
    assert {int(a.target.rpartition(":")[2]) for a in asked} < ports


@needs_squid
@KINDS
def test_a_detached_runner_finds_the_proxy_and_its_password_is_in_nobodys_environment(
    kind: str, tmp_path: Path
) -> None:
    """The address with the password stands in the operator's shell, as many have it."""
    with squid(login="basic") as proxy, _node_behind(kind, tmp_path) as at:
        secret = quote(PASSWORD, safe="")
        address = proxy.url.replace("://", f"://{USERNAME}:{secret}@")
        at.program.environ = {"HTTPS_PROXY": address}
        at.program.good("login", NODE, typed="ingester\n")
        at.program.good("upload", TRANSFER, "--detach", "--bwlimit", "1K")
        pid = at.status()["runner"]["pid"]
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        at.program.good("limit", TRANSFER, "none")
        await_until(lambda: at.status()["state"] == "done", "everything has arrived")
        asked = proxy.await_asked(2)
        everything = b"".join(
            file.read_bytes() for file in at.program.home.rglob("*") if file.is_file()
        )
    assert f"HTTPS_PROXY=http://{USERNAME}@127.0.0.1".encode() in environ
    for text in (PASSWORD, secret):
        assert text.encode() not in environ + everything
    assert {(a.status, a.user) for a in asked} == {(200, USERNAME)}


@needs_squid
@KINDS
def test_a_proxy_that_is_restarted_in_mid_upload_costs_no_instance(
    kind: str, tmp_path: Path
) -> None:
    port = free_port()
    table: dict[str, object] = {"max_batch_instances": 1, "max_concurrency": 1}
    address = f"http://127.0.0.1:{port}"
    with _node_behind(kind, tmp_path, is_long=True, proxy=address) as at:
        at.configure(**table)
        with squid(port=port):
            at.program.good("login", NODE, typed="ingester\n")
            at.program.good("upload", TRANSFER, "--detach", "--bwlimit", "1K")
            await_until(lambda: at.counts()["sent"] > 0, "the first instance has gone")
        # Every tunnel is gone, and nobody opens another.
        assert at.counts()["sent"] < len(at.images)
        at.program.good("limit", TRANSFER, "none")
        with squid(port=port) as again:
            await_until(lambda: at.status()["state"] == "done", "everything has arrived")
            at.assert_all_arrived(at.program.good("verify", TRANSFER))
            assert {a.status for a in again.await_asked(1)} == {200}


@needs_squid
@KINDS
def test_without_a_login_nothing_is_sent_and_the_proxy_is_named(kind: str, tmp_path: Path) -> None:
    with squid(login="basic") as proxy, _node_behind(kind, tmp_path, proxy=proxy.url) as at:
        ran = at.program.run("login", NODE, typed="ingester\n")
        asked = proxy.await_asked(1)
        assert at.received() == [0] * len(at.images)
    assert ran.code == 6, str(ran)
    assert "asks for a login (Basic), and none is set up; nothing was sent." in ran.err
    assert f"eucaim-transfer login {NODE} --proxy-password" in ran.err
    assert {a.status for a in asked} == {407}


@needs_squid
@KINDS
def test_a_wrong_proxy_password_is_shown_to_the_proxy_once(kind: str, tmp_path: Path) -> None:
    with (
        squid(login="basic") as proxy,
        _node_behind(kind, tmp_path, proxy=proxy.url, proxy_username=USERNAME) as at,
    ):
        at.program.good("login", NODE, "--proxy-password", typed="a-wrong-word\n")
        ran = at.program.run("login", NODE, typed="ingester\n")
        asked = proxy.await_asked(1)
    assert ran.code == 6, str(ran)
    assert "does not accept the login (Basic)" in ran.err
    assert "a-wrong-word" not in ran.out + ran.err
    assert [a.status for a in asked] == [407]


@needs_squid
@KINDS
def test_an_exempted_node_is_reached_without_asking_the_proxy(kind: str, tmp_path: Path) -> None:
    with squid(login="basic") as proxy, _node_behind(kind, tmp_path) as at:
        endpoints = at.sandbox.endpoints
        if kind == "upv":
            at.configure(dicomweb_url=endpoints.dicomweb_url, issuer_url=endpoints.issuer_url)
        else:
            at.configure(url=at.sandbox.xnat_url)
        at.program.environ = {
            "HTTPS_PROXY": proxy.url,
            "NO_PROXY": "127.0.0.0/8",
            "EUCAIM_TRANSFER_PASSWORD": "ingester",
        }
        at.assert_all_arrived(at.upload())
        at.program.environ = {"HTTPS_PROXY": proxy.url}
        # squid writes in the order in which tunnels end: what comes last shows that it was first.
        assert at.program.run("login", NODE, typed="ingester\n").code == 6
        assert [a.status for a in proxy.await_asked(1)] == [407]


async def _get(stack: str, url: str, way: Way) -> int:
    """The status of one GET, or the error that an adapter would raise."""
    try:
        if stack == "httpx":
            async with httpx_client(way) as client:
                return (await client.get(url)).status_code

        def blocking() -> int:
            with requests_session(url, way) as session:
                return session.get(url).status_code

        return await asyncio.to_thread(blocking)
    except Exception as problem:
        translated = translate(problem, way.node)
        if translated is None:
            raise
        raise translated from problem


def _way(proxy_url: str, ca_file: Path, username: str = "", password: str = "") -> Way:
    rules = rules_from({}, password, ProxyOptions(proxy_url, username=username), "a-node")
    return Way("a-node", ca_file, proxies=rules)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with in_thread(Options(context=_hidden)) as running:
        yield running


@needs_squid
@STACKS
async def test_a_windows_login_is_named_with_the_relay_that_can_give_it(
    stack: str, tmp_path: Path
) -> None:
    with squid(login="windows") as proxy:
        way = _way(proxy.url, Authority(tmp_path).ca_file, USERNAME, PASSWORD)
        with pytest.raises(ProxyRefused, match="cannot give") as refused:
            await _get(stack, f"https://{HIDDEN}/", way)
    assert refused.value.finding == "proxy-scheme"
    assert ": Negotiate (Kerberos) or NTLM." in refused.value.what
    assert "cntlm or px" in refused.value.remedy


@needs_squid
@STACKS
async def test_a_port_that_the_proxy_does_not_open_is_named_for_its_administrator(
    stack: str, tmp_path: Path
) -> None:
    with squid(forbidden=[8443]) as proxy:
        way = _way(proxy.url, Authority(tmp_path).ca_file)
        with pytest.raises(ProxyRefused, match="HTTP 403") as refused:
            await _get(stack, f"https://{HIDDEN}:8443/", way)
    assert refused.value.finding == "proxy-forbids"
    assert refused.value.retry == NEVER
    assert f"allow CONNECT from this machine to {HIDDEN}:8443" in refused.value.remedy


@needs_squid
@STACKS
async def test_a_node_that_squid_cannot_reach_is_not_blamed_on_squid(
    stack: str, tmp_path: Path
) -> None:
    with squid() as proxy:
        way = _way(proxy.url, Authority(tmp_path).ca_file)
        with pytest.raises(ProxyRefused, match="HTTP 503") as refused:
            await _get(stack, f"https://{HIDDEN}:9/", way)
    assert refused.value.finding == "proxy-no-way"
    assert refused.value.retry.allowed is True


@needs_squid
@STACKS
async def test_a_proxy_that_speaks_tls_itself_is_used(
    stack: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    with squid(login="basic", certificate=sandbox.ca.issue("proxy")) as proxy:
        way = _way(proxy.tls_url, sandbox.ca_file, USERNAME, PASSWORD)
        url = _hide(sandbox.endpoints.dicomweb_url)
        assert await _get(stack, f"{url}/studies", way) == 401
        asked = proxy.await_asked(1)
        stranger = Authority(tmp_path).ca_file
        with pytest.raises(ProxyRefused, match="authority") as refused:
            await _get(stack, f"{url}/studies", _way(proxy.tls_url, stranger, "us", "word"))
    assert [(a.method, a.status, a.user) for a in asked] == [("CONNECT", 200, USERNAME)]
    assert refused.value.finding == "proxy-tls"


@pytest.fixture(scope="module")
def inspected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Mitm]]:
    folder = tmp_path_factory.mktemp("mitm") / "own"
    with in_thread() as running, mitm(folder, running.ca_file) as proxy:
        yield running, proxy


@needs_mitm
@STACKS
async def test_a_proxy_that_reads_along_is_refused_without_its_authority(
    stack: str, inspected: tuple[Sandbox, Mitm]
) -> None:
    sandbox, proxy = inspected
    url = f"{sandbox.endpoints.dicomweb_url}/refused-{stack}"
    with pytest.raises(TlsRefused, match="does not trust; nothing was sent") as refused:
        await _get(stack, url, _way(proxy.url, sandbox.ca_file))
    assert refused.value.finding == "unknown-ca"
    assert "If the node or your proxy has its own CA" in refused.value.remedy
    assert [line for line in proxy.read() if url in line] == []


@needs_mitm
@STACKS
async def test_a_proxy_that_reads_along_is_used_with_its_authority_and_tls_1_3_on_both_hops(
    stack: str, inspected: tuple[Sandbox, Mitm]
) -> None:
    """Ours offers nothing older, and the stand-in takes nothing older."""
    sandbox, proxy = inspected
    url = f"{sandbox.endpoints.dicomweb_url}/studies?{stack}"
    assert await _get(stack, url, _way(proxy.url, proxy.ca_file)) == 401
    assert [line for line in proxy.read() if line == f"GET {url}"] == [f"GET {url}"]


@needs_mitm
@KINDS
def test_a_whole_transfer_goes_through_a_proxy_that_reads_along(kind: str, tmp_path: Path) -> None:
    made = bench(tmp_path) if kind == "upv" else xnat_bench(tmp_path)
    with made as at, mitm(tmp_path / "mitm", at.sandbox.ca_file) as proxy:
        at.configure(proxy=proxy.url, ca_file=str(proxy.ca_file))
        at.assert_all_arrived(at.upload())
        methods = {line.split()[0] for line in proxy.read()}
        hosts = {urlsplit(line.split()[1]).netloc for line in proxy.read()}
        port = at.sandbox.port if kind == "upv" else at.sandbox.xnat_port
    assert {"GET", "POST"} <= methods
    assert hosts == {f"127.0.0.1:{port}"}


@needs_mitm
@STACKS
async def test_a_proxy_that_breaks_tls_1_3_on_our_side_is_refused(
    stack: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """mitmproxy hangs up without a TLS alert; which hop it was, the doctor finds out."""
    with mitm(tmp_path / "mitm", sandbox.ca_file, most="TLS1_2") as proxy:
        way = _way(proxy.url, proxy.ca_file)
        with pytest.raises(Unreachable, match="cut off before it was secure") as refused:
            await _get(stack, sandbox.endpoints.dicomweb_url, way)
        assert proxy.read() == []
    assert refused.value.reached_node is False
    assert "may not let TLS 1.3 through" in refused.value.remedy


@needs_mitm
@STACKS
async def test_a_proxy_that_breaks_tls_1_3_on_the_nodes_side_gets_no_answer_from_the_node(
    stack: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    """mitmproxy then answers by itself: that is a fault of the way, and no answer of the node."""
    with mitm(tmp_path / "mitm", sandbox.ca_file, upstream_most="TLS1_2") as proxy:
        way = _way(proxy.url, proxy.ca_file)
        assert await _get(stack, sandbox.endpoints.dicomweb_url, way) == 502
    assert list(sandbox.crashes) == []
