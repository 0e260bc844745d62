"""The texts of a project on the stand-in: set, read back, and what is said when they are not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sandbox.xnat.model import Project
from tests.adapters.xnat.publishing_place import Place, place_at, texts_of
from transfer.errors import DatasetGone, DatasetRefused, NotAllowed, Unreachable
from transfer.publication.values import Dataset, Texts

SEEN = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
LINE = st.text(SEEN, min_size=1, max_size=60).map(str.strip).filter(bool)
WORD = LINE.filter(lambda word: "," not in word)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "description": st.lists(LINE, max_size=3).map(lambda lines: ("\n".join(lines),)),
        "keywords": st.lists(WORD, max_size=4, unique=True).map(tuple),
        "pi_first_name": LINE.map(lambda text: (text,)),
        "pi_last_name": LINE.map(lambda text: (text,)),
        "pi_institution": LINE.map(lambda text: (text,)),
    },
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_at(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(autouse=True)
def behaving(place: Place) -> Iterator[None]:
    yield
    place.sandbox.faults.clear()
    place.sandbox.xnat.set_up({"escapes_texts": False})


@pytest.fixture
def project(place: Place) -> Project:
    return place.project(description="as it was")


async def edited(
    place: Place, project: Project, account: str = "ingester", **texts: str
) -> Dataset:
    async with place.publisher(project, account) as publisher:
        return await publisher.edit(project.id, {key: (text,) for key, text in texts.items()})


async def test_texts_and_the_investigator_are_set_and_read_back(
    place: Place, project: Project
) -> None:
    wanted: Texts = {
        "title": ("Lung CT of the north",),
        "running_title": ("LUNG-N",),
        "description": ('Stage <II & "unclear"\nJosé, 東京',),
        "keywords": ("lung", "breast cancer"),
        "pi_title": ("Dr",),
        "pi_first_name": ("Ann",),
        "pi_last_name": ("O'Lee",),
        "pi_institution": ("North + South Hospital",),
    }
    async with place.publisher(project) as publisher:
        found = await publisher.edit(project.id, wanted)
    assert texts_of(found) == wanted
    assert found.name == "Lung CT of the north"
    assert project.fields == {
        "name": "Lung CT of the north",
        "secondary_ID": "LUNG-N",
        "description": 'Stage <II & "unclear"\nJosé, 東京',
        "keywords": "lung, breast cancer",
        "PI/title": "Dr",
        "PI/firstname": "Ann",
        "PI/lastname": "O'Lee",
        "PI/institution": "North + South Hospital",
    }
    assert project.accessibility == "private"
    assert len(place.puts(project)) == 5


async def test_what_is_so_already_is_not_sent(place: Place, project: Project) -> None:
    await edited(place, project, description="as it was", title=project.id)
    assert place.puts(project) == []


async def test_a_text_is_emptied(place: Place, project: Project) -> None:
    assert "description" not in texts_of(await edited(place, project, description=""))


@pytest.mark.parametrize("escapes", [False, True], ids=["kept as typed", "signs written out"])
def test_any_text_comes_back_as_it_was_given(place: Place, escapes: bool) -> None:
    """And a second time nothing is sent: it would be met by a broken connection."""
    place.sandbox.xnat.set_up({"escapes_texts": escapes})
    project = place.project()
    node = place.node()
    publisher = node.publisher(project.id)

    with asyncio.Runner() as runner:

        @settings(max_examples=40)
        @given(CHANGES)
        def round_trip(changes: Texts) -> None:
            found = runner.run(publisher.edit(project.id, changes))
            if escapes:
                assert {f.key: f.value for f in found.fields if f.key in changes} == {
                    key: tuple(text for text in texts if text) for key, texts in changes.items()
                }
            place.sandbox.fault("xnat:lose-setting-answer")
            again = runner.run(publisher.edit(project.id, changes))
            place.sandbox.faults.clear()
            assert again.fields == found.fields

        try:
            round_trip()
        finally:
            runner.run(node.aclose())
    assert len(place.puts(project)) > 30


async def test_a_title_that_another_project_has_changes_nothing_at_all(
    place: Place, project: Project
) -> None:
    place.project(name="Thorax of the south")
    with pytest.raises(DatasetRefused) as refused:
        await edited(place, project, description="new", title="thorax of the SOUTH")
    assert refused.value.what == "Title: another project of the site has this already."
    assert refused.value.remedy == "Change it and try again. Nothing was changed."
    assert project.fields["description"] == "as it was"


async def test_what_was_taken_before_a_refusal_stays_and_is_named(
    place: Place, project: Project
) -> None:
    place.project(secondary_ID="TAKEN")
    with pytest.raises(DatasetRefused) as refused:
        await edited(place, project, title="Thorax", running_title="taken", description="new")
    assert refused.value.what == "Running title: another project of the site has this already."
    assert "What was changed before it stays: Title." in refused.value.remedy
    assert (project.fields["name"], project.fields["description"]) == ("Thorax", "as it was")


async def test_every_fault_is_told_at_once_and_nothing_goes(place: Place, project: Project) -> None:
    with pytest.raises(DatasetRefused) as refused:
        await edited(place, project, title="", keywords="a, b", description="new")
    assert "Title: 0 characters, at least 1 are needed." in refused.value.what
    assert "Keywords: a comma stands between two of them" in refused.value.what
    assert place.puts(project) == []


@pytest.mark.parametrize("account", ["member", "reader"])
async def test_who_is_no_owner_changes_no_text(
    place: Place, project: Project, account: str
) -> None:
    with pytest.raises(NotAllowed, match="may not change the title and description of project"):
        await edited(place, project, account, description="new")
    assert place.puts(project) == []


async def test_a_lost_answer_is_told_and_the_next_time_nothing_is_left_to_do(
    place: Place, project: Project
) -> None:
    place.sandbox.fault("xnat:lose-setting-answer,times=1")
    with pytest.raises(Unreachable):
        await edited(place, project, description="new")
    assert texts_of(await edited(place, project, description="new"))["description"] == ("new",)
    assert len(place.puts(project)) == 1


async def test_a_project_that_is_deleted_is_not_edited(place: Place, project: Project) -> None:
    place.sandbox.xnat.archive.drop_project(project)
    with pytest.raises(DatasetGone):
        await edited(place, project, description="new")
