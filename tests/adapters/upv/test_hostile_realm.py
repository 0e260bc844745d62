"""A realm that answers to do harm: what it may make this program do, show or believe."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from adapters.signin import PastePrompt, SignInPrompt, Way
from adapters.upv.device import by_device
from adapters.upv.grants import Grants
from adapters.upv.oidc import Realm
from adapters.upv.paste import by_paste
from tests.adapters.upv.issuer import URL, jwt
from transfer.errors import NodeFault, Unreachable

BEL_LINK = "\x1b]8;;https://elsewhere.example\x07"


@dataclass
class Hostile:
    """A realm with these answers, and the person before it, who sees `shown`."""

    token: bytes | dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    shown: list[SignInPrompt | PastePrompt] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)
    drips: bool = False
    way: Way = "any"

    def show(self, prompt: SignInPrompt) -> None:
        self.shown.append(prompt)

    def settled(self) -> None:
        return

    async def paste(self, prompt: PastePrompt) -> str:
        self.shown.append(prompt)
        return ""

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def grants(self, *, longest_answer_s: float = 60.0) -> Grants:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return Grants(Realm(client, URL, node="n", longest_answer_s=longest_answer_s), "c")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            ends = ("token", "device_authorization", "authorization")
            usual = {"issuer": URL, **{f"{end}_endpoint": f"{URL}/{end}" for end in ends}}
            return httpx.Response(200, json=usual | self.known)
        if request.url.path.endswith("/device_authorization"):
            usual = {"device_code": "dc", "user_code": "WXYZ", "verification_uri": f"{URL}/d"}
            return httpx.Response(200, json={**usual, **self.device})
        if self.drips:
            return httpx.Response(200, content=_drops())
        if isinstance(self.token, bytes):
            return httpx.Response(200, content=self.token)
        granted = {"access_token": jwt(), "token_type": "Bearer", "expires_in": 300}
        return httpx.Response(200, content=json.dumps(granted | self.token).encode())


async def _drops() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.01)
        yield b" "


@pytest.mark.parametrize(
    "answer",
    [
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": 1e999}',
        b'{"access_token": "x", "token_type": "Bearer", "expires_in": {}}',
        b'{"access_token": "x", "token_type": "Bearer", "scope": 5}',
        b'{"access_token": "x", "token_type": "Bearer", "scope": {"a": 1}}',
        b'{"access_token": ["x"], "token_type": "Bearer"}',
        b'{"access_token": "a\\u001b]52;c;x", "token_type": "Bearer"}',
        b'{"error": {"a": 1}}',
        b"[" * 100_000,
        b"<html>",
    ],
    ids=lambda answer: answer[:70].decode(),
)
async def test_an_answer_of_the_wrong_kinds_is_no_sign_in_and_no_crash(answer: bytes) -> None:
    with pytest.raises(NodeFault, match="did not answer as one"):
        await Hostile(token=answer).grants().by_password("us", "right")


async def test_a_refresh_token_that_no_form_can_carry_is_not_kept() -> None:
    for text in ("\ud800", "a\x1b]52;c;x"):
        tokens = await Hostile(token={"refresh_token": text}).grants().by_password("us", "right")
        assert tokens.refresh is None


@pytest.mark.parametrize(
    "address",
    [
        f"{URL}/auth{BEL_LINK}",
        f"{URL}/auth\u202e",
        f"{URL}/auth\n",
        f"{URL}/{'a' * 5000}",
        "https://issuer.example@elsewhere.example/auth",
        "https://issuer.example\\.elsewhere.example/auth",
        "https://elsewhere.example/auth",
        "http://issuer.example/auth",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
async def test_no_person_is_shown_an_address_that_leads_astray(address: str) -> None:
    """It stands on a terminal, in a link to be clicked, and in a code for a phone."""
    by_code = Hostile(device={"verification_uri": address})
    with pytest.raises(NodeFault):
        await by_device(by_code.grants(), by_code, purpose="", sleep=by_code.sleep)
    whole = Hostile(device={"verification_uri_complete": address})
    with pytest.raises(NodeFault):
        await by_device(whole.grants(), whole, purpose="", sleep=whole.sleep)
    pasting = Hostile(known={"authorization_endpoint": address})
    with pytest.raises(NodeFault):
        await by_paste(pasting.grants(), pasting, "https://back.example/", purpose="")
    assert by_code.shown == whole.shown == pasting.shown == []


async def test_a_realm_cannot_make_us_ask_without_a_pause() -> None:
    case = Hostile(device={"interval": 1e-9})
    await by_device(case.grants(), case, purpose="", sleep=case.sleep)
    assert case.naps == [1.0]


async def test_an_answer_that_drips_for_ever_is_given_up() -> None:
    """Each drop is in time, so that no time-out of the connection ends it."""
    with pytest.raises(Unreachable, match="did not answer in time"):
        await Hostile(drips=True).grants(longest_answer_s=0.1).by_password("us", "right")
