"""Step 10 on the stand-in, from the export in QP-Insights to the DOI; and the other ways there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from adapters.sandbox.datasets import words
from adapters.sandbox.server import Sandbox, in_thread
from adapters.upv.publishing import UpvPublisher
from tests.adapters.upv.clinical_made import fresh_subject
from tests.adapters.upv.dataset_place import METADATA, Asked, publishing, released, wanted
from tests.sandbox.datasets_made import PENDING_S, STEP_S, export, finish, lie, options, study
from transfer.errors import DatasetGone, DatasetRefused, NotAllowed
from transfer.legal.gate import Action
from transfer.publication.values import Act, Cohort, Dataset, HeldStudy, Stage


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    record = tmp_path_factory.mktemp("record")
    made = options(record=record, destinations=("SANDBOX|MAIN", "SANDBOX|SECOND"))
    with in_thread(made) as running:
        yield running
        assert list(running.crashes) == []


@pytest.fixture
async def publisher(server: Sandbox, tmp_path: Path) -> AsyncIterator[UpvPublisher]:
    async with publishing(server, tmp_path) as opened:
        yield opened


def _values(dataset: Dataset) -> dict[str, tuple[str, ...]]:
    return {field.key: field.value for field in dataset.fields}


async def _draft(server: Sandbox, name: str = "Lung CT") -> str:
    made = export(server, fresh_subject(server), name=name)
    finish(server)
    return made


async def test_the_whole_journey_from_the_export_to_the_doi(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    subjects = [fresh_subject(server) for _ in range(3)]
    id = export(server, *subjects, name="The whole journey")
    first = await publisher.dataset(id)
    assert (first.stage, first.said) == (Stage.CREATING, "Launching dataset creation job...")
    server.datasets.clock.advance(PENDING_S + STEP_S)
    at_work = await publisher.dataset(id)
    assert (at_work.stage, at_work.said) == (Stage.CREATING, words.CHECKING_SERIES)
    assert at_work.studies is None
    finish(server)
    [picked_up] = await publisher.candidates("The whole journey")
    assert (picked_up.id, picked_up.stage) == (id, Stage.DRAFT)
    found = await publisher.dataset(id)
    assert (found.studies, found.subjects, found.said) == (3, 3, "")
    held = [study async for study in publisher.studies(id)]
    assert sorted(h.subject for h in held) == sorted(subjects)
    assert [h.series for h in held] == [1, 1, 1]
    edited = await publisher.edit(id, METADATA)
    assert (edited.name, edited.version) == ("Lung CT", "1.0")
    shown = await released(publisher, id, tmp_path)
    assert (shown.stage, shown.pids) == (Stage.RELEASED, {})
    assert Act.SHOW not in shown.may
    server.steering.publish(id)
    published = await publisher.dataset(id)
    assert published.stage is Stage.PUBLISHED
    assert published.pids["doi"].startswith("https://doi.org/10.5072/zenodo.")
    assert published.link == (
        f"{server.endpoints.dataset_service_url.removesuffix('/api')}/datasets/{id}/details"
    )


@pytest.mark.parametrize("form", ["json", "multipart"])
@pytest.mark.parametrize("clinical", ["", "c.csv", "c.json"])
async def test_a_dataset_is_created_from_an_index(
    server: Sandbox,
    publisher: UpvPublisher,
    tmp_path: Path,
    form: Literal["json", "multipart"],
    clinical: str,
) -> None:
    made = study(1, subjectName="SUBJ-é", pathInDatalake="someone/SUBJ-é_SANDBOX/CT1")
    lie(server, {"studies": [made]})
    contents = {
        "c.csv": "who,sex\r\nSUBJ-é,female\r\n",
        "c.json": json.dumps([{"subjectName": "SUBJ-é", "eForm": {"sex": "female"}}]),
    }
    file = None
    if clinical:
        file = tmp_path / clinical
        file.write_text(contents[clinical], "utf-8")
    id = await publisher.create(wanted(tmp_path, made, form=form, clinical=file))
    finish(server)
    found = await publisher.dataset(id)
    assert (found.stage, found.studies, found.subjects) == (Stage.DRAFT, 1, 1)
    values = _values(found)
    assert {key: values[key] for key in METADATA} == dict(METADATA)
    kept = server.datasets.dataset(id)
    eform = {"sex": "female"} if clinical else {}
    assert kept.asked["subjects"] == [{"subjectName": "SUBJ-é", "eForm": eform}]
    assert (kept.project, kept.subproject) == ("SANDBOX", "MAIN")


async def test_series_without_tags_are_created_all_the_same(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    made = study(7, pathInDatalake="someone/SUBJ-001_SANDBOX/CT7", series=[{"folderName": "SER0"}])
    lie(server, {"studies": [made]})
    id = await publisher.create(wanted(tmp_path, made))
    finish(server)
    assert (await publisher.dataset(id)).stage is Stage.DRAFT


async def test_missing_series_are_dropped_and_the_counts_show_it(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    there = study(8, pathInDatalake="someone/SUBJ-001_SANDBOX/CT8")
    absent = study(
        9, subjectName="SUBJ-002", pathInDatalake="someone/SUBJ-002_SANDBOX/not-in-the-lake"
    )
    lie(server, {"studies": [there]})
    id = await publisher.create(wanted(tmp_path, there, absent))
    finish(server)
    found = await publisher.dataset(id)
    assert (found.stage, found.studies, found.subjects) == (Stage.DRAFT, 1, 1)
    assert [held async for held in publisher.studies(id)] == [HeldStudy("SUBJ-001", "CT8", 2)]


async def test_a_new_version_names_the_earlier_one(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    earlier = await _draft(server, "Version one")
    await released(publisher, earlier, tmp_path)
    assert earlier in [found.id for found in await publisher.candidates("Version one")]
    made = study(11, pathInDatalake="someone/SUBJ-001_SANDBOX/CT11")
    lie(server, {"studies": [made]})
    order = wanted(tmp_path, made, previous_id=earlier, metadata={"name": ("Version two",)})
    id = await publisher.create(order)
    finish(server)
    assert (await publisher.dataset(id)).previous_id == earlier
    await released(publisher, id, tmp_path)
    assert server.datasets.dataset(earlier).next_id == id


async def test_a_service_before_3_23_gets_json_without_a_subproject(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "VERSION", "3.22.1")
    asked = Asked(server)
    made = study(12, pathInDatalake="someone/SUBJ-001_SANDBOX/CT12")
    id = await publisher.create(wanted(tmp_path, made, form="multipart"))
    assert server.datasets.dataset(id).subproject is None
    [sent] = asked("POST")
    document = json.loads(sent.removeprefix("POST /datasets "))
    assert (document["project"], "subproject" in document) == ("SANDBOX", False)


async def test_a_destination_of_the_project_alone_names_no_other_subproject(
    server: Sandbox, tmp_path: Path
) -> None:
    made = study(13, pathInDatalake="someone/SUBJ-001_SANDBOX/CT13")
    async with publishing(server, tmp_path, destination="SANDBOX") as publisher:
        id = await publisher.create(wanted(tmp_path, made))
    assert server.datasets.dataset(id).subproject is None


async def test_a_project_that_is_not_there_creates_nothing(server: Sandbox, tmp_path: Path) -> None:
    asked = Asked(server)
    async with publishing(server, tmp_path, destination="NOWHERE") as publisher:
        with pytest.raises(DatasetRefused, match="no project NOWHERE"):
            await publisher.create(wanted(tmp_path, study(14)))
    assert asked("POST") == []


async def test_the_projects_of_others_are_refused_in_the_services_words(
    server: Sandbox, tmp_path: Path
) -> None:
    async with publishing(server, tmp_path, destination="OTHERS|MAIN") as publisher:
        with pytest.raises(DatasetRefused, match=r"The project \(OTHERS\) selected"):
            await publisher.create(wanted(tmp_path, study(15)))


async def test_metadata_that_the_node_would_not_take_are_not_sent(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    """17 characters of version are a 500 at a creation, and 400 at a change."""
    id, asked = await _draft(server), Asked(server)
    with pytest.raises(DatasetRefused, match="Version: 17 characters, at most 16 are taken"):
        await publisher.create(wanted(tmp_path, study(16), metadata={"version": ("1" * 17,)}))
    with pytest.raises(DatasetRefused, match="Version: 17 characters, at most 16 are taken"):
        await publisher.edit(id, {"version": ("1" * 17,)})
    assert asked() == []


async def test_what_differs_is_written_one_by_one_and_nothing_else(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    id = await _draft(server)
    await publisher.edit(id, METADATA)
    asked = Asked(server)
    changed = {
        **METADATA,
        "purpose": ("Another one",),
        "licenseTitle": ("CC BY 4.0",),
        "licenseUrl": ("https://creativecommons.org/licenses/by/4.0/",),
    }
    await publisher.edit(id, changed)
    sent = [json.loads(line.partition(id)[2]) for line in asked("PATCH")]
    assert sent == [
        {"property": "purpose", "value": "Another one"},
        {
            "property": "license",
            "value": {
                "title": "CC BY 4.0",
                "url": "https://creativecommons.org/licenses/by/4.0/",
            },
        },
    ]


async def test_the_title_of_a_licence_is_changed_without_its_address(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    id = await _draft(server)
    await publisher.edit(id, {"licenseTitle": ("One",), "licenseUrl": ("https://a.example/",)})
    values = _values(await publisher.edit(id, {"licenseTitle": ("Two",)}))
    assert (values["licenseTitle"], values["licenseUrl"]) == (("Two",), ("https://a.example/",))


async def test_a_value_is_taken_back(server: Sandbox, publisher: UpvPublisher) -> None:
    id = await _draft(server)
    await publisher.edit(id, {"type": ("original",), "contactInfo": ("office",)})
    values = _values(await publisher.edit(id, {"type": (), "contactInfo": ()}))
    assert (values["type"], values["contactInfo"]) == ((), ())


async def test_after_the_release_a_name_is_fixed_and_a_contact_is_not(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = await _draft(server)
    await released(publisher, id, tmp_path)
    asked = Asked(server)
    with pytest.raises(DatasetRefused, match="change name now"):
        await publisher.edit(id, {"contactInfo": ("office",), "name": ("Too late",)})
    assert asked("PATCH") == []
    assert _values(await publisher.edit(id, {"contactInfo": ("office",)}))["contactInfo"] == (
        "office",
    )


async def test_the_licences_of_the_node_are_offered_as_help(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    found = await publisher.dataset(await _draft(server))
    help = {field.key: field.help for field in found.fields}
    assert help["licenseTitle"].startswith("The node offers: CC BY 4.0. ")


async def test_what_the_service_leaves_open_is_shown_as_empty(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    values = _values(await publisher.dataset(await _draft(server)))
    assert (values["version"], values["provenance"], values["purpose"]) == ((), (), ())


async def test_a_dataset_that_is_released_is_not_released_again(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = await _draft(server)
    await released(publisher, id, tmp_path)
    asked = Asked(server)
    assert (await released(publisher, id, tmp_path)).stage is Stage.RELEASED
    assert asked("PATCH") == []


async def test_a_dataset_that_is_being_created_is_not_released(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = export(server, fresh_subject(server))
    asked = Asked(server)
    with pytest.raises(DatasetRefused, match="is still being created; it was not released"):
        await released(publisher, id, tmp_path)
    assert asked("PATCH") == []
    finish(server)


async def test_the_draft_of_another_account_is_not_released(
    server: Sandbox, tmp_path: Path
) -> None:
    id = await _draft(server)
    asked = Asked(server)
    async with publishing(server, tmp_path, username="newcomer") as theirs:
        with pytest.raises(NotAllowed, match="admin_datasets"):
            await released(theirs, id, tmp_path)
        with pytest.raises(NotAllowed, match="admin_datasets"):
            await theirs.candidates()
    assert asked("PATCH") == []


async def test_a_dataset_is_invalidated_with_its_reason(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    id = await _draft(server, "To be invalidated")
    asked = Asked(server)
    invalid = await publisher.invalidate(id, "wrong subject")
    assert (invalid.stage, invalid.reason) == (Stage.INVALIDATED, "wrong subject")
    sent = [json.loads(line.partition(id)[2]) for line in asked("PATCH")]
    assert sent == [
        {"property": "invalidated", "value": True},
        {"property": "invalidationReason", "value": "wrong subject"},
    ]
    assert await publisher.candidates("To be invalidated") == []
    again = await publisher.invalidate(id, "x" * 128)
    assert again.reason == "x" * 128
    assert len(asked("PATCH")) == 3


@pytest.mark.parametrize("reason", ["", "  ", "x" * 129, "two\nlines", "\x1b[2J"])
async def test_a_reason_that_the_node_would_not_keep_is_not_sent(
    server: Sandbox, publisher: UpvPublisher, reason: str
) -> None:
    asked = Asked(server)
    with pytest.raises(DatasetRefused, match="The reason is no line of 1 to 128 characters"):
        await publisher.invalidate("11111111-2222-4333-8444-555555555555", reason)
    assert asked() == []


async def test_an_invalid_dataset_is_not_released(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    id = await _draft(server)
    await publisher.invalidate(id, "wrong subject")
    with pytest.raises(DatasetRefused, match="marked as not to be used; it was not released"):
        await released(publisher, id, tmp_path)


async def test_a_draft_cannot_be_deleted_by_its_maker(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    id = await _draft(server)
    asked = Asked(server)
    with pytest.raises(DatasetRefused, match="only its maker may, while"):
        await publisher.delete(id)
    assert asked("DELETE") == []


async def test_a_creation_at_work_can_be_deleted(server: Sandbox, publisher: UpvPublisher) -> None:
    id = export(server, fresh_subject(server))
    assert Act.DELETE in (await publisher.dataset(id)).may
    await publisher.delete(id)
    with pytest.raises(DatasetGone):
        await publisher.dataset(id)
    with pytest.raises(DatasetGone):
        await publisher.delete(id)


async def test_a_name_finds_that_very_name_alone(server: Sandbox, publisher: UpvPublisher) -> None:
    """The service's own search finds parts, ids and authors."""
    exact = [await _draft(server, "Exact") for _ in range(2)]
    for other in ("Exactly", "exact", "Not Exact"):
        await _draft(server, other)
    assert sorted(found.id for found in await publisher.candidates("Exact")) == sorted(exact)
    assert await publisher.candidates(exact[0]) == []
    assert await publisher.candidates("ingester") == []


async def test_candidates_are_those_of_the_destination(
    server: Sandbox, publisher: UpvPublisher, tmp_path: Path
) -> None:
    ingester, subject = server.issuer.account("ingester"), fresh_subject(server)
    assert ingester is not None
    here, there = [
        server.qpinsights.export(ingester, place, {"name": "Somewhere"}, subjects=[subject]).id
        for place in ("SANDBOX|MAIN", "SANDBOX|SECOND")
    ]
    finish(server)
    async with publishing(server, tmp_path, destination="SANDBOX") as whole:
        for _ in ("as drafts", "once they are released"):
            assert [found.id for found in await publisher.candidates("Somewhere")] == [here]
            assert {found.id for found in await whole.candidates("Somewhere")} == {here, there}
            for id in (here, there):
                await released(whole, id, tmp_path)


async def test_a_dataset_of_another_subproject_or_project_is_not_this_destinations(
    server: Sandbox, tmp_path: Path
) -> None:
    id = await _draft(server)
    for destination in ("SANDBOX|SECOND", "OTHERS|MAIN"):
        async with publishing(server, tmp_path, destination=destination) as publisher:
            asked = Asked(server)
            for act in (
                publisher.dataset(id),
                publisher.edit(id, METADATA),
                publisher.invalidate(id, "wrong subject"),
                publisher.delete(id),
                released(publisher, id, tmp_path),
            ):
                with pytest.raises(DatasetGone, match="not one of this transfer's project"):
                    await act
            assert {line.partition(" ")[0] for line in asked()} == {"GET"}
    assert server.datasets.dataset(id).draft


@pytest.mark.parametrize("lists_creating", [False, True])
async def test_what_is_being_created_is_a_candidate_where_the_node_lists_it(
    server: Sandbox, publisher: UpvPublisher, lists_creating: bool
) -> None:
    before = server.datasets.options
    server.datasets.options = replace(before, lists_creating=lists_creating)
    name = f"Listed {lists_creating}"
    try:
        export(server, fresh_subject(server), name=name)
        stages = [found.stage for found in await publisher.candidates(name)]
        assert stages == ([Stage.CREATING] if lists_creating else [])
        finish(server)
        assert [found.stage for found in await publisher.candidates(name)] == [Stage.DRAFT]
    finally:
        server.datasets.options = before


async def test_the_rights_of_a_manager_and_of_a_newcomer(server: Sandbox, tmp_path: Path) -> None:
    async with publishing(server, tmp_path) as ours:
        assert [str(right) for right in await ours.rights()] == [
            "may create datasets",
            "may create datasets in project SANDBOX",
        ]
    async with publishing(server, tmp_path, username="newcomer") as theirs:
        rights = await theirs.rights()
    assert [str(right) for right in rights] == [
        "may not create datasets",
        "may not create datasets in project SANDBOX",
    ]
    assert [right.ticket for right in rights] == ["role", "role"]


def test_the_guide_gives_what_to_enter_to_the_letter(
    server: Sandbox, publisher: UpvPublisher
) -> None:
    lines = publisher.guide(Cohort("lung-2024", "SANDBOX|MAIN", 12, 1500, 9, "2026-11-27T03:00Z"))
    values = [line.value for line in lines if line.value]
    assert values == [
        "SANDBOX|MAIN",
        "12 subjects, 1,500 cases",
        "lung-2024",
        "SANDBOX",
        "MAIN",
        "1.0",
        "eucaim-transfer dataset lung-2024 --pick-up --follow",
    ]
    assert lines[0].link == server.endpoints.export_url
    assert "2026-11-27" in lines[2].text


def test_the_guide_suggests_a_name_that_the_node_takes(publisher: UpvPublisher) -> None:
    lines = publisher.guide(Cohort("ab", "SANDBOX", 1, 1, 1))
    values = [line.value for line in lines if line.value]
    assert values[1:4] == ["1 subject, 1 case", "ab dataset", "SANDBOX"]


def test_the_guide_gives_the_name_that_the_metadata_have(publisher: UpvPublisher) -> None:
    cohort = Cohort("lung-2024", "SANDBOX", 1, 1, 1, dataset_name="Lung screening, 2024")
    values = [line.value for line in publisher.guide(cohort) if line.value]
    assert values[2] == "Lung screening, 2024"


def test_the_way_waits_for_the_platform(publisher: UpvPublisher) -> None:
    way = publisher.way
    assert (way.action, way.is_born_elsewhere, way.takes_index) == (Action.RELEASE, True, True)
    assert "publishes it" in way.waits_for
    assert way.visibilities == ()
