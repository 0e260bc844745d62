"""Which way a request leaves the house, and what is said when that way is closed."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.proxies import (
    DIRECT,
    Because,
    Proxy,
    ProxyOptions,
    proxy_password,
    rules_from,
)
from adapters.sessions import Way, httpx_client, requests_session
from adapters.tls import ClientCertificate
from adapters.translate import translate
from adapters.tunnel import schemes_of
from tests.adapters.connect_proxy import connect_proxy, refusing
from tests.adapters.tls_server import Reply, Request, server_context, serving
from tests.certificates import Authority
from transfer.errors import NEVER, ProxyRefused, TlsRefused, UsageError

STACKS = pytest.mark.parametrize("stack", ["httpx", "requests"])

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
        ("10.0.0.0/8:8443", "10.1.2.3", 8443, True),
        ("10.0.0.0/8:8443", "10.1.2.3", 443, False),
        ("[fd00::]/8", "fd00::1", 443, True),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 443, True),
        ("https://node.example", "node.example", 443, False),
        ("10.0.0.0/8", "ten.example", 443, False),
        ("klinik-köln.example", "xn--klinik-kln-lcb.example", 443, True),
        ("xn--klinik-kln-lcb.example", "KLINIK-KÖLN.example", 443, True),
    ],
)
def test_no_proxy_names_hosts_suffixes_ports_and_address_ranges(
    no_proxy: str, host: str, port: int, is_direct: bool
) -> None:
    rules = rules_from({**PROXY, "NO_PROXY": no_proxy})
    assert (rules.decide(host, port).proxy is None) is is_direct


def test_without_a_proxy_every_host_is_reached_directly() -> None:
    assert rules_from({"NO_PROXY": "x"}) == DIRECT
    assert DIRECT.decide("node.example", 443).proxy is None


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_each_of_the_usual_variables_is_read(name: str) -> None:
    assert rules_from({name: "proxy.example:3128"}).proxy == Proxy("http://proxy.example:3128")


def test_the_lower_case_variable_goes_before_the_other_as_with_curl() -> None:
    rules = rules_from(
        {
            "https_proxy": "http://small.example:1",
            "HTTPS_PROXY": "http://big.example:1",
            "no_proxy": "small.example",
            "NO_PROXY": "big.example",
        }
    )
    assert rules.proxy == Proxy("http://small.example:1")
    assert rules.decide("big.example", 443).proxy == Proxy("http://small.example:1")
    assert rules.decide("small.example", 443).proxy is None


def test_http_proxy_alone_says_nothing_about_https() -> None:
    assert rules_from({"HTTP_PROXY": "http://proxy.example:3128"}) == DIRECT


@pytest.mark.parametrize(
    "value", ["socks5://p.example:1080", "http://", "http://p.example:port", "http://p .example"]
)
def test_a_proxy_address_that_cannot_be_used_is_a_usage_error(value: str) -> None:
    with pytest.raises(UsageError, match="proxy address"):
        rules_from({"HTTPS_PROXY": value})


def test_the_proxys_password_comes_from_the_secret_store_and_is_not_shown() -> None:
    rules = rules_from({"HTTPS_PROXY": "http://us@proxy.example:3128"}, "pass:word@")
    assert rules.proxy is not None
    assert rules.proxy.authorization == "Basic dXM6cGFzczp3b3JkQA=="
    assert "word" not in repr(rules)
    assert rules.proxy.url == "http://proxy.example:3128"


NAMED_HERE = ProxyOptions("http://own.example:3128")


@pytest.mark.parametrize(
    ("environ", "options", "proxy", "sentence"),
    [
        ({}, ProxyOptions(), None, "neither HTTPS_PROXY, ALL_PROXY nor config.toml names one"),
        (PROXY, ProxyOptions(), "http://proxy.example:3128", "HTTPS_PROXY names it"),
        (PROXY, ProxyOptions("none"), None, 'proxy of [nodes.upv] is "none"'),
        (PROXY, NAMED_HERE, "http://own.example:3128", "proxy of [nodes.upv] names it"),
        (
            {**PROXY, "NO_PROXY": "*"},
            NAMED_HERE,
            "http://own.example:3128",
            "proxy of [nodes.upv] names it",
        ),
        (
            {**PROXY, "no_proxy": "a.example, .example"},
            ProxyOptions(),
            None,
            "no_proxy exempts the host by its entry .example",
        ),
        (
            {**PROXY, "NO_PROXY": "else.example"},
            ProxyOptions(no_proxy=("node.example:443",)),
            None,
            "no_proxy of [nodes.upv] exempts the host by its entry node.example:443",
        ),
    ],
)
def test_a_decision_says_which_setting_made_it(
    environ: dict[str, str], options: ProxyOptions, proxy: str | None, sentence: str
) -> None:
    decision = rules_from(environ, options=options, node="upv").decide("node.example", 443)
    assert (decision.proxy.url if decision.proxy else None) == proxy
    assert str(decision.because) == sentence


def test_the_exempting_entry_is_data_as_well() -> None:
    decision = rules_from({**PROXY, "NO_PROXY": "10.0.0.0/8"}).decide("10.1.2.3", 443)
    assert decision.because == Because("exempt", "NO_PROXY", "10.0.0.0/8")


def test_a_nodes_own_password_goes_before_the_one_for_all() -> None:
    stored = {"upv.proxy.password": "own", "proxy.password": "all"}
    assert proxy_password(stored.get, "upv") == "own"
    assert proxy_password(stored.get, "other") == "all"
    assert proxy_password(stored.get) == "all"


def test_another_name_is_not_given_the_password_that_stands_in_the_address() -> None:
    environ = {"HTTPS_PROXY": "http://somebody:theirs@proxy.example:3128"}
    rules = rules_from(environ, "ours", ProxyOptions(username="us"))
    assert rules.proxy == Proxy("http://proxy.example:3128", "us", "ours")


@pytest.mark.parametrize(
    ("address", "authorization"),
    [
        ("http://us@proxy.example", None),
        ("http://token:@proxy.example", "Basic dG9rZW46"),
        ("http://us:word@proxy.example", "Basic dXM6d29yZA=="),
        ("http://proxy.example", None),
    ],
)
def test_a_password_that_nobody_gave_is_not_guessed(
    address: str, authorization: str | None
) -> None:
    rules = rules_from({"HTTPS_PROXY": address})
    assert rules.proxy is not None
    assert rules.proxy.authorization == authorization


def test_a_login_is_sent_in_utf_8_to_a_proxy_as_to_anybody() -> None:
    proxy = Proxy("http://p.example:1", "jörg", "pässword")
    assert proxy.authorization is not None
    assert base64.b64decode(proxy.authorization.split()[1]).decode() == "jörg:pässword"


def _fine(_: Request) -> Reply:
    return Reply(body=b"fine")


async def _get(stack: str, url: str, way: Way) -> str:
    """One GET; the text, or the error that an adapter would raise."""
    try:
        if stack == "httpx":
            async with httpx_client(way) as client:
                return (await client.get(url)).text

        def blocking() -> str:
            with requests_session(url, way) as session:
                return session.get(url).text

        return await asyncio.to_thread(blocking)
    except Exception as problem:
        translated = translate(problem, way.node)
        if translated is None:
            raise
        raise translated from problem


async def _refused(stack: str, way: Way, url: str = "https://node.example/") -> ProxyRefused:
    with pytest.raises(ProxyRefused, match="proxy") as refused:
        await _get(stack, url, way)
    assert refused.value.reached_node is False
    assert refused.value.exit_code == 6
    return refused.value


def _through(url: str, ca_file: Path, username: str = "", password: str | None = "") -> Way:
    options = ProxyOptions(url, username=username)
    rules = rules_from({}, password, options, node="a-node")
    return Way("a-node", ca_file=ca_file, proxies=rules, connect_timeout_s=5)


@STACKS
@pytest.mark.parametrize(
    ("no_proxy", "host", "is_direct"),
    [
        ("", "127.0.0.1", False),
        ("*", "127.0.0.1", True),
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.1/32", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.0/8", "127.0.0.1", False),
        ("127.0.0.0/8:443", "127.0.0.1", False),
        ("0.0.1", "127.0.0.1", False),
        ("127.0.0.0/8", "localhost", False),
        ("localhost", "localhost", True),
        (".localhost", "localhost", True),
        ("*.localhost", "LOCALHOST", True),
        ("localhost.", "localhost", True),
        ("ocalhost", "localhost", False),
        ("localhost:443", "localhost", False),
        ("a.example,127.0.0.1", "127.0.0.1", True),
        ("a.example 127.0.0.1", "127.0.0.1", True),
    ],
)
async def test_both_stacks_read_no_proxy_alike(
    stack: str,
    no_proxy: str,
    host: str,
    is_direct: bool,
    ca_file: Path,
    good_context: ssl.SSLContext,
) -> None:
    """Each really connects: through the proxy, which sees it, or past the proxy."""
    with serving(_fine, good_context) as server, connect_proxy() as proxy:
        rules = rules_from({"HTTPS_PROXY": proxy.url, "NO_PROXY": no_proxy})
        way = Way(ca_file=ca_file, proxies=rules)
        assert await _get(stack, f"https://{host}:{server.port}/", way) == "fine"
    assert proxy.connections == (0 if is_direct else 1)
    assert server.connections == 1


@STACKS
@pytest.mark.parametrize("no_proxy", ["::1", "[::1]", "::/16", "[::1]:PORT"])
async def test_both_stacks_read_addresses_of_ipv6_alike(
    stack: str, no_proxy: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """Nobody listens there: the one that goes past the proxy is refused by the machine itself."""
    with socket.socket(socket.AF_INET6) as nobody:
        try:
            nobody.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6 on loopback: set net.ipv6.conf.lo.disable_ipv6=0")
        port = nobody.getsockname()[1]
        with connect_proxy() as proxy:
            listed = no_proxy.replace("PORT", str(port))
            way = Way(
                ca_file=ca_file,
                proxies=rules_from({"HTTPS_PROXY": proxy.url, "NO_PROXY": listed}),
            )
            with pytest.raises(Exception, match="cannot be reached"):
                await _get(stack, f"https://[::1]:{port}/", way)
    assert proxy.connections == 0


@STACKS
async def test_a_proxy_is_given_its_own_credential_and_only_the_nodes_address(
    stack: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server, connect_proxy() as proxy:
        way = _through(proxy.url, ca_file, "us", "wörd")
        assert await _get(stack, server.url, way) == "fine"
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert f"host: 127.0.0.1:{server.port}\r\n".encode() in proxy.heads[0].lower()
    assert b"Basic " + base64.b64encode("us:wörd".encode()) in proxy.heads[0]
    assert "proxy-authorization" not in server.requests[0].headers


@STACKS
async def test_a_proxy_that_wants_a_login_is_told_apart_from_the_node(
    stack: str, ca_file: Path
) -> None:
    with connect_proxy(refusing(407, 'Basic realm="web, all of it"')) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file))
    assert refused.finding == "proxy-login"
    assert refused.what == (
        f"The proxy 127.0.0.1:{proxy.port} asks for a login (Basic), and none is set up; "
        "nothing was sent."
    )
    assert refused.remedy == (
        "Set the name (proxy_username of [nodes.a-node] in config.toml) and the password "
        "(eucaim-transfer login a-node --proxy-password, or the secret proxy.password)."
    )
    assert refused.retry == NEVER


@STACKS
async def test_a_login_for_the_helpdesk_is_looked_for_in_its_own_table(
    stack: str, ca_file: Path
) -> None:
    with connect_proxy(refusing(407, "Basic")) as proxy:
        options = ProxyOptions(proxy.url, heading="[helpdesk]")
        way = Way("helpdesk", ca_file, proxies=rules_from({}, None, options))
        refused = await _refused(stack, way)
    assert refused.remedy == (
        "Set the name (proxy_username of [helpdesk] in config.toml) and the password (the secret "
        "proxy.password)."
    )


@STACKS
async def test_a_name_without_its_password_is_not_shown_to_the_proxy(
    stack: str, ca_file: Path
) -> None:
    with connect_proxy(refusing(407, "Basic")) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file, "us", None))
    assert "and its password is not known; nothing was sent." in refused.what
    assert refused.remedy == (
        "Give the password: eucaim-transfer login a-node --proxy-password, or the secret "
        "proxy.password."
    )
    assert b"Authorization" not in proxy.heads[0]


@STACKS
async def test_a_refused_proxy_password_is_not_tried_twice_and_not_told(
    stack: str, ca_file: Path
) -> None:
    with connect_proxy(refusing(407, "Negotiate", "Basic")) as proxy:
        way = _through(proxy.url, ca_file, "us", "s3cret")
        first = await _refused(stack, way)
        other = "requests" if stack == "httpx" else "httpx"
        second = await _refused(other, way, "https://other.example/")
    assert first.finding == "proxy-login"
    assert "does not accept the login" in first.what
    assert second is first
    assert proxy.connections == 1
    told = repr(first) + str(first) + first.remedy + repr(first.__cause__) + repr(way)
    assert "s3cret" not in told
    assert base64.b64encode(b"us:s3cret").decode() not in told


@STACKS
@pytest.mark.parametrize(
    ("challenges", "named"),
    [
        (("NTLM",), "NTLM"),
        (("Negotiate", "NTLM"), "Negotiate (Kerberos) or NTLM"),
        (("NTLM TlRMTVNTUAACAAAA, Negotiate",), "NTLM or Negotiate (Kerberos)"),
        (('Digest realm="a, Basic b", nonce="x", qop="auth"',), "Digest"),
        (("\x1b[2J evil",), "another kind"),
    ],
)
async def test_a_login_that_cannot_be_given_is_named_with_the_way_around(
    stack: str, challenges: tuple[str, ...], named: str, ca_file: Path
) -> None:
    with connect_proxy(refusing(407, *challenges)) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file, "us", "s3cret"))
    assert refused.finding == "proxy-scheme"
    assert refused.what == (
        f"The proxy 127.0.0.1:{proxy.port} asks for a login that this program cannot give: "
        f"{named}. Nothing was sent."
    )
    assert "cntlm or px" in refused.remedy
    assert "node.example:443 without a login" in refused.remedy
    assert refused.retry == NEVER


@STACKS
@pytest.mark.parametrize("status", [302, 400, 403, 404, 405])
async def test_a_proxy_that_forbids_connect_is_final_and_says_what_to_ask_for(
    stack: str, status: int, ca_file: Path
) -> None:
    with connect_proxy(refusing(status)) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file))
    assert refused.finding == "proxy-forbids"
    assert f"(HTTP {status})" in refused.what
    assert "allow CONNECT from this machine to node.example:443" in refused.remedy
    assert refused.retry == NEVER


@STACKS
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_node_that_the_proxy_cannot_reach_is_tried_again(
    stack: str, status: int, ca_file: Path
) -> None:
    with connect_proxy(refusing(status)) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file))
    assert refused.finding == "proxy-no-way"
    assert refused.what == (
        f"The proxy 127.0.0.1:{proxy.port} could not open the way to node.example:443 "
        f"(HTTP {status})."
    )
    assert refused.retry.allowed is True


@STACKS
async def test_a_proxy_that_keeps_silent_is_not_waited_for_as_long_as_an_answer(
    stack: str, ca_file: Path
) -> None:
    with connect_proxy(None) as proxy:
        way = Way("a-node", ca_file, proxies=rules_from({"HTTPS_PROXY": proxy.url}))
        way = replace(way, connect_timeout_s=0.3, read_timeout_s=200)
        refused = await _refused(stack, way)
    assert refused.finding == "proxy-no-way"
    assert "(no answer in time)" in refused.what
    assert refused.retry.allowed is True


@STACKS
@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x46", b""]
)
async def test_what_is_no_proxy_is_said_to_be_none(
    stack: str, answer: bytes, ca_file: Path
) -> None:
    with connect_proxy(answer) as proxy:
        refused = await _refused(stack, _through(proxy.url, ca_file))
    assert refused.finding == "proxy-answer"
    assert "proxy of [nodes.a-node] names a proxy" in refused.remedy


@STACKS
async def test_a_proxy_that_is_down_is_not_taken_for_the_node(stack: str, ca_file: Path) -> None:
    with connect_proxy() as proxy:
        way = _through(proxy.url, ca_file)
    refused = await _refused(stack, way)
    assert refused.finding == "proxy-unreachable"
    assert refused.what == (
        f"The proxy 127.0.0.1:{proxy.port} cannot be reached; the node was not asked."
    )
    assert refused.retry.allowed is True


@STACKS
async def test_a_proxy_whose_name_nobody_knows_is_named(stack: str, ca_file: Path) -> None:
    refused = await _refused(stack, _through("http://proxy.invalid:3128", ca_file))
    assert refused.finding == "proxy-unreachable"
    assert "proxy.invalid:3128 has a name that cannot be looked up" in refused.what


@STACKS
async def test_a_node_that_cannot_be_trusted_is_a_tls_finding_behind_a_proxy_as_well(
    stack: str, authority: Authority, ca_file: Path
) -> None:
    stranger = server_context(Authority(authority.folder / "stranger", "A stranger").issue())
    with (
        serving(_fine, stranger) as server,
        connect_proxy() as proxy,
        pytest.raises(TlsRefused, match="authority") as refused,
    ):
        await _get(stack, server.url, _through(proxy.url, ca_file))
    assert refused.value.finding == "unknown-ca"
    assert proxy.connections == 1


@STACKS
async def test_a_proxy_behind_tls_gets_its_login_and_the_node_its_own_tls(
    stack: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with (
        serving(_fine, good_context) as server,
        connect_proxy(context=good_context) as proxy,
    ):
        way = _through(proxy.url, ca_file, "us", "word")
        assert await _get(stack, server.url, way) == "fine"
    assert b"Basic " + base64.b64encode(b"us:word") in proxy.heads[0]
    assert server.connections == 1


@STACKS
async def test_our_certificate_is_for_the_node_and_not_for_a_proxy_behind_tls(
    stack: str, authority: Authority, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """A proxy that only asks for one gets none; the node behind it gets ours."""
    asking = server_context(authority.issue("asking"))
    asking.verify_mode = ssl.CERT_OPTIONAL
    asking.load_verify_locations(ca_file)
    strict = server_context(authority.issue("strict"), client_ca=ca_file)
    ours = authority.issue("ours", names=("us.example",), for_client=True)
    with serving(_fine, strict) as server, connect_proxy(context=asking) as proxy:
        way = replace(
            _through(proxy.url, ca_file),
            client_certificate=ClientCertificate(ours.certificate, ours.key),
        )
        assert await _get(stack, server.url, way) == "fine"
    assert proxy.certificates == [None]


@STACKS
@pytest.mark.parametrize("kind", ["stranger", "old", "other-name", "plain"])
async def test_a_proxy_behind_tls_that_cannot_be_trusted_gets_no_login(
    stack: str, kind: str, authority: Authority, ca_file: Path
) -> None:
    context: ssl.SSLContext | None = None
    if kind == "stranger":
        context = server_context(Authority(authority.folder / "s2", "Stranger").issue())
    elif kind == "old":
        context = server_context(authority.issue("old"), version=ssl.TLSVersion.TLSv1_2)
    elif kind == "other-name":
        context = server_context(authority.issue("o", names=("other.example",)))
    said = {
        "stranger": "signed by an authority that this machine does not trust",
        "old": "(tls-version)",
        "other-name": "(wrong-name)",
        "plain": "does not speak TLS itself",
    }
    with connect_proxy(refusing(400), context=context) as proxy:
        url = proxy.url.replace("http://", "https://")
        refused = await _refused(stack, _through(url, ca_file, "us", "word"))
    assert refused.finding == "proxy-tls"
    assert said[kind] in refused.what
    assert refused.retry == NEVER
    assert b"Authorization" not in b"".join(proxy.heads)


def test_the_schemes_of_several_headers_are_named_once_each() -> None:
    assert schemes_of(["Negotiate, NTLM", 'Basic realm="a, b"', "ntlm"]) == (
        "Negotiate (Kerberos)",
        "NTLM",
        "Basic",
    )
    assert schemes_of([]) == ()


@STACKS
async def test_the_environment_is_not_looked_at_by_the_libraries(
    stack: str, ca_file: Path, good_context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serving(_fine, good_context) as server:
        assert await _get(stack, server.url, Way(ca_file=ca_file)) == "fine"


@STACKS
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
