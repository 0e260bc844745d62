"""Each fault that can be ordered of the XNAT stand-in: what the client sees, what is stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import uid
from tests.sandbox.xnat.made import Clock, Walk, client, ct, heading, series, zipped

THREE = zipped({"1": ct("a"), "2": ct("b"), "3": ct("c")})
CREDENTIALS = {"username": "ingester", "password": "ingester"}


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [
        ("xnat:processing", 400, "session processing in progress"),
        ("xnat:concurrent", 400, "concurrent modification is discouraged"),
    ],
)
async def test_transient_refusals_of_an_import_store_nothing(
    node: Sandbox, walk: Walk, spec: str, status: int, reason: str
) -> None:
    node.fault(f"{spec},times=1")
    answer = await walk.send(series("a"))
    assert (answer.status_code, heading(answer)) == (status, reason)
    assert node.xnat.waiting_objects() == {}
    assert (await walk.send(series("a"))).status_code == 200


async def test_an_import_is_refused_with_retry_after(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:import-status=503,retry-after=2,times=1")
    answer = await walk.send(series("a"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_a_body_above_the_limit_is_413_and_smaller_ones_pass(
    node: Sandbox, walk: Walk
) -> None:
    node.fault("xnat:too-large=2000")
    statuses = [(await walk.send(body)).status_code for body in (THREE, series("a"))]
    assert statuses == [413, 200]


async def test_a_session_that_ends_midway_keeps_what_came(node: Sandbox) -> None:
    async with client(node, None) as http:
        await http.put("/data/services/auth", data=CREDENTIALS)
        node.fault("xnat:expire-session,times=1")
        answer = await Walk(http).send(THREE)
        later = await http.get("/data/auth")
    assert (answer.status_code, later.status_code) == (401, 401)
    assert set(node.xnat.waiting_objects()) == {uid("a")}


async def test_a_session_may_end_midway_and_the_upload_succeed(node: Sandbox) -> None:
    async with client(node, None) as http:
        await http.put("/data/services/auth", data=CREDENTIALS)
        node.fault("xnat:expire-session,answer=200,times=1")
        answer = await Walk(http).send(THREE)
        later = await http.get("/data/auth")
    assert (answer.status_code, later.status_code) == (200, 401)
    assert len(node.xnat.waiting_objects()) == 3


async def test_an_evicted_session_hears_401(node: Sandbox) -> None:
    async with client(node, None) as http:
        await http.put("/data/services/auth", data=CREDENTIALS)
        node.fault("xnat:evict,times=1")
        assert (await http.get("/data/auth")).status_code == 401


async def test_a_session_becomes_a_guests(node: Sandbox) -> None:
    async with client(node, None) as http:
        await http.put("/data/services/auth", data=CREDENTIALS)
        node.fault("xnat:become-guest,times=1")
        listed = await http.get("/data/projects?format=json")
        name = await http.get("/xapi/users/username")
        project = await http.get("/data/projects/SANDBOX")
    assert (listed.status_code, listed.json()["ResultSet"]["Result"]) == (200, [])
    assert (name.text, project.status_code) == ("guest", 404)


async def test_a_gateway_gives_up_and_archiving_goes_on(
    node: Sandbox, walk: Walk, clock: Clock
) -> None:
    await walk.send(series("a"))
    node.fault("xnat:gateway-timeout=5000,times=1")
    assert (await walk.archive()).status_code == 504
    assert await walk.states() == ["ARCHIVING"]
    assert (await walk.archive()).status_code == 403
    clock.pass_(5)
    assert await walk.states() == []
    assert set(node.xnat.archived_objects()) == {uid("a")}


async def test_a_conflict_can_be_ordered(node: Sandbox, walk: Walk) -> None:
    await walk.send(series("a"))
    node.fault("xnat:conflict,times=1")
    assert (await walk.archive()).status_code == 409
    assert await walk.states() == ["CONFLICT"]


@pytest.mark.parametrize("kind", ["duplicate-archive", "in-use"])
async def test_transient_refusals_of_archiving_leave_the_row(
    node: Sandbox, walk: Walk, kind: str
) -> None:
    await walk.send(series("a"))
    node.fault(f"xnat:{kind},times=1")
    assert (await walk.archive()).status_code == 400
    assert (await walk.archive()).status_code == 200


async def test_objects_are_lost_without_a_word(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:drop=2,times=1")
    answer = await walk.send(THREE)
    assert answer.status_code == 200
    assert set(node.xnat.waiting_objects()) == {uid("c")}


async def test_an_import_goes_unassigned(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:unassigned,times=1")
    answer = await walk.send(series("a"))
    assert answer.text.startswith("/data/prearchive/projects/Unassigned/")


@pytest.mark.parametrize(
    ("spec", "kept"),
    [
        ("xnat:cut-before-body", set()),
        ("xnat:cut-before-store=1500", set()),
        ("xnat:cut-after-store=1500", {uid("a")}),
        ("xnat:cut-answer", {uid("a"), uid("b"), uid("c")}),
    ],
)
async def test_a_cut_line_leaves_what_was_stored_by_then(
    node: Sandbox, walk: Walk, spec: str, kept: set[str]
) -> None:
    node.fault(f"{spec},times=1")
    with pytest.raises(httpx.TransportError):
        await walk.send(THREE)
    assert set(node.xnat.waiting_objects()) == kept


async def test_a_file_is_on_disk_and_not_in_the_catalog(node: Sandbox, walk: Walk) -> None:
    path = "/data/projects/SANDBOX/resources/R/files"
    node.fault("xnat:catalog-500,times=1")
    answer = await walk.http.put(f"{path}/f.csv?inbody=true", content=b"x")
    listed = await walk.http.get(f"{path}?format=json")
    await walk.http.post(
        "/data/services/refresh/catalog?resource=/archive/projects/SANDBOX&options=append"
    )
    again = await walk.http.get(f"{path}?format=json")
    counts = [len(a.json()["ResultSet"]["Result"]) for a in (listed, again)]
    assert (answer.status_code, counts) == (500, [0, 1])


async def test_a_file_is_refused_without_a_word(node: Sandbox, walk: Walk) -> None:
    path = "/data/projects/SANDBOX/resources/R/files/f.csv?inbody=true"
    node.fault("xnat:silent-refusal,times=1")
    assert (await walk.http.put(path, content=b"x")).status_code == 200
    assert "R" not in node.xnat.archive.projects["SANDBOX"].resources


async def test_a_change_of_accessibility_is_refused(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:refuse-accessibility,times=1")
    path = "/data/projects/SANDBOX/accessibility"
    assert (await walk.http.put(f"{path}/protected")).status_code == 403
    assert (await walk.http.get(path)).text == "private"


async def test_a_file_that_no_catalog_lists_is_a_duplicate_until_it_is_written_over(
    node: Sandbox, walk: Walk
) -> None:
    path = "/data/projects/SANDBOX/resources/R/files"
    node.fault("xnat:catalog-500,times=1")
    await walk.http.put(f"{path}/f.csv?inbody=true", content=b"x")
    again = await walk.http.put(f"{path}/f.csv?inbody=true", content=b"x")
    over = await walk.http.put(f"{path}/f.csv?inbody=true&overwrite=true", content=b"y")
    listed = await walk.http.get(f"{path}?format=json")
    assert (again.status_code, again.text) == (200, '{"duplicates": ["f.csv"]}')
    assert (over.status_code, over.text) == (200, "")
    assert [(f["Name"], f["Size"]) for f in listed.json()["ResultSet"]["Result"]] == [
        ("f.csv", "1")
    ]


async def test_of_two_writers_to_one_resource_the_second_is_500(node: Sandbox, walk: Walk) -> None:
    """The first begins, and another one is done before the first ends its body."""
    path = "/data/projects/SANDBOX/resources/R/files"
    quick: list[int] = []

    async with client(node) as other:

        async def overtaken() -> AsyncIterator[bytes]:
            yield b"s"
            async with asyncio.timeout(30):
                while not list((node.xnat.folder / "incoming").glob("*.part")):  # noqa: ASYNC110 the stand-in tells nobody
                    await asyncio.sleep(0)
            second = await other.put(f"{path}/quick.csv?inbody=true", content=b"q")
            quick.append(second.status_code)
            yield b"l"

        first = await walk.http.put(
            f"{path}/slow.csv?inbody=true", content=overtaken(), headers={"content-length": "2"}
        )
    assert (quick, first.status_code) == ([200], 500)
    assert "modified by another" in heading(first)
    assert list(node.xnat.archive.projects["SANDBOX"].resources["R"].files) == ["quick.csv"]


async def test_writers_to_different_resources_do_not_meet(node: Sandbox, walk: Walk) -> None:
    base = "/data/projects/SANDBOX/resources"
    names = [f"{base}/R{n}/files/f.csv?inbody=true" for n in range(8)]
    answers = await asyncio.gather(*(walk.http.put(name, content=b"x") for name in names))
    assert {a.status_code for a in answers} == {200}


async def test_the_files_of_one_subject_are_refused_and_those_of_others_taken(
    node: Sandbox, walk: Walk
) -> None:
    node.fault("xnat:refuse-file=S2")
    base = "/data/projects/SANDBOX/subjects"
    for label in ("S1", "S2"):
        await walk.http.put(f"{base}/{label}")
    path = "resources/clinical/files/f.json?inbody=true"
    answers = [await walk.http.put(f"{base}/S{n}/{path}", content=b"x") for n in (1, 2)]
    assert [a.status_code for a in answers] == [200, 400]


async def test_a_file_is_kept_and_its_answer_is_lost(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:lose-file-answer,times=1")
    path = "/data/projects/SANDBOX/resources/R/files/f.csv?inbody=true"
    with pytest.raises(httpx.TransportError):
        await walk.http.put(path, content=b"x")
    assert list(node.xnat.archive.projects["SANDBOX"].resources["R"].files) == ["f.csv"]
