"""What a node's doctor says of the account: sign-in, roles, destination, listing."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from adapters.upv.node import UpvNode
from tests.adapters.probe.asking import closed_port, only_trouble
from tests.adapters.tls_server import Reply, Request, Server, serving
from tests.adapters.upv.issuer import jwt
from tests.adapters.upv.nodes import node_at
from tests.adapters.xnat.scripted import Running, ScriptedXnat, document, page, running, table, text
from tests.examining import examined
from transfer.node import CheckResult, Node

DATA_INGESTER = "authorized-technical-data-manager"
ALL_ROLES = (DATA_INGESTER, "dataset-administrator", "validated_user", "PROJECT-LUNG")


@dataclass
class Realm:
    """Issuer, node and dataset-service on one server. The account's password is `right`."""

    groups: tuple[str, ...] | None = ALL_ROLES
    listing: int = 200
    projects: tuple[str, ...] = ("LUNG",)
    grants: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> Reply:
        base = f"https://{request.headers['host']}/realm"
        path = request.target.partition("?")[0]
        if path.endswith("/.well-known/openid-configuration"):
            return Reply(200, json.dumps({"issuer": base, "token_endpoint": f"{base}/t"}).encode())
        if path == "/realm/t":
            return self._token(parse_qs(request.body.decode()))
        if path.startswith("/api/projects/"):
            return Reply(200 if path.removeprefix("/api/projects/") in self.projects else 404)
        if path == "/api/version":
            return Reply(200, b"3.23.2", {"Content-Type": "text/plain"})
        return Reply(self.listing, b"[]") if "authorization" in request.headers else Reply(401)

    def _token(self, form: dict[str, list[str]]) -> Reply:
        self.grants.append(form["client_id"][0])
        if form.get("password") != ["right"]:
            return Reply(401, b'{"error": "invalid_grant"}')
        claims: dict[str, Any] = {"preferred_username": "us"}
        if self.groups is not None:
            claims["groups"] = list(self.groups)
            roles = ["admin_datasets"] if "dataset-administrator" in self.groups else []
            claims["resource_access"] = {"dataset-service": {"roles": roles}}
        answer = {"access_token": jwt(**claims), "refresh_token": "r", "expires_in": 300}
        return Reply(200, json.dumps(answer).encode())


@contextmanager
def _upv(
    realm: Realm,
    ca_file: Path,
    context: ssl.SSLContext,
    home: Path,
    *,
    typed: str = "right",
    has_datasets: bool = False,
    issuer: str = "",
) -> Iterator[tuple[UpvNode, Server]]:
    with serving(realm, context) as server:
        extra = f'issuer_url = "{issuer or server.url}/realm"\nusername = "us"'
        if has_datasets:
            extra += f'\ndataset_service_url = "{server.url}/api"'
        yield (
            node_at(
                server.url,
                ca_file,
                home,
                auth="password",
                extra=extra,
                secrets={"n.password": typed},
            ),
            server,
        )


async def _examined(node: Node, destination: str = "") -> list[CheckResult]:
    try:
        return await examined(node, destination)
    finally:
        await node.aclose()


async def test_an_account_with_all_roles_gets_a_clean_bill(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with _upv(Realm(), ca_file, good_context, tmp_path, has_datasets=True) as (node, _):
        results = await _examined(node, "LUNG|CT")
    assert {result.state for result in results} == {"ok"}
    assert [result.check for result in results][-4:] == [
        "sign-in",
        "role",
        "destination",
        "listing",
    ]
    assert results[-2].message == "The account is joined to project LUNG."


async def test_a_wrong_password_is_a_failed_sign_in_and_is_tried_once(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    realm = Realm()
    with _upv(realm, ca_file, good_context, tmp_path, typed="wrong") as (node, _):
        trouble = only_trouble(await _examined(node))
    assert trouble.check == "sign-in"
    assert trouble.exit_code == 5
    assert trouble.whom == "you"
    assert "wrong" not in trouble.answer
    assert realm.grants == ["qpinsights"]


async def test_a_missing_role_is_named_with_the_ticket_that_asks_for_it(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    realm = Realm(groups=("validated_user", "PROJECT-LUNG"))
    with _upv(realm, ca_file, good_context, tmp_path) as (node, _):
        trouble = only_trouble(await _examined(node, "LUNG|CT"))
    assert trouble.check == "role"
    assert trouble.message == "The account may not upload images and clinical data."
    assert "Data ingester" in trouble.remedy
    assert "ticket NAME --case role" in trouble.remedy
    assert trouble.exit_code == 5
    assert trouble.whom == "the node's support"


async def test_a_role_that_is_needed_later_only_warns(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    realm = Realm(groups=(DATA_INGESTER, "validated_user", "PROJECT-LUNG"))
    with _upv(realm, ca_file, good_context, tmp_path, has_datasets=True) as (node, _):
        trouble = only_trouble(await _examined(node, "LUNG|CT"), "warn")
    assert (trouble.check, trouble.state) == ("role", "warn")
    assert trouble.message == "The account may not create datasets."
    assert "Dataset manager" in trouble.remedy


async def test_a_project_that_the_account_is_not_joined_to_is_a_finding_of_the_destination(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with _upv(Realm(), ca_file, good_context, tmp_path) as (node, _):
        trouble = only_trouble(await _examined(node, "BREAST|MR"))
    assert trouble.check == "destination"
    assert trouble.message == "The account is not joined to project BREAST."
    assert "ticket NAME --case role" in trouble.remedy
    assert trouble.exit_code == 5


async def test_a_project_that_is_not_there_is_told_apart_from_one_that_is_not_ours(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with _upv(Realm(), ca_file, good_context, tmp_path, has_datasets=True) as (node, _):
        trouble = only_trouble(await _examined(node, "BREAST|MR"))
    assert trouble.check == "destination"
    assert trouble.message == "The node knows no project BREAST."


async def test_a_token_that_tells_nothing_leaves_the_rights_open(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with _upv(Realm(groups=None), ca_file, good_context, tmp_path) as (node, _):
        results = await _examined(node, "LUNG|CT")
    assert {result.state for result in results} == {"ok"}
    (destination,) = [result for result in results if result.check == "destination"]
    assert destination.message.startswith("Not told whether the account may send to LUNG|CT")


async def test_an_account_that_may_not_list_is_a_finding_of_the_listing(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with _upv(Realm(listing=403), ca_file, good_context, tmp_path) as (node, _):
        trouble = only_trouble(await _examined(node, "LUNG|CT"))
    assert trouble.check == "listing"
    assert trouble.exit_code == 5


async def test_a_sign_in_service_that_is_down_is_told_apart_from_the_node(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with (
        closed_port() as port,
        _upv(Realm(), ca_file, good_context, tmp_path, issuer=f"https://127.0.0.1:{port}") as (
            node,
            server,
        ),
    ):
        trouble = only_trouble(await _examined(node))
    assert trouble.check == "reachable"
    assert "the sign-in service is not running there" in trouble.message
    assert trouble.exit_code == 6
    assert {request.method for request in server.requests} >= {"GET"}
    assert all("authorization" not in request.headers for request in server.requests)


async def test_a_sign_in_service_out_of_order_is_told_by_its_name(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with (
        serving(lambda _: Reply(503), good_context) as down,
        _upv(Realm(), ca_file, good_context, tmp_path, issuer=down.url) as (node, _),
    ):
        trouble = only_trouble(await _examined(node))
    assert trouble.check == "answer"
    assert trouble.message.startswith("The sign-in service is there but out of order (HTTP 503")


async def test_no_credential_goes_to_a_node_whose_sign_in_service_cannot_be_trusted(
    ca_file: Path, good_context: ssl.SSLContext, tmp_path: Path
) -> None:
    with (
        serving(lambda _: Reply(200), None) as plain,
        _upv(Realm(), ca_file, good_context, tmp_path, issuer=plain.url) as (node, server),
    ):
        trouble = only_trouble(await _examined(node))
    assert trouble.check == "tls"
    assert plain.connections == 0
    assert b"right" not in bytes(server.received)


# -- XNAT ---------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path: Path, ca_file: Path, good_context: ssl.SSLContext) -> Iterator[Running]:
    with running(tmp_path, ca_file, good_context) as started:
        roles = {"P": "Owners", "Q": "Members", "R": "Collaborators", "S": ""}
        xnat = started.xnat
        xnat.tell("GET", "/data/projects", table(*({"id": i, "name": i} for i in roles)))
        access = [{"ID": i, "role": role} for i, role in roles.items()]
        xnat.tell("GET", "/xapi/access/projects", document(access))
        xnat.tell("GET", "/data/JSESSION", text("SESSION00000001"))
        for project in roles:
            xnat.tell("GET", f"/data/projects/{project}/prearchive_code", text("4"))
        yield started


@pytest.mark.parametrize("project", ["P", "Q"])
async def test_an_owner_and_a_member_get_a_clean_bill(site: Running, project: str) -> None:
    results = await _examined(site.node(), project)
    assert {result.state for result in results} == {"ok"}
    assert [result.check for result in results][-4:] == [
        "listing",
        "destination",
        "role",
        "prearchive",
    ]


async def test_the_transfers_destination_goes_before_those_of_the_configuration(
    site: Running,
) -> None:
    results = await _examined(site.node(), "Q")
    (role,) = [result for result in results if result.check == "role"]
    assert role.message == "Your role in project Q is member: may send, not publish."


async def test_a_collaborator_is_told_whom_to_ask(site: Running) -> None:
    trouble = only_trouble(await _examined(site.node(), "R"))
    assert trouble.check == "role"
    assert trouble.message == (
        "The account may not send to project R (collaborator: may only read)."
    )
    assert "make you a member" in trouble.remedy
    assert trouble.exit_code == 5
    assert trouble.whom == "an owner of the project"


async def test_a_missing_project_is_told_apart_from_a_missing_role(site: Running) -> None:
    site.xnat.tell("GET", "/data/projects/NONE", page(404, "Not Found"))
    trouble = only_trouble(await _examined(site.node(), "NONE"))
    assert trouble.check == "destination"
    assert "no project NONE" in trouble.message
    assert trouble.exit_code == 5


async def test_a_project_that_is_there_without_a_role_in_it_is_told_apart_from_both(
    site: Running,
) -> None:
    site.xnat.tell("GET", "/data/projects/HIDDEN", page(403, "Forbidden"))
    trouble = only_trouble(await _examined(site.node(), "HIDDEN"))
    assert trouble.check == "role"
    assert trouble.message == "Project HIDDEN is there, but this account has no role in it."


async def test_a_wrong_password_of_xnat_is_a_failed_sign_in_and_is_tried_once(
    site: Running,
) -> None:
    trouble = only_trouble(await _examined(site.node(store=site.store("wrong")), "P"))
    assert trouble.check == "sign-in"
    assert trouble.exit_code == 5
    assert site.xnat.sign_ins == ["password wrong"]


async def test_a_page_in_the_place_of_xnat_is_found_before_the_password_is_sent(
    tmp_path: Path, ca_file: Path, good_context: ssl.SSLContext
) -> None:
    notice = Reply(
        200, b"<html><title>Please sign in</title></html>", {"Content-Type": "text/html"}
    )
    with serving(lambda _: notice, good_context) as server:
        here = Running(ScriptedXnat(), server, tmp_path, ca_file)
        trouble = only_trouble(await _examined(here.node(), "P"))
    assert trouble.check == "answer"
    assert '("Please sign in")' in trouble.message
    assert {request.method for request in server.requests} == {"GET"}
