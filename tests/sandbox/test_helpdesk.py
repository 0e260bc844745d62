"""The stand-in helpdesk answers as Zammad's documentation says, and where it refuses as it does.

Source: docs.zammad.org, API (Introduction, Tickets, Articles).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.helpdesk.options import load_helpdesk
from adapters.sandbox.helpdesk import AGENT, CUSTOMER, STRANGER
from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import trusting

ORDER = {
    "title": "Create XNAT project",
    "group": "Reference nodes",
    "article": {
        "subject": "Create XNAT project",
        "body": "Name of the project: Lung",
        "type": "note",
        "content_type": "text/plain",
        "internal": False,
    },
}


def http(sandbox: Sandbox, token: str = CUSTOMER.token) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{sandbox.helpdesk_url}/api/v1/",
        verify=trusting(sandbox),
        trust_env=False,
        headers={"Authorization": f"Token token={token}"} if token else {},
    )


async def opened(client: httpx.AsyncClient, **changed: Any) -> Any:
    answer = await client.post("tickets", json={**ORDER, **changed})
    assert answer.status_code == 201
    return answer.json()


async def test_a_ticket_is_created_with_201_and_its_number(sandbox: Sandbox) -> None:
    async with http(sandbox) as client:
        ticket = await opened(client)
    assert (ticket["id"], ticket["number"], ticket["title"]) == (1, "22001", ORDER["title"])
    assert (ticket["state_id"], ticket["customer_id"], ticket["article_ids"]) == (1, 3, [1])
    assert "group" not in ticket
    assert "state" not in ticket


async def test_expand_tells_names_beside_numbers(sandbox: Sandbox) -> None:
    async with http(sandbox) as client:
        ticket = await opened(client)
        found = (await client.get(f"tickets/{ticket['id']}?expand=true")).json()
    assert (found["group"], found["state"]) == ("Reference nodes", "new")
    assert found["customer"] == "ingester@hospital.example"


async def test_articles_come_by_ticket_in_their_order(sandbox: Sandbox) -> None:
    async with http(sandbox) as client, http(sandbox, AGENT.token) as agent:
        ticket = await opened(client)
        article = {"body": "<p>Done.</p>", "type": "web", "content_type": "text/html"}
        change = {"state": "closed", "article": article}
        await agent.put(f"tickets/{ticket['id']}", json=change)
        found = (await client.get(f"ticket_articles/by_ticket/{ticket['id']}")).json()
        now = (await client.get(f"tickets/{ticket['id']}?expand=true")).json()
    assert [(one["sender"], one["body"]) for one in found] == [
        ("Customer", "Name of the project: Lung"),
        ("Agent", "<p>Done.</p>"),
    ]
    assert now["state"] == "closed"
    assert now["close_at"]


async def test_a_customer_sees_no_tickets_of_others(sandbox: Sandbox) -> None:
    async with http(sandbox) as client, http(sandbox, STRANGER.token) as stranger:
        ticket = await opened(client)
        assert (await stranger.get("tickets")).json() == []
        answer = await stranger.get(f"tickets/{ticket['id']}")
    assert (answer.status_code, answer.json()["error"]) == (403, "Not authorized")


async def test_pages_of_tickets_hold_at_most_a_hundred(sandbox: Sandbox) -> None:
    async with http(sandbox) as client:
        for number in range(102):
            await opened(client, title=f"Ticket {number}")
        first = (await client.get("tickets?per_page=500")).json()
        second = (await client.get("tickets?page=2&per_page=100")).json()
    assert (len(first), len(second)) == (100, 2)
    assert first[0]["title"] == "Ticket 0"


async def test_attachments_are_kept_byte_for_byte(sandbox: Sandbox) -> None:
    content = b"\x00\xffspreadsheet"
    kept = {
        "filename": "catalogue-1.xlsx",
        "data": base64.b64encode(content).decode(),
        "mime-type": "application/octet-stream",
    }
    async with http(sandbox) as client:
        article = {**ORDER["article"], "attachments": [kept]}  # type: ignore[dict-item]
        ticket = await opened(client, article=article)
        (found,) = (await client.get(f"ticket_articles/by_ticket/{ticket['id']}")).json()
        (one,) = found["attachments"]
        raw = await client.get(f"ticket_attachment/{ticket['id']}/{found['id']}/{one['id']}")
    assert (one["filename"], one["size"]) == ("catalogue-1.xlsx", "13")
    assert raw.content == content


@pytest.mark.parametrize(
    ("token", "change", "status", "words"),
    [
        ("", {}, 403, "Authentication required"),
        ("wrong", {}, 401, "Can't find User for Token"),
        (STRANGER.token, {}, 403, "Not authorized"),
        (CUSTOMER.token, {"group": "Nobody"}, 422, "No lookup value found for 'group': \"Nobody\""),
        (CUSTOMER.token, {"group": ""}, 422, "The required value 'group_id' is missing."),
        (CUSTOMER.token, {"title": " "}, 422, "The required value 'title' is missing."),
    ],
)
async def test_a_refusal_says_why_and_opens_nothing(
    sandbox: Sandbox, token: str, change: dict[str, str], status: int, words: str
) -> None:
    async with http(sandbox, token) as client:
        answer = await client.post("tickets", json={**ORDER, **change})
    assert answer.status_code == status
    assert answer.json()["error"] == words
    assert sandbox.helpdesk.tickets() == []


async def test_a_ticket_that_is_not_there_is_404(sandbox: Sandbox) -> None:
    async with http(sandbox) as client:
        answer = await client.get("tickets/9")
    assert (answer.status_code, answer.json()["error"]) == (404, "Couldn't find Ticket with 'id'=9")


async def test_the_home_and_the_json_line_lead_to_it(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.write_home(tmp_path)
    settings = load_helpdesk(tmp_path)
    told: Any = json.loads(json.dumps(sandbox.describe(tmp_path)))["helpdesk"]
    assert settings.url == told["url"] == sandbox.helpdesk_url
    async with http(sandbox, told["token"]) as client:
        assert (await client.get("users/me")).json()["login"] == "ingester@hospital.example"


async def test_requests_to_it_are_recorded_too(tmp_path: Path) -> None:
    async with Sandbox(Options(auth="none", record=tmp_path / "kept")) as running:
        async with http(running) as client:
            await opened(client)
        (file,) = (tmp_path / "kept").glob("*-request.http")
        head, _, body = file.read_bytes().partition(b"\r\n\r\n")
    assert head.startswith(b"POST /helpdesk/api/v1/tickets HTTP/1.1\r\n")
    assert json.loads(body) == ORDER
