"""One tar for each Series into our project; and what a refusal leads to."""

from __future__ import annotations

import asyncio
import tarfile
import threading
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.instances import InMemory
from tests.adapters.xnat.scripted import Running, ScriptedXnat, page, query_of, text
from transfer.errors import (
    BodyTooLarge,
    NodeBusy,
    NodeFault,
    NotAllowed,
    NotSupported,
    SourceChanged,
    Unreachable,
    UsageError,
)
from transfer.node import Batch, Verdict
from transfer.values import SeriesInstanceUID, SeriesRef, StudyInstanceUID

IMPORT = "/data/services/import"
OURS = text("/data/prearchive/projects/P/20261123_060000000/SUBJ-001_c47f5b18\r\n")
LOST = text("/data/prearchive/projects/Unassigned/20261123_060000001/SUBJ-001_c47f5b18\r\n")


def _batch(instances: Sequence[InMemory], destination: str = "P") -> Batch:
    return Batch(7, destination, instances)


def _two() -> list[InMemory]:
    return [InMemory("1.1", b"a" * 700), InMemory("1.2", b"b" * 300)]


def _taking(xnat: ScriptedXnat, answer: Reply = OURS) -> list[Request]:
    """Imports are answered so; the list fills with the requests, their bodies read."""
    seen: list[Request] = []

    def take(request: Request) -> Reply:
        _ = request.body
        seen.append(request)
        return answer

    xnat.tell("POST", IMPORT, take)
    return seen


async def test_a_series_goes_as_one_tar_with_its_labels_in_both_spellings(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    seen = _taking(xnat)
    outcomes = await node.send(_batch(_two()), lambda _: None)
    assert [(o.sop_instance_uid, o.verdict) for o in outcomes] == [
        ("1.1", Verdict.STORED),
        ("1.2", Verdict.STORED),
    ]
    (request,) = seen
    assert query_of(request) == {
        "import-handler": "DICOM-zip",
        "PROJECT_ID": "P",
        "SUBJECT_ID": "SUBJ-001",
        "EXPT_LABEL": "SUBJ-001_c47f5b18",
        "project": "P",
        "subject": "SUBJ-001",
        "session": "SUBJ-001_c47f5b18",
        "rename": "true",
        "prevent_auto_commit": "true",
        "SOURCE": "uploader",
        "overwrite": "none",
        "inbody": "true",
    }
    assert request.headers["content-type"] == "application/x-tar"
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers
    with tarfile.open(fileobj=BytesIO(request.body), mode="r:") as tar:
        assert tar.getnames() == ["000001.dcm", "000002.dcm"]


async def test_each_study_of_a_batch_gets_a_request_of_its_own(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    seen = _taking(xnat)
    other = SeriesRef(StudyInstanceUID("9.9"), SeriesInstanceUID("9.9.1"), "SUBJ-002")
    await node.send(_batch([*_two(), InMemory("2.1", b"c", of=other)]), lambda _: None)
    assert [query_of(r)["SUBJECT_ID"] for r in seen] == ["SUBJ-001", "SUBJ-002"]


async def test_the_first_request_of_a_study_goes_alone_and_the_others_together(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    """The first one makes the row in the prearchive; parallel first writes are refused."""
    lock, both, second = threading.Lock(), threading.Barrier(2), threading.Event()
    came = 0
    was_alone: list[bool] = []

    def take(request: Request) -> Reply:
        nonlocal came
        _ = request.body
        with lock:
            came += 1
            is_first = came == 1
        if is_first:
            # Long enough for one that does not wait for this answer to come in between.
            was_alone.append(not second.wait(0.3))
        else:
            second.set()
            both.wait(10)
        return OURS

    xnat.tell("POST", IMPORT, take)
    await node.sign_in()
    await asyncio.gather(
        *(node.send(_batch([InMemory(f"1.{n}", b"x")]), lambda _: None) for n in range(3))
    )
    assert was_alone == [True]
    assert (came, both.broken) == (3, False)


async def test_data_that_landed_elsewhere_are_told_with_their_whereabouts_and_no_label(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _taking(xnat, LOST)
    with pytest.raises(NotAllowed, match=r"without a project \(Unassigned\)") as astray:
        await node.send(_batch(_two()), lambda _: None)
    assert "20261123_060000001" in astray.value.what
    assert "SUBJ-001" not in astray.value.what + astray.value.remedy
    assert not astray.value.retry.allowed


async def test_data_that_landed_elsewhere_because_we_were_a_guest_go_again(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.has_guests = True

    def take(request: Request) -> Reply:
        _ = request.body
        return OURS if len(xnat.sign_ins) == 2 else LOST

    xnat.tell("POST", IMPORT, take)
    await node.sign_in()
    xnat.turn("guest")
    moved: list[int] = []
    outcomes = await node.send(_batch(_two()), moved.append)
    assert {o.verdict for o in outcomes} == {Verdict.STORED}
    assert sum(moved) == 1000


async def test_a_session_that_ends_in_mid_body_is_renewed_and_the_bytes_taken_back(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    _taking(xnat)
    await node.send(_batch([InMemory("1.0", b"x")]), lambda _: None)
    xnat.turn(None)
    moved: list[int] = []
    outcomes = await node.send(_batch(_two()), moved.append)
    assert {o.verdict for o in outcomes} == {Verdict.STORED}
    assert sum(moved) == 1000
    assert min(moved) < 0
    assert len(xnat.sign_ins) == 2


async def test_an_unreadable_instance_is_found_by_sending_one_by_one(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    handlers: list[str] = []

    def take(request: Request) -> Reply:
        handler = query_of(request)["import-handler"]
        handlers.append(handler)
        assert query_of(request)["EXPT_LABEL"] == "SUBJ-001_c47f5b18"
        if handler == "gradual-DICOM" and request.body.startswith(b"a"):
            assert request.headers["content-type"] == "application/dicom"
            return OURS
        _ = request.body
        return page(400, "Unable to read data from file of SUBJ-001_c47f5b18")

    xnat.tell("POST", IMPORT, take)
    moved: list[int] = []
    outcomes = {o.sop_instance_uid: o for o in await node.send(_batch(_two()), moved.append)}
    assert handlers == ["DICOM-zip", "gradual-DICOM", "gradual-DICOM"]
    assert {uid: o.verdict for uid, o in outcomes.items()} == {
        "1.1": Verdict.STORED,
        "1.2": Verdict.REFUSED,
    }
    (refused,) = (o for o in outcomes.values() if o.verdict is Verdict.REFUSED)
    assert refused.reason == "The node refused it: Unable to read data from file of (…)"
    assert not refused.retry.allowed
    assert sum(moved) == 1000


async def test_a_conflict_of_the_whole_session_refuses_every_instance_at_once(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    seen = _taking(xnat, page(400, "Session already exists for another subject"))
    outcomes = await node.send(_batch(_two()), lambda _: None)
    assert [o.verdict for o in outcomes] == [Verdict.REFUSED, Verdict.REFUSED]
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "wait_s"),
    [
        (page(400, "Session processing in progress"), NodeBusy, 5.0),
        (page(400, "Concurrent modification is discouraged"), NodeBusy, 5.0),
        (page(409, "Session is locked"), NodeBusy, 5.0),
        (page(423, "Locked"), NodeBusy, 5.0),
        (page(400, "Insufficient storage"), NodeBusy, 120.0),
        (page(507, "Insufficient Storage"), NodeBusy, 120.0),
        (Reply(503, b"", {"Retry-After": "7"}), NodeBusy, 7.0),
        (Reply(504), NodeBusy, 5.0),
        (Reply(500), NodeFault, 10.0),
        (text("ok"), NodeFault, 10.0),
        (Reply(then="reset"), Unreachable, 2.0),
    ],
)
async def test_what_passes_by_itself_is_told_so_with_the_time_to_wait(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, kind: type[NodeBusy], wait_s: float
) -> None:
    _taking(xnat, answer)
    with pytest.raises(kind) as refused:
        await node.send(_batch(_two()), lambda _: None)
    assert refused.value.retry.allowed
    assert refused.value.retry.after_s == wait_s


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page(413, "Too large"), BodyTooLarge),
        (page(403, "Forbidden"), NotAllowed),
        (page(400, "Unable to identify destination project"), NotAllowed),
        (page(404, "Unknown handler"), NotSupported),
    ],
)
async def test_what_stays_is_not_repeated(
    node: XnatNode, xnat: ScriptedXnat, answer: Reply, kind: type[NodeBusy]
) -> None:
    seen = _taking(xnat, answer)
    with pytest.raises(kind) as refused:
        await node.send(_batch(_two()), lambda _: None)
    assert not refused.value.retry.allowed
    assert len(seen) == 1


async def test_a_changed_file_ends_the_batch_and_the_next_one_is_the_first_again(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    seen = _taking(xnat)
    with pytest.raises(SourceChanged):
        await node.send(_batch([InMemory("1.1", bytes(10), claimed=50_000)]), lambda _: None)
    outcomes = await node.send(_batch([InMemory("1.2", b"x")]), lambda _: None)
    assert outcomes[0].verdict is Verdict.STORED
    assert len(seen) <= 2


@pytest.mark.parametrize("destination", ["", "a b", "../P", "P/Q"])
async def test_a_destination_that_is_no_project_id_is_a_matter_of_usage(
    node: XnatNode, destination: str
) -> None:
    with pytest.raises(UsageError):
        await node.send(_batch(_two(), destination), lambda _: None)


async def test_an_xnat_that_cannot_read_a_tar_is_sent_nothing(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.version = "1.8.2.2"
    with pytest.raises(NotSupported, match=r"XNAT 1\.8\.2\.2"):
        await node.send(_batch(_two()), lambda _: None)
    assert xnat.count(f"POST {IMPORT}") == 0


async def test_a_rehearsal_is_the_request_that_would_be_sent_but_for_the_session(
    node: XnatNode, xnat: ScriptedXnat, site: Running, tmp_path: Path
) -> None:
    folder = tmp_path / "rehearsal"
    folder.mkdir()
    seen = _taking(xnat)
    await node.rehearse(_batch(_two()), folder)
    assert site.server.requests == []
    await node.send(_batch(_two()), lambda _: None)
    head = (folder / "0007.http").read_bytes().split(b"\r\n")
    assert head[0] == f"POST {seen[0].target} HTTP/1.1".encode()
    assert b"Cookie: JSESSIONID=***" in head
    assert (folder / "0007.body").read_bytes() == seen[0].body
