"""The pasted address: what is believed of it, and what is said of the rest."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from adapters.signin import PastePrompt, SignInPrompt, Way
from adapters.upv.grants import Grants, Tokens
from adapters.upv.oidc import Realm
from adapters.upv.paste import by_paste
from adapters.upv.refusals import GrantRefused, browser_in_words
from tests.adapters.upv.issuer import URL, jwt
from transfer.errors import SignInExpired, SignInRefused

REDIRECT = "https://issuer.example/dataset-service/api/version"


@dataclass
class Case:
    """A realm and a browser that comes back with `answer`; `identity` changes the id token."""

    answer: dict[str, str] = field(default_factory=dict)
    identity: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    pasted: str | None = None
    redirect: str = REDIRECT
    refuses_offline: bool = False
    exchanged: list[dict[str, str]] = field(default_factory=list)
    opened: list[dict[str, str]] = field(default_factory=list)
    is_settled: bool = False
    way: Way = "paste"

    def show(self, prompt: SignInPrompt) -> None:
        raise AssertionError("nothing to confirm here")

    def settled(self) -> None:
        self.is_settled = True

    async def paste(self, prompt: PastePrompt) -> str:
        query = {k: v[0] for k, v in parse_qs(urlsplit(prompt.address).query).items()}
        self.opened.append(query)
        if self.pasted is not None:
            return self.pasted
        if self.refuses_offline and "offline_access" in query["scope"]:
            back = {"error": "invalid_scope", "state": query["state"]}
            return f"{self.redirect}?{urlencode(back)}"
        usual = {"code": "c0de", "state": query["state"], "iss": URL}
        kept = {k: v for k, v in (usual | self.answer).items() if v}
        return f"{self.redirect}?{urlencode(kept)}"

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            document = {
                "issuer": URL,
                "authorization_endpoint": f"{URL}/auth",
                "token_endpoint": f"{URL}/token",
                **self.known,
            }
            return httpx.Response(200, json=document)
        self.exchanged.append({k: v[0] for k, v in parse_qs(request.content.decode()).items()})
        usual = {"iss": URL, "aud": "dataset-explorer", "nonce": self.opened[-1]["nonce"]}
        return httpx.Response(
            200,
            json={
                "access_token": "the-access-token",
                "refresh_token": "the-refresh-token",
                "id_token": jwt(**(usual | self.identity)),
                "token_type": "Bearer",
            },
        )

    async def sign_in(self) -> Tokens:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        grants = Grants(Realm(client, URL, node="n"), "dataset-explorer")
        return await by_paste(grants, self, REDIRECT, purpose="datasets")


async def test_the_code_is_exchanged_with_the_verifier_of_its_challenge() -> None:
    case = Case()
    assert (await case.sign_in()).refresh == "the-refresh-token"
    (opened,), (exchanged,) = case.opened, case.exchanged
    assert opened["response_type"] == "code"
    assert opened["redirect_uri"] == exchanged["redirect_uri"] == REDIRECT
    assert opened["code_challenge_method"] == "S256"
    assert len(exchanged["code_verifier"]) == 96
    assert exchanged["code_verifier"] not in opened.values()
    assert (exchanged["code"], exchanged["client_id"]) == ("c0de", "dataset-explorer")
    assert case.is_settled


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"state": "another"}, {}),
        ({"state": ""}, {}),
        ({"iss": "https://evil.example/realms/R"}, {}),
        ({"iss": ""}, {"authorization_response_iss_parameter_supported": True}),
    ],
)
async def test_an_answer_of_another_sign_in_or_issuer_is_not_exchanged(
    answer: dict[str, str], known: dict[str, Any]
) -> None:
    case = Case(answer, known=known)
    with pytest.raises(SignInRefused, match="another sign-in"):
        await case.sign_in()
    assert case.exchanged == []


async def test_an_issuer_that_names_itself_nowhere_in_the_answer_is_believed() -> None:
    """RFC 9207 is younger than many realms; state and nonce hold all the same."""
    await Case({"iss": ""}).sign_in()


@pytest.mark.parametrize(
    "identity", [{"nonce": "another"}, {"iss": "https://evil.example"}, {"aud": "qpinsights"}]
)
async def test_tokens_of_another_sign_in_are_not_taken(identity: dict[str, str]) -> None:
    with pytest.raises(SignInRefused, match="another sign-in"):
        await Case(identity=identity).sign_in()


@pytest.mark.parametrize(
    "pasted",
    [
        "https://issuer.example/auth/realms/R/auth?client_id=x",
        "https://evil.example/dataset-service/api/version?code=c&state=s",
        "http://issuer.example/dataset-service/api/version?code=c",
        "c0de",
        "https://[",
    ],
)
async def test_what_is_no_address_of_ours_is_said_to_be_none(pasted: str) -> None:
    case = Case(pasted=pasted)
    with pytest.raises(SignInRefused, match="not the address that the browser shows"):
        await case.sign_in()
    assert case.exchanged == []


async def test_an_address_without_its_code_is_not_whole() -> None:
    with pytest.raises(SignInRefused, match="holds no code"):
        await Case({"code": ""}).sign_in()


async def test_nothing_pasted_is_given_up() -> None:
    with pytest.raises(SignInExpired, match="given up"):
        await Case(pasted=" \n").sign_in()


async def test_lines_broken_by_a_terminal_are_joined() -> None:
    whole = Case()

    async def broken(prompt: PastePrompt) -> str:
        text = await Case.paste(whole, prompt)
        return "\r\n   ".join(text[i : i + 20] for i in range(0, len(text), 20))

    whole.paste = broken  # type: ignore[method-assign]
    assert (await whole.sign_in()).refresh == "the-refresh-token"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        ("access_denied", "declined"),
        ("invalid_request", "does not take the address"),
        ("temporarily_unavailable", "not finished"),
        ("invalid_grant", "came too late"),
        ("anything_else", "refused the sign-in"),
    ],
)
async def test_an_error_in_the_address_is_put_in_words(error: str, what: str) -> None:
    case = Case({"code": "", "error": error, "error_description": "<b>said</b>"})
    with pytest.raises(GrantRefused, match=error) as refused:
        await case.sign_in()
    assert what in browser_in_words(refused.value, "n").what


async def test_a_realm_without_offline_sessions_is_asked_for_a_plain_one() -> None:
    case = Case(refuses_offline=True)
    await case.sign_in()
    assert [query["scope"] for query in case.opened] == ["openid offline_access", "openid"]
    assert case.opened[0]["state"] != case.opened[1]["state"]


async def test_nothing_that_signs_in_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not by oauthlib, httpx or us, however much is asked for."""
    caplog.set_level(logging.DEBUG)
    case = Case()
    await case.sign_in()
    secrets = {
        "c0de",
        "the-access-token",
        "the-refresh-token",
        case.exchanged[0]["code_verifier"],
        case.opened[0]["state"],
    }
    assert caplog.text
    assert [secret for secret in secrets if secret in caplog.text] == []
