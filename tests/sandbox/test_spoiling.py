"""Answers that are spoilt on their way, and answers that are untrue: what the client meets."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import failed, instance, referenced, store, trusting, uid


async def test_a_portal_answers_with_a_page_and_nothing_is_stored(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:portal,times=1")
    answer = await store(http, instance("a"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert sandbox.stored() == {}


@pytest.mark.parametrize(
    ("spec", "status", "target"),
    [
        ("redirect-here", 307, "/dicom-web/studies"),
        ("redirect-away", 302, "https://elsewhere.invalid/"),
    ],
)
async def test_a_redirect_leads_there(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str, status: int, target: str
) -> None:
    sandbox.fault(f"qido:{spec},times=1")
    answer = await http.get("/studies")
    assert (answer.status_code, answer.headers["location"]) == (status, target)


async def test_what_is_refused_afterwards_was_carried_out(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:refuse-after=503,retry-after=7,times=1")
    answer = await store(http, instance("a"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert list(sandbox.stored()) == [uid("a")]


@pytest.mark.parametrize(
    ("spec", "stored"), [("empty", ["a"]), ("empty,unserved=1", []), ("wrong-type", ["a"])]
)
async def test_an_answer_that_is_whole_and_no_use_comes_with_200(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str, stored: list[str]
) -> None:
    sandbox.fault(f"stow:{spec},times=1")
    answer = await store(http, instance("a"))
    assert answer.status_code == 200
    assert answer.headers.get("content-type", "") == ("image/png" if spec == "wrong-type" else "")
    assert list(sandbox.stored()) == [uid(name) for name in stored]


@pytest.mark.parametrize("spec", ["silent", "half", "bad-chunks", "two-lengths", "garbage"])
async def test_an_answer_that_cannot_be_read_breaks_the_exchange_after_it_was_carried_out(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str
) -> None:
    sandbox.fault(f"stow:{spec},times=1")
    with pytest.raises(httpx.RemoteProtocolError):
        await store(http, instance("a"))
    assert list(sandbox.stored()) == [uid("a")]
    assert referenced(await store(http, instance("a"))) == [uid("a")]


async def test_half_the_length_gives_half_the_answer(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    whole = (await http.get("/studies")).content
    sandbox.fault("qido:short-length,times=1")
    assert (await http.get("/studies")).content == whole[: len(whole) // 2]


@pytest.mark.parametrize("spec", ["mute", "long-length"])
async def test_a_connection_left_open_is_the_clients_to_end(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str
) -> None:
    sandbox.fault(f"qido:{spec},times=1")
    with pytest.raises(httpx.ReadTimeout):
        await http.get("/studies", timeout=0.3)


async def test_an_endless_answer_goes_on_until_the_client_has_had_enough(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("qido:endless,times=1")
    seen = 0
    async with http.stream("GET", "/studies") as answer:
        async for piece in answer.aiter_bytes():
            seen += len(piece)
            if seen > 1 << 20:
                break
    assert seen > 1 << 20


async def test_a_dripping_answer_takes_its_time_for_each_byte(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("qido:drip=1,times=1")
    began = time.monotonic()
    async with asyncio.timeout(30):
        answer = await http.get("/studies")
    assert answer.json() == []
    # The head alone has more than a hundred.
    assert time.monotonic() - began > 0.1


async def test_other_instances_are_named_as_stored(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:names-others,times=1")
    answer = await store(http, instance("a"))
    assert referenced(answer) == ["1.2.826.0.1.3680043.8.498.999"]
    assert list(sandbox.stored()) == [uid("a")]


async def test_no_instance_is_named(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:names-none,times=1")
    answer = await store(http, instance("a"))
    assert {"00081198", "00081199"}.isdisjoint(answer.json())
    assert list(sandbox.stored()) == [uid("a")]


async def test_one_is_named_in_both_lists(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:names-in-both,times=1")
    answer = await store(http, instance("a"))
    assert (referenced(answer), failed(answer)) == ([uid("a")], [uid("a")])


async def test_one_that_is_stored_is_named_as_refused(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:refuses-stored,times=1")
    answer = await store(http, instance("a"), instance("b"))
    assert (referenced(answer), failed(answer)) == ([uid("b")], [uid("a")])
    assert set(sandbox.stored()) == {uid("a"), uid("b")}


async def test_one_is_stored_with_another_last_byte(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:store-changed,times=1")
    content = instance("a", pixel=4)
    assert referenced(await store(http, content)) == [uid("a")]
    assert sandbox.stored()[uid("a")].path.read_bytes() == content[:-1] + b"\x01"


@pytest.mark.parametrize(
    ("kind", "listed"),
    [
        ("lists-twice", ["a", "a", "b", "b"]),
        ("lists-others", ["", "a", "b"]),
        ("lists-less", ["b"]),
    ],
)
async def test_a_listing_is_untrue(
    sandbox: Sandbox, http: httpx.AsyncClient, kind: str, listed: list[str]
) -> None:
    await store(http, instance("a"), instance("b"))
    sandbox.fault(f"qido:{kind},times=1")
    rows = (await http.get("/instances")).json()
    names = {uid("a"): "a", uid("b"): "b", "1.2.826.0.1.3680043.8.498.999": ""}
    assert [names[row["00080018"]["Value"][0]] for row in rows] == listed


async def test_a_fault_of_one_phase_of_xnat_leaves_the_others_alone(sandbox: Sandbox) -> None:
    fault = sandbox.fault("xnat-prearchive:status=503")
    async with httpx.AsyncClient(
        base_url=sandbox.xnat_url,
        verify=trusting(sandbox),
        auth=("ingester", "ingester"),
        trust_env=False,
    ) as http:
        assert (await http.get("/data/projects", params={"format": "json"})).status_code == 200
        rows = await http.get("/data/prearchive/projects/SANDBOX", params={"format": "json"})
    assert (rows.status_code, fault.fired) == (503, 1)
