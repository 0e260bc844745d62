"""Clinical files on a scripted XNAT: they go through xnatpy, no word of the node's is believed, and
nothing is written over unasked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.clinical_rows import (
    FILES,
    PROJECT,
    SUBJECT,
    TABLE,
    Project,
    md5,
    subject_item,
    table_item,
)
from tests.adapters.xnat.scripted import LOGIN, Running, ScriptedXnat, document, page, text
from tests.conformance.volumes import MadeFile
from transfer.clinical.leaving import ClinicalItem, ClinicalOutcome, ClinicalVerdict, Held
from transfer.errors import (
    NodeBusy,
    NodeFault,
    NotAllowed,
    NotSupported,
    SignInExpired,
    SourceChanged,
    TlsRefused,
    UsageError,
)

STORED, DIFFERS, REFUSED = ClinicalVerdict.STORED, ClinicalVerdict.DIFFERS, ClinicalVerdict.REFUSED
NAME = "made_clinical.csv"
GOOD = text("")


async def send(
    node: XnatNode, item: ClinicalItem | None = None, *, overwrite: bool = False
) -> ClinicalOutcome:
    return await node.send_clinical(item or table_item(), "P", overwrite=overwrite)


def taken_in(request: Request, answer: Reply = GOOD) -> Reply:
    """The body is read to its end, and forgotten."""
    assert request.body
    return answer


async def test_the_resource_is_made_and_the_file_put_with_format_and_content(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    assert (await send(node)).verdict is STORED
    assert project.queries == [
        (PROJECT, {"format": "CSV", "content": "clinical"}),
        (f"{PROJECT}/files/{NAME}", {"inbody": "true", "format": "CSV", "content": "clinical"}),
    ]
    assert project.resources[PROJECT] == {NAME: TABLE}


async def test_a_subjects_document_goes_to_a_resource_of_the_subject(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    assert (await send(node, subject_item())).verdict is STORED
    assert project.resources == {SUBJECT: {"SUBJ-001_clinical.json": b"{}\n"}}
    assert {query["format"] for _, query in project.queries} == {"JSON"}


async def test_the_requests_are_xnatpys_over_the_one_session(
    node: XnatNode, xnat: ScriptedXnat, site: Running
) -> None:
    """xnatpy 0.8 asks GET /data/JSESSION when a session of its is made."""
    Project(xnat)
    await send(node)
    put = [r for r in site.server.requests if r.method == "PUT" and "/files/" in r.target]
    assert [r.headers["cookie"] for r in put] == ["JSESSIONID=SESSION00000001"]
    assert [r.headers["content-length"] for r in put] == [str(len(TABLE))]
    assert [r.headers["content-type"] for r in put] == ["application/octet-stream"]
    assert [r.headers["user-agent"] for r in put] == ["eucaim-transfer"]
    assert xnat.count("GET /data/JSESSION") == 1
    assert xnat.sign_ins == ["password right"]


async def test_an_item_that_is_there_is_read_and_not_sent(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    await send(node)
    before = len(project.queries)
    assert (await send(node)).verdict is STORED
    assert len(project.queries) == before


async def test_200_with_duplicates_is_no_success(node: XnatNode, xnat: ScriptedXnat) -> None:
    """Another came between the listing and the file; XNAT left it, and said 200."""
    project = Project(xnat)

    def late(request: Request) -> Reply:
        project.resources.setdefault(PROJECT, {}).setdefault(NAME, b"other")
        return project.put(request)

    xnat.tell("PUT", FILES, late)
    assert (await send(node)).verdict is DIFFERS
    assert project.resources[PROJECT][NAME] == b"other"


async def test_a_duplicate_with_the_same_bytes_is_stored(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)

    def late(request: Request) -> Reply:
        project.resources.setdefault(PROJECT, {}).setdefault(NAME, TABLE)
        return project.put(request)

    xnat.tell("PUT", FILES, late)
    assert (await send(node)).verdict is STORED


async def test_other_data_are_written_over_only_where_it_is_asked_for(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, resources={PROJECT: {NAME: b"other"}})
    assert (await send(node)).verdict is DIFFERS
    assert project.queries == []
    assert (await send(node, overwrite=True)).verdict is STORED
    assert [query["overwrite"] for _, query in project.queries] == ["true"]
    assert project.resources[PROJECT][NAME] == TABLE


async def test_nothing_is_asked_to_be_written_over_where_nothing_is(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    await send(node, overwrite=True)
    assert not [query for _, query in project.queries if "overwrite" in query]


async def test_a_file_that_no_catalogue_lists_is_put_right(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, resources={PROJECT: {NAME: b"other"}}, lost={NAME})
    assert (await send(node)).verdict is STORED
    assert project.resources[PROJECT][NAME] == TABLE


async def test_a_resource_that_came_to_be_meanwhile_is_used(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)

    def late(request: Request) -> Reply:
        project.resources[PROJECT] = {}
        return project.make(request)

    xnat.tell("PUT", PROJECT, late)
    assert (await send(node)).verdict is STORED


async def test_a_file_of_that_name_in_a_folder_of_the_resource_is_another_file(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    """The column `Name` has only the last part of the path."""
    project = Project(xnat, resources={PROJECT: {f"old/{NAME}": b"other"}})
    assert await node.held_clinical(table_item(), "P") is Held.NOTHING
    assert (await send(node)).verdict is STORED
    assert project.resources[PROJECT] == {f"old/{NAME}": b"other", NAME: TABLE}


# -- read back ----------------------------------------------------------------------------------


async def test_where_the_site_keeps_no_checksums_the_bytes_are_compared(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, has_checksums=False)
    assert (await send(node)).verdict is STORED
    assert project.served == [NAME]
    project.resources[PROJECT][NAME] = TABLE.replace(b"Female", b"Male  ")
    assert await node.held_clinical(table_item(), "P") is Held.OTHER
    assert project.served == [NAME, NAME]


async def test_a_file_of_another_size_is_not_even_read(node: XnatNode, xnat: ScriptedXnat) -> None:
    project = Project(xnat, has_checksums=False, resources={PROJECT: {NAME: b"x" * 9_000}})
    assert await node.held_clinical(table_item(), "P") is Held.OTHER
    assert project.served == []


async def test_a_digest_of_what_was_written_over_is_settled_by_the_bytes(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Project(xnat, resources={PROJECT: {NAME: TABLE}}, stale={NAME: md5(b"before")})
    assert await node.held_clinical(table_item(), "P") is Held.SAME


async def test_a_file_that_turns_out_longer_than_listed_is_left_at_once(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Project(xnat, resources={PROJECT: {NAME: TABLE}}, stale={NAME: ""})
    xnat.tell("GET", f"{PROJECT}/files/{NAME}", Reply(200, TABLE + b"x" * 2_000_000))
    assert await node.held_clinical(table_item(), "P") is Held.OTHER


async def test_other_bytes_than_were_sent_are_a_fault(node: XnatNode, xnat: ScriptedXnat) -> None:
    project = Project(xnat)

    def spoilt(request: Request) -> Reply:
        answer = project.put(request)
        project.resources[PROJECT][NAME] = b"spoilt"
        return answer

    xnat.tell("PUT", FILES, spoilt)
    with pytest.raises(NodeFault, match="other bytes"):
        await send(node)


async def test_200_with_nothing_stored_is_a_fault(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat)
    xnat.tell("PUT", FILES, taken_in)
    with pytest.raises(NodeFault, match="does not list it"):
        await send(node)


async def test_200_with_nothing_stored_for_want_of_the_right_says_so(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)

    def refused(request: Request) -> Reply:
        _ = request.body
        reader = document([{"ID": "P", "role": "Collaborators"}])
        xnat.tell("GET", "/xapi/access/projects", reader)
        return text("")

    xnat.tell("PUT", FILES, refused)
    with pytest.raises(NotAllowed, match="may only read"):
        await send(node)
    assert project.resources == {PROJECT: {}}


async def test_what_a_transfer_writes_never_touches_the_prearchive(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Project(xnat)
    await send(node)
    await send(node, subject_item())
    assert len(xnat.asked) > 10
    assert not [line for line in xnat.asked if "prearchive" in line or "import" in line]


# -- before a byte goes -------------------------------------------------------------------------


async def test_a_collaborator_is_told_before_a_byte_goes(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, role="Collaborators")
    with pytest.raises(NotAllowed, match="may only read"):
        await send(node)
    assert project.queries == []


async def test_the_right_is_asked_for_once(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat, subjects=[f"S{n}" for n in range(8)])
    await asyncio.gather(*(send(node, subject_item(subject=f"S{n}")) for n in range(8)))
    assert xnat.count("GET /xapi/access/projects") == 1
    assert xnat.count("GET /data/projects/P/subjects") == 1


async def test_a_subject_without_images_is_refused_and_nothing_is_made(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, subjects=[])
    outcome = await send(node, subject_item())
    assert outcome.verdict is REFUSED
    assert "the images make it" in outcome.reason
    assert "SUBJ" not in outcome.reason
    assert project.queries == []
    assert await node.held_clinical(subject_item(), "P") is Held.NOTHING


async def test_a_subject_that_came_after_the_first_listing_is_found(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    await send(node, subject_item())
    project.subjects.append("SUBJ-002")
    assert (await send(node, subject_item(subject="SUBJ-002"))).verdict is STORED


async def test_a_subject_in_another_spelling_may_be_another_patient(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    project = Project(xnat, subjects=["subj-001"])
    outcome = await send(node, subject_item())
    assert outcome.verdict is REFUSED
    assert "spelled in another way" in outcome.reason
    assert project.queries == []


async def test_an_empty_file_is_refused_without_asking(node: XnatNode, xnat: ScriptedXnat) -> None:
    Project(xnat)
    assert (await send(node, table_item(b""))).verdict is REFUSED
    assert xnat.asked == []


@pytest.mark.parametrize(
    ("level", "item"), [("project", subject_item()), ("subject", table_item())]
)
async def test_what_the_configuration_leaves_out_is_not_sent(
    site: Running, xnat: ScriptedXnat, level: str, item: ClinicalItem
) -> None:
    Project(xnat)
    settings = replace(site.settings(), clinical_level=level)
    node = XnatNode(settings, site.store(), environ={})
    way = await node.clinical_way("P")
    assert (way.by_file, way.by_subject) == (level == "project", level == "subject")
    with pytest.raises(NotSupported, match="takes no such"):
        await node.send_clinical(item, "P")
    assert xnat.asked == []


async def test_the_label_of_the_resource_is_the_configurations(
    site: Running, xnat: ScriptedXnat
) -> None:
    project = Project(xnat)
    settings = replace(site.settings(), clinical_label="tables")
    node = XnatNode(settings, site.store(), environ={})
    await send(node)
    await node.aclose()
    assert list(project.resources) == ["/data/projects/P/resources/tables"]


@pytest.mark.parametrize("line", ['clinical_level = "none"', 'clinical_label = "a/b"'])
def test_a_level_or_label_that_cannot_be_is_refused(site: Running, line: str) -> None:
    site.settings()
    config = site.home / "config.toml"
    config.write_text(config.read_text() + line + "\n")
    from adapters.profiles import load_profiles

    with pytest.raises(UsageError, match="clinical_"):
        load_profiles(site.home)


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


class _Stuck(MadeFile):
    """Its second piece never comes."""

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self.content[:4]
        self.begun.set()
        await asyncio.Event().wait()

    @property
    def begun(self) -> asyncio.Event:
        return _BEGUN[id(self)]


_BEGUN: dict[int, asyncio.Event] = {}


async def test_a_cancelled_upload_lets_its_thread_go(node: XnatNode, xnat: ScriptedXnat) -> None:
    """Four of them would else take all threads, and the next call would wait for ever."""
    project = Project(xnat)
    for _ in range(6):
        file = _Stuck(NAME, TABLE)
        _BEGUN[id(file)] = asyncio.Event()
        task = asyncio.create_task(send(node, replace(table_item(), file=file)))
        async with asyncio.timeout(20):
            await file.begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    xnat.tell("PUT", FILES, project.put)
    async with asyncio.timeout(20):
        assert (await send(node)).verdict is STORED
    _BEGUN.clear()


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
