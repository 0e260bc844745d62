"""Step 10 when something goes wrong: jobs, roles, tokens, answers that never come, the ingress."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox.realm import INGESTER
from adapters.sandbox.server import Sandbox, in_thread
from adapters.upv.dataset_service import DatasetService
from adapters.upv.publishing import UpvPublisher
from tests.adapters.upv.clinical_made import fresh_subject
from tests.adapters.upv.dataset_place import METADATA, Asked, publishing, released, wanted
from tests.adapters.upv.nodes import node_at
from tests.conformance.publication import gate
from tests.sandbox.bodies import sign_in
from tests.sandbox.datasets_made import PENDING_S, STEP_S, export, finish, lie, options, study
from transfer.errors import (
    DatasetGone,
    DatasetRefused,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    StepBlocked,
    Unreachable,
)
from transfer.legal.gate import Action
from transfer.publication.values import Act, Stage


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with in_thread(options(record=tmp_path_factory.mktemp("record"))) as server:
        yield server
        assert list(server.crashes) == []


@pytest.fixture
def server(running: Sandbox) -> Iterator[Sandbox]:
    before = running.datasets.options
    yield running
    running.faults.clear()
    running.datasets.options = before
    running.steering.give_groups("ingester", INGESTER.groups)


@pytest.fixture
async def publisher(server: Sandbox, tmp_path: Path) -> AsyncIterator[UpvPublisher]:
    async with publishing(server, tmp_path) as opened:
        yield opened


def _draft(server: Sandbox, name: str = "Lung CT") -> str:
    made = export(server, fresh_subject(server), name=name)
    finish(server)
    return made


async def test_a_job_that_fails_keeps_its_last_message_and_can_be_deleted(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    server.fault("datasets:job-fails=3,times=1")
    id = _draft(server)
    failed = await publisher.dataset(id)
    assert (failed.stage, failed.said) == (Stage.FAILED, "Unexpected error")
    assert Act.DELETE in failed.may
    assert (failed.studies, failed.subjects) == (None, None)
    await publisher.delete(id)
    with pytest.raises(DatasetGone):
        await publisher.dataset(id)


async def test_a_failed_creation_is_not_released(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    server.fault("datasets:job-fails,times=1")
    id = _draft(server)
    with pytest.raises(DatasetRefused, match="ended in an error; it was not released"):
        await released(publisher, id, tmp_path)


async def test_a_job_that_is_never_started_stays_pending_and_can_be_deleted(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    server.fault("datasets:held,times=1")
    id = export(server, fresh_subject(server))
    server.datasets.clock.advance(30 * 86_400)
    held = await publisher.dataset(id)
    assert (held.stage, held.said) == (Stage.CREATING, "Launching dataset creation job...")
    await publisher.delete(id)


async def test_a_job_that_ends_between_two_questions_is_seen_at_its_end(
    server: Sandbox, publisher: UpvPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The details still say that it is being created; the status says that it is finished."""
    id = export(server, fresh_subject(server))
    server.datasets.clock.advance(PENDING_S + STEP_S)
    known = publisher._status
    asked: list[str] = []

    async def ends_first(service: DatasetService, of: str) -> Mapping[str, Any]:
        if not asked:
            finish(server)
        asked.append(of)
        return await known(service, of)

    monkeypatch.setattr(publisher, "_status", ends_first)
    found = await publisher.dataset(id)
    assert (found.stage, found.studies, asked) == (Stage.DRAFT, 1, [id])


async def test_an_expired_token_is_renewed_without_a_word(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = _draft(server)
    await publisher.dataset(id)
    server.fault("issuer:expire,times=1")
    assert (await publisher.edit(id, METADATA)).name == "Lung CT"
    server.fault("issuer:expire,after=2,times=1")
    assert (await released(publisher, id, tmp_path)).stage is Stage.RELEASED


async def test_a_creation_whose_token_expired_is_made_once(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    made = study(1, pathInDatalake="someone/SUBJ-001_SANDBOX/CT1")
    lie(server, {"studies": [made]})
    await publisher.rights()
    server.fault("issuer:expire,times=1")
    order = wanted(tmp_path, made, metadata={"name": ("Once only",)})
    id = await publisher.create(order)
    assert [d.id for d in server.datasets.datasets() if d.name == "Once only"] == [id]


async def test_a_role_that_is_lost_between_two_calls_is_named(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = _draft(server)
    assert (await publisher.dataset(id)).stage is Stage.DRAFT
    server.steering.give_groups("ingester", ("authorized-technical-data-manager",))
    server.fault("issuer:expire,times=1")
    for act in (
        publisher.dataset(id),
        publisher.edit(id, METADATA),
        released(publisher, id, tmp_path),
        publisher.candidates(),
        publisher.create(wanted(tmp_path, study(2))),
    ):
        with pytest.raises(NotAllowed, match=r"lacks the role .*admin_datasets") as refused:
            await act
        assert "--case role" in refused.value.remedy
    assert server.datasets.dataset(id).draft
    server.steering.give_groups("ingester", INGESTER.groups)
    server.fault("issuer:expire,times=1")
    assert (await released(publisher, id, tmp_path)).stage is Stage.RELEASED


async def test_a_role_that_is_missing_for_one_request_is_not_asked_for_again(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    id = _draft(server)
    await publisher.rights()
    asked = Asked(server)
    server.fault("datasets:unauthorized,times=1")
    with pytest.raises(NotAllowed):
        await publisher.dataset(id)
    assert asked() == [f"GET /datasets/{id}"]


@pytest.mark.parametrize("lists_creating", [False, True])
async def test_a_creation_whose_answer_is_lost_is_found_by_its_name(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path, lists_creating: bool
) -> None:
    server.datasets.options = replace(server.datasets.options, lists_creating=lists_creating)
    name = f"Lost {lists_creating}"
    number = 20 + lists_creating
    made = study(number, pathInDatalake=f"someone/SUBJ-001_SANDBOX/CT{number}")
    lie(server, {"studies": [made]})
    server.fault("datasets:lose-answer,times=1")
    with pytest.raises(Unreachable) as refused:
        await publisher.create(wanted(tmp_path, made, metadata={"name": (name,)}))
    assert refused.value.reached_node
    assert len(await publisher.candidates(name)) == int(lists_creating)
    finish(server)
    [found] = await publisher.candidates(name)
    assert found.stage is Stage.DRAFT


async def test_a_creation_whose_answer_comes_too_late_is_found_by_its_name(
    server: Sandbox, tmp_path: Path
) -> None:
    made = study(22, pathInDatalake="someone/SUBJ-001_SANDBOX/CT22")
    lie(server, {"studies": [made]})
    async with publishing(server, tmp_path, read_timeout_s=1) as publisher:
        await publisher.rights()
        server.fault("datasets:late-answer=30000,times=1")
        with pytest.raises(Unreachable, match="did not answer in time") as refused:
            await publisher.create(wanted(tmp_path, made, metadata={"name": ("Late",)}))
        assert refused.value.reached_node
        finish(server)
        assert len(await publisher.candidates("Late")) == 1


async def test_a_release_whose_answer_is_lost_is_seen_and_not_repeated(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = _draft(server)
    server.fault("datasets:lose-answer,times=1")
    with pytest.raises(Unreachable):
        await released(publisher, id, tmp_path)
    asked = Asked(server)
    assert (await released(publisher, id, tmp_path)).stage is Stage.RELEASED
    assert asked("PATCH") == []


async def test_a_cluster_that_refuses_leaves_nothing(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    server.fault("datasets:refused-by-cluster,times=1")
    with pytest.raises(DatasetRefused, match="cluster did not start the creation"):
        await publisher.create(
            wanted(tmp_path, study(23), metadata={"name": ("Refused by the cluster",)})
        )
    finish(server)
    assert await publisher.candidates("Refused by the cluster") == []


async def test_an_index_that_is_too_large_for_the_ingress_is_told_in_words(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    studies = [
        study(1000 + n, pathInDatalake=f"someone/SUBJ-001_SANDBOX/{n}-{'x' * 150}")
        for n in range(3000)
    ]
    with pytest.raises(DatasetRefused, match=r"HTTP 413\). Nothing was created") as refused:
        await publisher.create(wanted(tmp_path, *studies))
    assert "raise it" in refused.value.remedy


async def test_a_change_that_the_tracer_is_not_told_of_is_undone(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = _draft(server)
    # The tracer is told of the creation when the job is at its end, which looking at it shows.
    assert (await publisher.dataset(id)).stage is Stage.DRAFT
    server.fault("datasets:tracer-fails,times=2")
    with pytest.raises(NodeFault, match="could not carry out the change"):
        await publisher.edit(id, {"contactInfo": ("office",)})
    with pytest.raises(NodeFault) as refused:
        await released(publisher, id, tmp_path)
    assert "tracer" in refused.value.remedy
    assert server.datasets.dataset(id).draft
    assert (await released(publisher, id, tmp_path)).stage is Stage.RELEASED


async def test_of_several_changes_the_refused_one_and_those_before_it_are_named(
    server: Sandbox, publisher: UpvPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the service's limits had become narrower than those we know."""
    id = _draft(server)
    monkeypatch.setattr("adapters.sandbox.datasets.checks.TYPES", ("original",))
    changes = {"name": ("Renamed",), "type": ("processed",), "purpose": ("Later",)}
    with pytest.raises(DatasetRefused) as refused:
        await publisher.edit(id, changes)
    said = refused.value.what
    assert said.startswith('The node did not take type. The node refuses: "Unknown item value')
    assert said.endswith("Taken before it, and kept: name.")
    kept = server.datasets.dataset(id)
    assert (kept.name, kept.type, kept.purpose) == ("Renamed", [], "??")


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_an_ingress_in_trouble_is_to_be_asked_later(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path, status: int
) -> None:
    id = _draft(server)
    await publisher.rights()
    server.fault(f"datasets:status={status},retry-after=7")
    for act in (publisher.dataset(id), released(publisher, id, tmp_path)):
        with pytest.raises(NodeBusy) as refused:
            await act
        assert (refused.value.retry.after_s, refused.value.reached_node) == (7, True)
    server.faults.clear()
    assert server.datasets.dataset(id).draft


async def test_a_leave_for_something_else_sends_nothing(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = _draft(server)
    await publisher.rights()
    asked = Asked(server)
    with gate(tmp_path, "n") as leave, pytest.raises(StepBlocked, match="not for this action"):
        await publisher.show(id, "", leave(Action.ACCESSIBILITY))
    assert asked() == []


async def test_a_leave_that_was_spent_changes_nothing(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    first, second = _draft(server), _draft(server)
    asked = Asked(server)
    with gate(tmp_path, "n") as gives:
        leave = gives(Action.RELEASE)
        await publisher.show(first, "", leave)
        with pytest.raises(StepBlocked):
            await publisher.show(second, "", leave)
    assert [line.partition(" {")[0] for line in asked("PATCH")] == [f"PATCH /datasets/{first}"]


async def test_one_leave_lets_one_of_two_at_once(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    ids = [_draft(server), _draft(server)]
    with gate(tmp_path, "n") as gives:
        leave = gives(Action.RELEASE)
        outcomes = await asyncio.gather(
            *(publisher.show(id, "", leave) for id in ids), return_exceptions=True
        )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Dataset", "StepBlocked"]
    assert [server.datasets.dataset(id).draft for id in ids].count(False) == 1


async def test_hostile_words_on_the_node_move_no_cursor_and_are_found_by_their_name(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 <script> \u202e"
    id = _draft(server, name=hostile)
    found = await publisher.dataset(id)
    assert found.name.isprintable()
    assert "<script>" in found.name
    assert [c.id for c in await publisher.candidates(hostile)] == [id]
    with pytest.raises(DatasetRefused, match="Name: it holds a control character"):
        await publisher.edit(id, {"name": (hostile + "again",)})


@pytest.mark.parametrize("name", ["100 % (CT)", "back\\slash", "under_score", "'; DROP", "Lunge é"])
async def test_a_name_of_signs_that_a_search_may_stumble_over_is_found(
    server: Sandbox, publisher: UpvPublisher, name: str
) -> None:
    id = _draft(server, name=name)
    asked = Asked(server)
    assert [c.id for c in await publisher.candidates(name)] == [id]
    searched = [line for line in asked("GET") if "searchString" in line]
    assert len(searched) == (2 if name == "under_score" else 0)


async def test_where_the_node_has_no_dataset_service_it_is_said(
    server: Sandbox, tmp_path: Path
) -> None:
    node = node_at(server.endpoints.dicomweb_url, server.ca_file, tmp_path)
    try:
        publisher = node.publisher("SANDBOX|MAIN")
        [lacking] = publisher.way.lacking
        assert "dataset_service_url of [nodes.n]" in lacking
        with pytest.raises(NodeError) as refused:
            await publisher.candidates()
    finally:
        await node.aclose()
    assert "dataset_service_url of [nodes.n]" in refused.value.remedy


async def test_a_given_token_for_datasets_is_one_beside_that_for_images(
    server: Sandbox, tmp_path: Path
) -> None:
    answer = await sign_in(server, "dataset-explorer")
    given = {"n.token": "for-images", "n.datasets.token": answer.json()["access_token"]}
    extra = f'dataset_service_url = "{server.endpoints.dataset_service_url}"\n'
    for secrets, is_given in ((given, True), ({"n.token": "for-images"}, False)):
        url = server.endpoints.dicomweb_url
        node = node_at(url, server.ca_file, tmp_path, auth="token", extra=extra, secrets=secrets)
        try:
            publisher = node.publisher("SANDBOX|MAIN")
            if is_given:
                assert [str(right) for right in await publisher.rights()] == [
                    "may create datasets",
                    "may create datasets in project SANDBOX",
                ]
            else:
                with pytest.raises(SignInExpired, match="for datasets"):
                    await publisher.rights()
        finally:
            await node.aclose()
