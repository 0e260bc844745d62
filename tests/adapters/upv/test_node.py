"""The UPV node as a whole: what the doctor says of it, and what it promises as a `Node`."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.adapters.tls_server import Reply, Request, server_context, serving
from tests.adapters.upv.instances import SERIES
from tests.adapters.upv.issuer import jwt
from tests.adapters.upv.nodes import node_at
from tests.certificates import Authority
from tests.examining import examined
from transfer.errors import NodeFault, NotSupported, SignInExpired, SignInRefused
from transfer.node import CheckResult, Node
from transfer.values import SOPInstanceUID

UID = SOPInstanceUID("1.2.3.4.5")


def _lines(results: object) -> list[tuple[str, str]]:
    assert isinstance(results, list)
    assert all(isinstance(result, CheckResult) for result in results)
    return [(result.check, result.state) for result in results]


def _empty_list(_: Request) -> Reply:
    return Reply(200, b"[]")


def _bearer(token: str, then: Callable[[Request], Reply] = _empty_list) -> Callable[..., Reply]:
    def script(request: Request) -> Reply:
        return then(request) if request.headers.get("authorization") == token else Reply(401)

    return script


async def test_a_upv_node_is_a_node(ca_file: Path, tmp_path: Path) -> None:
    node: Node = node_at("https://127.0.0.1:1", ca_file, tmp_path)
    assert node.name == "n"
    await node.aclose()


async def test_a_healthy_node_gets_a_clean_bill(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(_empty_list, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        results = await examined(node)
        await node.aclose()
    assert _lines(results) == [
        ("configuration", "ok"),
        ("proxy", "ok"),
        ("reachable", "ok"),
        ("tls-version", "ok"),
        ("certificate", "ok"),
        ("answer", "ok"),
        ("round-trip", "ok"),
        ("limits", "ok"),
        ("upload-rate", "ok"),
        ("sign-in", "ok"),
        ("listing", "ok"),
    ]
    assert "TLSv1.3" in results[3].message
    assert "29 days" in results[4].message


async def test_the_first_question_goes_without_a_credential(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(_bearer("Bearer abc"), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path, auth="token", secrets={"n.token": "abc"})
        assert _lines(await examined(node))[-1] == ("listing", "ok")
        await node.aclose()
    assert "authorization" not in server.requests[0].headers
    assert server.requests[-1].headers["authorization"] == "Bearer abc"


async def test_a_certificate_that_ends_soon_is_a_warning(
    authority: Authority, tmp_path: Path
) -> None:
    context = server_context(authority.issue("soon", valid_until_days=5))
    with serving(_empty_list, context) as server:
        node = node_at(server.url, authority.ca_file, tmp_path)
        results = await examined(node)
        await node.aclose()
    certificate = next(result for result in results if result.check == "certificate")
    assert certificate.state == "warn"
    assert "4 days" in certificate.message


async def test_an_unknown_ca_ends_the_examination_before_any_credential(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger", "A stranger")
    with serving(_empty_list, server_context(stranger.issue())) as server:
        node = node_at(
            server.url, authority.ca_file, tmp_path, auth="token", secrets={"n.token": "abc"}
        )
        results = await examined(node)
        await node.aclose()
    assert _lines(results)[-2:] == [("reachable", "ok"), ("certificate", "fail")]
    assert results[-1].exit_code == 6
    assert "ca_file" in results[-1].remedy
    assert bytes(server.received) == b""


async def test_a_node_that_is_not_there_is_unreachable(ca_file: Path, tmp_path: Path) -> None:
    node = node_at("https://127.0.0.1:1", ca_file, tmp_path)
    results = await examined(node)
    await node.aclose()
    assert _lines(results) == [("configuration", "ok"), ("proxy", "ok"), ("reachable", "fail")]
    assert results[-1].exit_code == 6


async def test_plain_http_is_a_finding_of_its_own(ca_file: Path, tmp_path: Path) -> None:
    node = node_at("http://127.0.0.1:1", ca_file, tmp_path)
    results = await examined(node)
    await node.aclose()
    assert _lines(results) == [("configuration", "ok"), ("tls", "fail")]


async def test_a_missing_ca_file_is_a_line_and_no_crash(tmp_path: Path) -> None:
    node = node_at("https://127.0.0.1:1", tmp_path / "absent.pem", tmp_path)
    results = await examined(node)
    await node.aclose()
    assert [(r.state, r.exit_code) for r in results] == [("fail", 2)]


@pytest.mark.parametrize(("status", "state"), [(403, "fail"), (404, "warn"), (405, "warn")])
async def test_a_node_that_will_not_list_is_told_apart_from_one_that_cannot(
    status: int, state: str, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(lambda _: Reply(status), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        results = await examined(node)
        await node.aclose()
    assert results[-1].state == state
    assert results[-1].remedy != ""


async def test_nobody_signed_in_is_a_failure_with_the_command(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(_empty_list, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path, auth="token")
        results = await examined(node)
        await node.aclose()
    assert _lines(results)[-1] == ("sign-in", "fail")
    assert results[-1].exit_code == 5
    assert "login n" in results[-1].remedy


@pytest.mark.parametrize(
    ("auth", "secrets", "kind"),
    [
        ("token", {"n.token": "wrong"}, SignInExpired),
        ("basic", {"n.username": "us", "n.password": "wrong"}, SignInRefused),
    ],
)
async def test_signing_in_with_a_wrong_secret_is_refused_by_the_node_itself(
    auth: str,
    secrets: dict[str, str],
    kind: type[Exception],
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    with serving(_bearer("Bearer right"), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path, auth=auth, secrets=secrets)
        with pytest.raises(kind, match="does not accept"):
            await node.sign_in()
        await node.aclose()
    assert len(server.requests) == 1


def _realm(request: Request) -> Reply:
    """Issuer and node on one server, over real TLS."""
    base = f"https://{request.headers['host']}/realm"
    if request.target.endswith("/.well-known/openid-configuration"):
        return Reply(200, json.dumps({"issuer": base, "token_endpoint": f"{base}/t"}).encode())
    if request.target == "/realm/t":
        form = parse_qs(request.body.decode())
        if form.get("password") != ["right"]:
            return Reply(401, b'{"error": "invalid_grant"}')
        token = jwt(preferred_username="us", groups=["authorized-technical-data-manager"])
        answer = {"access_token": token, "refresh_token": "r", "expires_in": 300}
        return Reply(200, json.dumps(answer).encode())
    return _empty_list(request) if "authorization" in request.headers else Reply(401)


@pytest.mark.parametrize(("password", "last"), [("right", "ok"), ("wrong", "fail")])
async def test_a_sign_in_by_password_is_examined_with_its_roles(
    password: str,
    last: str,
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    with serving(_realm, good_context) as server:
        node = node_at(
            server.url,
            ca_file,
            tmp_path,
            auth="password",
            extra=f'issuer_url = "{server.url}/realm"\nusername = "us"',
            secrets={"n.password": password},
        )
        results = await examined(node)
        if last == "ok":
            identity = await node.sign_in()
            assert (identity.username, identity.roles) == ("us", ["Data ingester"])
        await node.aclose()
    sign_in = next(result for result in results if result.check == "sign-in")
    assert sign_in.state == last
    assert ("Data ingester" in sign_in.message) is (last == "ok")
    # The front of the issuer is asked as well, and by name; the way there is the same.
    assert [r.message for r in results if r.check == "answer"] == [
        "The node answers.",
        "The sign-in service answers.",
    ]
    assert [r.check for r in results].count("reachable") == 1


async def test_destinations_are_those_of_the_configuration(ca_file: Path, tmp_path: Path) -> None:
    node = node_at(
        "https://127.0.0.1:1", ca_file, tmp_path, extra='destinations = ["LUNG|CT", "LUNG"]'
    )
    assert [(d.key, d.title) for d in await node.destinations()] == [
        ("LUNG|CT", "LUNG / CT"),
        ("LUNG", "LUNG"),
    ]
    await node.aclose()


STORED = b"\0" * 128 + b"DICM--x\r\n--x--\r\n" + bytes(range(256))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (
            'multipart/related; type="application/dicom"; boundary=x',
            b"--x\r\nContent-Type: application/dicom\r\n\r\n" + STORED + b"\r\n--x--\r\n",
        ),
        (
            'multipart/related; boundary="x"; type="application/dicom"',
            b"preamble\r\n--x\r\nContent-Type: application/dicom; transfer-syntax=1\r\n\r\n"
            + STORED
            + b"\r\n--x--",
        ),
        ("application/dicom", STORED),
    ],
)
async def test_an_instance_comes_back_byte_for_byte(
    content_type: str,
    body: bytes,
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    with serving(
        lambda _: Reply(200, body, {"Content-Type": content_type}), good_context
    ) as server:
        node = node_at(server.url, ca_file, tmp_path)
        assert await node.retrieve_instance(SERIES, UID) == STORED
        await node.aclose()
    (request,) = server.requests
    assert request.target == "/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.5"
    assert "transfer-syntax=*" in request.headers["accept"]


@pytest.mark.parametrize(
    ("status", "content_type", "body", "kind"),
    [
        (404, "text/html", b"", NotSupported),
        (200, "text/html", b"<html>", NodeFault),
        (200, "multipart/related; boundary=x", b"--y\r\n\r\n\r\n--y--", NodeFault),
        (200, "multipart/related", b"--x\r\n\r\n\r\n--x--", NodeFault),
    ],
)
async def test_what_is_no_instance_is_not_given_out_as_one(
    status: int,
    content_type: str,
    body: bytes,
    kind: type[Exception],
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    with serving(
        lambda _: Reply(status, body, {"Content-Type": content_type}), good_context
    ) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(kind, match=r"\w+ \w+"):
            await node.retrieve_instance(SERIES, UID)
        await node.aclose()
