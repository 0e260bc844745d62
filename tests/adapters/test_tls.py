"""Each way in which a connection can be unworthy of trust, against both HTTP stacks.

Nothing of a request, its credential least of all, may reach the program behind a connection that
the policy refuses.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from cryptography.hazmat.primitives import serialization

from adapters.sessions import Way, httpx_client, requests_session
from adapters.tls import FINDINGS, ClientCertificate, client_context, explain, refusal
from adapters.translate import translate
from tests.adapters.tls_server import Reply, Request, server_context, serving
from tests.certificates import Authority
from transfer.errors import NodeError, TlsRefused, Unreachable, UsageError

Stack = Literal["httpx", "requests"]
SECRET = "Bearer do-not-lose-me"
BODY = b"bytes of a patient"


def _fine(request: Request) -> Reply:
    assert request.body is not None
    return Reply(body=b"fine")


async def _post(stack: Stack, url: str, way: Way) -> int:
    """One POST with credential and body; the status, or the error that an adapter would raise."""
    try:
        if stack == "httpx":
            async with httpx_client(way) as client:
                headers = {"Authorization": SECRET}
                return (await client.post(url, content=BODY, headers=headers)).status_code

        def blocking() -> int:
            with requests_session(url, way, lambda: SECRET) as session:
                return session.post(url, data=BODY).status_code

        return await asyncio.to_thread(blocking)
    except Exception as problem:
        translated = translate(problem, "a-node")
        if translated is None:
            raise
        raise translated from problem


async def _get(stack: Stack, url: str, way: Way) -> str:
    try:
        if stack == "httpx":
            async with httpx_client(way) as client:
                answer = await client.get(
                    url, headers={"Authorization": SECRET}, follow_redirects=True
                )
                return answer.text

        def blocking() -> str:
            with requests_session(url, way, lambda: SECRET) as session:
                return session.get(url).text

        return await asyncio.to_thread(blocking)
    except Exception as problem:
        translated = translate(problem, "a-node")
        if translated is None:
            raise
        raise translated from problem


def _tls_1_2(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("old"), version=ssl.TLSVersion.TLSv1_2)


def _wrong_name(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("other", names=("other.example",)))


def _wrong_address(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("address", names=("127.0.0.2",)))


def _unknown_ca(authority: Authority) -> ssl.SSLContext:
    return server_context(Authority(authority.folder / "stranger", "A stranger").issue())


def _expired(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("old", valid_from_days=-9, valid_until_days=-2))


def _not_yet_valid(authority: Authority) -> ssl.SSLContext:
    return server_context(authority.issue("early", valid_from_days=2, valid_until_days=9))


@pytest.mark.parametrize("stack", ["httpx", "requests"])
@pytest.mark.parametrize(
    ("finding", "make"),
    [
        ("tls-version", _tls_1_2),
        ("wrong-name", _wrong_name),
        ("wrong-name", _wrong_address),
        ("unknown-ca", _unknown_ca),
        ("expired", _expired),
        ("not-yet-valid", _not_yet_valid),
    ],
)
async def test_an_untrustworthy_server_is_refused_by_name_and_gets_no_byte(
    stack: Stack,
    finding: str,
    make: Callable[[Authority], ssl.SSLContext],
    authority: Authority,
) -> None:
    way = Way("a-node", ca_file=authority.ca_file)
    with (
        serving(_fine, make(authority)) as server,
        pytest.raises(TlsRefused, match="nothing was sent") as refused,
    ):
        await _post(stack, server.url, way)
    assert refused.value.finding == finding
    assert refused.value.node == "a-node"
    assert refused.value.reached_node is False
    assert server.connections >= 1
    assert bytes(server.received) == b""


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_trustworthy_server_is_spoken_to(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server:
        assert await _post(stack, server.url, Way(ca_file=ca_file)) == 200
    assert [request.headers["authorization"] for request in server.requests] == [SECRET]
    assert server.requests[0].body == BODY


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_plain_http_is_refused_before_anything_is_connected(stack: Stack) -> None:
    with serving(_fine, None) as server, pytest.raises(TlsRefused, match="not https") as refused:
        await _post(stack, server.url, Way())
    assert refused.value.finding == "plain-http"
    assert server.connections == 0


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_port_that_speaks_no_tls_gets_no_credential(stack: Stack, ca_file: Path) -> None:
    answering = _PlainTextAnswer()
    with answering as port, pytest.raises(TlsRefused, match="nothing was sent") as refused:
        await _post(stack, f"https://127.0.0.1:{port}", Way(ca_file=ca_file))
    assert refused.value.finding == "plain-http"
    assert answering.received != b""
    assert b"do-not-lose-me" not in answering.received
    assert b"of a patient" not in answering.received


@pytest.mark.parametrize("stack", ["httpx", "requests"])
@pytest.mark.parametrize("how", ["closed", "reset"])
async def test_a_handshake_that_is_cut_off_is_no_broken_request(
    stack: Stack, how: str, ca_file: Path
) -> None:
    """Some firewalls end a TLS 1.3 handshake without a word; nothing can have arrived then."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            connection, _ = listener.accept()
            assert connection.recv(65536)[:1] == b"\x16", "the handshake has begun"
            if how == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(Unreachable, match="cut off before it was secure") as cut:
            await _post(stack, url, Way(ca_file=ca_file))
        thread.join(20)
    assert cut.value.reached_node is False
    assert cut.value.retry.allowed is True


class _PlainTextAnswer:
    """A port that answers whatever comes with HTTP in plain text, as a web server would."""

    def __init__(self) -> None:
        self.received = b""
        self._stack = ExitStack()

    def __enter__(self) -> int:
        listener = self._stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def answer() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                self.received += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.shutdown(socket.SHUT_WR)
                while piece := connection.recv(65536):
                    self.received += piece

        self._thread = threading.Thread(target=answer)
        self._thread.start()
        port: int = listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._thread.join(20)
        self._stack.close()


def _redirect_to(target: str, status: int = 302) -> Callable[[Request], Reply]:
    def script(request: Request) -> Reply:
        assert request.body is not None
        if request.target == "/after":
            return Reply(body=b"arrived")
        return Reply(status, headers={"Location": target})

    return script


@pytest.mark.parametrize("stack", ["httpx", "requests"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_to_another_origin_is_refused_and_not_followed(
    stack: Stack, status: int, method: str, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    way = Way("a-node", ca_file=ca_file)
    ask = _get if method == "GET" else _post
    with serving(_fine, good_context) as foreign:
        target = f"{foreign.url}/after"
        with (
            serving(_redirect_to(target, status), good_context) as server,
            pytest.raises(TlsRefused, match="points to another address") as refused,
        ):
            await ask(stack, server.url, way)
    assert refused.value.finding == "foreign-redirect"
    assert len(server.requests) == 1
    assert foreign.connections == 0


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_redirect_from_https_to_http_on_the_same_host_is_refused(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    def downgrade(request: Request) -> Reply:
        return Reply(302, headers={"Location": f"http://{request.headers['host']}/after"})

    with (
        serving(downgrade, good_context) as server,
        pytest.raises(TlsRefused, match="points to another address") as refused,
    ):
        await _get(stack, server.url, Way(ca_file=ca_file))
    assert refused.value.finding == "foreign-redirect"
    assert len(server.requests) == 1


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_get_follows_a_redirect_within_its_origin(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_redirect_to("/after"), good_context) as server:
        assert await _get(stack, f"{server.url}/before", Way(ca_file=ca_file)) == "arrived"
    assert [request.target for request in server.requests] == ["/before", "/after"]


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_post_follows_no_redirect(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_redirect_to("/after", 307), good_context) as server:
        assert await _post(stack, server.url, Way(ca_file=ca_file)) == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_server_that_wants_our_certificate_is_named_as_such(
    stack: Stack, authority: Authority
) -> None:
    context = server_context(authority.issue("strict"), client_ca=authority.ca_file)
    with (
        serving(_fine, context) as server,
        pytest.raises(TlsRefused, match="client certificate") as refused,
    ):
        await _post(stack, server.url, Way(ca_file=authority.ca_file))
    assert refused.value.finding == "client-certificate"
    assert bytes(server.received) == b""


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_our_client_certificate_is_shown_where_it_is_configured(
    stack: Stack, authority: Authority
) -> None:
    ours = authority.issue("ours", names=("us.example",), for_client=True)
    context = server_context(authority.issue("strict"), client_ca=authority.ca_file)
    way = Way(
        ca_file=authority.ca_file,
        client_certificate=ClientCertificate(ours.certificate, ours.key),
    )
    with serving(_fine, context) as server:
        assert await _post(stack, server.url, way) == 200


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_web_servers_page_about_our_certificate_is_read_as_such(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    """nginx lets the handshake pass and answers 400 to whatever is asked."""
    page = b"<html><center>400 No required SSL certificate was sent</center></html>"
    with (
        serving(lambda _: Reply(400, page, then="close"), good_context) as server,
        pytest.raises(TlsRefused, match="asks for a client certificate") as refused,
    ):
        await _get(stack, server.url, Way(ca_file=ca_file))
    assert refused.value.finding == "client-certificate"


@pytest.mark.parametrize("stack", ["httpx", "requests"])
@pytest.mark.parametrize("body", [b"", b"bad request", b"x" * 5000 + b"SSL certificate"])
async def test_any_other_400_is_an_answer_like_others(
    stack: Stack, body: bytes, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(lambda _: Reply(400, body), good_context) as server:
        assert await _get(stack, server.url, Way(ca_file=ca_file)) == body.decode()


async def test_requests_cannot_be_talked_out_of_verification(authority: Authority) -> None:
    """`verify=False` and REQUESTS_CA_BUNDLE are how scripts switch it off."""

    def careless(url: str) -> None:
        with requests_session(url, Way(ca_file=authority.ca_file)) as session:
            session.verify = False
            session.get(url, verify=False)

    with (
        serving(_fine, _unknown_ca(authority)) as server,
        pytest.raises(Exception, match="verify failed") as problem,
    ):
        await asyncio.to_thread(careless, server.url)
    assert isinstance(refused := explain(problem.value), TlsRefused)
    assert refused.finding == "unknown-ca"
    assert bytes(server.received) == b""


async def test_a_requests_session_serves_its_own_origin_only(
    ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server, serving(_fine, good_context) as other:
        session = requests_session(server.url, Way(ca_file=ca_file), lambda: SECRET)
        with session, pytest.raises(TlsRefused, match="points to another address"):
            session.get(other.url)
    assert other.connections == 0


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_refused_connection_is_unreachable_and_no_tls_finding(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    with serving(_fine, good_context) as server:
        url = server.url
    with pytest.raises(Unreachable, match="cannot be reached") as gone:
        await _post(stack, url, Way(ca_file=ca_file))
    assert gone.value.reached_node is False
    assert gone.value.retry.allowed is True


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_silent_server_ends_in_a_time_out(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    way = replace(Way(ca_file=ca_file), read_timeout_s=0.3)
    with ExitStack() as stack_of_servers:
        silence = threading.Event()

        def silent(_: Request) -> Reply:
            silence.wait(20)
            return Reply()

        server = stack_of_servers.enter_context(serving(silent, good_context))
        stack_of_servers.callback(silence.set)
        with pytest.raises(Unreachable, match="did not answer in time") as late:
            await _post(stack, server.url, way)
    assert late.value.reached_node is True


@pytest.mark.parametrize("stack", ["httpx", "requests"])
async def test_a_connection_reset_before_the_answer_is_unreachable_with_unknown_outcome(
    stack: Stack, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    def reset(request: Request) -> Reply:
        assert request.body == BODY
        return Reply(then="reset")

    with (
        serving(reset, good_context) as server,
        pytest.raises(Unreachable, match="broke") as broken,
    ):
        await _post(stack, server.url, Way(ca_file=ca_file))
    assert broken.value.reached_node is True


def test_the_context_demands_tls_1_3_a_name_and_a_certificate() -> None:
    context = client_context()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
    assert context.check_hostname is True
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "file that ca_file names does not exist"),
        (b"no certificate at all", "holds no certificates in PEM form"),
        (b"", "holds no certificates in PEM form"),
    ],
)
def test_a_ca_file_that_cannot_be_read_is_a_configuration_error(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(UsageError, match=said):
        client_context(tmp_path / "ca.pem")


def test_an_encrypted_key_is_refused_without_asking_on_the_terminal(
    tmp_path: Path, authority: Authority
) -> None:
    ours = authority.issue("locked", for_client=True)
    key = serialization.load_pem_private_key(ours.key.read_bytes(), None)
    locked = tmp_path / "locked.key"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    with pytest.raises(UsageError, match="key of the client certificate is encrypted"):
        client_context(client_certificate=ClientCertificate(ours.certificate, locked))


def test_a_certificate_and_the_key_of_another_are_told_apart(authority: Authority) -> None:
    ours = authority.issue("ours-alone", for_client=True)
    theirs = authority.issue("theirs", for_client=True)
    with pytest.raises(UsageError, match="do not belong together"):
        client_context(client_certificate=ClientCertificate(ours.certificate, theirs.key))


def test_a_certificate_and_its_key_may_share_a_file(tmp_path: Path, authority: Authority) -> None:
    ours = authority.issue("shared", for_client=True)
    both = tmp_path / "both.pem"
    both.write_bytes(ours.certificate.read_bytes() + ours.key.read_bytes())
    context = client_context(client_certificate=ClientCertificate(both))
    assert context.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("absent.pem", None, "client_certificate names does not exist"),
        ("good.pem", "absent.key", "client_key names does not exist"),
        ("good.pem", None, "is not in PEM form"),
        ("good.pem", "noise", "is not in PEM form"),
        ("noise", None, "is not in PEM form"),
        (".", None, "client_certificate names cannot be read"),
    ],
)
def test_each_fault_of_a_client_certificate_is_named(
    certificate: str, key: str | None, said: str, tmp_path: Path, authority: Authority
) -> None:
    ours = authority.issue("alone", for_client=True)
    (tmp_path / "good.pem").write_bytes(ours.certificate.read_bytes())
    (tmp_path / "noise").write_bytes(b"\x30\x82no pem")
    own = ClientCertificate(tmp_path / certificate, tmp_path / key if key else None)
    with pytest.raises(UsageError, match=said) as refused:
        client_context(client_certificate=own)
    assert str(tmp_path) not in refused.value.what + refused.value.remedy


@pytest.mark.parametrize("finding", FINDINGS)
def test_each_finding_says_what_is_wrong_and_what_to_do(finding: str) -> None:
    error: NodeError = refusal(finding, "a-node")
    assert len(error.what) > 30
    assert len(error.remedy) > 30
    assert error.retry.allowed is False


def test_trouble_without_tls_is_not_explained_as_tls() -> None:
    assert explain(ValueError("something else")) is None
    assert explain(ConnectionResetError()) is None
    assert explain(ssl.SSLEOFError(8, "EOF occurred in violation of protocol")) is None
