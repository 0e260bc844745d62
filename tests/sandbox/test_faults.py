"""Each fault that can be ordered, over real TLS: what the client sees, and what is stored."""

from __future__ import annotations

import time

import httpx
import pytest

from adapters.sandbox.faults import Fault
from adapters.sandbox.server import Sandbox
from tests.sandbox.bodies import (
    ask_issuer,
    client,
    failed,
    instance,
    referenced,
    sign_in,
    store,
    trusting,
    uid,
)
from transfer.errors import UsageError


async def test_a_status_fault_ends_after_its_times(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:status=503,retry-after=2,times=2")
    answers = [await store(http, instance("a")) for _ in range(3)]
    assert [a.status_code for a in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "2"


async def test_after_lets_requests_pass_first(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:status=500,after=1,times=1")
    answers = [await store(http, instance("a")) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 500, 200]


async def test_a_refused_body_is_not_stored(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:status=413")
    answer = await store(http, instance("a", side=1024))
    assert answer.status_code == 413
    assert answer.headers["connection"] == "close"
    assert sandbox.stored() == {}


async def test_drop_acked_names_an_instance_that_is_not_kept(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:drop-acked,times=1")
    answer = await store(http, instance("a"), instance("b"))
    assert answer.status_code == 200
    assert referenced(answer) == [uid("a"), uid("b")]
    assert list(sandbox.stored()) == [uid("b")]


async def test_omit_keeps_an_instance_that_no_list_names(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:omit,times=1")
    answer = await store(http, instance("a"), instance("b"))
    assert answer.status_code == 200
    assert (referenced(answer), failed(answer)) == ([uid("b")], [])
    assert set(sandbox.stored()) == {uid("a"), uid("b")}


async def test_partial_refuses_one_instance_with_its_reason(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:partial=202,reason=43264,times=1")
    answer = await store(http, instance("a"), instance("b"))
    assert answer.status_code == 202
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [43264]
    assert (referenced(answer), failed(answer)) == ([uid("b")], [uid("a")])
    assert list(sandbox.stored()) == [uid("b")]


async def test_warn_stores_with_a_warning_reason(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:warn,times=1")
    answer = await store(http, instance("a"))
    assert answer.json()["00081199"]["Value"][0]["00081196"]["Value"] == [45063]
    assert list(sandbox.stored()) == [uid("a")]


@pytest.mark.parametrize(
    ("spec", "stored"),
    [
        ("stow:reset-before-body", []),
        ("stow:reset-mid-body", []),
        ("stow:reset-after-body", ["a", "b"]),
        ("stow:truncate-answer", ["a", "b"]),
    ],
)
async def test_a_cut_connection_leaves_what_the_fault_says(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str, stored: list[str]
) -> None:
    sandbox.fault(f"{spec},times=1")
    with pytest.raises(httpx.TransportError):
        await store(http, instance("a", side=512), instance("b", side=512))
    assert set(sandbox.stored()) == {uid(name) for name in stored}


async def test_after_a_cut_the_next_request_is_answered(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("stow:reset-after-body,times=1")
    with pytest.raises(httpx.TransportError):
        await store(http, instance("a"))
    assert referenced(await store(http, instance("a"))) == [uid("a")]
    assert sandbox.stored()[uid("a")].received == 2


async def test_xml_is_answered_unasked(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    sandbox.fault("stow:xml")
    answer = await store(http, instance("a"))
    assert answer.headers["content-type"] == "application/dicom+xml"
    assert f">{uid('a')}<" in answer.text


async def test_latency_delays_every_service(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await http.get("/studies")
    sandbox.fault("latency=150,times=1")
    begin = time.monotonic()
    await http.get("/studies")
    assert time.monotonic() - begin >= 0.15


@pytest.mark.parametrize(
    ("spec", "status"), [("qido:status=404", 404), ("qido:not-supported", 501)]
)
async def test_listing_can_be_refused(
    sandbox: Sandbox, http: httpx.AsyncClient, spec: str, status: int
) -> None:
    sandbox.fault(spec)
    assert (await http.get("/studies")).status_code == status


async def test_a_delayed_listing_does_not_show_what_was_just_stored(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    sandbox.fault("qido:delay-listing=3600")
    await store(http, instance("a"))
    assert (await http.get("/instances")).json() == []
    sandbox.faults.clear()
    assert len((await http.get("/instances")).json()) == 1


async def test_a_cap_shortens_pages_and_says_so(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await store(http, *(instance(name) for name in "abcde"))
    sandbox.fault("qido:cap=2")
    pages = [await http.get(f"/instances?limit=500&offset={offset}") for offset in (0, 2, 4)]
    assert [len(page.json()) for page in pages] == [2, 2, 1]
    assert ["299" in page.headers.get("warning", "") for page in pages] == [True, True, False]


async def test_expire_ends_access_but_not_the_session(guarded: Sandbox, token: str) -> None:
    refresh = (await sign_in(guarded)).json()["refresh_token"]
    guarded.fault("issuer:expire,after=1,times=1")
    async with client(guarded, token) as http:
        statuses = [(await http.get("/studies")).status_code for _ in range(3)]
    form = {"grant_type": "refresh_token", "client_id": "qpinsights", "refresh_token": refresh}
    renewed = (await ask_issuer(guarded, form)).json()["access_token"]
    async with client(guarded, renewed) as http:
        statuses.append((await http.get("/studies")).status_code)
    assert statuses == [200, 401, 401, 200]


async def test_expire_session_ends_the_refresh_token_too(guarded: Sandbox, token: str) -> None:
    refresh = (await sign_in(guarded)).json()["refresh_token"]
    guarded.fault("issuer:expire-session,times=1")
    async with client(guarded, token) as http:
        assert (await http.get("/studies")).status_code == 401
    form = {"grant_type": "refresh_token", "client_id": "qpinsights", "refresh_token": refresh}
    answer = await ask_issuer(guarded, form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


async def test_faults_are_armed_listed_and_cleared_over_http(
    sandbox: Sandbox, http: httpx.AsyncClient
) -> None:
    url = f"{sandbox.control_url}/faults"
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as control:
        armed = await control.post(url, content="stow:status=503,times=1")
        assert armed.status_code == 201
        assert (await store(http, instance("a"))).status_code == 503
        listed = (await control.get(url)).json()
        assert listed == [{"fault": "stow:status=503,times=1", "left": 0, "fired": 1}]
        assert (await control.delete(url)).status_code == 204
        assert (await control.get(url)).json() == []


async def test_the_store_can_be_read_over_http(sandbox: Sandbox, http: httpx.AsyncClient) -> None:
    await store(http, instance("a"))
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as control:
        held = (await control.get(f"{sandbox.control_url}/stored")).json()
    assert held[uid("a")]["received"] == 1
    assert held[uid("a")]["sha256"] == sandbox.stored()[uid("a")].sha256


async def test_an_unreadable_fault_is_refused_over_http(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient(verify=trusting(sandbox), trust_env=False) as control:
        answer = await control.post(f"{sandbox.control_url}/faults", content="stow:explode")
    assert answer.status_code == 400
    assert "stow knows no fault 'explode'" in answer.json()["error"]
    assert sandbox.faults.armed == []


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("store:status=503", "no service 'store'"),
        ("stow:explode", "stow knows no fault 'explode'"),
        ("stow:status", "status takes a number"),
        ("stow:omit=3", "omit takes no value"),
        ("stow:omit,often=3", "omit has no option 'often'"),
        ("stow:omit,times=many", "times takes a number, not 'many'"),
        ("", "any knows no fault ''"),
    ],
)
def test_an_unreadable_fault_says_what_is_wrong_with_it(spec: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        Fault.parse(spec)
