"""A project of the stand-in: its texts, its people, and how its settings fail."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from adapters.sandbox.server import Sandbox
from tests.sandbox.xnat.made import Walk, client

PROJECT = "/data/projects/SANDBOX"
FIELD = "xnat:projectData/"


async def put(walk: Walk, **texts: str) -> httpx.Response:
    return await walk.http.put(PROJECT, params=texts)


async def people(walk: Walk) -> dict[str, Sequence[dict[str, str]]]:
    [shown] = (await walk.http.get(f"{PROJECT}?format=json")).json()["items"]
    return {
        child["field"]: [item["data_fields"] for item in child["items"]]
        for child in shown["children"]
    }


async def test_investigators_are_objects_below_their_project(walk: Walk) -> None:
    await put(walk, **{f"{FIELD}PI/firstname": "Ann", f"{FIELD}PI/lastname": "Lee"})
    await put(walk, **{f"{FIELD}investigators/investigator[0]/lastname": "May"})
    await put(walk, **{f"{FIELD}investigators/investigator[1]/lastname": "Roe"})
    assert await people(walk) == {
        "PI": [{"firstname": "Ann", "lastname": "Lee"}],
        "investigators/investigator": [{"lastname": "May"}, {"lastname": "Roe"}],
    }
    listed = (await walk.http.get("/data/projects?format=json")).json()["ResultSet"]["Result"]
    assert [(row["pi_firstname"], row["pi_lastname"]) for row in listed] == [("Ann", "Lee")]


@pytest.mark.parametrize("field", ["name", "secondary_ID"])
@pytest.mark.parametrize("taken", ["OTHER", "title of another", " SHORT "])
async def test_a_title_that_another_project_has_is_a_conflict(
    node: Sandbox, walk: Walk, field: str, taken: str
) -> None:
    """Whichever of its names it is, and whatever the case."""
    other = node.xnat.archive.add_project("OTHER", "member")
    other.fields.update({"name": "Title of Another", "secondary_ID": "short"})
    answer = await put(walk, **{f"{FIELD}{field}": taken})
    assert answer.status_code == 409
    assert node.xnat.archive.projects["SANDBOX"].fields[field] == "SANDBOX"


async def test_a_project_may_keep_its_own_title(walk: Walk) -> None:
    assert (await put(walk, **{f"{FIELD}name": "SANDBOX"})).status_code == 200


async def test_titles_lose_the_blanks_around_them(node: Sandbox, walk: Walk) -> None:
    await put(walk, **{f"{FIELD}name": " Lung ", f"{FIELD}description": " as typed "})
    fields = node.xnat.archive.projects["SANDBOX"].fields
    assert (fields["name"], fields["description"]) == ("Lung", " as typed ")


@pytest.mark.parametrize(
    ("escapes", "kept"), [(False, 'a < b & "c"'), (True, "a &lt; b &amp; &quot;c&quot;")]
)
async def test_a_site_may_keep_texts_with_their_signs_written_out(
    node: Sandbox, walk: Walk, escapes: bool, kept: str
) -> None:
    node.xnat.set_up({"escapes_texts": escapes})
    await put(walk, **{f"{FIELD}description": 'a < b & "c"'})
    assert node.xnat.archive.projects["SANDBOX"].fields["description"] == kept


async def test_a_site_may_tell_users_to_owners_alone(node: Sandbox, walk: Walk) -> None:
    node.xnat.set_up({"tells_users": False})
    async with client(node, "member") as http:
        assert (await http.get(f"{PROJECT}/users")).status_code == 403
    assert (await walk.http.get(f"{PROJECT}/users")).status_code == 200


async def test_a_change_of_accessibility_is_not_kept(node: Sandbox, walk: Walk) -> None:
    node.fault("xnat:silent-setting,times=1")
    answer = await walk.http.put(f"{PROJECT}/accessibility/public")
    assert (answer.status_code, answer.text) == (200, "public")
    assert node.xnat.archive.projects["SANDBOX"].accessibility == "private"


async def test_the_answer_to_a_change_is_lost_and_the_change_stays(
    node: Sandbox, walk: Walk
) -> None:
    node.fault("xnat:lose-setting-answer,times=2")
    with pytest.raises(httpx.TransportError):
        await walk.http.put(f"{PROJECT}/accessibility/protected")
    with pytest.raises(httpx.TransportError):
        await put(walk, **{f"{FIELD}description": "new"})
    project = node.xnat.archive.projects["SANDBOX"]
    assert (project.accessibility, project.fields["description"]) == ("protected", "new")
