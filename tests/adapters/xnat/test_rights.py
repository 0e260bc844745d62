"""What the account may do, in words; a destination that is missing is told from a missing right."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.xnat.node import XnatNode
from adapters.xnat.objects import ProjectAccess
from adapters.xnat.rights import rights_of
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, table, text
from transfer.errors import NotAllowed
from transfer.node import StudyPlan

ACCESS = "/xapi/access/projects"


def has(xnat: ScriptedXnat, **roles: str) -> None:
    """The account sees these projects, with these roles."""
    xnat.tell("GET", "/data/projects", table(*({"id": key, "name": key} for key in roles)))
    # What xnatpy asks for itself.
    xnat.tell("GET", "/data/JSESSION", text("SESSION00000001"))
    xnat.tell("GET", "/", text("XNAT"))
    xnat.tell("GET", ACCESS, document([{"ID": key, "role": role} for key, role in roles.items()]))


async def nothing() -> AsyncIterator[StudyPlan]:
    plans: list[StudyPlan] = []
    for plan in plans:
        yield plan


async def test_signing_in_says_by_role_what_may_be_done_in_each_project(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    has(xnat, P="Owners", Q="Members", R="Collaborators", S="")
    identity = await node.sign_in()
    assert identity.roles == ["owner of P", "member of Q", "collaborator of R"]
    assert [str(right) for right in identity.rights] == [
        "may upload images to P",
        "may set the accessibility of P",
        "may upload images to Q",
        "may not set the accessibility of Q",
        "may not upload images to R",
    ]
    assert identity.rights[-1].remedy == "Ask an owner of R to make you a member."


async def test_a_destination_that_is_not_there_names_the_ticket(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    has(xnat, Q="Members")
    first = (await node.sign_in()).rights[0]
    assert (str(first), first.ticket) == ("may not upload images to P", "project")
    assert "helpdesk" in first.remedy


async def test_a_node_that_tells_nobodys_role_leaves_the_right_open(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    has(xnat, P="")
    assert [str(right) for right in (await node.sign_in()).rights] == [
        "may perhaps upload images to P"
    ]


async def test_a_listing_that_cannot_be_read_does_not_spoil_the_sign_in(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.tell("GET", "/data/projects", page(500, "Internal error"))
    identity = await node.sign_in()
    assert (identity.username, list(identity.rights)) == ("ingester", [])


def test_of_hundreds_of_projects_fifty_are_named_and_the_rest_counted() -> None:
    projects = [ProjectAccess(f"P{n:03}", "", "owner") for n in range(300)]
    rights = list(rights_of(projects, ["P299"]))
    assert rights[0].what == "upload images to P299"
    assert len(rights) == 101
    assert rights[-1].what == "upload images to 250 more projects"


@pytest.mark.parametrize(
    ("roles", "told", "match"),
    [
        ({"P": "Collaborators"}, page(404, "Not Found"), "collaborator: may only read"),
        ({"Q": "Owners"}, page(404, "Not Found"), "knows no project P"),
        ({"Q": "Owners"}, page(403, "Forbidden"), "P is there, but this account has no role"),
        ({"Q": "Owners"}, document({"items": []}), "P is there, but this account has no role"),
    ],
)
async def test_a_missing_right_and_a_missing_project_are_told_apart_before_a_byte_moves(
    node: XnatNode, xnat: ScriptedXnat, roles: dict[str, str], told: object, match: str
) -> None:
    has(xnat, **roles)
    xnat.tell("GET", "/data/projects/P", told)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match=match):
        await node.objections(nothing(), "P")
    assert [line for line in xnat.asked if line.startswith(("POST", "PUT"))] == [
        "PUT /data/services/auth"
    ]


async def test_a_guests_empty_listing_is_not_taken_for_a_missing_project(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    has(xnat, P="Owners")
    xnat.tell("GET", r"/data/prearchive/projects/P", table())
    xnat.tell("GET", r"/data/projects/P/(experiments|subjects)", table())
    xnat.has_guests = True
    await node.sign_in()
    xnat.turn("guest")
    assert list(await node.objections(nothing(), "P")) == []
    assert xnat.sign_ins == ["password right", "password right"]
