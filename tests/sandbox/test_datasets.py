"""The stand-in's dataset-service: from an export to a published dataset, and who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.sandbox.datasets.answers import Refused
from adapters.sandbox.datasets.options import DatasetOptions
from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import sign_in
from tests.sandbox.datasets_made import (
    PENDING_S,
    STEP_S,
    Caller,
    caller,
    export,
    finish,
    lie,
    options,
    order,
    study,
)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(options()) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def author(sandbox: Sandbox) -> Caller:
    return await caller(sandbox)


@pytest.fixture
async def staff(sandbox: Sandbox) -> Caller:
    return await caller(sandbox, "staff")


async def made(sandbox: Sandbox, author: Caller, **changes: object) -> str:
    """A draft whose creation has finished."""
    asked = order(**changes)
    lie(sandbox, asked)
    dataset = await author.created(asked)
    finish(sandbox)
    assert await author.status(dataset) == ("finished", "Successfully created")
    return dataset


async def test_stored_cases_are_exported_as_a_draft_of_the_operators(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = export(sandbox, "SUBJ-A", "SUBJ-B")
    assert await author.status(dataset) == ("pending", "Launching dataset creation job...")
    finish(sandbox)
    details = await author.details(dataset)
    assert (details["draft"], details["creating"], details["project"]) == (True, False, "SANDBOX")
    assert (details["studiesCount"], details["subjectsCount"]) == (2, 2)
    assert await author.listed("?draft=true&project=SANDBOX") == [dataset]


async def test_only_the_chosen_subjects_are_exported(sandbox: Sandbox, author: Caller) -> None:
    export(sandbox, "SUBJ-A", "SUBJ-B")
    dataset = export(sandbox, "SUBJ-B")
    finish(sandbox)
    studies = (await author.http.get(f"/datasets/{dataset}/studies")).json()["list"]
    assert [each["subjectName"] for each in studies] == ["SUBJ-B"]
    assert len(studies[0]["studyId"]) == 24


async def test_an_export_takes_the_eforms_along(sandbox: Sandbox, author: Caller) -> None:
    page = {"page_name": "patient_data", "page_data": {"gender": {"value": "MALE"}}}
    sandbox.eforms._keep_form("SANDBOX|MAIN", "SUBJ-A", {"pages": [page]})
    dataset = export(sandbox, "SUBJ-A", "SUBJ-B")
    finish(sandbox)
    details = await author.details(dataset)
    assert (details["sex"], details["sexCount"]) == (["Male", "Unknown"], [1, 1])


async def test_a_job_is_pending_then_tells_what_it_does_then_is_done(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = export(sandbox, "SUBJ-A")
    seen = [await author.status(dataset)]
    sandbox.datasets.clock.advance(PENDING_S)
    while seen[-1][0] != "finished":
        seen.append(await author.status(dataset))
        sandbox.datasets.clock.advance(STEP_S)
    assert [status for status, _ in seen] == ["pending", *["running"] * 11, "finished"]
    assert seen[1][1] == "Checking studies paths..."
    assert seen[8][1] == "Calculating SHA of study 1 of 1) ..."
    assert seen[-1][1] == "Successfully created"


async def test_a_dataset_is_created_released_and_published(
    sandbox: Sandbox, author: Caller, staff: Caller
) -> None:
    dataset = await made(sandbox, author)
    assert (await author.patch(dataset, "public", True)).status_code == 400
    assert (await author.patch(dataset, "draft", False)).status_code == 204
    assert (await author.patch(dataset, "draft", True)).status_code == 400
    assert (await author.patch(dataset, "public", True)).status_code == 400
    assert (await author.details(dataset))["pids"]["urls"]["zenodoDoi"] is None
    assert (await staff.patch(dataset, "public", True)).status_code == 204
    details = await author.details(dataset)
    assert details["public"] is True
    assert details["pids"]["preferred"] == "zenodoDoi"
    assert details["pids"]["urls"]["zenodoDoi"].startswith("https://doi.org/10.5072/zenodo.")
    assert "creating" not in details
    anonymous = await Caller(sandbox, None).details(dataset)
    assert "authorName" not in anonymous
    assert anonymous["allowedActionsForTheUser"] == []


async def test_a_draft_cannot_be_published_for_the_demo_either(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = await made(sandbox, author)
    with pytest.raises(Refused, match="editablePropertiesByTheUser"):
        sandbox.steering.publish(dataset)
    await author.patch(dataset, "draft", False)
    sandbox.steering.publish(dataset)
    assert (await author.details(dataset))["public"] is True


@pytest.mark.parametrize(
    ("public", "released", "editable"),
    [
        (False, False, ["draft", "name", "version"]),
        (False, True, ["invalidated", "contactInfo", "license"]),
        (True, True, ["invalidated", "contactInfo", "license"]),
    ],
)
async def test_what_the_author_may_edit_depends_on_the_state(
    sandbox: Sandbox, author: Caller, public: bool, released: bool, editable: list[str]
) -> None:
    dataset = await made(sandbox, author)
    if released:
        await author.patch(dataset, "draft", False)
    if public:
        sandbox.steering.publish(dataset)
    details = await author.details(dataset)
    assert details["editablePropertiesByTheUser"][:3] == editable
    assert details["allowedActionsForTheUser"] == ["use", "manageACL"]


async def test_an_account_that_lost_its_role_is_told_so_and_not_of_its_token(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = await made(sandbox, author)
    sandbox.steering.give_groups("ingester", ("authorized-technical-data-manager",))
    later = await caller(sandbox)
    refused = await later.http.get(f"/datasets/{dataset}")
    assert (refused.status_code, refused.json()) == (
        401,
        {"error": "unauthorized user", "status_code": 401},
    )
    assert (await later.create(order())).status_code == 401
    assert (await later.patch(dataset, "name", "Other")).status_code == 400


async def test_an_expired_token_is_refused_in_other_words(sandbox: Sandbox, author: Caller) -> None:
    sandbox.fault("issuer:expire,times=1")
    refused = await author.http.get("/datasets")
    assert refused.status_code == 401
    assert refused.json() == {"error": "invalid access token, Signature has expired"}
    assert (await (await caller(sandbox)).http.get("/datasets")).status_code == 200


async def test_a_token_of_the_images_client_is_for_somebody_else(sandbox: Sandbox) -> None:
    token = (await sign_in(sandbox)).json()["access_token"]
    refused = await Caller(sandbox, token).http.get("/datasets")
    assert refused.json() == {"error": "invalid access token, Audience doesn't match"}


async def test_names_need_not_be_unique(sandbox: Sandbox, author: Caller) -> None:
    first = await made(sandbox, author, name="The same")
    second = await made(sandbox, author, name="The same")
    assert await author.listed("?searchString=the+same") == [second, first]


async def test_a_second_dataset_with_a_study_changes_the_first_ones(
    sandbox: Sandbox, author: Caller
) -> None:
    first = await made(sandbox, author)
    again = order(study(1, studyName="Renamed", url="https://node.example/other"))
    lie(sandbox, again)
    await author.created(again)
    finish(sandbox)
    await author.listed()
    listed = (await author.http.get(f"/datasets/{first}/studies")).json()["list"][0]
    assert (listed["studyName"], listed["url"]) == ("Renamed", "https://node.example/other")


async def test_a_new_version_becomes_the_next_one_when_it_is_released(
    sandbox: Sandbox, author: Caller
) -> None:
    first = await made(sandbox, author)
    await author.patch(first, "draft", False)
    upgradable = (await author.http.get("/upgradableDatasets?project=SANDBOX")).json()
    assert [each["id"] for each in upgradable] == [first]
    again = study()
    again["path"] = f"SUBJ-001/{again.pop('pathInDatalake').rpartition('/')[2]}"
    second = await author.created(order(again, previousId=first, version="2"))
    finish(sandbox)
    assert await author.status(second) == ("finished", "Successfully created")
    assert (await author.details(first))["nextId"] is None
    await author.patch(second, "draft", False)
    assert (await author.details(first))["nextId"] == second
    assert await author.listed("?onlyLastVersions=true") == [second]
    assert (await author.http.get("/upgradableDatasets")).json()[0]["id"] == second


async def test_an_invalidated_dataset_has_a_reason_until_it_is_reactivated(
    sandbox: Sandbox, author: Caller
) -> None:
    dataset = await made(sandbox, author)
    assert (await author.patch(dataset, "invalidationReason", "early")).status_code == 400
    await author.patch(dataset, "invalidated", True)
    await author.patch(dataset, "invalidationReason", "a subject withdrew")
    details = await author.details(dataset)
    assert (details["invalidated"], details["invalidationReason"]) == (True, "a subject withdrew")
    assert details["allowedActionsForTheUser"] == ["manageACL"]
    await author.patch(dataset, "invalidated", False)
    assert "invalidationReason" not in await author.details(dataset)


async def test_days_pass_by_the_services_own_clock(sandbox: Sandbox, author: Caller) -> None:
    first = await made(sandbox, author)
    sandbox.datasets.clock.advance(3 * 86_400)
    second = await made(sandbox, author)
    dates = [(await author.details(each))["creationDate"] for each in (first, second)]
    days = [int(date[8:10]) for date in dates]
    assert days[0] != days[1]
    assert all(date.endswith("+00:00") and date[10] == " " for date in dates)


async def test_all_is_there_again_at_the_next_start(tmp_path: Path) -> None:
    async with Sandbox(options(folder=tmp_path)) as sandbox:
        author = await caller(sandbox)
        dataset = await made(sandbox, author)
        await author.patch(dataset, "draft", False)
        pending = await author.created(order(name="Still pending"))
        before = await author.details(dataset)
    async with Sandbox(options(folder=tmp_path)) as sandbox:
        again = await caller(sandbox)
        assert await again.details(dataset) == before
        assert (await again.status(pending))[0] == "pending"
        finish(sandbox)
        assert (await again.status(pending))[0] == "finished"
        traces = sandbox.datasets.tracer.traces(dataset)
        assert [entry.get("details") for entry in traces] == [None, "RELEASE"]


async def test_the_configuration_of_a_sandbox_with_tokens_names_the_service(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.write_home(tmp_path)
    url = sandbox.endpoints.dataset_service_url
    assert f'dataset_service_url = "{url}"' in (tmp_path / "config.toml").read_text("utf-8")
    nodes = sandbox.describe(None)["nodes"]
    assert isinstance(nodes, dict)
    assert nodes["sandbox-upv"]["dataset_service_url"] == url


async def test_a_node_without_tokens_has_no_dataset_service(tmp_path: Path) -> None:
    async with Sandbox(options(auth="none")) as sandbox:
        sandbox.write_home(tmp_path)
    assert "dataset_service_url" not in (tmp_path / "config.toml").read_text("utf-8")


async def test_jobs_under_way_are_in_no_list_unless_that_is_asked_for() -> None:
    """As recorded: whoever lost the answer of a creation finds it once it has finished."""
    both = []
    for shows in (False, True):
        jobs = DatasetOptions(pending_s=PENDING_S, step_s=STEP_S, lists_creating=shows)
        async with Sandbox(options(datasets=jobs)) as sandbox:
            author = await caller(sandbox)
            asked = order()
            lie(sandbox, asked)
            await author.created(asked)
            before = len(await author.listed("?draft=true"))
            finish(sandbox)
            both.append((before, len(await author.listed("?draft=true"))))
    assert both == [(0, 1), (1, 1)]
