"""Step 10 on the stand-in: who may see a project, and who may say so (XNT-09, XNT-10)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from adapters.sandbox.xnat.model import Project
from tests.adapters.xnat.publishing_place import Place, place_at
from transfer.errors import (
    DatasetGone,
    DatasetRefused,
    NotAllowed,
    NotSupported,
    StepBlocked,
    Unreachable,
)
from transfer.legal.gate import Action
from transfer.publication.values import Act, HeldStudy, Stage


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_at(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(autouse=True)
def behaving(place: Place) -> Iterator[None]:
    """Every test begins with a site that does as it should."""
    yield
    place.sandbox.faults.clear()
    place.sandbox.xnat.set_up({"allows_public": True, "tells_users": True, "has_guests": False})


@pytest.fixture
def project(place: Place) -> Project:
    return place.project()


# -- what it is ---------------------------------------------------------------------------------


async def test_protected_is_the_default_and_public_asks_twice(
    place: Place, project: Project
) -> None:
    async with place.publisher(project) as publisher:
        way = publisher.way
    assert (way.action, way.is_born_elsewhere, way.waits_for) == (Action.ACCESSIBILITY, False, "")
    assert [(v.key, v.asks_twice) for v in way.visibilities] == [
        ("protected", False),
        ("public", True),
    ]
    protected, public = way.visibilities
    assert "The images and files stay with the members" in protected.gives_away
    assert "download all images and files of the project, the clinical data too" in (
        public.gives_away
    )
    assert "anybody on the internet" in public.gives_away
    assert "does not bring back what was downloaded" in public.gives_away


async def test_a_private_project_is_a_draft_with_what_it_holds(
    place: Place, project: Project
) -> None:
    archive = place.sandbox.xnat.archive
    one, two = (archive.add_subject(project.id, label) for label in ("SUBJ-1", "SUBJ-2"))
    archive.add_subject(project.id, "SUBJ-3")
    archive.add_session(one, "SUBJ-1_a", "xnat:ctSessionData")
    archive.add_session(one, "SUBJ-1_b", "xnat:mrSessionData")
    archive.add_session(two, "SUBJ-2_a", "xnat:ctSessionData")
    async with place.publisher(project) as publisher:
        found = await publisher.dataset(project.id)
        held = [study async for study in publisher.studies(project.id)]
    assert (found.stage, found.visibility) == (Stage.DRAFT, "private")
    assert (found.studies, found.subjects) == (3, 3)
    assert found.may == {Act.EDIT, Act.SHOW}
    assert found.link == f"{place.sandbox.xnat_url}/data/projects/{project.id}?format=html"
    assert held == [
        HeldStudy("subj-1", "SUBJ-1_a"),
        HeldStudy("subj-1", "SUBJ-1_b"),
        HeldStudy("subj-2", "SUBJ-2_a"),
    ]


async def test_the_project_is_the_only_candidate_and_goes_by_its_title(
    place: Place,
) -> None:
    project = place.project(name="Lung CT of the north")
    async with place.publisher(project) as publisher:
        found = [
            [c.id for c in await publisher.candidates(name)]
            for name in ("", "Lung CT of the north", "another")
        ]
    assert found == [[project.id], [project.id], []]


async def test_what_xnat_has_not_is_said_and_nothing_is_asked(
    place: Place, project: Project
) -> None:
    async with place.publisher(project) as publisher:
        with pytest.raises(NotSupported, match="cannot mark a project"):
            await publisher.invalidate(project.id, "a reason")
        with pytest.raises(NotSupported, match="its images would go with it"):
            await publisher.delete(project.id)
        with pytest.raises(DatasetGone, match=f"is project {project.id}, and no other"):
            await publisher.dataset("ANOTHER")
        await publisher.aclose()
        await publisher.aclose()
    assert place.puts(project) == []


# -- the act ------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["protected", "public"])
async def test_an_owner_sets_it_and_it_is_read_back(
    place: Place, project: Project, level: str
) -> None:
    async with place.publisher(project) as publisher:
        shown = await publisher.show(project.id, level, place.leave())
    assert (shown.stage, shown.visibility) == (Stage.PUBLISHED, level)
    assert project.accessibility == level
    assert place.puts(project) == [f"PUT /data/projects/{project.id}/accessibility/{level}"]


async def test_a_leave_is_spent_by_the_change(place: Place, project: Project) -> None:
    leave = place.leave()
    async with place.publisher(project) as publisher:
        await publisher.show(project.id, "protected", leave)
        with pytest.raises(StepBlocked, match="not for this action"):
            await publisher.show(project.id, "public", leave)
    assert project.accessibility == "protected"


async def test_from_public_back_to_protected_needs_a_leave_of_its_own(
    place: Place, project: Project
) -> None:
    project.accessibility = "public"
    async with place.publisher(project) as publisher:
        shown = await publisher.show(project.id, "protected", place.leave())
    assert (shown.visibility, project.accessibility) == ("protected", "protected")


async def test_what_is_so_already_is_not_asked_for_and_the_leave_stays(
    place: Place, project: Project
) -> None:
    project.accessibility = "protected"
    leave = place.leave()
    async with place.publisher(project) as publisher:
        await publisher.show(project.id, "protected", leave)
        assert place.puts(project) == []
        await publisher.show(project.id, "public", leave)
    assert project.accessibility == "public"


@pytest.mark.parametrize(
    ("action", "node"),
    [(Action.RELEASE, "one"), (Action.PUBLISH, "one"), (Action.ACCESSIBILITY, "another")],
)
async def test_a_leave_for_something_else_lets_no_request_go(
    place: Place, project: Project, action: Action, node: str
) -> None:
    before = len(list(place.record.iterdir()))
    async with place.publisher(project) as publisher:
        with pytest.raises(StepBlocked, match="not for this action"):
            await publisher.show(project.id, "protected", place.leave(action, node))
    assert len(list(place.record.iterdir())) == before
    assert project.accessibility == "private"


async def test_private_is_no_way_to_show_a_project(place: Place, project: Project) -> None:
    project.accessibility = "protected"
    async with place.publisher(project) as publisher:
        with pytest.raises(NotSupported, match="as protected or as public"):
            await publisher.show(project.id, "private", place.leave())
    assert project.accessibility == "protected"


# -- rights -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "role"),
    [("member", "member: may send, not publish"), ("reader", "collaborator: may only read")],
)
async def test_who_is_no_owner_is_told_whom_to_ask_before_anything_is_changed(
    place: Place, project: Project, account: str, role: str
) -> None:
    async with place.publisher(project, account) as publisher:
        found = await publisher.dataset(project.id)
        with pytest.raises(NotAllowed) as refused:
            await publisher.show(project.id, "protected", place.leave())
    assert found.may == frozenset()
    assert not any(field.is_editable for field in found.fields)
    assert refused.value.what == (
        f"The account may not set the accessibility of project {project.id} ({role})."
    )
    assert refused.value.remedy == (
        "Nothing was changed. Ask an owner of the project (Ingester Sandbox) to do it, or to make"
        " you an owner."
    )
    assert place.puts(project) == []


async def test_where_members_do_not_see_the_users_the_owner_has_no_name(
    place: Place, project: Project
) -> None:
    place.sandbox.xnat.set_up({"tells_users": False})
    async with place.publisher(project, "member") as publisher:
        rights = await publisher.rights()
    assert [(right.what, right.is_given, right.remedy) for right in rights] == [
        (
            f"set the accessibility of {project.id}",
            False,
            "Ask an owner of the project to do it, or to make you an owner.",
        ),
        (
            f"edit the title and description of {project.id}",
            False,
            "Ask an owner of the project to do it, or to make you an owner.",
        ),
    ]


async def test_an_owner_has_both_rights(place: Place, project: Project) -> None:
    async with place.publisher(project) as publisher:
        rights = await publisher.rights()
    assert [(right.is_given, right.remedy) for right in rights] == [(True, ""), (True, "")]


async def test_a_site_that_forbids_it_to_owners_too_is_told_apart(
    place: Place, project: Project
) -> None:
    place.sandbox.xnat.set_up({"allows_public": False})
    async with place.publisher(project) as publisher:
        with pytest.raises(NotAllowed) as refused:
            await publisher.show(project.id, "protected", place.leave())
    assert "The site forbids projects that are not private" in refused.value.what
    assert "Ask the node's administrator" in refused.value.remedy
    assert (refused.value.exit_code, project.accessibility) == (5, "private")


async def test_an_owner_who_is_none_any_more_when_it_counts_hears_that(
    place: Place, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave = place.leave()
    spend = type(leave).spend

    def spend_too_late(self: object, action: Action, *, node: str) -> None:
        spend(leave, action, node=node)
        project.users["ingester"] = "member"

    monkeypatch.setattr(type(leave), "spend", spend_too_late)
    async with place.publisher(project) as publisher:
        with pytest.raises(NotAllowed, match=r"may not set .* \(member: may send, not publish\)"):
            await publisher.show(project.id, "protected", leave)
    assert project.accessibility == "private"


async def test_a_project_that_is_deleted_meanwhile_is_said_to_be_gone(
    place: Place, project: Project
) -> None:
    async with place.publisher(project) as publisher:
        await publisher.dataset(project.id)
        place.sandbox.xnat.archive.drop_project(project)
        with pytest.raises(DatasetGone, match=f"knows no project {project.id}") as gone:
            await publisher.show(project.id, "protected", place.leave())
    assert "never gives the ID of a deleted project again" in gone.value.remedy


async def test_a_project_that_never_was_is_gone_too(place: Place) -> None:
    async with place.publisher("NEVER_WAS") as publisher:
        with pytest.raises(DatasetGone):
            await publisher.dataset("NEVER_WAS")


async def test_of_another_ones_protected_project_only_the_role_is_told(place: Place) -> None:
    project = place.project()
    project.users = {"member": "owner"}
    project.accessibility = "protected"
    async with place.publisher(project) as publisher:
        with pytest.raises(NotAllowed, match=r"\(no role: may only see it\)"):
            await publisher.dataset(project.id)


# -- trouble ------------------------------------------------------------------------------------


async def test_a_change_that_the_node_does_not_keep_is_no_success(
    place: Place, project: Project
) -> None:
    place.sandbox.fault("xnat:silent-setting")
    async with place.publisher(project) as publisher:
        with pytest.raises(DatasetRefused, match="says, read back, that the project is private"):
            await publisher.show(project.id, "public", place.leave())
    assert project.accessibility == "private"


async def test_where_the_answer_is_lost_reading_back_tells(place: Place, project: Project) -> None:
    fault = place.sandbox.fault("xnat:lose-setting-answer,times=1")
    async with place.publisher(project) as publisher:
        shown = await publisher.show(project.id, "protected", place.leave())
    assert (fault.fired, shown.visibility) == (1, "protected")
    assert len(place.puts(project)) == 1


async def test_a_lost_answer_to_what_was_not_done_leaves_no_doubt(
    place: Place, project: Project
) -> None:
    place.sandbox.fault("xnat:silent-setting,times=1")
    place.sandbox.fault("xnat:lose-setting-answer,times=1")
    async with place.publisher(project) as publisher:
        with pytest.raises(Unreachable, match="Read back, the project is still private"):
            await publisher.show(project.id, "protected", place.leave())
    assert project.accessibility == "private"


async def test_a_node_that_falls_silent_after_it_leaves_it_open_and_says_so(
    place: Place, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run looks first."""
    leave = place.leave()
    spend = type(leave).spend

    def spend_and_fall_silent(self: object, action: Action, *, node: str) -> None:
        spend(leave, action, node=node)
        place.sandbox.fault("xnat:status=503,after=1")

    monkeypatch.setattr(type(leave), "spend", spend_and_fall_silent)
    place.sandbox.fault("xnat:lose-setting-answer,times=1")
    async with place.publisher(project) as publisher:
        with pytest.raises(Unreachable, match=r"not known whether project .* is protected now"):
            await publisher.show(project.id, "protected", leave)
        place.sandbox.faults.clear()
        monkeypatch.undo()
        assert (await publisher.show(project.id, "protected", leave)).visibility == "protected"
    assert len(place.puts(project)) == 1


@pytest.mark.parametrize(("kind", "guests"), [("evict", False), ("become-guest", True)])
async def test_a_session_that_ends_at_any_request_is_no_harm(
    place: Place, kind: str, guests: bool
) -> None:
    """Where visitors may browse a dead session is a guest's, to whom a private project is not
    there and a public one is. A request that went to nobody is made again under the same leave."""
    place.sandbox.xnat.set_up({"has_guests": guests})
    node = place.node()
    puts = []
    try:
        for passed in itertools.count():
            project = place.project()
            fault = place.sandbox.fault(f"xnat:{kind},after={passed},times=1")
            shown = await node.publisher(project.id).show(project.id, "public", place.leave())
            assert (shown.visibility, project.accessibility) == ("public", "public")
            puts.append(len(place.puts(project)))
            if not fault.fired:
                break
    finally:
        await node.aclose()
    assert len(puts) > 12
    assert set(puts) == {1, 2}
