"""What the node lists is read to the end, whatever the node thinks of paging."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.upv import qido
from adapters.upv.qido import PAGE
from tests.adapters.tls_server import Reply, Request, serving
from tests.adapters.upv.instances import SERIES
from tests.adapters.upv.nodes import node_at
from transfer.errors import (
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInRefused,
    TlsRefused,
)
from transfer.values import SeriesInstanceUID, SeriesRef

Script = Callable[[Request], Reply]


def _rows(uids: list[str]) -> bytes:
    return json.dumps([{"00080018": {"vr": "UI", "Value": [uid]}} for uid in uids]).encode()


def _uids(count: int) -> list[str]:
    return [f"1.2.{number}" for number in range(count)]


def _lists(count: int, *, cap: int | None = None, heeds_offset: bool = True) -> Script:
    def script(request: Request) -> Reply:
        query = parse_qs(urlsplit(request.target).query)
        limit = int(query["limit"][0])
        offset = int(query["offset"][0]) if heeds_offset else 0
        page = _uids(count)[offset:][: limit if cap is None else min(limit, cap)]
        return Reply(200, _rows(page), {"Content-Type": "application/dicom+json"})

    return script


async def _holdings(
    script: Script, ca_file: Path, context: ssl.SSLContext, home: Path
) -> tuple[list[str], list[Request]]:
    with serving(script, context) as server:
        node = node_at(server.url, ca_file, home)
        try:
            held = await node.holdings(SERIES)
        finally:
            await node.aclose()
    assert all(uid == instance.sop_instance_uid for uid, instance in held.items())
    return sorted(held), server.requests


async def test_the_series_is_asked_for_by_its_uids(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    uids, requests = await _holdings(_lists(3), ca_file, good_context, tmp_path)
    assert uids == sorted(_uids(3))
    first = urlsplit(requests[0].target)
    assert first.path == "/dicom-web/studies/1.2.3/series/1.2.3.4/instances"
    assert parse_qs(first.query) == {
        "limit": [str(PAGE)],
        "offset": ["0"],
        "includefield": ["00080018"],
    }


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 3])
async def test_every_page_is_read(
    count: int, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    uids, _ = await _holdings(_lists(count), ca_file, good_context, tmp_path)
    assert uids == sorted(_uids(count))


async def test_a_server_that_gives_less_than_asked_for_is_asked_until_it_has_no_more(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    uids, requests = await _holdings(_lists(250, cap=100), ca_file, good_context, tmp_path)
    assert uids == sorted(_uids(250))
    assert len(requests) == 3


async def test_a_server_that_ignores_paging_and_gives_all_is_believed(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    script = _lists(40, heeds_offset=False)
    uids, requests = await _holdings(script, ca_file, good_context, tmp_path)
    assert uids == sorted(_uids(40))
    assert len(requests) == 2


async def test_a_server_that_repeats_a_full_page_for_ever_cannot_verify(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with pytest.raises(NotSupported, match="first instances"):
        await _holdings(_lists(9000, heeds_offset=False), ca_file, good_context, tmp_path)


async def test_a_page_shorter_than_the_longest_seen_is_the_last(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    """One request a Series instead of two, once the server has shown what it can give."""

    def by_series(request: Request) -> Reply:
        return _lists(50 if "/1.2.3.4/" in request.target else 20)(request)

    short = SeriesRef(SERIES.study_uid, SeriesInstanceUID("1.2.3.5"))
    with serving(by_series, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        assert len(await node.holdings(SERIES)) == 50
        assert len(await node.holdings(short)) == 20
        await node.aclose()
    assert [r.target.count("1.2.3.5") for r in server.requests] == [0, 0, 1]


@pytest.mark.parametrize(("status", "body"), [(204, b""), (404, b"<html>"), (200, b"[]")])
async def test_a_series_that_the_node_does_not_know_is_empty(
    status: int, body: bytes, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    script: Script = lambda _: Reply(status, body)  # noqa: E731 -- one line says it
    assert (await _holdings(script, ca_file, good_context, tmp_path))[0] == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, NotSupported),
        (405, NotSupported),
        (501, NotSupported),
        (401, SignInRefused),
        (403, NotAllowed),
        (429, NodeBusy),
        (503, NodeBusy),
        (500, NodeFault),
    ],
)
async def test_a_refused_question_raises_its_kind_and_is_not_repeated(
    status: int,
    kind: type[NodeError],
    ca_file: Path,
    good_context: ssl.SSLContext,
    tmp_path: Path,
) -> None:
    asked: list[Request] = []

    def script(request: Request) -> Reply:
        asked.append(request)
        return Reply(status, b"<html></html>", {"Retry-After": "3"})

    with pytest.raises(kind, match=r"\w+ \w+") as refused:
        await _holdings(script, ca_file, good_context, tmp_path)
    assert len(asked) == 1
    assert refused.value.node == "n"


@pytest.mark.parametrize(
    "body",
    [b"<html></html>", b"{", b"[1]", b'[{"00080018": {"vr": "UI"}}]', b"[" * 100_000, b"7"],
)
async def test_a_list_that_is_none_is_the_nodes_fault(
    body: bytes, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with pytest.raises(NodeFault, match="cannot be read"):
        await _holdings(lambda _: Reply(200, body), ca_file, good_context, tmp_path)


async def test_a_redirect_elsewhere_is_refused_here_too(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    def away(_: Request) -> Reply:
        return Reply(302, headers={"Location": "https://other.example/"})

    with pytest.raises(TlsRefused, match="another address"):
        await _holdings(away, ca_file, good_context, tmp_path)


async def test_a_token_that_ran_out_between_pages_is_renewed(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    good = {"Bearer old"}

    def script(request: Request) -> Reply:
        if request.headers["authorization"] not in good:
            return Reply(401)
        good.clear()
        good.add("Bearer new")
        return _lists(PAGE + 1)(request)

    class Two:
        values = ("Bearer old", "Bearer new")
        at = 0

        async def header(self) -> str | None:
            return self.values[self.at]

        def current(self) -> str | None:
            return self.values[self.at]

        async def renew(self, refused: str | None) -> None:
            self.at += 1

    with serving(script, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        opened = await node._connections()
        opened.qido._credential = Two()  # type: ignore[assignment]
        held = await node.holdings(SERIES)
        await node.aclose()
    assert len(held) == PAGE + 1


async def test_the_loop_goes_on_while_the_node_thinks(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    arrived, release = threading.Event(), threading.Event()

    def slow(request: Request) -> Reply:
        arrived.set()
        assert release.wait(20)
        return _lists(1)(request)

    with serving(slow, good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        asking = asyncio.create_task(node.holdings(SERIES))
        assert await asyncio.to_thread(arrived.wait, 20)
        assert not asking.done()
        release.set()
        assert len(await asking) == 1
        await node.aclose()


async def test_a_node_configured_not_to_list_is_not_asked(ca_file: Path, tmp_path: Path) -> None:
    node = node_at("https://127.0.0.1:1", ca_file, tmp_path, extra="can_list = false")
    assert (await node.abilities()).can_list is False
    with pytest.raises(NotSupported, match="configured"):
        await node.holdings(SERIES)
    await node.aclose()


@pytest.mark.parametrize(("status", "can_list"), [(200, True), (405, False), (403, False)])
async def test_whether_a_node_lists_is_asked_once(
    status: int, can_list: bool, ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with serving(lambda _: Reply(status, b"[]"), good_context) as server:
        node = node_at(server.url, ca_file, tmp_path)
        assert (await node.abilities()).can_list is can_list
        assert (await node.abilities()).can_list is can_list
        await node.aclose()
    assert len(server.requests) == 1


async def test_a_list_without_end_does_not_fill_the_memory(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    def flood(_: Request) -> Reply:
        return Reply(200, b"[" + b" " * (65 << 20))

    with pytest.raises(NodeFault, match="larger than this program can take"):
        await _holdings(flood, ca_file, good_context, tmp_path)


async def test_a_node_that_lists_ever_more_instances_of_one_series_cannot_verify(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is full, and new: without a bound it would be read until memory is at its end."""
    monkeypatch.setattr(qido, "MOST_INSTANCES", 2000)

    def ever_more(request: Request) -> Reply:
        query = parse_qs(urlsplit(request.target).query)
        first = int(query["offset"][0])
        page = [f"1.2.{number}" for number in range(first, first + int(query["limit"][0]))]
        return Reply(200, _rows(page), {"Content-Type": "application/dicom+json"})

    async with asyncio.timeout(30):
        with pytest.raises(NotSupported, match="more instances of one Series than"):
            await _holdings(ever_more, ca_file, good_context, tmp_path)
