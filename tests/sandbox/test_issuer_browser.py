"""The stand-in issuer's browser side: codes to confirm, codes to come back with, and their ends."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.sandbox.server import Options, Sandbox
from tests.sandbox.bodies import ask_issuer, sign_in, trusting

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
VERIFIER = "v" * 64
LOGIN = {"username": "ingester", "password": "ingester"}


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _browser(sandbox: Sandbox) -> httpx.AsyncClient:
    return httpx.AsyncClient(verify=trusting(sandbox), trust_env=False)


def _address(sandbox: Sandbox, below: str) -> str:
    return f"{sandbox.endpoints.issuer_url}/{below}"


def _redirect(sandbox: Sandbox) -> str:
    return f"https://127.0.0.1:{sandbox.port}/dataset-service/api/version"


async def _come_back(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    """What the browser comes back with after a good login."""
    asked = {
        "client_id": "dataset-explorer",
        "response_type": "code",
        "redirect_uri": _redirect(sandbox),
        "scope": "openid",
        "state": "s",
        "nonce": "n",
        "code_challenge": _challenge(VERIFIER),
        "code_challenge_method": "S256",
    } | changes
    address = _address(sandbox, "protocol/openid-connect/auth")
    async with _browser(sandbox) as http:
        page = await http.get(address, params=asked)
        assert page.status_code == 200
        session = page.text.partition('name="session_code" value="')[2].partition('"')[0]
        back = await http.post(address, data={"session_code": session, **LOGIN})
    assert back.headers["location"].startswith(asked["redirect_uri"])
    return {k: v[0] for k, v in parse_qs(urlsplit(back.headers["location"]).query).items()}


async def _exchange(sandbox: Sandbox, code: str, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": "dataset-explorer",
        "redirect_uri": _redirect(sandbox),
        "code": code,
        "code_verifier": VERIFIER,
    }
    return await ask_issuer(sandbox, form | changes)


async def test_a_code_is_taken_once(guarded: Sandbox) -> None:
    back = await _come_back(guarded)
    assert (back["state"], back["iss"]) == ("s", guarded.endpoints.issuer_url)
    first, second = await _exchange(guarded, back["code"]), await _exchange(guarded, back["code"])
    assert first.status_code == 200
    assert second.json() == {"error": "invalid_grant", "error_description": "Code not valid"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code_verifier": "w" * 64}, "PKCE verification failed: Code mismatch"),
        ({"redirect_uri": "https://127.0.0.1/elsewhere"}, "Incorrect redirect_uri"),
        ({"client_id": "qpinsights"}, "Code not valid"),
    ],
)
async def test_a_code_serves_only_whom_it_was_made_for(
    guarded: Sandbox, changes: dict[str, str], words: str
) -> None:
    answer = await _exchange(guarded, (await _come_back(guarded))["code"], **changes)
    assert (answer.status_code, answer.json()["error_description"]) == (400, words)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uri": "https://evil.example/"},
        {"client_id": "guacamole"},
        {"client_id": "nobody"},
    ],
)
async def test_a_browser_is_sent_nowhere_else(guarded: Sandbox, changes: dict[str, str]) -> None:
    asked = {
        "client_id": "dataset-explorer",
        "response_type": "code",
        "redirect_uri": _redirect(guarded),
    } | changes
    async with _browser(guarded) as http:
        page = await http.get(_address(guarded, "protocol/openid-connect/auth"), params=asked)
    assert page.status_code == 400
    assert "location" not in page.headers


async def test_a_device_code_that_was_not_confirmed_is_pending_and_then_too_fast() -> None:
    async with Sandbox(Options(device_clients=["qpinsights"])) as sandbox:
        begun: Any = (await ask_issuer(sandbox, {"client_id": "qpinsights"}, "auth/device")).json()
        form = {"grant_type": GRANT, "client_id": "qpinsights", "device_code": begun["device_code"]}
        said = [(await ask_issuer(sandbox, form)).json()["error"] for _ in range(2)]
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    assert said == ["authorization_pending", "slow_down"]


async def test_a_wrong_password_on_the_device_page_confirms_nothing() -> None:
    async with Sandbox(Options(device_clients=["qpinsights"])) as sandbox:
        begun = (await ask_issuer(sandbox, {"client_id": "qpinsights"}, "auth/device")).json()
        async with _browser(sandbox) as http:
            form = {"user_code": begun["user_code"], **LOGIN, "password": "wrong"}
            page = await http.post(_address(sandbox, "device"), data=form)
        assert page.status_code == 401
        assert "Invalid username or password." in page.text
        form = {"grant_type": GRANT, "client_id": "qpinsights", "device_code": begun["device_code"]}
        answer = await ask_issuer(sandbox, form)
    assert answer.json()["error"] == "authorization_pending"


async def test_the_device_grant_is_switched_on_for_one_client_alone(guarded: Sandbox) -> None:
    async with _browser(guarded) as http:
        switched = await http.put(f"{guarded.control_url}/device-clients", content="qpinsights\n")
    assert switched.status_code == 204
    statuses = [
        (await ask_issuer(guarded, {"client_id": name}, "auth/device")).status_code
        for name in ("qpinsights", "dataset-explorer")
    ]
    assert statuses == [200, 400]


async def test_what_a_page_is_given_cannot_become_markup(guarded: Sandbox) -> None:
    async with _browser(guarded) as http:
        page = await http.get(_address(guarded, "device"), params={"user_code": '"><script>'})
    assert "<script>" not in page.text
    assert "&quot;&gt;&lt;script&gt;" in page.text


async def test_a_revoked_token_ends_its_session_and_an_unknown_one_is_no_error(
    guarded: Sandbox,
) -> None:
    refresh = (await sign_in(guarded)).json()["refresh_token"]
    form = {"client_id": "qpinsights", "token": refresh}
    for _ in range(2):
        assert (await ask_issuer(guarded, form, "revoke")).status_code == 200
    form = {"grant_type": "refresh_token", "client_id": "qpinsights", "refresh_token": refresh}
    assert (await ask_issuer(guarded, form)).json()["error"] == "invalid_grant"


async def test_a_client_cannot_revoke_what_is_anothers(guarded: Sandbox) -> None:
    refresh = (await sign_in(guarded)).json()["refresh_token"]
    await ask_issuer(guarded, {"client_id": "dataset-explorer", "token": refresh}, "revoke")
    form = {"grant_type": "refresh_token", "client_id": "qpinsights", "refresh_token": refresh}
    assert (await ask_issuer(guarded, form)).status_code == 200


async def test_where_tokens_rotate_a_used_one_shown_again_ends_the_session() -> None:
    async with Sandbox(Options(rotates=True)) as sandbox:
        first = (await sign_in(sandbox)).json()["refresh_token"]

        async def refresh(token: str) -> httpx.Response:
            form = {"grant_type": "refresh_token", "client_id": "qpinsights"}
            return await ask_issuer(sandbox, form | {"refresh_token": token})

        second = (await refresh(first)).json()["refresh_token"]
        again = await refresh(first)
        after = await refresh(second)
    assert again.json()["error_description"] == "Maximum allowed refresh token reuse exceeded"
    assert after.json()["error"] == "invalid_grant"
