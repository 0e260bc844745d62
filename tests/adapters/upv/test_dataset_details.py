"""What the dataset-service tells, as it told it on 22 November 2026, and as nobody should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adapters.upv.dataset_details import (
    acts,
    dataset_of,
    id_in,
    is_creating,
    is_id,
    licences_of,
    listed_dataset,
    moment,
    portal_of,
    study_of,
)
from tests.adapters.upv.dataset_recorded import FILE, answer, is_details, recorded
from transfer.publication.values import Act, Dataset, HeldStudy, Stage

PORTAL = "https://node.example/dataset-service"
DETAILS = [e for e in recorded() if is_details(e)]
needs_recorded = pytest.mark.skipif(not FILE.exists(), reason="../shared is absent")


def _made(**changes: Any) -> dict[str, Any]:
    return {
        "id": "11111111-2222-4333-8444-555555555555",
        "name": "Lung CT",
        "draft": True,
        "public": False,
        "invalidated": False,
        "creating": False,
        "editablePropertiesByTheUser": ["draft", "name", "invalidated"],
        "allowedActionsForTheUser": ["use"],
    } | changes


def _read(details: Mapping[str, Any], **more: Any) -> Dataset:
    found = dataset_of(details, portal=PORTAL, **more)
    assert found is not None
    return found


@pytest.mark.parametrize("key", ["draft", "public", "invalidated", "creating"])
@pytest.mark.parametrize("word", ["true", "false", 1, 0, 0.5, [], {}, None])
def test_a_dataset_that_does_not_say_how_far_it_is_is_none(key: str, word: object) -> None:
    """Else a draft would pass for a dataset that is released already."""
    is_absent_at_times = key == "creating" and word is None
    assert (dataset_of(_made(**{key: word}), portal=PORTAL) is None) != is_absent_at_times
    assert (listed_dataset(_made(**{key: word}), portal=PORTAL) is None) != is_absent_at_times


@needs_recorded
def test_every_recorded_answer_of_details_is_read() -> None:
    assert len(DETAILS) >= 12
    for exchange in DETAILS:
        body = exchange["response"]["body"]
        found = _read(body)
        assert found.id == body["id"]
        assert found.created_at_utc.startswith(body["creationDate"][:10])
        assert found.link == f"{PORTAL}/datasets/{found.id}/details"
        assert {f.key for f in found.fields} >= {"name", "version", "licenseTitle", "contactInfo"}


@needs_recorded
@pytest.mark.parametrize(
    ("id", "stage"),
    [
        ("details-draft", Stage.DRAFT),
        ("details-released", Stage.RELEASED),
        ("details-after-failed-publish", Stage.RELEASED),
        ("details-published", Stage.PUBLISHED),
        ("details-old-version", Stage.PUBLISHED),
        ("details-invalidated", Stage.INVALIDATED),
        ("details-published-invalidated-anonymous", Stage.INVALIDATED),
    ],
)
def test_the_stage_of_a_recorded_dataset(id: str, stage: Stage) -> None:
    assert _read(answer(id)).stage is stage


@needs_recorded
def test_a_recorded_draft_can_be_edited_and_released() -> None:
    found = _read(answer("details-draft"))
    assert found.may == {Act.EDIT, Act.SHOW, Act.INVALIDATE}
    assert (found.studies, found.subjects, found.size_bytes) == (3, 2, 12298)
    assert [f.key for f in found.fields if not f.is_editable] == []
    values = {f.key: f.value for f in found.fields}
    assert values["purpose"] == ("Interoperability check",)
    assert values["collectionMethod"] == ("patient-based", "cohort")
    assert (values["licenseTitle"], values["contactInfo"]) == ((), ())


@needs_recorded
def test_of_a_released_one_contact_and_licence_alone_can_be_edited() -> None:
    found = _read(answer("details-released"))
    editable = [f.key for f in found.fields if f.is_editable]
    assert editable == ["licenseTitle", "licenseUrl", "contactInfo"]
    assert found.may == {Act.EDIT, Act.INVALIDATE}


@needs_recorded
def test_others_may_do_nothing_with_a_published_one() -> None:
    assert _read(answer("details-published-anonymous")).may == frozenset()


@needs_recorded
def test_the_doi_of_a_recorded_publication() -> None:
    found = _read(answer("details-published"))
    assert found.pids == {"doi": "https://doi.org/10.5072/zenodo.900001"}


@needs_recorded
def test_the_reason_of_a_recorded_invalidation() -> None:
    assert _read(answer("details-invalidated")).reason == "wrong subject"


@needs_recorded
def test_every_recorded_list_is_read() -> None:
    lists = [
        e["response"]["body"]["list"]
        for e in recorded()
        if e["id"].startswith("list") and e["response"]["status"] == 200
    ]
    items = [item for each in lists for item in each]
    assert len(items) >= 20
    found = [listed_dataset(item, portal=PORTAL) for item in items]
    assert [f.id for f in found if f is not None] == [item["id"] for item in items]


@needs_recorded
def test_recorded_studies_name_their_subject_and_count_their_series() -> None:
    held = [study_of(item) for item in answer("studies")["list"]]
    assert len(held) == 3
    assert held[0] == HeldStudy("SUBJ-001", "CT2", 2)


@needs_recorded
def test_the_recorded_licences_are_read() -> None:
    offered = [("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")]
    assert licences_of(answer("licenses")) == offered


@needs_recorded
def test_the_id_is_the_last_part_of_the_recorded_address() -> None:
    assert id_in(answer("create")) == "28d64305-9a4a-4cf8-99bb-a875a86a2dee"


@pytest.mark.parametrize(
    "created",
    [
        None,
        [],
        {},
        {"apiUrl": 7},
        {"apiUrl": "/api/datasets/"},
        {"apiUrl": "/api/datasets/.."},
        {"apiUrl": "/api/datasets/a b"},
        {"apiUrl": "/api/datasets/\x1b[2J"},
        {"apiUrl": "/api/datasets/" + "a" * 65},
    ],
)
def test_an_answer_without_an_id_has_none(created: Any) -> None:
    assert id_in(created) is None


def test_a_dataset_at_work_is_creating_and_holds_nothing_yet() -> None:
    status = {"status": "running", "lastMessage": "Checking studies paths..."}
    details = _made(creating=True, studiesCount=0, subjectsCount=0)
    found = _read(details, status=status)
    assert is_creating(details)
    assert (found.stage, found.said) == (Stage.CREATING, "Checking studies paths...")
    assert (found.studies, found.subjects) == (None, None)


def test_a_job_that_ended_in_an_error_keeps_its_message() -> None:
    status = {"status": "error", "lastMessage": "Wrong path: ../../etc"}
    found = _read(_made(creating=True), status=status)
    assert (found.stage, found.said) == (Stage.FAILED, "Wrong path: ../../etc")


@pytest.mark.parametrize(
    ("editable", "allowed", "may"),
    [
        ([], [], set()),
        (["draft"], [], {Act.SHOW}),
        (["license"], [], {Act.EDIT}),
        (["invalidated"], ["delete", "use"], {Act.INVALIDATE, Act.DELETE}),
        (["tags", "public", "pids"], ["manageACL"], set()),
        ("draft", "delete", set()),
        (None, None, set()),
        ([["draft"], 1, None], [{"delete": 1}], set()),
    ],
)
def test_what_may_be_done_follows_the_two_lists_alone(
    editable: Any, allowed: Any, may: set[Act]
) -> None:
    details = {"editablePropertiesByTheUser": editable, "allowedActionsForTheUser": allowed}
    assert acts(details) == may


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-11-22 17:26:14.820266+00:00", "2026-11-22T17:26:14.820Z"),
        ("2026-11-22 17:26:14+00:00", "2026-11-22T17:26:14.000Z"),
        ("2026-11-22 19:26:14.5+02:00", "2026-11-22T17:26:14.500Z"),
        ("2026-11-22T17:26:14Z", "2026-11-22T17:26:14.000Z"),
        ("2026-11-22 17:26:14", "2026-11-22T17:26:14.000Z"),
        ("0001-01-01 00:00:00+14:00", ""),
        ("yesterday", ""),
        ("", ""),
        (None, ""),
        (1764000000, ""),
    ],
)
def test_the_services_dates_are_read(text: Any, read: str) -> None:
    assert moment(text) == read


def test_two_question_marks_are_no_value() -> None:
    found = _read(_made(version="??", provenance="??", purpose="??", description="??"))
    values = {f.key: f.value for f in found.fields}
    assert (values["version"], values["provenance"], values["purpose"]) == ((), (), ())
    assert values["description"] == ("??",)


def test_a_dataset_whose_version_nobody_gave_has_none_wherever_it_is_shown() -> None:
    made = _made(version="??")
    listed = listed_dataset(made, portal=PORTAL)
    assert listed is not None
    assert (_read(made).version, listed.version) == ("", "")
    assert _read(_made(version="1.0")).version == "1.0"


def test_text_of_the_node_moves_no_cursor() -> None:
    hostile = "\x1b]0;owned\x07\x1b[2Jname\u202e"
    status = {"status": "error", "lastMessage": hostile * 500}
    found = _read(_made(name=hostile, version=hostile, creating=True), status=status)
    for text in (found.name, found.version, found.said):
        assert text.isprintable()
        assert "name" in text
    assert len(found.said) <= 512


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"id": 1, "name": "x"},
        {"id": "a/b", "name": "x"},
        {"id": "..", "name": "x"},
        {"id": "a"},
        {"id": "a", "name": None},
    ],
)
def test_what_is_no_dataset_is_read_as_none(details: dict[str, Any]) -> None:
    assert dataset_of(details, portal=PORTAL) is None
    assert listed_dataset(details, portal=PORTAL) is None


@pytest.mark.parametrize("value", [-1, True, "3", 3.0, None, [3]])
def test_what_is_no_count_is_not_told(value: Any) -> None:
    found = _read(_made(studiesCount=value, subjectsCount=value, sizeInBytes=value))
    assert (found.studies, found.subjects, found.size_bytes) == (None, None, None)


@pytest.mark.parametrize(
    "pids", [None, [], {"urls": None}, {"urls": {"zenodoDoi": 5, "custom": "javascript:alert(1)"}}]
)
def test_what_is_no_address_is_no_identifier(pids: Any) -> None:
    assert _read(_made(pids=pids)).pids == {}


@pytest.mark.parametrize("item", [None, [], {}, {"subjectName": 1}])
def test_what_is_no_study_is_none(item: Any) -> None:
    assert study_of(item) is None


@pytest.mark.parametrize("document", [None, {}, [1, {"title": "x"}, {"title": 1, "url": "y"}]])
def test_what_is_no_licence_is_left_out(document: Any) -> None:
    assert licences_of(document) == []


@pytest.mark.parametrize("id", ["", ".", "..", "a/b", "a?b", "a b", "é", "-a", "a" * 65, 5, None])
def test_an_id_can_stand_in_an_address(id: Any) -> None:
    assert not is_id(id)
    assert is_id("8098e853-ed61-4d03-ab1e-5df5f777826e")


def test_the_pages_for_people_are_beside_the_api() -> None:
    assert portal_of("https://node.example/dataset-service/api") == PORTAL
    assert portal_of("https://node.example/d") == "https://node.example/d"
