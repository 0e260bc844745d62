"""Two clients, two tokens, one sign-in; and the way out."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.upv import open_node
from adapters.upv.auth import Credential, credential, datasets_of
from adapters.upv.oidc import Realm
from adapters.upv.options import Settings
from tests.adapters.upv.issuer import URL, Issuer
from transfer.errors import NodeError, NodeFault, SignInRefused


@dataclass
class PerClient(Issuer):
    """Refuses one client, if told to."""

    refuses: str = ""
    error: str = "unauthorized_client"
    revoked: list[str] = field(default_factory=list)

    def _token(self, form: dict[str, str]) -> httpx.Response:
        if form["client_id"] == self.refuses:
            return httpx.Response(400, json={"error": self.error})
        return super()._token(form)


def _home(folder: Path, extra: str = "") -> Path:
    (folder / "config.toml").write_text(
        '[nodes.n]\nkind = "upv"\ndicomweb_url = "https://node.example/rs"\nauth = "password"\n'
        f'issuer_url = "{URL}"\nusername = "us"\n'
        f'dataset_service_url = "https://issuer.example/dataset-service/api"\n{extra}'
    )
    return folder


def _store(home: Path, password: str = "") -> SecretStore:
    store = SecretStore(home, environ={}, keyring=lambda: None)
    if password:
        store.hold("n.password", password)
    return store


def _credential(home: Path, issuer: Issuer, store: SecretStore) -> Credential:
    return credential(
        Settings.of(load_profiles(home)["n"], home),
        store,
        lambda: Realm(issuer.client(), URL, node="n"),
    )


async def test_one_password_is_given_to_each_client_once(tmp_path: Path) -> None:
    issuer = PerClient()
    signed_in = _credential(_home(tmp_path), issuer, _store(tmp_path, "right"))
    await signed_in.identity()
    assert [(f["client_id"], f["grant_type"]) for f in issuer.asked] == [
        ("qpinsights", "password"),
        ("dataset-explorer", "password"),
    ]
    assert _store(tmp_path).get("n.token") == "refresh-1"
    assert _store(tmp_path).get("n.datasets.token") == "refresh-2"


async def test_the_client_for_datasets_can_be_configured(tmp_path: Path) -> None:
    issuer, extra = PerClient(), 'client_id = "a"\ndataset_client_id = "b"\n'
    await _credential(_home(tmp_path, extra), issuer, _store(tmp_path, "right")).identity()
    assert [f["client_id"] for f in issuer.asked] == ["a", "b"]


async def test_refused_for_images_datasets_are_not_tried(tmp_path: Path) -> None:
    issuer = PerClient()
    signed_in = _credential(_home(tmp_path), issuer, _store(tmp_path, "wrong"))
    with pytest.raises(SignInRefused, match="name and password"):
        await signed_in.identity()
    datasets = datasets_of(signed_in)
    assert datasets is not None
    with pytest.raises(SignInRefused, match="name and password"):
        await datasets.header()
    assert issuer.grants == ["password"]


async def test_refused_for_datasets_alone_images_go_and_it_is_said(tmp_path: Path) -> None:
    issuer = PerClient(refuses="dataset-explorer")
    signed_in = _credential(_home(tmp_path), issuer, _store(tmp_path, "right"))
    identity = await signed_in.identity()
    assert identity.username == "us"
    assert await signed_in.header() is not None
    last = identity.rights[-1]
    assert str(last) == (
        "may not create datasets with this sign-in, while images still go: the node does not "
        "allow this way of signing in for this client"
    )
    assert "client_id" in last.remedy


async def test_a_sign_in_from_before_there_were_datasets_goes_on_for_images(
    tmp_path: Path,
) -> None:
    issuer, store = PerClient(live_refresh={"old"}), _store(tmp_path)
    store.put("n.token", "old")
    rights = (await _credential(_home(tmp_path), issuer, store).identity()).rights
    assert str(rights[-1]) == (
        "may not create datasets with this sign-in, while images still go: nobody is signed in to "
        "this node for datasets"
    )
    assert "login n" in rights[-1].remedy


async def test_another_password_is_tried_after_a_refused_one(tmp_path: Path) -> None:
    issuer, store = PerClient(), _store(tmp_path, "wrong")
    signed_in = _credential(_home(tmp_path), issuer, store)
    for password in ("wrong", "wrong", "right"):
        store.hold("n.password", password)
        if password == "wrong":
            with pytest.raises(SignInRefused):
                await signed_in.header()
    assert await signed_in.header() is not None
    assert [form["password"] for form in issuer.asked] == ["wrong", "right"]


async def test_each_token_is_renewed_by_its_own(tmp_path: Path) -> None:
    issuer = PerClient()
    signed_in = _credential(_home(tmp_path), issuer, _store(tmp_path, "right"))
    await signed_in.identity()
    datasets = datasets_of(signed_in)
    assert datasets is not None
    refused = datasets.current()
    await asyncio.gather(*(datasets.renew(refused) for _ in range(4)))
    assert [f.get("refresh_token") for f in issuer.asked] == [None, None, "refresh-2"]
    assert _store(tmp_path).get("n.token") == "refresh-1"
    assert _store(tmp_path).get("n.datasets.token") == "refresh-3"


@pytest.mark.parametrize("auth", ["password", "basic"])
async def test_a_node_without_a_dataset_service_has_no_second_token(
    tmp_path: Path, auth: str
) -> None:
    (tmp_path / "config.toml").write_text(
        f'[nodes.n]\nkind = "upv"\ndicomweb_url = "https://node.example/rs"\nauth = "{auth}"\n'
        f'issuer_url = "{URL}"\nusername = "us"\n'
    )
    issuer = PerClient()
    signed_in = _credential(tmp_path, issuer, _store(tmp_path, "right"))
    await signed_in.identity()
    assert datasets_of(signed_in) is None
    assert len(issuer.asked) == (1 if auth == "password" else 0)


def test_browsers_may_come_back_to_the_version_of_the_dataset_service(tmp_path: Path) -> None:
    settings = Settings.of(load_profiles(tmp_path)["upv"], tmp_path)
    assert settings.datasets is not None
    assert settings.datasets.paste_redirect_url == (
        "https://eucaim-node.i3m.upv.es/dataset-service/api/version"
    )
    assert settings.images.paste_redirect_url == ""
    assert not settings.offers_paste


async def test_signing_out_tells_the_node_of_both_sessions(tmp_path: Path) -> None:
    issuer = PerClient()
    signed_in = _credential(_home(tmp_path), issuer, _store(tmp_path, "right"))
    await signed_in.identity()
    await signed_in.forget()
    assert issuer.live_refresh == set()
    assert _store(tmp_path).get("n.token") is None
    assert _store(tmp_path).get("n.datasets.token") is None


async def test_signing_out_forgets_even_where_the_node_cannot_be_told(tmp_path: Path) -> None:
    home = _home(tmp_path)
    (home / "config.toml").write_text(
        (home / "config.toml").read_text().replace("issuer.example", "127.0.0.1:9")
    )
    store = _store(home)
    for kind in ("token", "datasets.token", "password"):
        store.put(f"n.{kind}", "secret")
    node = open_node(load_profiles(home)["n"], store, home=home)
    with pytest.raises(NodeError):
        await node.sign_out()
    await node.aclose()
    assert [store.get(f"n.{k}") for k in ("token", "datasets.token", "password")] == [None] * 3


async def test_a_discovery_document_of_another_issuer_is_not_used(tmp_path: Path) -> None:
    class Foreign(PerClient):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                ends = {"issuer": "https://evil.example", "token_endpoint": f"{URL}/token"}
                return httpx.Response(200, json=ends)
            return super()._answer(request)

    issuer = Foreign()
    with pytest.raises(NodeFault, match="another issuer"):
        await _credential(_home(tmp_path), issuer, _store(tmp_path, "right")).header()
    assert issuer.asked == []


async def test_no_password_or_token_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    signed_in = _credential(_home(tmp_path), PerClient(), _store(tmp_path, "right"))
    await signed_in.identity()
    await signed_in.renew(signed_in.current())
    header = str(await signed_in.header())
    assert caplog.text
    for secret in ("=right", "refresh-1", "refresh-3", header.removeprefix("Bearer ")):
        assert secret not in caplog.text


async def test_a_renewal_that_is_given_up_still_stores_what_it_was_given(tmp_path: Path) -> None:
    """Where tokens rotate the old one is void by then: nobody could sign in with it again."""
    issuer, store = PerClient(live_refresh={"old"}), _store(tmp_path)
    store.put("n.token", "old")
    has_asked, may_answer = asyncio.Event(), asyncio.Event()

    async def slowly(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            has_asked.set()
            await may_answer.wait()
        return issuer._answer(request)

    home = _home(tmp_path)
    client = httpx.AsyncClient(transport=httpx.MockTransport(slowly))
    signed_in = credential(
        Settings.of(load_profiles(home)["n"], home),
        store,
        lambda: Realm(client, URL, node="n"),
    )
    task = asyncio.create_task(signed_in.header())
    await has_asked.wait()
    task.cancel()
    asyncio.get_running_loop().call_soon(may_answer.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _store(home).get("n.token") == "refresh-1"
