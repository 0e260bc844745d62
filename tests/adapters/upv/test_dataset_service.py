"""How the dataset-service is spoken to: the token, the one repetition, and answers of strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.profiles import load_profiles
from adapters.upv.dataset_service import DatasetService
from adapters.upv.options import Settings
from adapters.upv.publishing import UpvPublisher
from tests.adapters.upv.issuer import jwt
from transfer.errors import (
    DatasetGone,
    NodeBusy,
    NodeError,
    NodeFault,
    NotAllowed,
    SignInExpired,
    Unreachable,
)
from transfer.node import Identity

ID = "11111111-2222-4333-8444-555555555555"
EXPIRED = {"error": "invalid access token, Signature has expired"}
NO_RIGHT = {"error": "unauthorized user", "status_code": 401}
Reply = httpx.Response | Exception


@dataclass
class Tokens:
    """A credential that gives `t0`, and another one whenever the last was refused."""

    renewals: int = 0
    claims: dict[str, Any] = field(default_factory=dict)

    async def header(self) -> str:
        return self.current()

    def current(self) -> str:
        return f"Bearer {jwt(**self.claims, n=self.renewals)}"

    async def renew(self, refused: str | None) -> None:
        assert refused == self.current()
        self.renewals += 1

    async def identity(self) -> Identity:
        return Identity("us")

    async def forget(self) -> None: ...


@dataclass
class Server:
    """Gives its replies in turn, the last one for ever, and keeps what it was asked."""

    replies: Sequence[Reply]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


def _settings(home: Path) -> Settings:
    (home / "config.toml").write_text(
        '[nodes.n]\nkind = "upv"\ndicomweb_url = "https://node.example/rs"\nauth = "password"\n'
        'issuer_url = "https://node.example/i"\n'
        'dataset_service_url = "https://node.example/dataset-service/api"\n'
    )
    return Settings.of(load_profiles(home)["n"], home)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return _settings(tmp_path)


Make = Callable[..., tuple[DatasetService, Server, Tokens]]


@pytest.fixture
def made(settings: Settings) -> Make:
    def make(*replies: Reply, **claims: Any) -> tuple[DatasetService, Server, Tokens]:
        server, tokens = Server(replies), Tokens(claims=claims)
        client = httpx.AsyncClient(transport=httpx.MockTransport(server))
        return DatasetService(client, settings, tokens), server, tokens

    return make


def _json(document: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=document)


def _page(rows: int, total: int, first: int = 0) -> httpx.Response:
    listed = [{"n": n} for n in range(first, first + rows)]
    return _json({"total": total, "returned": rows, "list": listed})


async def test_a_token_that_ran_out_is_renewed_once_and_the_request_repeated(made: Make) -> None:
    service, server, tokens = made(_json(EXPIRED, 401), _json({"id": ID}))
    assert await service.get(f"/datasets/{ID}") == {"id": ID}
    sent = [request.headers["authorization"] for request in server.asked]
    assert (tokens.renewals, len(set(sent))) == (1, 2)


async def test_a_second_refusal_of_the_token_asks_for_a_sign_in(made: Make) -> None:
    service, server, tokens = made(_json(EXPIRED, 401))
    with pytest.raises(SignInExpired, match="Signature has expired"):
        await service.get("/datasets")
    assert (tokens.renewals, len(server.asked)) == (1, 2)


async def test_an_account_without_the_right_is_not_asked_for_again(made: Make) -> None:
    service, server, tokens = made(_json(NO_RIGHT, 401))
    with pytest.raises(NotAllowed, match="admin_datasets"):
        await service.get("/datasets")
    assert (tokens.renewals, len(server.asked)) == (0, 1)


async def test_a_role_that_is_lost_at_the_renewal_is_told(made: Make) -> None:
    service, server, _ = made(_json(EXPIRED, 401), _json(NO_RIGHT, 401))
    with pytest.raises(NotAllowed):
        await service.get("/datasets")
    assert len(server.asked) == 2


async def test_a_redirect_is_not_followed(made: Make) -> None:
    away = httpx.Response(302, headers={"location": "https://elsewhere.example/"})
    service, server, _ = made(away, _json({}))
    with pytest.raises(NodeFault):
        await service.get("/datasets")
    assert [request.url.host for request in server.asked] == ["node.example"]


async def test_the_version_is_asked_for_in_nobodys_name(made: Make) -> None:
    service, server, _ = made(httpx.Response(200, text="3.23.2\n"))
    assert await service.version() == "3.23.2"
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(200, text="<html><body>Welcome</body></html>"),
        httpx.Response(200, text=""),
        httpx.Response(200, content=b"\xff\xfe{"),
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(204),
        httpx.Response(500, text="<html>"),
    ],
)
async def test_an_answer_of_somebody_else_is_no_dataset(made: Make, reply: httpx.Response) -> None:
    service, _, _ = made(reply)
    with pytest.raises(NodeFault) as refused:
        await service.get(f"/datasets/{ID}")
    assert refused.value.reached_node


async def test_an_answer_without_end_is_cut_off(made: Make) -> None:
    service, _, _ = made(httpx.Response(200, content=b" " * (8 * 1024 * 1024 + 1)))
    with pytest.raises(NodeFault, match="larger than any"):
        await service.get("/datasets")


async def test_a_broken_connection_leaves_the_outcome_open(made: Make) -> None:
    service, _, _ = made(httpx.ReadError("reset"))
    with pytest.raises(Unreachable) as refused:
        await service.get("/datasets")
    assert refused.value.reached_node


async def test_a_busy_ingress_is_not_asked_again_by_itself(made: Make) -> None:
    service, server, _ = made(httpx.Response(503, text="<html>", headers={"retry-after": "7"}))
    with pytest.raises(NodeBusy) as refused:
        await service.get("/datasets")
    assert (refused.value.retry.after_s, len(server.asked)) == (7, 1)


async def test_lists_come_page_by_page(made: Make) -> None:
    service, server, _ = made(_page(100, 250), _page(100, 250, 100), _page(50, 250, 200))
    rows = [row async for row in service.rows("/datasets", {"project": "A B"})]
    assert len(rows) == 250
    assert [str(request.url.query, "ascii") for request in server.asked] == [
        "project=A%20B&skip=0&limit=100",
        "project=A%20B&skip=100&limit=100",
        "project=A%20B&skip=200&limit=100",
    ]


async def test_a_list_that_shrinks_meanwhile_ends(made: Make) -> None:
    service, _, _ = made(_page(100, 250), _page(0, 250))
    assert len([row async for row in service.rows("/datasets", {})]) == 100


async def test_a_list_without_end_ends(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.upv.dataset_service._MOST_ROWS", 1000)
    service, _, _ = made(*(_page(100, 10**12, first) for first in range(0, 2000, 100)))
    assert len([row async for row in service.rows("/datasets", {})]) == 1000


async def test_a_node_that_gives_the_same_page_for_ever_is_not_asked_for_ever(made: Make) -> None:
    service, server, _ = made(_page(100, 10**12))
    with pytest.raises(NodeFault):
        _ = [row async for row in service.rows("/datasets", {})]
    assert len(server.asked) == 2


@pytest.mark.parametrize("document", [[], {}, {"list": 1, "total": 1}, {"list": [], "total": "1"}])
async def test_what_is_no_list_is_a_fault(made: Make, document: object) -> None:
    service, _, _ = made(_json(document))
    with pytest.raises(NodeFault):
        _ = [row async for row in service.rows("/datasets", {})]


@pytest.mark.parametrize("id", ["", "..", "a/b", "x?y=1", "é", "\x1b[2J"])
async def test_an_id_that_is_none_is_asked_for_nowhere(settings: Settings, id: str) -> None:
    async def opened() -> DatasetService:
        raise AssertionError("nothing is connected")

    publisher = UpvPublisher(settings, "P|S", opened)
    with pytest.raises(DatasetGone, match="no id"):
        await publisher.edit(id, {"name": ("abc",)})


@pytest.mark.parametrize("document", [[], "x", 5, {}, {"id": "a"}, {"id": "..", "name": "x"}])
async def test_what_is_no_dataset_is_a_fault_of_the_node(
    made: Make, settings: Settings, document: object
) -> None:
    if isinstance(document, dict):
        document = {"project": "P", **document}
    service, _, _ = made(_json(document))

    async def opened() -> DatasetService:
        return service

    with pytest.raises(NodeFault):
        await UpvPublisher(settings, "P|S", opened).dataset(ID)


async def test_licences_that_cannot_be_had_stop_nothing(made: Make, settings: Settings) -> None:
    details = {"id": ID, "name": "Lung", "project": "P", "draft": False, "public": True}
    details |= {"invalidated": False}
    service, _, _ = made(_json(details), httpx.Response(500, text="<html>"))

    async def opened() -> DatasetService:
        return service

    found = await UpvPublisher(settings, "P|S", opened).dataset(ID)
    assert (found.id, found.may) == (ID, frozenset())


async def test_no_error_shows_the_token(made: Make) -> None:
    for reply in (
        _json({"error": "no: Bearer eyJ"}, 500),
        _json(EXPIRED, 401),
        httpx.ReadError("x"),
        httpx.Response(418, text="x"),
    ):
        service, _, tokens = made(reply)
        with pytest.raises(NodeError) as refused:
            await service.get("/datasets")
        said = json.dumps([refused.value.what, refused.value.remedy])
        assert tokens.current().removeprefix("Bearer ") not in said
