"""What goes wrong at the stand-in's dataset-service: in the job, at the ingress, by order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.server import Sandbox
from tests.adapters.upv.clinical_made import put_subject
from tests.sandbox.bodies import trusting
from tests.sandbox.datasets_made import (
    PENDING_S,
    STEP_S,
    Caller,
    Json,
    caller,
    export,
    finish,
    id_of,
    lie,
    options,
    order,
    study,
)
from transfer.errors import UsageError


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(options()) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def author(sandbox: Sandbox) -> Caller:
    return await caller(sandbox)


async def outcome(sandbox: Sandbox, author: Caller, asked: Json, **lake: Any) -> tuple[str, str]:
    """How the creation ends."""
    lie(sandbox, asked, **lake)
    dataset = await author.created(asked)
    finish(sandbox)
    return await author.status(dataset)


async def test_absent_series_and_their_studies_are_dropped_without_a_word(
    sandbox: Sandbox, author: Caller
) -> None:
    there, partly, gone = study(1), study(2), study(3)
    lie(sandbox, order(there, partly))
    partly["series"].append({"folderName": "NOT-THERE", "tags": []})
    dataset = await author.created(order(there, partly, gone))
    finish(sandbox)
    assert await author.status(dataset) == ("finished", "Successfully created")
    details = await author.details(dataset)
    listed = (await author.http.get(f"/datasets/{dataset}/studies")).json()["list"]
    assert details["studiesCount"] == 2
    assert [len(each["series"]) for each in listed] == [2, 2]


@pytest.mark.parametrize(
    ("changes", "lake"),
    [
        ({"url": None}, {}),
        ({"series": [{"folderName": "SER0"}]}, {}),
        ({"studyId": "1" * 65}, {}),
        ({}, {"external_id": None}),
        ({}, {"external_id": "f" * 24}),
        ({}, {"suffix": ".img"}),
    ],
    ids=["no url", "no tags", "long id", "no private tag", "foreign subproject", "no .dcm"],
)
async def test_what_nobody_checked_ends_the_job_without_saying_why(
    sandbox: Sandbox, author: Caller, changes: Json, lake: Json
) -> None:
    asked = study(1, **changes)
    if changes.get("url", "") is None:
        del asked["url"]
    assert await outcome(sandbox, author, order(asked), **lake) == ("error", "Unexpected error")


async def test_a_path_out_of_the_lake_ends_the_job(sandbox: Sandbox, author: Caller) -> None:
    dataset = await author.created(order(study(1, pathInDatalake="../../etc")))
    finish(sandbox)
    assert await author.status(dataset) == ("error", "Wrong path: ../../etc")


async def test_a_dataset_that_ended_in_error_is_a_draft_its_author_may_delete(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = await author.created(order(study(1, pathInDatalake="../x")))
    finish(sandbox)
    details = await author.details(dataset)
    assert (details["draft"], details["creating"]) == (True, True)
    assert details["allowedActionsForTheUser"] == ["delete", "manageACL"]
    assert "draft" not in details["editablePropertiesByTheUser"]
    assert (await author.http.delete(f"/datasets/{dataset}")).status_code == 204
    assert (await author.http.get(f"/datasets/{dataset}")).status_code == 404


async def test_staff_restarts_a_job_once_its_cause_is_gone(
    sandbox: Sandbox, author: Caller
) -> None:
    asked = order()
    dataset = await author.created(asked)
    finish(sandbox)
    assert (await author.status(dataset))[0] == "error"
    lie(sandbox, asked)
    refused = await author.http.post(f"/datasets/{dataset}/restartCreation")
    staff = await caller(sandbox, "staff")
    restarted = await staff.http.post(f"/datasets/{dataset}/restartCreation")
    assert (refused.status_code, restarted.status_code) == (401, 204)
    finish(sandbox)
    assert (await author.status(dataset))[0] == "finished"


async def test_a_held_job_is_pending_for_ever(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:held,times=1")
    dataset = export(sandbox, "SUBJ-A")
    finish(sandbox)
    assert await author.status(dataset) == ("pending", "Launching dataset creation job...")


async def test_a_job_can_fail_midway(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:job-fails=3,times=1")
    dataset = export(sandbox, "SUBJ-A")
    sandbox.datasets.clock.advance(PENDING_S + 2 * STEP_S)
    assert await author.status(dataset) == ("running", "Creating studies in DB...")
    sandbox.datasets.clock.advance(STEP_S)
    assert await author.status(dataset) == ("error", "Unexpected error")
    assert (await author.details(dataset))["studiesCount"] == 0


async def test_a_cluster_that_refuses_leaves_nothing(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:refused-by-cluster,times=1")
    refused = await author.create(order())
    assert refused.status_code == 500
    assert refused.json()["error"].startswith("Error launching dataset creation job")
    assert sandbox.datasets.datasets() == []


async def test_a_creation_whose_answer_is_lost_has_worked(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:lose-answer,times=1")
    lie(sandbox, order(name="Lost answer"))
    with pytest.raises(httpx.TransportError):
        await author.create(order(name="Lost answer"))
    finish(sandbox)
    assert len(await author.listed("?searchString=Lost+answer&draft=true")) == 1


async def test_a_late_answer_comes_after_the_client_has_given_up(
    sandbox: Sandbox, author: Caller
) -> None:
    sandbox.fault("datasets:late-answer=60000,times=1")
    lie(sandbox, order())
    with pytest.raises(httpx.ReadTimeout):
        await author.http.post("/datasets", json=order(), timeout=0.5)
    assert len(sandbox.datasets.datasets()) == 1


async def test_while_the_tracer_fails_a_release_does_not_happen(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = export(sandbox, "SUBJ-A")
    finish(sandbox)
    assert (await author.status(dataset))[0] == "finished"
    sandbox.fault("datasets:tracer-fails,times=2")
    assert (await author.patch(dataset, "draft", False)).status_code == 500
    assert (await author.patch(dataset, "contactInfo", "somebody")).status_code == 500
    details = await author.details(dataset)
    assert (details["draft"], details["contactInfo"]) == (True, "")
    assert (await author.patch(dataset, "draft", False)).status_code == 204


async def test_the_tracer_is_told_of_the_creation_too(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:tracer-fails,times=1")
    dataset = export(sandbox, "SUBJ-A")
    finish(sandbox)
    assert await author.status(dataset) == ("error", "Unexpected error")


async def test_a_role_can_be_lost_for_one_request(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:unauthorized,times=1")
    answers = [await author.http.get("/datasets") for _ in range(2)]
    assert [a.status_code for a in answers] == [401, 200]
    assert answers[0].json() == {"error": "unauthorized user", "status_code": 401}


@pytest.mark.parametrize("chunked", [False, True])
async def test_the_ingress_refuses_what_is_too_large_in_html(
    sandbox: Sandbox, author: Caller, chunked: bool
) -> None:
    body = json.dumps(order(description="x" * (1024 * 1024))).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:500_000]
        yield body[500_000:]

    content = pieces() if chunked else body
    headers = {"content-type": "application/json"}
    refused = await author.http.post("/datasets", content=content, headers=headers)
    assert (refused.status_code, refused.headers["content-type"]) == (413, "text/html")
    assert sandbox.datasets.datasets() == []


async def test_an_ingress_can_let_more_through() -> None:
    jobs = DatasetOptions(pending_s=PENDING_S, step_s=STEP_S, ingress_bytes=None)
    async with Sandbox(options(datasets=jobs)) as sandbox:
        made = await (await caller(sandbox)).create(order(description="x" * (2 * 1024 * 1024)))
    assert id_of(made)


async def test_a_front_fault_is_answered_in_html(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("datasets:status=503,retry-after=7,times=1")
    refused = await author.http.get("/datasets")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "7")
    assert refused.text.startswith("<html>")


@pytest.mark.parametrize(
    "changes",
    [
        {"studies": ["x"]},
        {"studies": [{}]},
        {"subjects": [{"subjectName": "SUBJ-001"}]},
        {"version": 5},
        {"studies": [study(1, series="SER0")]},
    ],
)
async def test_what_the_service_does_not_expect_is_a_500(
    author: Caller, changes: dict[str, object]
) -> None:
    refused = await author.create(order(**changes))
    assert refused.status_code == 500
    assert refused.json() == {
        "error": "Unexpected error, may be the input is wrong",
        "status_code": 500,
    }


async def test_a_form_creates_from_files(sandbox: Sandbox, author: Caller) -> None:
    asked = study(1, subjectName="SUBJ-é")
    lie(sandbox, order(asked))
    files = {
        "index": ("index.json", json.dumps([asked]).encode()),
        "clinicalData": ("c.csv", "who,sex\r\nSUBJ-é,female\r\n".encode()),
    }
    data = {"name": "From a form", "description": "", "type": ["original", "annotated"]}
    made = await author.http.post("/datasets", data=data, files=files)
    finish(sandbox)
    details = await author.details(id_of(made))
    assert (details["name"], details["type"]) == ("From a form", ["original", "annotated"])
    assert (details["project"], details["version"]) == ("SANDBOX", "??")
    kept = sandbox.datasets.dataset(id_of(made))
    assert kept.asked["subjects"] == [{"subjectName": "SUBJ-é", "eForm": {"sex": "female"}}]
    assert details["studiesCount"] == 1


async def test_the_export_page_shows_the_cases_and_takes_a_sign_in(sandbox: Sandbox) -> None:
    put_subject(sandbox, "<SUBJ>")
    url = sandbox.endpoints.export_url
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as http:
        page = (await http.get(url)).text
        form = {"subject": "<SUBJ>", "destination": "SANDBOX|MAIN", "name": "By hand"}
        form |= {"username": "ingester", "password": "ingester"}
        refused = await http.post(url, data=form | {"password": "x"})
        short = await http.post(url, data=form | {"name": "ab"})
        exported = await http.post(url, data=form)
        nothing = await http.post(url, data=form | {"subject": "NOBODY"})
    assert "&lt;SUBJ&gt;" in page
    assert "<SUBJ>" not in page
    assert [a.status_code for a in (refused, short, exported, nothing)] == [401, 400, 201, 400]
    assert [d.name for d in sandbox.datasets.datasets()] == ["By hand"]


async def test_another_process_steers_it_by_the_control(sandbox: Sandbox, author: Caller) -> None:
    put_subject(sandbox, "SUBJ-A")
    control = f"{sandbox.control_url}/datasets"
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as http:
        made = (await http.post(f"{control}/export", json={"name": "By control"})).json()["id"]
        late = await http.post(f"{control}/{made}/publish")
        await http.post(f"{control}/clock", json={"advance_s": PENDING_S + 100 * STEP_S})
        await author.patch(made, "draft", False)
        published = await http.post(f"{control}/{made}/publish")
        listed = (await http.get(control)).json()
        unknown = await http.post(f"{control}/export", json={"username": "nobody"})
        groups = {"groups": ["data-scientists"]}
        given = await http.put(f"{sandbox.control_url}/accounts/ingester", json=groups)
    assert [a.status_code for a in (late, published, unknown, given)] == [400, 204, 400, 204]
    assert [(d["name"], d["status"], d["public"], d["studiesCount"]) for d in listed] == [
        ("By control", "finished", True, 1)
    ]
    assert (await (await caller(sandbox)).create(order())).status_code == 401


async def test_an_export_of_nothing_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(UsageError, match="No such case"):
        export(sandbox)


async def test_the_page_behind_a_dataset_shows_how_far_it_is(sandbox: Sandbox) -> None:
    dataset = export(sandbox, "SUBJ-A", name="<b>Lung</b>")
    base = sandbox.endpoints.dataset_service_url.removesuffix("/api")
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as http:
        page = await http.get(f"{base}/datasets/{dataset}/details")
        absent = await http.get(f"{base}/datasets/x/details")
    assert (page.status_code, absent.status_code) == (200, 404)
    assert "draft. Creation pending" in page.text
    assert "<b>" not in page.text
