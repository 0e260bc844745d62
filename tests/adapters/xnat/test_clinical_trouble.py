"""Clinical files on a scripted XNAT that refuses, breaks off, or does not know us any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.clinical_rows import (
    FILES,
    NAME,
    PROJECT,
    REFUSED,
    STORED,
    TABLE,
    Project,
    send,
    subject_item,
    table_item,
    taken_in,
)
from tests.adapters.xnat.scripted import LOGIN, Running, ScriptedXnat, document, page, text
from tests.conformance.volumes import MadeFile
from transfer.errors import (
    NodeBusy,
    NodeFault,
    NotAllowed,
    SignInExpired,
    SourceChanged,
    TlsRefused,
)

# -- refusals and faults ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (page(403, "Forbidden"), NotAllowed),
        (page(404, "Unable to identify project"), NotAllowed),
        (page(500, "Catalog has been modified by another user or process"), NodeBusy),
        (page(409, "Session is locked"), NodeBusy),
        (page(423, "Locked"), NodeBusy),
        (page(503, "Unavailable"), NodeBusy),
        (page(507, "Insufficient Storage"), NodeBusy),
        (page(500, "NullPointerException"), NodeFault),
        (Reply(302, b"", {"Location": "https://127.0.0.1:9/elsewhere"}), TlsRefused),
    ],
)
async def test_what_stands_in_the_way_of_all_files_is_an_error(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, error: type[Exception]
) -> None:
    Project(xnat)
    xnat.tell("PUT", FILES, answer)
    with pytest.raises(error):
        await send(node)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(400, "The file was refused by the site's rules"), "refused by the site's rules"),
        (page(404, "Unable to identify subject"), "does not know this subject any more"),
        (page(409, "Nope"), "Nope"),
        (page(413, "Request Entity Too Large"), "larger than the node takes"),
    ],
)
async def test_what_stands_in_the_way_of_one_file_is_an_outcome(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, words: str
) -> None:
    Project(xnat)
    xnat.tell("PUT", FILES, answer)
    outcome = await send(node, subject_item())
    assert outcome.verdict is REFUSED
    assert words in outcome.reason


async def test_a_reason_is_shown_without_markup_control_characters_and_labels(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Project(xnat)
    xnat.tell("PUT", FILES, page(400, "\x1b[2JSUBJ-001 <b>bad</b> SUBJ-001_clinical.json \x07"))
    outcome = await send(node, subject_item())
    assert outcome.reason == "The node refused the file: [2J(…) bad (…)"


async def test_a_busy_node_says_how_long(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat)
    xnat.tell("PUT", FILES, replace(page(503, "Unavailable"), headers={"Retry-After": "7"}))
    with pytest.raises(NodeBusy) as busy:
        await send(node)
    assert busy.value.retry.after_s == 7.0


@pytest.mark.parametrize(
    "answer",
    [
        text("no JSON"),
        document([]),
        document({"ResultSet": {"Result": "none"}}),
        document({"ResultSet": {"Result": [{"Name": 3}]}}),
        document({"ResultSet": {"Result": [], "totalRecords": "4"}}),
        document({"ResultSet": {"Result": [{"Name": "a", "Size": "-"}], "totalRecords": "1"}}),
        Reply(200, b"\xff\xfe" * 999),
        Reply(200, b"[" * 200_000),
    ],
)
async def test_a_listing_that_cannot_be_read_is_no_empty_one(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply
) -> None:
    project = Project(xnat)
    xnat.tell("GET", f"{PROJECT}/files", answer)
    with pytest.raises(NodeFault):
        await send(node)
    assert project.queries == []


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_an_answer_without_end_is_not_taken_into_memory(
    node: XnatNode, xnat: ScriptedXnat, status: int
) -> None:
    Project(xnat)
    endless = Reply(status, b"\x1b[2J<b>" * 10_000_000, then="close")
    xnat.tell("PUT", FILES, lambda request: taken_in(request, endless))
    with pytest.raises(NodeFault, match="larger than"):
        await send(node)


async def test_an_error_page_without_end_in_place_of_a_file_is_not_either(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Project(xnat, resources={PROJECT: {NAME: TABLE}}, stale={NAME: ""})
    endless = Reply(500, b"x" * 70_000_000, then="close")
    xnat.tell("GET", f"{PROJECT}/files/{NAME}", endless)
    with pytest.raises(NodeFault, match="larger than"):
        await node.held_clinical(table_item(), "P")


@pytest.mark.parametrize("odd", [bytes(range(128, 256)), b"<style "])
async def test_a_long_answer_is_looked_through_in_no_time(
    node: XnatNode, xnat: ScriptedXnat, odd: bytes
) -> None:
    """requests guesses the character set of a text byte by byte; patterns have their worst case."""
    Project(xnat)
    long = Reply(400, odd * (40_000_000 // len(odd)))
    xnat.tell("PUT", FILES, lambda request: taken_in(request, long))
    async with asyncio.timeout(60):
        outcome = await send(node)
    assert outcome.verdict is REFUSED
    assert len(outcome.reason) < 300


async def test_a_redirect_to_elsewhere_is_not_followed(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat)
    there = Reply(302, b"", {"Location": "https://127.0.0.1:9/x"})
    xnat.tell("GET", f"{PROJECT}/files", there)
    with pytest.raises(TlsRefused):
        await node.held_clinical(table_item(), "P")


# -- the sign-in --------------------------------------------------------------------------------


async def test_a_sign_in_that_ends_with_the_file_is_renewed_once_and_the_file_sent_whole(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    bodies: list[int] = []

    def expiring(request: Request) -> Reply:
        bodies.append(len(request.body))
        if len(bodies) == 1:
            xnat.turn(None)
            return page(401, "Unauthorized")
        return project.put(request)

    xnat.tell("PUT", FILES, expiring)
    content = b"PatientID\r\n" + b"x" * 3_000_000
    assert (await send(node, table_item(content))).verdict is STORED
    assert bodies == [len(content), len(content)]
    assert project.resources[PROJECT][NAME] == content
    assert xnat.sign_ins == ["password right", "password right"]


async def test_401_before_the_file_was_read_is_met_the_same_way(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    """The server answers and hangs up while a long body is still on its way."""
    project = Project(xnat)
    asked: list[str] = []

    def expiring(request: Request) -> Reply:
        asked.append(request.target)
        if len(asked) == 1:
            xnat.turn(None)
            return replace(page(401, "Unauthorized"), then="close")
        return project.put(request)

    xnat.tell("PUT", FILES, expiring)
    content = b"PatientID\r\n" + b"x" * 8_000_000
    assert (await send(node, table_item(content))).verdict is STORED
    assert project.resources[PROJECT][NAME] == content


async def test_what_was_answered_to_a_guest_is_asked_again(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    xnat.has_guests = True
    turned: list[str] = []

    def to_a_guest(request: Request) -> Reply:
        if not turned:
            turned.append(str(request.body))
            xnat.turn("guest")
            return text("")
        return project.put(request)

    xnat.tell("PUT", FILES, to_a_guest)
    assert (await send(node)).verdict is STORED
    assert project.resources[PROJECT][NAME] == TABLE


async def test_the_sign_in_page_is_no_answer(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat)
    login = Reply(200, LOGIN.encode(), {"Content-Type": "text/html"})
    xnat.tell("PUT", FILES, lambda request: taken_in(request, login))
    with pytest.raises(SignInExpired):
        await send(node)


# -- the bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("claimed", [len(TABLE) + 1, len(TABLE) - 1])
async def test_a_file_that_changed_under_us_does_not_count(
    node: XnatNode, xnat: ScriptedXnat, claimed: int
) -> None:
    project = Project(xnat)
    changed = replace(table_item(), file=MadeFile(NAME, TABLE, claimed=claimed))
    with pytest.raises(SourceChanged):
        await send(node, changed)
    assert project.resources == {PROJECT: {}}


@dataclass(frozen=True)
class _Slow(MadeFile):
    """Its second piece comes when nobody waits for it any more."""

    begun: threading.Event = field(default_factory=threading.Event)
    given_up: threading.Event = field(default_factory=threading.Event)

    def pieces(self) -> Iterator[bytes]:
        yield self.content[:4]
        self.begun.set()
        self.given_up.wait(30)
        yield self.content[4:]


async def test_a_cancelled_upload_lets_its_thread_go(node: XnatNode, xnat: ScriptedXnat) -> None:
    """Four of them would else take all threads, and the next call would wait for ever."""
    project = Project(xnat)
    for _ in range(6):
        file = _Slow(NAME, TABLE)
        task = asyncio.create_task(send(node, replace(table_item(), file=file)))
        async with asyncio.timeout(20):
            await asyncio.to_thread(file.begun.wait, 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        file.given_up.set()
    xnat.tell("PUT", FILES, project.put)
    async with asyncio.timeout(20):
        assert (await send(node)).verdict is STORED


async def test_one_writer_at_a_time_for_each_resource(node: XnatNode, xnat: ScriptedXnat) -> None:
    """Two on one catalogue, and XNAT loses a file."""
    project = Project(xnat)
    writing: list[str] = []
    most: list[int] = []

    def put(request: Request) -> Reply:
        writing.append(request.target)
        most.append(len(writing))
        _ = request.body
        answer = project.put(request)
        writing.remove(request.target)
        return answer

    xnat.tell("PUT", FILES, put)
    items = [table_item(TABLE * 900, f"made{n}.csv") for n in range(8)]
    outcomes = await asyncio.gather(*(send(node, item) for item in items))
    assert {o.verdict for o in outcomes} == {STORED}
    assert most == [1] * 8


async def test_a_rehearsal_writes_the_very_requests_and_asks_nobody(
    node: XnatNode, xnat: ScriptedXnat, site: Running, tmp_path: Path
) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    await node.rehearse_clinical(subject_item(), "P", folder)
    assert xnat.asked == []
    stem = "SUBJ-001_clinical.json"
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{stem}.1.http",
        f"{stem}.2.body",
        f"{stem}.2.http",
    ]
    assert (folder / f"{stem}.2.body").read_bytes() == b"{}\n"
    Project(xnat)
    await send(node, subject_item())
    puts = [r for r in site.server.requests if r.method == "PUT" and "/resources/" in r.target]
    assert len(puts) == 2
    for number, request in enumerate(puts, 1):
        first, *lines = (folder / f"{stem}.{number}.http").read_text().strip().splitlines()
        written = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        assert first == f"PUT {request.target} HTTP/1.1"
        assert written.pop("cookie") == "JSESSIONID=***"
        assert written == {k: v for k, v in request.headers.items() if k != "cookie"}
