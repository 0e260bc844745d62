"""Signing in, staying signed in, and never mistaking a guest for ourselves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.secrets import SecretStore
from adapters.xnat.node import XnatNode
from adapters.xnat.tokens import AliasToken
from tests.adapters.tls_server import Reply, Request
from tests.adapters.xnat.instances import SERIES
from tests.adapters.xnat.scripted import (
    ALIAS,
    LOGIN,
    SECRET,
    Running,
    ScriptedXnat,
    page,
    session_of,
    table,
    text,
)
from transfer.errors import NodeFault, SignInExpired, SignInRefused
from transfer.node import StudyPlan

SESSION = r"/data/projects/P/subjects/SUBJ-001/experiments/SUBJ-001_c47f5b18"


async def test_signing_in_says_who_we_are_and_keeps_a_token_in_place_of_the_password(
    site: Running, xnat: ScriptedXnat
) -> None:
    store = site.store()
    node = site.node(store=store)
    assert (await node.sign_in()).username == "ingester"
    await node.aclose()
    kept = json.loads((site.home / "secrets" / "secrets.json").read_text())
    assert list(kept) == ["n.token"]
    assert json.loads(kept["n.token"])["alias"] == ALIAS


async def test_a_later_run_signs_in_by_the_token_alone(site: Running, xnat: ScriptedXnat) -> None:
    store = site.store(typed=None)
    store.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 9e9).stored())
    node = site.node(store=store)
    await node.sign_in()
    await node.aclose()
    assert xnat.sign_ins == ["token"]
    assert xnat.names == {}


async def test_a_token_at_the_end_of_its_life_is_exchanged_for_a_new_one(
    site: Running, xnat: ScriptedXnat
) -> None:
    store = site.store(typed=None)
    store.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 10.0).stored())
    node = site.node(store=store)
    await node.sign_in()
    await node.aclose()
    assert json.loads(store.get("n.token") or "")["expires_at_s"] > 10.0


async def test_where_no_token_is_given_the_password_is_written_nowhere(
    site: Running, xnat: ScriptedXnat
) -> None:
    xnat.gives_tokens = False
    node = site.node()
    await node.sign_in()
    await node.aclose()
    assert not (site.home / "secrets").exists()


async def test_a_password_of_the_environment_is_exchanged_for_a_token_too(
    site: Running, xnat: ScriptedXnat
) -> None:
    environ = {"EUCAIM_TRANSFER_PASSWORD": "right"}
    store = SecretStore(site.home, environ=environ, keyring=lambda: None)
    node = site.node(store=store)
    await node.sign_in()
    await node.aclose()
    assert list(json.loads((site.home / "secrets" / "secrets.json").read_text())) == ["n.token"]


async def test_the_token_before_is_void_once_another_one_is_kept(
    site: Running, xnat: ScriptedXnat
) -> None:
    store = site.store()
    store.put("n.token", AliasToken("older-alias", "o" * 64, 0.0, 9e9).stored())
    node = site.node(store=store)
    await node.sign_in()
    await node.aclose()
    void = f"GET /data/services/tokens/invalidate/older-alias/{'o' * 64}"
    assert xnat.count(void) == 1
    assert json.loads(store.get("n.token") or "")["alias"] == ALIAS


async def test_a_token_that_another_process_exchanged_meanwhile_is_read_anew(
    site: Running, xnat: ScriptedXnat
) -> None:
    """The refusal of the old one is what tells: the other process made it void."""
    store = site.store(typed=None)
    store.put("n.token", AliasToken("older-alias", "o" * 64, 0.0, 9e9).stored())
    tries: list[str] = []
    signing_in = xnat._signing_in

    def exchanged(request: Request, path: str) -> Reply | None:
        if (request.method, path) == ("POST", "/data/JSESSION"):
            tries.append(path)
            other = site.store(typed=None)
            other.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 9e9).stored())
        return signing_in(request, path)

    xnat._signing_in = exchanged  # type: ignore[method-assign]
    node = site.node(store=store)
    assert (await node.sign_in()).username == "ingester"
    await node.aclose()
    assert len(tries) == 2


async def test_a_token_that_ran_out_says_that_somebody_has_to_sign_in(
    site: Running, xnat: ScriptedXnat
) -> None:
    xnat.gives_tokens = False
    store = site.store(typed=None)
    store.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 9e9).stored())
    node = site.node(store=store)
    for _ in range(2):
        with pytest.raises(SignInExpired, match="has run out"):
            await node.sign_in()
    await node.aclose()
    assert xnat.sign_ins == ["token"]


async def test_a_password_without_a_name_is_not_sent(site: Running, xnat: ScriptedXnat) -> None:
    nameless = replace(site.settings(), username="")
    node = XnatNode(nameless, site.store(), environ={})
    with pytest.raises(SignInExpired, match="nothing says whose it is") as refused:
        await node.sign_in()
    assert "login n --username YOU" in refused.value.remedy
    await node.aclose()
    assert xnat.sign_ins == []


async def test_a_refused_password_is_sent_once_and_never_again(
    site: Running, xnat: ScriptedXnat
) -> None:
    node = site.node(store=site.store("wrong"))
    for _ in range(3):
        with pytest.raises(SignInRefused):
            await node.sign_in()
    await node.aclose()
    assert xnat.sign_ins == ["password wrong"]


async def test_a_session_that_the_node_itself_does_not_know_is_no_word_on_the_account(
    site: Running, xnat: ScriptedXnat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its id came in part, or another of the node's servers was asked."""
    with monkeypatch.context() as patch:
        patch.setattr(ScriptedXnat, "_session", lambda _: text("SESSION00000000"))
        node = site.node()
        with pytest.raises(NodeFault, match="does not know the session") as trouble:
            await node.sign_in()
        assert trouble.value.retry.allowed
    assert (await node.sign_in()).username == "ingester"
    await node.aclose()


async def test_a_password_that_is_never_answered_is_not_sent_until_the_account_is_locked(
    site: Running, xnat: ScriptedXnat
) -> None:
    xnat.sign_in_status = 500
    node = site.node()
    may_repeat = []
    for _ in range(5):
        with pytest.raises(NodeFault) as trouble:
            await node.sign_in()
        may_repeat.append(trouble.value.retry.allowed)
    await node.aclose()
    assert may_repeat == [True, True, True, True, False]


async def test_many_requests_that_find_the_session_gone_sign_in_once(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.tell("GET", SESSION, page(404, "Not Found"))
    await node.sign_in()
    xnat.turn(None)
    await asyncio.gather(*(node.holdings(SERIES, "P") for _ in range(4)))
    assert xnat.sign_ins == ["password right", "password right"]


async def test_a_session_that_became_a_guests_is_found_by_the_name_behind_a_404(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    """On a server that lets guests browse nothing else tells: private projects are simply 404."""
    xnat.has_guests = True

    def private(request: Request) -> Reply:
        if xnat.names.get(session_of(request)) != "ingester":
            return page(404, "Not Found")
        return table()

    xnat.tell("GET", r"/data/prearchive/projects/P", private)
    xnat.tell("GET", r"/data/projects/P/experiments", private)
    xnat.tell("GET", r"/data/projects/P/subjects", private)
    await node.sign_in()
    xnat.turn("guest")
    assert list(await node.objections(_nothing(), "P")) == []
    assert len(xnat.sign_ins) == 2


async def _nothing() -> AsyncIterator[StudyPlan]:
    plans: list[StudyPlan] = []
    for plan in plans:
        yield plan


async def test_a_sign_in_page_with_status_200_means_signed_out(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    pages = [Reply(200, b"\n" + LOGIN.encode(), {"Content-Type": "text/html"})]

    def first_the_page(_: Request) -> Reply:
        return pages.pop() if pages else page(404, "Not Found")

    xnat.tell("GET", SESSION, first_the_page)
    assert await node.holdings(SERIES, "P") == {}
    assert len(xnat.sign_ins) == 2


async def test_a_node_that_signs_us_out_at_once_is_not_asked_for_ever(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.tell("GET", SESSION, Reply(302, b"", {"Location": "/app/template/Login.vm"}))
    with pytest.raises(SignInExpired, match="signs us out again"):
        await node.holdings(SERIES, "P")
    assert len(xnat.sign_ins) == 2
    assert xnat.count(f"GET {SESSION}") == 2


async def test_a_cookie_that_the_node_sets_for_a_guest_does_not_take_our_sessions_place(
    node: XnatNode, xnat: ScriptedXnat, site: Running
) -> None:
    guest = {"Set-Cookie": "JSESSIONID=GUESTGUEST; Path=/; Secure; HttpOnly"}
    xnat.tell("GET", SESSION, Reply(404, b"", guest))
    await node.holdings(SERIES, "P")
    await node.holdings(SERIES, "P")
    last = [r for r in site.server.requests if r.target.startswith("/data/projects")][-1]
    assert last.headers["cookie"] == "JSESSIONID=SESSION00000001"
    xnat.turn(None)
    await node.holdings(SERIES, "P")
    sign_in = [r for r in site.server.requests if r.method == "PUT"][-1]
    assert "cookie" not in sign_in.headers


async def test_our_user_agent_has_no_browsers_word_in_it(node: XnatNode, site: Running) -> None:
    await node.sign_in()
    await node.holdings(SERIES, "P")
    agents = {request.headers["user-agent"] for request in site.server.requests}
    assert agents == {"eucaim-transfer"}


async def test_the_heartbeat_finds_a_guest_by_the_name_and_signs_in_again(
    site: Running, xnat: ScriptedXnat
) -> None:
    xnat.has_guests = True
    node = site.node(beat_s=0.01)
    await node.sign_in()
    xnat.turn("guest")
    async with asyncio.timeout(10):
        while len(xnat.sign_ins) < 2:  # noqa: ASYNC110 - the server runs in threads
            await asyncio.sleep(0.01)
    await node.aclose()
    assert xnat.sign_ins == ["password right", "password right"]


async def test_a_sign_in_that_makes_us_a_guest_is_refused(
    node: XnatNode, xnat: ScriptedXnat
) -> None:
    xnat.has_guests = True
    xnat._session = lambda: text("UNKNOWN-SESSION")  # type: ignore[method-assign]
    with pytest.raises(SignInRefused, match="guest"):
        await node.sign_in()


async def test_closing_ends_the_session_on_the_node(node: XnatNode, xnat: ScriptedXnat) -> None:
    await node.sign_in()
    await node.aclose()
    assert xnat.names == {}
    assert xnat.asked[-1] == "DELETE /data/JSESSION"


async def test_signing_out_makes_the_token_void_and_forgets_it(
    site: Running, xnat: ScriptedXnat
) -> None:
    path = f"/data/services/tokens/invalidate/{ALIAS}/{SECRET}"
    xnat.tell("GET", path, text('{"result": "OK"}'))
    store = site.store()
    node = site.node(store=store)
    await node.sign_in()
    await node.sign_out()
    await node.aclose()
    assert xnat.count(f"GET {path}") == 1
    assert store.get("n.token") is None


async def test_a_process_that_only_signs_out_makes_the_token_void_by_the_token_itself(
    site: Running, xnat: ScriptedXnat
) -> None:
    path = f"/data/services/tokens/invalidate/{ALIAS}/{SECRET}"
    xnat.tell("GET", path, text('{"result": "OK"}'))
    store = site.store(typed=None)
    store.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 9e9).stored())
    store.put("n.username", "ingester")
    node = site.node(store=store)
    await node.sign_out()
    await node.aclose()
    assert xnat.count(f"GET {path}") == 1
    assert xnat.names == {}
    assert json.loads((site.home / "secrets" / "secrets.json").read_text()) == {}


async def test_signing_out_of_a_node_that_fails_forgets_and_says_that_it_was_not_told(
    site: Running, xnat: ScriptedXnat
) -> None:
    xnat.tell("GET", "/data/services/tokens/invalidate/.*", page(500, "Internal error"))
    store = site.store(typed=None)
    store.put("n.token", AliasToken(ALIAS, SECRET, 0.0, 9e9).stored())
    node = site.node(store=store)
    with pytest.raises(NodeFault):
        await node.sign_out()
    await node.aclose()
    assert store.get("n.token") is None


async def test_signing_out_where_nothing_is_stored_asks_the_node_nothing(
    site: Running, xnat: ScriptedXnat
) -> None:
    node = site.node(store=site.store(typed=None))
    await node.sign_out()
    await node.aclose()
    assert xnat.asked == []


async def test_a_run_that_goes_on_after_a_logout_brings_no_sign_in_back(
    site: Running, xnat: ScriptedXnat
) -> None:
    """It has a password of the environment; its session ends, and it signs in once more."""
    environ = {"EUCAIM_TRANSFER_PASSWORD": "right"}
    node = site.node(store=SecretStore(site.home, environ=environ, keyring=lambda: None))
    await node.sign_in()
    other = site.store(typed=None)
    assert other.get("n.token") is not None
    other.forget_node("n")
    xnat.names.clear()
    await node.sign_in()
    await node.aclose()
    assert xnat.sign_ins == ["password right", "password right"]
    assert site.store(typed=None).get("n.token") is None


async def test_a_refused_password_is_not_sent_by_the_next_run_either(
    site: Running, xnat: ScriptedXnat
) -> None:
    for _ in range(3):
        node = site.node(store=site.store("wrong"))
        with pytest.raises(SignInRefused):
            await node.sign_in()
        await node.aclose()
    assert xnat.sign_ins == ["password wrong"]
