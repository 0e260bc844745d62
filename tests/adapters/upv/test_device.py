"""The device grant where the line or the realm is bad (RFC 8628 3.5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from adapters.signin import PastePrompt, SignInPrompt, Way
from adapters.upv.device import by_device
from adapters.upv.grants import Grants
from adapters.upv.oidc import Realm
from adapters.upv.refusals import GrantRefused
from tests.adapters.upv.issuer import URL, jwt
from transfer.errors import NodeFault, TlsRefused, Unreachable

_CODE: dict[str, Any] = {
    "device_code": "dc",
    "user_code": "WXYZ-1234",
    "verification_uri": f"{URL}/device",
    "verification_uri_complete": f"{URL}/device?user_code=WXYZ-1234",
    "expires_in": 600,
    "interval": 5,
}
_TOKENS = {"access_token": jwt(), "token_type": "Bearer", "expires_in": 300}
Step = httpx.Response | Exception


def _said(error: str) -> httpx.Response:
    return httpx.Response(400, json={"error": error})


@dataclass
class Case:
    """A realm that answers the token endpoint step by step, and the person before it."""

    steps: list[Step] = field(default_factory=list)
    code: dict[str, Any] = field(default_factory=lambda: dict(_CODE))
    begins: list[httpx.Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    prompts: list[SignInPrompt] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)
    is_settled: bool = False
    now: float = 0.0
    way: Way = "browser"

    def show(self, prompt: SignInPrompt) -> None:
        self.prompts.append(prompt)

    def settled(self) -> None:
        self.is_settled = True

    async def paste(self, prompt: PastePrompt) -> str:
        return ""

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            ends = ("token_endpoint", "device_authorization_endpoint")
            return httpx.Response(
                200, json={"issuer": URL, **{end: f"{URL}/{end}" for end in ends}}
            )
        self.asked.append(request.content.decode())
        if request.url.path.endswith("device_authorization_endpoint"):
            return self.begins.pop(0) if self.begins else httpx.Response(200, json=self.code)
        step = self.steps.pop(0) if self.steps else _said("authorization_pending")
        if isinstance(step, Exception):
            raise step
        return step

    async def sign_in(self) -> str:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        grants = Grants(Realm(client, URL, node="n"), "qpinsights")
        tokens = await by_device(
            grants, self, purpose="images", sleep=self.sleep, clock=lambda: self.now
        )
        return tokens.access


async def test_connection_time_outs_double_the_interval_and_end_nothing() -> None:
    silent = httpx.ReadTimeout("")
    case = Case([silent, silent, _said("authorization_pending"), httpx.Response(200, json=_TOKENS)])
    assert await case.sign_in() == _TOKENS["access_token"]
    assert case.naps == [5.0, 10.0, 20.0, 20.0]
    assert case.is_settled


async def test_a_busy_realm_is_asked_again_when_it_says() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "45"})
    case = Case([busy, httpx.Response(200, json=_TOKENS)])
    await case.sign_in()
    assert case.naps == [5.0, 45.0]


async def test_a_realm_that_stays_away_is_named_rather_than_the_person() -> None:
    case = Case([httpx.ConnectError("") for _ in range(20)])
    with pytest.raises(Unreachable):
        await case.sign_in()
    assert sum(case.naps) == 600
    assert case.is_settled


async def test_a_connection_that_cannot_be_trusted_ends_it_at_once() -> None:
    case = Case([TlsRefused("unknown-ca", "w", "r")])
    with pytest.raises(TlsRefused):
        await case.sign_in()
    assert case.naps == [5.0]


async def test_the_last_nap_does_not_outlast_the_code() -> None:
    case = Case(code=_CODE | {"expires_in": 12})
    with pytest.raises(GrantRefused, match="expired_token"):
        await case.sign_in()
    assert case.naps == [5.0, 5.0, 2.0]


async def test_without_an_interval_five_seconds_are_meant() -> None:
    case = Case([httpx.Response(200, json=_TOKENS)])
    del case.code["interval"]
    await case.sign_in()
    assert case.naps == [5.0]


async def test_without_an_offline_session_a_plain_one_is_asked_for() -> None:
    case = Case([httpx.Response(200, json=_TOKENS)], begins=[_said("invalid_scope")])
    await case.sign_in()
    assert case.asked[0] == "client_id=qpinsights&scope=openid+offline_access"
    assert case.asked[1] == "client_id=qpinsights&scope=openid"


@pytest.mark.parametrize(
    "said", ["unauthorized_client", "invalid_request", "unsupported_grant_type"]
)
async def test_a_client_that_may_not_shows_nothing_to_anybody(said: str) -> None:
    case = Case(begins=[_said(said)])
    with pytest.raises(GrantRefused, match="unauthorized_client"):
        await case.sign_in()
    assert case.prompts == []


@pytest.mark.parametrize(
    "change",
    [
        {"verification_uri": "http://issuer.example/device"},
        {"verification_uri_complete": "https://issuer.example/\x1b]8;;evil"},
        {"verification_uri": "javascript:alert(1)"},
        {"verification_uri": None},
        {"user_code": "A\nB"},
        {"user_code": "x" * 65},
        {"user_code": ""},
        {"device_code": 7},
    ],
)
async def test_a_prompt_that_could_harm_a_terminal_is_not_shown(change: dict[str, Any]) -> None:
    case = Case(code=_CODE | change)
    with pytest.raises(NodeFault, match="did not answer as one"):
        await case.sign_in()
    assert case.prompts == []
