"""Archived once, watched where the answer stays out, and told why where it will not go."""

from __future__ import annotations

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply
from tests.adapters.xnat.instances import LABEL, STUDY
from tests.adapters.xnat.rows import SESSION, Rows
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, text
from transfer.errors import NodeBusy, NodeFault, NotAllowed, StudyRefused, Unreachable

FIRST, SECOND = "20261123_060000000", "20261123_060500000"


def _source(timestamp: str) -> dict[str, list[str]]:
    return {
        "src": [f"/prearchive/projects/P/{timestamp}/{LABEL}"],
        "overwrite": ["append"],
        "overwrite_files": ["true"],
    }


async def test_a_received_study_is_built_and_archived_once(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {FIRST: ["RECEIVING"]}, on_build=["QUEUED_BUILDING", "BUILDING", "READY"])
    await node.commit_study(STUDY, "P")
    assert rows.builds == [FIRST]
    assert rows.archivings == [_source(FIRST)]


async def test_a_study_that_is_archived_already_is_no_error(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {}, is_archived=True)
    await node.commit_study(STUDY, "P")
    assert rows.archivings == []


async def test_a_second_row_is_merged_after_the_first(node: XnatNode, xnat: ScriptedXnat) -> None:
    """What arrives while a row is locked opens another one for the same Study."""
    rows = Rows(xnat, {SECOND: ["RECEIVING"], FIRST: ["READY"]})
    await node.commit_study(STUDY, "P")
    assert rows.archivings == [_source(FIRST), _source(SECOND)]


async def test_rows_of_other_people_are_left_alone(node: XnatNode, xnat: ScriptedXnat) -> None:
    rows = Rows(xnat, {FIRST: ["READY"]}, is_archived=True)
    rows.study = "1.2.4"
    xnat.tell("GET", SESSION, document({"items": [{"data_fields": {"ID": "E", "UID": "1.2.3"}}]}))
    await node.commit_study(STUDY, "P")
    assert (rows.builds, rows.archivings) == ([], [])


@pytest.mark.parametrize(
    "answer",
    [
        Reply(504),
        Reply(502),
        page(500, "The server waited 600 s"),
        page(403, "Operation already in progress on this prearchive entry."),
        page(400, "Duplicate archive attempt"),
        Reply(then="reset"),
    ],
)
async def test_an_archiving_whose_answer_stays_out_is_watched_and_not_asked_for_again(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply
) -> None:
    rows = Rows(xnat, {FIRST: ["READY"]}, archive_answer=answer)
    rows.on_archive = ["QUEUED_ARCHIVING", "ARCHIVING", "ARCHIVING", "gone"]
    await node.commit_study(STUDY, "P")
    assert len(rows.archivings) == 1


async def test_a_row_that_still_stands_ready_after_a_lost_answer_is_given_time_to_begin(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {FIRST: ["READY"]}, archive_answer=Reply(504))
    rows.on_archive = ["READY", "READY", "ARCHIVING", "gone"]
    await node.commit_study(STUDY, "P")
    assert len(rows.archivings) == 1


async def test_an_archiving_of_an_earlier_run_is_waited_for(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {FIRST: ["ARCHIVING", "ARCHIVING", "gone"]}, is_archived=True)
    await node.commit_study(STUDY, "P")
    assert (rows.builds, rows.archivings) == ([], [])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(Reply(504), NodeBusy), (Reply(500), NodeFault), (Reply(then="reset"), Unreachable)],
)
async def test_only_a_row_that_stays_ready_may_be_asked_for_again_and_by_the_engine(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, kind: type[NodeBusy]
) -> None:
    rows = Rows(xnat, {FIRST: ["READY"]}, on_archive=["READY"], archive_answer=answer)
    with pytest.raises(kind) as lost:
        await node.commit_study(STUDY, "P")
    assert lost.value.retry.allowed
    assert len(rows.archivings) == 1


@pytest.mark.parametrize(("status", "word"), [("CONFLICT", "a conflict"), ("ERROR", "an error")])
async def test_a_row_that_gets_stuck_refuses_the_study_with_the_nodes_reason(
    node: XnatNode, xnat: ScriptedXnat, status: str, word: str
) -> None:
    rows = Rows(xnat, {FIRST: ["READY"]}, on_archive=["ARCHIVING", status])
    rows.archive_answer = page(500, "FAILED: whatever")
    log = f"<p>Session <b>{LABEL}</b> already exists<br>with other scans</p>"
    xnat.tell("GET", r"/data/prearchive/projects/P/.*/logs/last", text(log))
    with pytest.raises(StudyRefused) as refused:
        await node.commit_study(STUDY, "P")
    assert refused.value.what == (
        f"The node keeps the Study in its prearchive with {word}: "
        "Session (…) already exists with other scans"
    )
    assert not refused.value.retry.allowed


async def test_a_row_found_stuck_is_built_once_more_since_somebody_may_have_mended_it(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {FIRST: ["CONFLICT"]})
    await node.commit_study(STUDY, "P")
    assert rows.builds == [FIRST]
    assert len(rows.archivings) == 1


async def test_a_build_that_ends_in_an_error_refuses_the_study(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    rows = Rows(xnat, {FIRST: ["RECEIVING"]}, on_build=["BUILDING", "ERROR"])
    with pytest.raises(StudyRefused, match="with an error: it gives no reason"):
        await node.commit_study(STUDY, "P")
    assert rows.archivings == []


async def test_an_account_that_may_not_archive_is_told_so(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Rows(xnat, {FIRST: ["READY"]}, archive_answer=page(403, "Not authorised to archive"))
    with pytest.raises(NotAllowed):
        await node.commit_study(STUDY, "P")


async def test_a_study_of_which_the_node_kept_nothing_is_refused(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Rows(xnat, {})
    with pytest.raises(StudyRefused, match="neither a waiting nor an archived session"):
        await node.commit_study(STUDY, "P")


async def test_a_session_of_another_study_under_our_label_is_no_success(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    Rows(xnat, {}, is_archived=True)
    xnat.tell("GET", SESSION, document({"items": [{"data_fields": {"ID": "E", "UID": "9.9"}}]}))
    with pytest.raises(StudyRefused, match="belongs to another Study"):
        await node.commit_study(STUDY, "P")


async def test_an_empty_listing_given_to_a_guest_is_not_believed(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    """Otherwise a Study that waits would count as taken over, since an older part is archived."""
    xnat.has_guests = True
    rows = Rows(xnat, {FIRST: ["READY"]}, is_archived=True)
    listing = rows._listing
    xnat.tell(
        "GET",
        "/data/prearchive/projects/P",
        lambda request: (
            listing(request)
            if len(xnat.sign_ins) > 1
            else document({"ResultSet": {"Result": [], "totalRecords": "0"}})
        ),
    )
    await node.sign_in()
    xnat.turn("guest")
    await node.commit_study(STUDY, "P")
    assert len(rows.archivings) == 1
