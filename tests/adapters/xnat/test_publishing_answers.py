"""What a site may answer that the stand-in does not, and texts of it that are meant to harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.xnat.node import XnatNode
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.publishing_place import leave_for, texts_of
from tests.adapters.xnat.scripted import ScriptedXnat, document, page, query_of, table, text
from transfer.errors import (
    DatasetGone,
    DatasetRefused,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    SignInRefused,
    Unreachable,
)
from transfer.legal.gate import Cleared
from transfer.publication.node import Publisher
from transfer.publication.values import Act, Stage
from transfer.values import StudyInstanceUID, StudyRef

HERE = "/data/projects/P"


class Site:
    """A project P whose pieces a test changes."""

    def __init__(self, xnat: ScriptedXnat) -> None:
        self.xnat = xnat
        self.level = "private"
        self.id = "P"
        self.texts = {"name": "Lung", "secondary_ID": "P", "description": "old"}
        xnat.tell("GET", "/data/JSESSION", text("SESSION00000001"))
        self.tell_role("Owners")
        xnat.tell("GET", HERE, self.item)
        xnat.tell("GET", f"{HERE}/accessibility", lambda _: text(self.level))
        xnat.tell("PUT", f"{HERE}/accessibility/(protected|public)", self.set_level)
        xnat.tell("PUT", HERE, self.set_texts)
        xnat.tell("GET", f"{HERE}/(subjects|experiments)", table())

    def tell_role(self, role: str) -> None:
        self.xnat.tell("GET", "/data/projects", table({"id": "P", "name": "Lung"}))
        self.xnat.tell("GET", "/xapi/access/projects", document([{"ID": "P", "role": role}]))

    def item(self, _: Request) -> Reply:
        return document({"items": [{"data_fields": {"ID": self.id, **self.texts}}]})

    def set_level(self, request: Request) -> Reply:
        self.level = request.target.rpartition("/")[2]
        return text(self.level)

    def set_texts(self, request: Request) -> Reply:
        for key, value in query_of(request).items():
            self.texts[key.removeprefix("xnat:projectData/")] = value
        return text("P")

    @property
    def puts(self) -> list[str]:
        return [line for line in self.xnat.asked if line.startswith(f"PUT {HERE}")]


@pytest.fixture
def there(xnat: ScriptedXnat) -> Site:
    return Site(xnat)


@pytest.fixture
def publisher(node: XnatNode) -> Publisher:
    return node.publisher("P")


@pytest.fixture
def leave(tmp_path: Path) -> Cleared:
    return leave_for(tmp_path, node="n")


async def test_where_the_node_tells_nobodys_role_the_act_is_tried(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.tell_role("")
    rights = await publisher.rights()
    assert [right.is_given for right in rights] == [None, None]
    assert (await publisher.show("P", "protected", leave)).visibility == "protected"


async def test_a_refusal_there_names_both_reasons(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.tell_role("")
    there.xnat.tell("PUT", f"{HERE}/accessibility/protected", page(403, "Forbidden"))
    with pytest.raises(NotAllowed) as refused:
        await publisher.show("P", "protected", leave)
    assert "Either the account is no owner of it, or the site forbids" in refused.value.remedy


async def test_an_administrator_may_as_an_owner_may(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.tell_role("Administrator")
    assert Act.SHOW in (await publisher.dataset("P")).may
    assert (await publisher.show("P", "public", leave)).stage is Stage.PUBLISHED


async def test_owners_are_named_without_what_they_hide(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.tell_role("Members")
    owner = {"displayname": "Owners", "login": "x"}
    there.xnat.tell(
        "GET",
        f"{HERE}/users",
        table(
            {**owner, "firstname": "\x1b[2JAnn", "lastname": "<b>Lee</b>\r\n[red]"},
            {"displayname": "Members", "login": "m", "firstname": "Me", "lastname": "Myself"},
            {**owner, "login": "bob", "firstname": "", "lastname": ""},
            {**owner, "firstname": "y" * 500, "lastname": ""},
        ),
    )
    with pytest.raises(NotAllowed) as refused:
        await publisher.show("P", "protected", leave)
    assert f"([2JAnn Lee [red], bob, {'y' * 60})" in refused.value.remedy
    assert refused.value.remedy.isprintable()
    assert there.puts == []


@pytest.mark.parametrize(
    "told", ["", "open", "<script>", "public\nprivate", '{"accessibility": "public"}']
)
async def test_a_level_that_is_none_is_no_answer(
    there: Site, publisher: Publisher, leave: Cleared, told: str
) -> None:
    """XNAT answers with nothing where it failed to find out."""
    there.level = told
    with pytest.raises(NodeFault, match="cannot be read"):
        await publisher.show("P", "protected", leave)
    assert there.puts == []


@pytest.mark.parametrize(
    "answer",
    [document({}), document([]), document({"items": [{}]}), text("not JSON"), text("")],
    ids=["empty", "list", "no fields", "text", "nothing"],
)
async def test_what_is_no_project_is_no_answer(
    there: Site, publisher: Publisher, answer: Reply
) -> None:
    there.xnat.tell("GET", HERE, answer)
    with pytest.raises(NodeFault, match="cannot be read"):
        await publisher.dataset("P")


async def test_another_name_of_a_project_is_not_taken_for_it(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    """XNAT finds a project by an alias in some of its routes."""
    there.id = "OTHER"
    with pytest.raises(DatasetRefused, match="another name of a project"):
        await publisher.show("P", "public", leave)
    assert there.puts == []


async def test_counts_that_the_node_does_not_tell_are_left_open(
    there: Site, publisher: Publisher
) -> None:
    there.xnat.tell("GET", f"{HERE}/(subjects|experiments)", page(404, "Not Found"))
    found = await publisher.dataset("P")
    assert (found.studies, found.subjects) == (None, None)
    assert [study async for study in publisher.studies("P")] == []


async def test_what_was_derived_from_images_is_no_study(there: Site, publisher: Publisher) -> None:
    kinds = ("xnat:ctSessionData", "xnat:otherDicomSessionData", "xnat:qcAssessmentData")
    rows = [{"ID": f"E{n}", "label": f"L{n}", "xsiType": kind} for n, kind in enumerate(kinds)]
    there.xnat.tell("GET", f"{HERE}/experiments", table(*rows))
    assert (await publisher.dataset("P")).studies == 2
    assert [study.name async for study in publisher.studies("P")] == ["L0", "L1"]


async def test_subjects_are_listed_as_their_patient_ids_are_called_there(
    there: Site, publisher: Publisher
) -> None:
    """A Patient ID as it is makes another label, and XNAT looks labels up without regard to case;
    compared by the ID every patient would be missing."""
    row = {"ID": "E1", "label": "L1", "subject_label": "pat_0_7", "xsiType": "xnat:ctSessionData"}
    there.xnat.tell("GET", f"{HERE}/experiments", table(row))
    called = publisher.subject_of(StudyRef(StudyInstanceUID("1.2.3"), "PAT 0/7"))
    assert [study.subject async for study in publisher.studies("P")] == [called]


async def test_a_listing_that_was_cut_is_not_counted(there: Site, publisher: Publisher) -> None:
    cut = document({"ResultSet": {"Result": [{"ID": "S1"}], "totalRecords": "200"}})
    there.xnat.tell("GET", f"{HERE}/subjects", cut)
    with pytest.raises(NodeFault):
        await publisher.dataset("P")


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (400, "Description: the node refused it: (…) is bad"),
        (413, "Description: it is too long for the node (HTTP 413)."),
        (414, "Description: it is too long for the node (HTTP 414)."),
        (431, "Description: it is too long for the node (HTTP 431)."),
        (500, "Description: the node failed on it (HTTP 500); it may be too long for its tables."),
    ],
)
async def test_a_refused_text_is_named_by_its_field(
    there: Site, publisher: Publisher, status: int, what: str
) -> None:
    """Never by what stands in it."""
    there.xnat.tell("PUT", HERE, page(status, "the text that was\x1b[31m given is bad"))
    with pytest.raises(DatasetRefused) as refused:
        await publisher.edit("P", {"description": ("the text that was [31m given",)})
    assert refused.value.what == what
    assert refused.value.remedy == "Change it and try again. Nothing was changed."


@pytest.mark.parametrize(
    ("status", "kind"), [(403, NotAllowed), (404, DatasetGone), (401, SignInExpired)]
)
async def test_other_refusals_of_a_text_keep_their_kind(
    there: Site, publisher: Publisher, status: int, kind: type[NodeError]
) -> None:
    there.xnat.tell("PUT", HERE, page(status, "No"))
    with pytest.raises(kind):
        await publisher.edit("P", {"description": ("new",)})


async def test_a_busy_node_is_not_asked_again_by_itself(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.xnat.tell("PUT", f"{HERE}/accessibility/public", page(503, "Later"))
    with pytest.raises(Unreachable, match="Read back, the project is still private"):
        await publisher.show("P", "public", leave)
    assert there.puts == [f"PUT {HERE}/accessibility/public"]


async def test_a_gateway_that_gave_up_before_the_node_did_is_no_failure(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    def late(request: Request) -> Reply:
        there.set_level(request)
        return page(504, "Gateway Timeout")

    there.xnat.tell("PUT", f"{HERE}/accessibility/public", late)
    assert (await publisher.show("P", "public", leave)).visibility == "public"


async def test_a_sign_in_that_ends_with_the_change_leaves_it_open_and_says_so(
    there: Site, publisher: Publisher, leave: Cleared
) -> None:
    there.xnat.gives_tokens = False

    def last(request: Request) -> Reply:
        there.xnat.password = "changed"
        there.xnat.turn(None)
        return there.set_level(request)

    there.xnat.tell("PUT", f"{HERE}/accessibility/public", last)
    with pytest.raises(SignInRefused) as refused:
        await publisher.show("P", "public", leave)
    assert refused.value.what.startswith("It is not known whether project P is public now")
    assert "Then run the same command again: it looks first" in refused.value.remedy
    assert there.level == "public"


async def test_a_project_that_shows_no_more_than_its_title_is_told_where_no_role_is(
    there: Site, publisher: Publisher
) -> None:
    there.tell_role("")
    there.xnat.tell("GET", HERE, page(403, "Forbidden"))
    with pytest.raises(NotAllowed) as refused:
        await publisher.dataset("P")
    assert refused.value.what == "The account may not look into the data of project P."
    assert "Ask an owner of the project to do it" in refused.value.remedy


async def test_a_text_that_the_node_keeps_in_another_form_is_told(
    there: Site, publisher: Publisher
) -> None:
    there.xnat.tell("PUT", HERE, text("P"))
    with pytest.raises(DatasetRefused) as refused:
        await publisher.edit("P", {"description": (), "keywords": ("CT",)})
    assert refused.value.what == (
        "The node took the change and keeps another text: Description, Keywords."
    )
    assert "may have to be emptied there" in refused.value.remedy


async def test_an_edit_that_shows_the_project_to_others_is_told(
    there: Site, publisher: Publisher
) -> None:
    """It is behind no gate, so it must not open one."""

    def leak(request: Request) -> Reply:
        there.level = "protected"
        return there.set_texts(request)

    there.xnat.tell("PUT", HERE, leak)
    with pytest.raises(DatasetRefused, match="went from private to protected"):
        await publisher.edit("P", {"description": ("new",)})


async def test_a_text_travels_as_it_is(there: Site, publisher: Publisher) -> None:
    """A space as %20, since not every server reads + as one."""
    wanted = "a + b & c = 100%; é\n#d?"
    seen: list[str] = []

    def kept(request: Request) -> Reply:
        seen.append(request.target)
        return there.set_texts(request)

    there.xnat.tell("PUT", HERE, kept)
    found = await publisher.edit("P", {"description": (wanted,)})
    assert texts_of(found)["description"] == (wanted,)
    assert [target.count("+") for target in seen] == [0]
    assert "accessibility" not in seen[0]
