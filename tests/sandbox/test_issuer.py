"""The issuer: what it grants, and how it refuses, in Keycloak's words."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import ask_issuer, client, sign_in, trusting


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


async def test_a_password_gives_tokens_with_the_realms_lifetimes(guarded: Sandbox) -> None:
    answer = await sign_in(guarded)
    body = answer.json()
    assert answer.status_code == 200
    assert (body["expires_in"], body["refresh_expires_in"]) == (300, 1800)
    assert body["token_type"] == "Bearer"


async def test_an_image_token_says_who_may_ingest(guarded: Sandbox) -> None:
    claims = _claims((await sign_in(guarded)).json()["access_token"])
    assert claims["aud"] == ["qpinsights-backend", "account"]
    assert claims["preferred_username"] == "ingester"
    assert "authorized-technical-data-manager" in claims["groups"]
    assert claims["resource_access"]["qpinsights-backend"] == {"roles": ["User"]}


async def test_a_token_for_datasets_does_not_open_the_image_store(guarded: Sandbox) -> None:
    token = (await sign_in(guarded, "dataset-explorer")).json()["access_token"]
    async with client(guarded, token) as http:
        assert (await http.get("/studies")).status_code == 401


async def test_an_altered_token_is_refused(guarded: Sandbox, token: str) -> None:
    head, body, signature = token.split(".")
    forged = f"{head}.{body[:-4]}AAAA.{signature}"
    async with client(guarded, forged) as http:
        assert (await http.get("/studies")).status_code == 401


async def test_an_access_token_runs_out() -> None:
    async with Sandbox(Options(access_s=0)) as sandbox:
        token = (await sign_in(sandbox)).json()["access_token"]
        async with client(sandbox, token) as http:
            assert (await http.get("/studies")).status_code == 401


@pytest.mark.parametrize(
    ("client_id", "changes", "status", "error", "words"),
    [
        ("qpinsights", {"password": "x"}, 401, "invalid_grant", "Invalid user credentials"),
        ("qpinsights", {"username": "who"}, 401, "invalid_grant", "Invalid user credentials"),
        (
            "qpinsights",
            {"username": "pending", "password": "pending"},
            400,
            "invalid_grant",
            "Account is not fully set up",
        ),
        (
            "guacamole",
            {},
            400,
            "unauthorized_client",
            "Client not allowed for direct access grants",
        ),
        ("zzz", {}, 401, "invalid_client", "Invalid client or Invalid client credentials"),
    ],
)
async def test_refusals_are_worded_as_keycloak_words_them(
    guarded: Sandbox, client_id: str, changes: dict[str, str], status: int, error: str, words: str
) -> None:
    answer = await sign_in(guarded, client_id, **changes)
    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": words}


async def test_ten_wrong_passwords_lock_the_account_without_a_word(guarded: Sandbox) -> None:
    for _ in range(10):
        await sign_in(guarded, password="wrong")
    answer = await sign_in(guarded)
    assert answer.json()["error_description"] == "Invalid user credentials"


async def test_an_old_refresh_token_stays_good_beside_the_new_one(guarded: Sandbox) -> None:
    old = (await sign_in(guarded)).json()["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "qpinsights", "refresh_token": old}
    first, second = await ask_issuer(guarded, form), await ask_issuer(guarded, form)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["refresh_token"] != old


async def test_an_offline_token_has_no_end(guarded: Sandbox) -> None:
    body = (await sign_in(guarded, scope="openid offline_access")).json()
    assert body["refresh_expires_in"] == 0
    assert body["id_token"].count(".") == 2


async def test_the_device_grant_is_off(guarded: Sandbox) -> None:
    answer = await ask_issuer(guarded, {"client_id": "qpinsights"}, "auth/device")
    assert (answer.status_code, answer.json()["error"]) == (400, "unauthorized_client")


async def test_userinfo_knows_the_bearer(guarded: Sandbox, token: str) -> None:
    url = f"{guarded.endpoints.issuer_url}/protocol/openid-connect/userinfo"
    async with httpx.AsyncClient(verify=trusting(guarded), trust_env=False) as http:
        known = await http.get(url, headers={"authorization": f"Bearer {token}"})
        unknown = await http.get(url)
    assert known.json()["preferred_username"] == "ingester"
    assert (unknown.status_code, unknown.json()["error"]) == (401, "invalid_token")
