"""xnatpy under our TLS policy and with our session, and the doctor who asks by it."""

from __future__ import annotations

import inspect
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from xnat import exceptions

from adapters.sessions import Way
from adapters.xnat.node import XnatNode
from adapters.xnat.objects import Objects, at_the_border, translate_xnat
from tests.adapters.tls_server import server_context
from tests.adapters.xnat.scripted import Running, ScriptedXnat, document, page, running, table, text
from tests.certificates import Authority
from tests.examining import examined
from transfer.errors import NodeError, NodeFault, SignInExpired, TlsRefused, Unreachable
from transfer.node import CheckResult

ACCESS = "/xapi/access/projects"


def projects(xnat: ScriptedXnat) -> None:
    xnat.tell(
        "GET",
        "/data/projects",
        table(
            {"id": "P", "name": "Prostate"},
            {"id": "Q", "name": ""},
            {"id": "R", "name": "Rectum"},
            {"id": "S", "name": "Spine"},
        ),
    )
    roles = [("P", "Owners"), ("Q", "Members"), ("R", "Collaborators"), ("S", "")]
    xnat.tell("GET", ACCESS, document([{"ID": i, "role": r} for i, r in roles]))
    xnat.tell("GET", "/data/JSESSION", text("SESSION00000001"))
    xnat.tell("GET", "/data/projects/P/prearchive_code", text("4"))
    xnat.tell("GET", "/", text("XNAT"))


async def test_destinations_are_the_projects_one_may_send_to_with_the_role_in_words(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    assert [(d.key, d.title, d.role) for d in await node.destinations()] == [
        ("P", "Prostate", "owner: may send and publish"),
        ("Q", "Q", "member: may send, not publish"),
    ]


async def test_a_server_without_the_route_for_roles_tells_them_in_the_listing(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    xnat.tell("GET", ACCESS, page(404, "Not Found"))
    xnat.tell(
        "GET", "/data/projects", table({"id": "P", "name": "Prostate", "user_role_7": "Member"})
    )
    assert [(d.key, d.role) for d in await node.destinations()] == [
        ("P", "member: may send, not publish")
    ]


async def test_xnatpy_carries_the_one_session_and_opens_none_of_its_own(
    node: XnatNode, xnat: ScriptedXnat, site: Running
) -> None:
    projects(xnat)
    await node.destinations()
    sessions = {r.headers.get("cookie") for r in site.server.requests} - {None}
    assert sessions == {"JSESSIONID=SESSION00000001"}
    assert {r.headers["user-agent"] for r in site.server.requests} == {"eucaim-transfer"}
    assert xnat.sign_ins == ["password right"]


async def test_a_guests_list_of_projects_is_not_believed(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    xnat.has_guests = True
    await node.destinations()
    xnat.turn("guest")
    assert len(await node.destinations()) == 2
    assert xnat.sign_ins == ["password right", "password right"]


async def test_closing_leaves_the_shared_session_to_its_owner(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    await node.destinations()
    await node.aclose()
    assert xnat.count("DELETE /data/JSESSION") == 1


class _Signed:
    """A session that is signed in, as far as it is asked."""

    username = "ingester"

    def current(self) -> str:
        return "SESSION00000001"

    async def id(self) -> str:
        return self.current()

    async def is_ours(self, used: str) -> bool:
        return True


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_xnatpy_speaks_tls_1_3_to_a_known_authority_or_not_at_all(
    tmp_path: Path, version: ssl.TLSVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile REQUESTS_CA_BUNDLE would beat even an explicit `verify` of requests."""
    theirs, ours = Authority(tmp_path / "theirs"), Authority(tmp_path / "ours")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(theirs.ca_file))
    trusted = ours if version is ssl.TLSVersion.TLSv1_3 else theirs
    context = server_context(theirs.issue(), version=version)
    with running(tmp_path, trusted.ca_file, context) as site:
        way = Way(node="n", ca_file=trusted.ca_file)
        objects = Objects(site.server.url, way, _Signed())  # type: ignore[arg-type]
        with pytest.raises(TlsRefused) as refused:
            await objects.projects()
        await objects.close()
        assert site.server.requests == []
    expected = "unknown-ca" if version is ssl.TLSVersion.TLSv1_3 else "tls-version"
    assert refused.value.finding == expected


KINDS = [
    kind
    for _, kind in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(kind, BaseException) and kind.__module__ == "xnat.exceptions"
]


def test_the_walk_finds_the_one_that_is_no_exception() -> None:
    assert exceptions.XNATMappingException in KINDS
    assert len(KINDS) > 12


def _raising(problem: BaseException) -> Callable[[], None]:
    def call() -> None:
        raise problem

    return call


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_no_exception_of_xnatpy_crosses_the_border_under_its_own_name(
    kind: type[BaseException],
) -> None:
    if kind is exceptions.XNATResponseError:
        response = requests.Response()
        response.status_code = 500
        problem = kind("the label SUBJ-001 in a text", response)
    else:
        problem = kind("the label SUBJ-001 in a text")
    with pytest.raises(NodeError) as translated:
        at_the_border(_raising(problem), "n")
    assert translated.value.node == "n"
    assert "SUBJ-001" not in translated.value.what + translated.value.remedy


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        (exceptions.XNATAuthError("x"), SignInExpired),
        (exceptions.XNATConnectionError("x"), Unreachable),
        (exceptions.XNATMappingException("x"), NodeFault),
    ],
)
def test_what_xnatpy_met_is_told_apart(problem: BaseException, kind: type[NodeError]) -> None:
    assert isinstance(translate_xnat(problem, "n"), kind)


def _states(results: list[CheckResult]) -> dict[str, str]:
    return {r.check: r.state for r in results}


async def test_the_doctor_asks_from_the_connection_up_to_the_role(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    results = await examined(node)
    assert [r.check for r in results] == [
        "configuration",
        "proxy",
        "reachable",
        "tls-version",
        "certificate",
        "answer",
        "round-trip",
        "limits",
        "upload-rate",
        "sign-in",
        "session",
        "version",
        "listing",
        "destination",
        "role",
        "prearchive",
    ]
    messages = {r.check: r.message for r in results}
    assert messages["sign-in"] == "Signed in as ingester."
    assert messages["version"] == "The node runs XNAT 1.8.10."
    assert messages["listing"] == "The account may send to: P, Q."
    assert messages["role"] == "Your role in project P is owner: may send and publish."
    assert "archives by itself" in messages["prearchive"]


@pytest.mark.parametrize(("role", "state"), [("Members", "ok"), ("Collaborators", "fail")])
async def test_the_doctor_says_whether_the_role_is_enough_to_send(
    node: XnatNode, xnat: ScriptedXnat, role: str, state: str
) -> None:
    projects(xnat)
    xnat.tell("GET", ACCESS, document([{"ID": "P", "role": role}]))
    assert _states(await examined(node))["role"] == state


async def test_the_doctor_fails_a_project_that_is_not_there(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    xnat.tell("GET", "/data/projects", table({"id": "Q", "name": ""}))
    results = await examined(node)
    assert [(r.check, r.state) for r in results][-1] == ("destination", "fail")
    assert "no project P" in results[-1].message


async def test_the_doctor_fails_an_xnat_that_cannot_read_a_tar(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    projects(xnat)
    xnat.version = "1.7.6"
    results = await examined(node)
    assert results[-1].state == "fail"
    assert "1.7.6" in results[-1].message


async def test_a_clock_that_is_wrong_is_told(node: XnatNode, xnat: ScriptedXnat) -> None:
    projects(xnat)
    xnat.server_clock_ms = 1_000_000
    results = {r.check: r for r in await examined(node)}
    assert results["clock"].state == "warn"
    assert "clocks" in results["clock"].message
