"""Archiving, once and again: conflicts, merging, renaming, and what the catalog says."""

from __future__ import annotations

import asyncio
import re

import pytest

from adapters.sandbox.ca import ThrowAwayCa
from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import uid
from tests.sandbox.xnat.made import Clock, Walk, client, ct, heading, series, zipped


async def _again(walk: Walk, body: bytes, **orders: str) -> tuple[int, str]:
    await walk.send(body)
    answer = await walk.archive(**orders)
    return answer.status_code, heading(answer)


async def _entries(walk: Walk, scan: str = "1") -> list[str]:
    return re.findall(r'<cat:entry [^>]* UID="([^"]+)"', await walk.catalog(scan))


async def test_an_archived_session_lists_its_objects_by_sop_uid(walk: Walk) -> None:
    answer = await walk.archived(series("a", "b"))
    assert (answer.status_code, answer.text) == (
        200,
        "/data/archive/projects/SANDBOX/subjects/S1/experiments/E1\r\n",
    )
    assert await walk.rows() == []
    assert sorted(await _entries(walk)) == sorted([uid("a"), uid("b")])
    assert "<cat:DCMCatalog" in await walk.catalog("1")


async def test_types_follow_the_modalities(walk: Walk) -> None:
    body = zipped({"1": ct("a", modality="PT"), "2": ct("b", series=2), "3": ct("c", series=3)})
    await walk.archived(body)
    session = await walk.http.get("/data/projects/SANDBOX/experiments/E1?format=json")
    assert session.json()["items"][0]["meta"]["xsi:type"] == "xnat:petSessionData"
    found = [scan["xsiType"] for scan in await walk.scans()]
    assert found == ["xnat:petScanData", "xnat:ctScanData", "xnat:ctScanData"]


@pytest.mark.parametrize("orders", [{}, {"overwrite": "none"}])
async def test_the_same_session_again_conflicts_without_overwrite(
    walk: Walk, orders: dict[str, str]
) -> None:
    await walk.archived(series("a"))
    assert await _again(walk, series("b"), **orders) == (
        500,
        "FAILED: Session already exists, retry with overwrite enabled",
    )
    assert await walk.states() == ["CONFLICT"]


async def test_new_files_are_merged_by_append(walk: Walk) -> None:
    await walk.archived(series("a"))
    status, _ = await _again(walk, series("b"), overwrite="append")
    assert status == 200
    assert sorted(await _entries(walk)) == sorted([uid("a"), uid("b")])


async def test_append_conflicts_over_files_already_there(walk: Walk) -> None:
    await walk.archived(series("a"))
    status, _ = await _again(walk, series("a", "b"), overwrite="append")
    assert (status, await walk.states()) == (500, ["CONFLICT"])


@pytest.mark.parametrize(
    "orders", [{"overwrite": "append", "overwrite_files": "true"}, {"overwrite": "delete"}]
)
async def test_an_object_already_there_is_replaced_and_none_deleted(
    walk: Walk, orders: dict[str, str]
) -> None:
    await walk.archived(series("a", "b"))
    status, _ = await _again(walk, series("b", "c"), **orders)
    assert status == 200
    assert sorted(await _entries(walk)) == sorted([uid("a"), uid("b"), uid("c")])


async def test_an_object_under_another_name_is_known_by_its_uid(walk: Walk) -> None:
    await walk.archived(zipped({"one.dcm": ct("a")}), rename="")
    await walk.send(zipped({"two.dcm": ct("a")}), rename="")
    await walk.archive(overwrite="append", overwrite_files="true")
    assert await _entries(walk) == [uid("a")]


async def test_another_series_under_a_taken_number_is_renamed(walk: Walk) -> None:
    await walk.archived(series("a"))
    for name in ("b", "c"):
        await _again(walk, series(name, uid_of=name), overwrite="append")
    assert [scan["ID"] for scan in await walk.scans()] == ["1", "1-CT1", "1-CT2"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (series("b", study="other"), "with a different Study Instance UID"),
        (zipped({"1": ct("b", modality="MR")}), "with a different modality"),
    ],
)
async def test_a_label_belongs_to_one_study_and_modality(
    walk: Walk, body: bytes, reason: str
) -> None:
    await walk.archived(series("a"))
    answer = await _again(walk, body, overwrite="append")
    assert answer == (500, f"FAILED: Session already exists {reason}")


async def test_a_label_belongs_to_one_subject(walk: Walk) -> None:
    await walk.archived(series("a"))
    await walk.send(series("b"), SUBJECT_ID="S2")
    answer = await walk.archive(overwrite="append")
    assert heading(answer) == "FAILED: Session already exists for another subject"


async def test_a_direct_import_into_a_taken_label_is_409(walk: Walk) -> None:
    await walk.archived(series("a"))
    target = "/archive/projects/SANDBOX/subjects/S1/experiments/E1"
    answer = await walk.send(series("b", study="other"), dest=target, overwrite="append")
    assert answer.status_code == 409


async def test_parallel_imports_into_one_archived_session_do_not_break_the_site(
    walk: Walk,
) -> None:
    target = "/archive/projects/SANDBOX/subjects/S1/experiments/E1"
    bodies = (series("a", "b", "c"), series("d", "e", "f", number=2))
    answers = await asyncio.gather(*(walk.send(body, dest=target) for body in bodies))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 200
    assert statuses[1] in (200, 409)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("/prearchive/projects/SANDBOX/20200101_000000000/E1", 404),
        ("/prearchive/nonsense", 400),
    ],
)
async def test_a_wrong_source_is_refused(walk: Walk, source: str, status: int) -> None:
    answer = await walk.http.post("/data/services/archive", data={"src": source})
    assert answer.status_code == status


async def test_an_unassigned_row_cannot_be_archived(walk: Walk) -> None:
    sent = await walk.send(series("a"), PROJECT_ID="NOWHERE")
    source = sent.text.strip().removeprefix("/data")
    answer = await walk.http.post("/data/services/archive", data={"src": source})
    assert answer.status_code == 400


async def test_validate_archive_tells_beforehand(walk: Walk) -> None:
    await walk.archived(series("a"))
    await walk.send(series("b"))
    source = (await walk.rows())[0]["url"]
    form = {"src": source}
    answer = await walk.http.post("/data/services/validate-archive?format=json", data=form)
    assert [row["type"] for row in answer.json()["ResultSet"]["Result"]] == ["CONFLICT"]


async def test_subjects_are_found_whatever_their_case(walk: Walk) -> None:
    await walk.archived(series("a"))
    await walk.send(series("b", study="b"), SUBJECT_ID="s1", EXPT_LABEL="E2")
    await walk.archive()
    subjects = await walk.http.get("/data/projects/SANDBOX/subjects?format=json")
    assert [row["label"] for row in subjects.json()["ResultSet"]["Result"]] == ["S1"]


async def test_a_site_comes_back_with_what_it_held(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("site")
    options = Options(folder=folder / "store", ca=ThrowAwayCa(folder / "tls"))
    async with Sandbox(options) as first, client(first) as http:
        await Walk(http).archived(series("a"))
        await Walk(http).send(series("b", study="b"), EXPT_LABEL="E2")
    async with Sandbox(options) as second, client(second) as http:
        walk = Walk(http)
        assert await _entries(walk) == [uid("a")]
        assert await walk.states() == ["RECEIVING"]
        assert (await walk.archive()).status_code == 200
        assert set(second.xnat.archived_objects()) == {uid("a"), uid("b")}


async def test_direct_archive_is_finished_by_its_address(walk: Walk, clock: Clock) -> None:
    answer = await walk.send(series("a"), **{"Direct-Archive": "true"})
    url = answer.text.strip()
    assert url == f"/xapi/direct-archive/SANDBOX/{uid('study')}/E1"
    assert await walk.rows() == []
    assert (await walk.http.post(url)).status_code == 200
    assert await _entries(walk) == [uid("a")]
