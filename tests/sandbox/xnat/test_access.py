"""Signing in, sessions that end, guests, alias tokens, and what each role may do."""

from __future__ import annotations

import re

import httpx
import pytest

from adapters.sandbox.server import Options, Sandbox
from adapters.sandbox.xnat.site import SiteOptions
from tests.sandbox.xnat.made import Clock, Walk, client, series

BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"
CREDENTIALS = {"username": "ingester", "password": "ingester"}


async def _sign_in(http: httpx.AsyncClient) -> str:
    answer = await http.put("/data/services/auth", data=CREDENTIALS)
    assert answer.status_code == 200
    return answer.text


async def test_a_form_opens_a_session_that_its_cookie_continues(node: Sandbox) -> None:
    async with client(node, None) as http:
        session = await _sign_in(http)
        assert (await http.get("/data/JSESSION")).text == session
        assert (await http.get("/data/auth")).text == "User 'ingester' is logged in"
        assert (await http.get("/xapi/users/username")).text == "ingester"


async def test_wrong_credentials_are_401(node: Sandbox) -> None:
    async with client(node, None) as http:
        form = await http.put("/data/services/auth", data={**CREDENTIALS, "password": "x"})
        basic = await http.get("/data/projects", auth=("ingester", "x"))
    assert (form.status_code, basic.status_code) == (401, 401)


async def test_the_account_is_locked_after_twenty_failures(node: Sandbox, clock: Clock) -> None:
    async with client(node, None) as http:
        for _ in range(20):
            await http.put("/data/services/auth", data={**CREDENTIALS, "password": "x"})
        assert (await http.put("/data/services/auth", data=CREDENTIALS)).status_code == 401
        clock.pass_(3601)
        assert (await http.put("/data/services/auth", data=CREDENTIALS)).status_code == 200


async def test_every_answer_has_the_quoted_expiration_cookie(node: Sandbox) -> None:
    async with client(node, None) as http:
        for path in ("/", "/data/projects", "/data/none-such"):
            cookies = (await http.get(path)).headers.get_list("set-cookie")
            expiry = next(c for c in cookies if c.startswith("SESSION_EXPIRATION_TIME"))
            assert expiry.partition("; ")[0] == ('SESSION_EXPIRATION_TIME="1795369242000,900000"')


async def test_a_session_ends_fifteen_minutes_after_its_last_request(
    node: Sandbox, clock: Clock
) -> None:
    async with client(node, None) as http:
        await _sign_in(http)
        clock.pass_(899)
        assert (await http.get("/data/auth")).status_code == 200
        clock.pass_(900)
        answer = await http.get("/data/auth")
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")


async def test_a_browser_without_a_session_ends_on_a_page_with_200(node: Sandbox) -> None:
    async with client(node, None, **{"user-agent": BROWSER}) as http:
        direct = await http.get("/data/projects")
        followed = await http.get("/data/projects", follow_redirects=True)
    assert direct.status_code == 302
    assert (followed.status_code, followed.text[:9]) == (200, "<!DOCTYPE")


async def test_with_guests_a_dead_session_is_silently_a_guests(clock: Clock) -> None:
    options = SiteOptions(clock=clock, has_guests=True)
    async with Sandbox(Options(xnat=options)) as node, client(node, None) as http:
        await _sign_in(http)
        clock.pass_(901)
        listed = await http.get("/data/projects?format=json")
        name = (await http.get("/data/auth")).text
        project = await http.get("/data/projects/SANDBOX?format=json")
    assert (listed.status_code, listed.json()["ResultSet"]["Result"]) == (200, [])
    assert (name, project.status_code) == ("User 'guest' is logged in", 404)


async def test_signing_out_ends_the_session(node: Sandbox) -> None:
    async with client(node, None) as http:
        await _sign_in(http)
        assert (await http.delete("/data/JSESSION")).status_code == 200
        assert (await http.get("/data/auth")).status_code == 401


async def test_the_oldest_session_gives_way_to_one_too_many(clock: Clock) -> None:
    options = SiteOptions(clock=clock, most_sessions=1)
    async with (
        Sandbox(Options(xnat=options)) as node,
        client(node, None) as first,
        client(node, None) as second,
    ):
        await _sign_in(first)
        clock.pass_(1)
        await _sign_in(second)
        statuses = [(await http.get("/data/auth")).status_code for http in (first, second)]
    assert statuses == [401, 200]


async def test_an_alias_token_signs_in_until_it_is_invalidated(node: Sandbox) -> None:
    async with client(node) as http:
        token = (await http.get("/data/services/tokens/issue")).json()
    assert re.fullmatch(r"[A-Za-z0-9]{64}", token["secret"])
    assert token["estimatedExpirationTime"] == 1_795_369_242_000 + 172_800_000
    pair = (token["alias"], token["secret"])
    async with client(node, None) as http:
        assert (await http.get("/xapi/users/username", auth=pair)).text == "ingester"
    async with client(node, None) as http:
        path = "/data/services/tokens/invalidate/{}/{}".format(*pair)
        assert (await http.get(path, auth=pair)).json() == {"result": "OK"}
    async with client(node, None) as http:
        assert (await http.get("/data/auth", auth=pair)).status_code == 401


async def test_the_version_is_asked_for_and_not_there(walk: Walk) -> None:
    assert (await walk.http.get("/data/version")).status_code == 404
    assert (await walk.http.get("/xapi/siteConfig/buildInfo/version")).text == "1.10.0"


async def test_an_error_page_is_html_that_is_no_xml(walk: Walk) -> None:
    page = (await walk.http.get("/data/none-such")).text
    assert "<title>Status page</title>" in page
    assert "<br>" in page
    assert "</br>" not in page


@pytest.mark.parametrize(("login", "status"), [("ingester", 200), ("member", 403), ("reader", 403)])
async def test_only_an_owner_publishes(node: Sandbox, login: str, status: int) -> None:
    async with client(node, login) as http:
        answer = await http.put("/data/projects/SANDBOX/accessibility/protected")
        now = (await http.get("/data/projects/SANDBOX/accessibility")).text
    assert answer.status_code == status
    assert now == ("protected" if status == 200 else "private")


@pytest.mark.parametrize(("login", "status"), [("ingester", 201), ("member", 201), ("reader", 403)])
async def test_members_create_and_collaborators_do_not(
    node: Sandbox, login: str, status: int
) -> None:
    async with client(node, login) as http:
        answer = await http.put("/data/projects/SANDBOX/subjects/NEW")
    assert answer.status_code == status


async def test_members_do_not_delete(node: Sandbox, walk: Walk) -> None:
    await walk.archived(series("a"))
    path = "/data/projects/SANDBOX/subjects/S1?removeFiles=true"
    async with client(node, "member") as http:
        assert (await http.delete(path)).status_code == 403
    assert (await walk.http.delete(path)).status_code == 200


async def test_the_access_list_tells_everybodys_role(node: Sandbox) -> None:
    found = []
    for login in ("ingester", "member", "reader"):
        async with client(node, login) as http:
            found += [row["role"] for row in (await http.get("/xapi/access/projects")).json()]
    assert found == ["Owners", "Members", "Collaborators"]


async def test_only_some_accounts_create_projects(node: Sandbox, walk: Walk) -> None:
    async with client(node, "member") as http:
        assert (await http.put("/data/projects/MINE")).status_code == 403
    assert (await walk.http.put("/data/projects/MINE")).status_code == 200
    assert (await walk.http.put("/data/projects/no.good")).status_code == 417
    assert (await walk.http.put("/data/projects/OTHER?name=MINE")).status_code == 409
    assert (await walk.http.post("/data/projects/OTHER")).status_code == 405
    assert (await walk.http.delete("/data/projects/MINE")).status_code == 200
    assert (await walk.http.put("/data/projects/MINE")).status_code == 403


async def test_protected_shows_the_title_and_public_the_data(node: Sandbox, walk: Walk) -> None:
    await walk.http.put("/data/projects/OWN")
    seen = []
    async with client(node, "reader") as http:
        for level in ("private", "protected", "public"):
            await walk.http.put(f"/data/projects/OWN/accessibility/{level}")
            title = await http.get("/data/projects/OWN?format=json")
            data = await http.get("/data/projects/OWN/subjects?format=json")
            seen.append((title.status_code, data.status_code))
    assert seen == [(404, 404), (200, 403), (200, 200)]


async def test_the_prearchive_code_is_read_back(walk: Walk) -> None:
    path = "/data/projects/SANDBOX/prearchive_code"
    assert (await walk.http.get(path)).text == "4"
    for sent, kept in (("5", "5"), ("true", "1"), ("false", "0"), ("77", "77")):
        await walk.http.put(f"{path}/{sent}")
        assert (await walk.http.get(path)).text == kept
