"""What a proxy in between says, and why there is one: every refusal made for real."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.adapters.connect_proxy import connect_proxy, refusing
from tests.adapters.probe.asking import black_hole, closed_port, lines, only_trouble, probed
from tests.adapters.tls_server import Reply, Request, server_context, serving
from tests.certificates import Authority

NODE = "https://node.example"


def _fine(_: Request) -> Reply:
    return Reply(200, b"[]")


async def test_the_proxy_is_named_with_the_setting_that_names_it(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server, connect_proxy() as proxy:
        results = await probed(server.url, ca_file, environ={"HTTPS_PROXY": proxy.url})
    assert lines(results)[:4] == [
        ("proxy", "ok"),
        ("proxy-reachable", "ok"),
        ("connect", "ok"),
        ("tls-version", "ok"),
    ]
    assert {result.state for result in results} == {"ok"}
    assert results[0].message == (
        f"The node is reached through the proxy 127.0.0.1:{proxy.port}: HTTPS_PROXY names it."
    )
    assert results[2].tried == (
        f"Asked the proxy 127.0.0.1:{proxy.port} to open the way to 127.0.0.1:{server.port} "
        "(CONNECT)."
    )


async def test_an_exemption_is_named_with_its_entry(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    environ = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "example, 127.0.0.0/8"}
    with serving(_fine, good_context) as server:
        results = await probed(server.url, ca_file, environ=environ)
    assert {result.state for result in results} == {"ok"}
    assert results[0].message == (
        "The node is reached without a proxy: NO_PROXY exempts the host by its entry 127.0.0.0/8."
    )


async def test_a_name_behind_a_proxy_is_the_proxys_to_look_up() -> None:
    with connect_proxy(refusing(403)) as proxy:
        results = await probed(NODE, environ={"HTTPS_PROXY": proxy.url})
    assert "dns" not in [result.check for result in results]


@pytest.mark.parametrize("status", [403, 405])
async def test_a_proxy_that_forbids_connect_names_what_to_ask_for(status: int) -> None:
    with connect_proxy(refusing(status)) as proxy:
        trouble = only_trouble(await probed(NODE, environ={"HTTPS_PROXY": proxy.url}))
    assert trouble.check == "connect"
    assert f"HTTP {status}" in trouble.message
    assert "allow CONNECT" in trouble.remedy
    assert "node.example:443" in trouble.remedy
    assert trouble.whom == "your network's administrator"
    assert trouble.exit_code == 6


async def test_a_proxy_that_asks_for_a_name_and_a_password_says_where_they_are_set() -> None:
    with connect_proxy(refusing(407, 'Basic realm="p"')) as proxy:
        trouble = only_trouble(await probed(NODE, environ={"HTTPS_PROXY": proxy.url}))
    assert trouble.check == "connect"
    assert "asks for a login (Basic), and none is set up" in trouble.message
    assert "proxy.password" in trouble.remedy
    assert trouble.whom == "you"
    assert trouble.answer == "HTTP 407, asks for: Basic"


async def test_a_refused_login_is_told_without_it_and_shown_to_the_proxy_once() -> None:
    with connect_proxy(refusing(407, 'Basic realm="p"')) as proxy:
        environ = {"HTTPS_PROXY": proxy.url.replace("://", "://somebody@")}
        results = await probed(NODE, environ=environ, password="the-secret")
    trouble = only_trouble(results)
    assert trouble.check == "connect"
    assert "does not accept the login (Basic)" in trouble.message
    assert trouble.whom == "you"
    assert len(proxy.heads) == 1
    told = " ".join(f"{r.message}{r.remedy}{r.tried}{r.answer}" for r in results)
    assert "the-secret" not in told
    assert "somebody" not in told


@pytest.mark.parametrize(
    ("challenges", "named"),
    [
        (["NTLM"], "NTLM"),
        (["Negotiate", "NTLM"], "Negotiate (Kerberos) or NTLM"),
        (["Kerberos"], "Kerberos"),
    ],
)
async def test_a_login_that_this_program_cannot_do_is_named_with_the_remedy(
    challenges: list[str], named: str
) -> None:
    with connect_proxy(refusing(407, *challenges)) as proxy:
        trouble = only_trouble(await probed(NODE, environ={"HTTPS_PROXY": proxy.url}))
    assert trouble.check == "connect"
    assert f"asks for a login that this program cannot give: {named}" in trouble.message
    assert "cntlm or px" in trouble.remedy
    assert trouble.whom == "your network's administrator"


async def test_a_proxy_that_cannot_reach_the_node_is_told_apart_from_one_that_forbids() -> None:
    with connect_proxy(refusing(503)) as proxy:
        trouble = only_trouble(await probed(NODE, environ={"HTTPS_PROXY": proxy.url}))
    assert trouble.check == "connect"
    assert "could not open the way to node.example:443 (HTTP 503)" in trouble.message
    assert trouble.whom == "your network's administrator"


async def test_a_proxy_that_is_not_there_is_told_apart_from_the_node() -> None:
    with closed_port() as port:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        trouble = only_trouble(await probed(NODE, environ=environ))
    assert trouble.check == "proxy-reachable"
    assert trouble.message == f"The proxy 127.0.0.1:{port} refuses connections."
    assert trouble.whom == "your network's administrator"


async def test_a_proxy_that_does_not_answer_at_all_is_told_apart_from_one_that_refuses() -> None:
    with black_hole() as port:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
        trouble = only_trouble(await probed(NODE, environ=environ, seconds=0.5))
    assert trouble.check == "proxy-reachable"
    assert trouble.message == f"The proxy 127.0.0.1:{port} does not answer."


async def test_a_proxy_whose_name_nobody_knows_is_a_finding_of_the_name_service() -> None:
    environ = {"HTTPS_PROXY": "http://no-such-proxy.invalid:3128"}
    trouble = only_trouble(await probed(NODE, environ=environ))
    assert trouble.check == "dns"
    assert "no-such-proxy.invalid" in trouble.message


@pytest.mark.parametrize(
    "answer", [None, b"SSH-2.0-something\r\n\r\n", b""], ids=["silence", "no-http", "hang-up"]
)
async def test_what_is_no_proxy_is_told(answer: bytes | None) -> None:
    with connect_proxy(answer) as proxy:
        environ = {"HTTPS_PROXY": proxy.url}
        trouble = only_trouble(await probed(NODE, environ=environ, seconds=0.5))
    assert trouble.check == "connect"
    assert f"127.0.0.1:{proxy.port}" in trouble.message


async def test_a_proxy_that_speaks_tls_is_passed_by_tls(
    authority: Authority, good_context: ssl.SSLContext
) -> None:
    with (
        serving(_fine, good_context) as server,
        connect_proxy(context=server_context(authority.issue())) as proxy,
    ):
        results = await probed(server.url, authority.ca_file, environ={"HTTPS_PROXY": proxy.url})
    assert {result.state for result in results} == {"ok"}
    assert ("connect", "ok") in lines(results)


async def test_a_proxy_of_plain_http_under_an_https_address_is_told(ca_file: Path) -> None:
    with connect_proxy(refusing(400)) as proxy:
        environ = {"HTTPS_PROXY": f"https://127.0.0.1:{proxy.port}"}
        trouble = only_trouble(await probed(NODE, ca_file, environ=environ))
    assert trouble.check == "proxy-tls"
    assert "http://" in trouble.remedy
    assert proxy.heads == [] or b"CONNECT" not in proxy.heads[0]
