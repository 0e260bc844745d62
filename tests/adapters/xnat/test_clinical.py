"""Clinical files on a scripted XNAT: they go through xnatpy, no word of the node's is believed, and
nothing is written over unasked."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.clinical_rows import (
    DIFFERS,
    FILES,
    NAME,
    PROJECT,
    REFUSED,
    STORED,
    SUBJECT,
    TABLE,
    Project,
    md5,
    send,
    subject_item,
    table_item,
    taken_in,
)
from tests.adapters.xnat.scripted import Running, ScriptedXnat, document, text
from transfer.clinical.leaving import ClinicalItem, Held
from transfer.errors import (
    NodeFault,
    NotAllowed,
    NotSupported,
    UsageError,
)


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
