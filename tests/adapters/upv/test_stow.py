"""A batch on its way: exact framing, honest lengths, and every way in which a node can object."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
import os
import re
import ssl
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from adapters.secrets import SecretStore
from adapters.upv.node import UpvNode
from adapters.upv.options import Settings
from adapters.upv.stow import Framing
from tests.adapters.tls_server import Reply, Request, serving
from tests.adapters.upv.instances import InMemory, batch
from tests.adapters.upv.nodes import node_at
from transfer.errors import (
    BodyTooLarge,
    NodeBusy,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SignInRefused,
    SourceChanged,
    TlsRefused,
    Unreachable,
    UsageError,
)
from transfer.node import Verdict

MIB = 1 << 20


def _parts(body: bytes, content_type: str) -> list[bytes]:
    """The parts as an independent parser, Python's email package, sees them."""
    head = f"Content-Type: {content_type}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    assert message.get_content_type() == "multipart/related"
    parts = list(message.iter_parts())
    assert {part.get_content_type() for part in parts} <= {"application/dicom"}
    payloads = [part.get_payload(decode=True) for part in parts]
    return [payload for payload in payloads if isinstance(payload, bytes)]


def _uids_in(body: bytes) -> list[str]:
    return [uid.decode() for uid in re.findall(rb"UID<([0-9.]+)>", body)]


def _acknowledge(request: Request) -> Reply:
    """Stores whatever says `UID<…>` in its bytes."""
    items = [{"00081155": {"vr": "UI", "Value": [uid]}} for uid in _uids_in(request.body)]
    return Reply(body=json.dumps({"00081199": {"vr": "SQ", "Value": items}}).encode())


def _instance(number: int, size_bytes: int = 1000) -> InMemory:
    head = f"UID<1.2.{number}>".encode()
    return InMemory(f"1.2.{number}", head + os.urandom(size_bytes - len(head)))


def _ignore(_: int) -> None:
    """Nobody counts."""


def test_the_framings_length_is_that_of_what_it_frames() -> None:
    framing = Framing("b" * 32)
    sizes = [0, 1, 70_000]
    whole = b"".join(framing.head(i) + b"x" * size for i, size in enumerate(sizes)) + framing.tail
    assert framing.length(sizes) == len(whole)


def test_each_request_has_a_boundary_of_its_own_of_32_hex_digits_unquoted() -> None:
    first, second = Framing.fresh(), Framing.fresh()
    assert re.fullmatch(r"[0-9a-f]{32}", first.boundary)
    assert first.boundary != second.boundary
    assert first.content_type.endswith(f"; boundary={first.boundary}")


async def test_the_node_gets_each_instance_byte_for_byte_and_the_exact_length(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    instances = [
        # Of any bytes, line ends and things that look like a boundary included.
        InMemory("1.2.1", b"UID<1.2.1>\r\n--deadbeef--\r\n\r\n" + os.urandom(999)),
        InMemory("1.2.2", b"UID<1.2.2>" + bytes(range(256)) * 41, piece_bytes=4096),
        InMemory("1.2.3", b"UID<1.2.3>" + os.urandom(3 * MIB)),
    ]
    moved: list[int] = []
    with serving(_acknowledge, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        outcomes = await node.send(batch(instances), moved.append)
        await node.aclose()
    assert [o.verdict for o in outcomes] == [Verdict.STORED] * 3
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/dicom-web/studies")
    assert int(request.headers["content-length"]) == len(request.body)
    assert "transfer-encoding" not in request.headers
    assert request.headers["accept"].startswith("application/dicom+json")
    assert "authorization" not in request.headers
    assert _parts(request.body, request.headers["content-type"]) == [i.content for i in instances]
    assert sum(moved) == sum(i.size_bytes for i in instances)
    assert max(moved) <= MIB


async def test_project_subproject_and_timepoint_travel_as_configured(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    extra = """
timepoint = "Diagnosis"
timepoint_field = "tp"
stow_query = {project = "{project}", sub = "{subproject}", fixed = "a b&c"}
stow_headers = {X-Project = "{project}/{subproject}"}
"""
    with serving(_acknowledge, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path, extra=extra)
        await node.send(batch([_instance(1)], "PROJ|SUB"), _ignore)
        await node.send(batch([_instance(1)], "ALONE"), _ignore)
        await node.aclose()
    assert [r.target for r in server.requests] == [
        "/dicom-web/studies?project=PROJ&sub=SUB&fixed=a%20b%26c&tp=Diagnosis",
        "/dicom-web/studies?project=ALONE&sub=ALONE&fixed=a%20b%26c&tp=Diagnosis",
    ]
    assert [r.headers["x-project"] for r in server.requests] == ["PROJ/SUB", "ALONE/ALONE"]


async def test_a_destination_cannot_smuggle_a_header_in(ca_file: Path, tmp_path: Path) -> None:
    extra = 'stow_headers = {X-Project = "{project}"}'
    node = node_at("https://127.0.0.1:1", ca_file, tmp_path, extra=extra)
    with pytest.raises(UsageError, match="request header"):
        await node.send(batch([_instance(1)], "A\r\nX-Evil: 1"), _ignore)
    await node.aclose()


async def test_outcomes_are_read_from_a_409_as_well(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    def one_of_two(request: Request) -> Reply:
        return Reply(409, _acknowledge(request).body.replace(b"1.2.2", b"9.9.9"))

    with serving(one_of_two, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        outcomes = await node.send(batch([_instance(1), _instance(2)]), _ignore)
        await node.aclose()
    assert [o.verdict for o in outcomes] == [Verdict.STORED, Verdict.NO_ANSWER]


def _always(status: int, **headers: str) -> Callable[[Request], Reply]:
    def script(request: Request) -> Reply:
        assert request.body is not None
        return Reply(status, b"<html></html>", headers=headers)

    return script


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (403, NotAllowed),
        (404, NotSupported),
        (405, NotSupported),
        (413, BodyTooLarge),
        (415, NotSupported),
        (408, NodeBusy),
        (429, NodeBusy),
        (502, NodeBusy),
        (503, NodeBusy),
        (504, NodeBusy),
        (500, NodeFault),
        (507, NodeFault),
        (307, NodeFault),
    ],
)
async def test_a_refused_request_raises_its_kind(
    status: int,
    kind: type[Exception],
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    with serving(_always(status), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(kind, match=r"\w+ \w+"):
            await node.send(batch([_instance(1)]), _ignore)
        await node.aclose()
    assert len(server.requests) == 1


async def test_retry_after_is_passed_on(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(_always(503, **{"Retry-After": "17"}), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(NodeBusy, match="HTTP 503") as busy:
            await node.send(batch([_instance(1)]), _ignore)
        await node.aclose()
    assert busy.value.retry.after_s == 17.0


@pytest.mark.parametrize(("status", "kind"), [(401, SignInRefused), (413, BodyTooLarge)])
async def test_an_early_answer_is_read_while_the_body_is_still_on_its_way(
    status: int,
    kind: type[Exception],
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    """A front end answers after the headers and reads no body (nginx: 401, 413)."""

    def early(_: Request) -> Reply:
        return Reply(status, b"<html></html>", then="close")

    with serving(early, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(kind, match=r"\w+ \w+"):
            await node.send(batch([_instance(i, 4 * MIB) for i in range(8)]), _ignore)
        await node.aclose()
    assert len(server.requests) == 1


async def test_a_connection_reset_in_mid_body_is_unreachable_with_unknown_outcome(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(lambda _: Reply(then="reset"), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(Unreachable, match="broke") as broken:
            await node.send(batch([_instance(i, 4 * MIB) for i in range(8)]), _ignore)
        await node.aclose()
    assert broken.value.reached_node is True
    assert broken.value.retry.allowed is True


async def test_a_front_that_wants_our_certificate_is_named_as_such(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    def nginx(request: Request) -> Reply:
        assert request.body is not None
        return Reply(400, b"<center>No required SSL certificate was sent</center>")

    with serving(nginx, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(TlsRefused, match="client certificate") as refused:
            await node.send(batch([_instance(1)]), _ignore)
        await node.aclose()
    assert refused.value.finding == "client-certificate"


@pytest.mark.parametrize(
    "changed",
    [
        InMemory("1.2.9", b"x" * (3 * MIB), fail_at=2 * MIB),
        InMemory("1.2.9", b"x" * 1000, claimed=2000),
        InMemory("1.2.9", b"x" * 2000, claimed=1000),
        InMemory("1.2.9", b"x" * 1000, fail_at=0),
    ],
    ids=["gone-in-the-middle", "too-short", "too-long", "gone-at-once"],
)
async def test_a_source_that_changed_under_us_is_reported_as_such(
    changed: InMemory, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(_acknowledge, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(SourceChanged, match="file"):
            await node.send(batch([_instance(1), changed, _instance(2)]), _ignore)
        # The connection that was given up does not harm the next request.
        outcomes = await node.send(batch([_instance(3)]), _ignore)
        await node.aclose()
    assert [o.verdict for o in outcomes] == [Verdict.STORED]


async def test_a_disk_that_fails_is_no_network_trouble(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    class Broken(InMemory):
        def pieces(self) -> Iterator[bytes]:
            yield self.content[:10]
            raise OSError(5, "Input/output error")

    with serving(_acknowledge, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(SourceChanged, match="cannot be read"):
            await node.send(batch([Broken("1.2.9", b"x" * 1000)]), _ignore)
        await node.aclose()


async def test_a_batch_given_up_in_mid_body_lets_go_of_its_file(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    closed: list[str] = []

    class Watched(InMemory):
        def pieces(self) -> Iterator[bytes]:
            try:
                yield from super().pieces()
            finally:
                closed.append(self.uid)

    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    hold = threading.Event()

    def in_its_thread(_: int) -> None:
        loop.call_soon_threadsafe(begun.set)

    def stuck(_: Request) -> Reply:
        hold.wait(20)
        return Reply(500, then="close")

    with serving(stuck, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        sending = asyncio.create_task(
            node.send(batch([Watched("1.2.1", b"x" * (64 * MIB))]), in_its_thread)
        )
        async with asyncio.timeout(20):
            await begun.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        hold.set()
        await node.aclose()
    assert closed == ["1.2.1"]


def _wants(*tokens: str) -> Callable[[Request], Reply]:
    def script(request: Request) -> Reply:
        if request.headers.get("authorization") not in tokens:
            return Reply(401, b"<html></html>", then="close")
        return _acknowledge(request)

    return script


class Renewable:
    """A credential that is renewed once, from the first of its values to the next."""

    def __init__(self, *values: str) -> None:
        self.values = list(values)
        self.renewed: list[str | None] = []

    async def header(self) -> str | None:
        return self.values[0]

    def current(self) -> str | None:
        return self.values[0]

    async def renew(self, refused: str | None) -> None:
        self.renewed.append(refused)
        self.values.pop(0)


async def _with_credential(node: UpvNode, credential: Renewable) -> UpvNode:
    opened = await node._connections()
    opened.stow._credential = credential  # type: ignore[assignment]
    return node


async def test_a_401_renews_the_sign_in_and_sends_the_whole_body_again(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    credential = Renewable("Bearer old", "Bearer new")
    instances = [_instance(i, 2 * MIB) for i in range(4)]
    moved: list[int] = []
    with serving(_wants("Bearer new"), good_context) as server:
        node = await _with_credential(node_at(server.url, ca_file, tmp_path), credential)
        outcomes = await node.send(batch(instances), moved.append)
        await node.aclose()
    assert [o.verdict for o in outcomes] == [Verdict.STORED] * 4
    assert credential.renewed == ["Bearer old"]
    assert [r.headers["authorization"] for r in server.requests] == ["Bearer old", "Bearer new"]
    assert _uids_in(server.requests[1].body) == [i.uid for i in instances]
    assert instances[0].reads == 2
    # What the first attempt counted was taken back.
    assert sum(moved) == sum(i.size_bytes for i in instances)


async def test_a_second_401_ends_in_an_expired_sign_in(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    credential = Renewable("Bearer old", "Bearer new", "Bearer never asked for")
    with serving(_wants(), good_context) as server:
        node = await _with_credential(node_at(server.url, ca_file, tmp_path), credential)
        with pytest.raises(SignInExpired, match="does not accept the sign-in"):
            await node.send(batch([_instance(1)]), _ignore)
        await node.aclose()
    assert len(server.requests) == 2


@pytest.mark.parametrize("size_bytes", [10, 4 * MIB])
async def test_an_answer_without_end_is_cut_off(
    size_bytes: int, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    def flood(request: Request) -> Reply:
        assert request.body is not None
        return Reply(200, b"{" + b" " * (17 * MIB))

    with serving(flood, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        with pytest.raises(NodeFault, match="larger than any answer"):
            await node.send(batch([_instance(1, size_bytes + 20)]), _ignore)
        await node.aclose()


async def test_a_rehearsal_writes_the_request_and_connects_nowhere(
    ca_file: Path, tmp_path: Path
) -> None:
    extra = 'username = "us"\nstow_query = {project = "{project}"}\n'
    node = node_at("https://127.0.0.1:1", ca_file, tmp_path, auth="basic", extra=extra)
    instances: Sequence[InMemory] = [_instance(1), _instance(2, 3 * MIB)]
    folder = tmp_path / "dry"
    folder.mkdir()
    await node.rehearse(batch(instances, batch_id=12), folder)
    await node.aclose()
    head = (folder / "0012.http").read_text()
    body = (folder / "0012.body").read_bytes()
    assert head.startswith("POST /dicom-web/studies?project=PROJ HTTP/1.1\n")
    assert "Authorization: Basic ***\n" in head
    assert f"Content-Length: {len(body)}\n" in head
    content_type = re.search(r"^Content-Type: (.*)$", head, re.MULTILINE)
    assert content_type is not None
    assert _parts(body, content_type[1]) == [i.content for i in instances]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}


def test_the_settings_of_a_node_have_the_defaults_that_the_engine_plans_by(
    tmp_path: Path, ca_file: Path
) -> None:
    node = node_at("https://127.0.0.1:1", ca_file, tmp_path)
    settings: Settings = node._settings
    assert (settings.max_batch_bytes, settings.max_batch_instances) == (16 * MIB, 64)
    assert (settings.max_concurrency, settings.listing_delay_s) == (8, 60.0)
    assert isinstance(node._secrets, SecretStore)
