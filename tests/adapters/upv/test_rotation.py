"""A realm that takes each refresh token once, and two processes that share one session."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.upv.auth import Credential, credential
from adapters.upv.oidc import Realm
from adapters.upv.options import Settings
from tests.adapters.upv.issuer import URL, Issuer
from transfer.errors import SignInExpired, SignInRefused


@dataclass
class OnceOnly(Issuer):
    """As Keycloak with "Revoke Refresh Token": what was used is void from then on."""

    tried: list[str] = field(default_factory=list)

    def _token(self, form: dict[str, str]) -> httpx.Response:
        answer = super()._token(form)
        if "refresh_token" in form:
            self.tried.append(form["refresh_token"])
            self.live_refresh.discard(form["refresh_token"])
        return answer


@dataclass
class Process:
    """One process of the account: its own store object and memory, the same home."""

    home: Path
    issuer: Issuer
    password: str = ""
    now: float = 1000.0
    store: SecretStore = field(init=False)
    credential: Credential = field(init=False)

    def __post_init__(self) -> None:
        (self.home / "config.toml").write_text(
            '[nodes.n]\nkind = "upv"\ndicomweb_url = "https://node.example/rs"\n'
            f'auth = "password"\nissuer_url = "{URL}"\nusername = "us"\n'
        )
        environ = {"EUCAIM_TRANSFER_PASSWORD": self.password} if self.password else {}
        self.store = SecretStore(self.home, environ=environ, keyring=lambda: None)
        self.credential = credential(
            Settings.of(load_profiles(self.home)["n"], self.home),
            self.store,
            lambda: Realm(self.issuer.client(), URL, node="n"),
            clock=lambda: self.now,
        )


@pytest.fixture
def issuer(tmp_path: Path) -> OnceOnly:
    SecretStore(tmp_path, environ={}, keyring=lambda: None).put("n.token", "first")
    return OnceOnly(live_refresh={"first"})


async def test_a_runner_goes_on_with_the_token_that_a_doctor_stored(
    tmp_path: Path, issuer: OnceOnly
) -> None:
    runner, doctor = Process(tmp_path, issuer), Process(tmp_path, issuer)
    await runner.credential.header()
    await doctor.credential.header()
    runner.now += 290
    assert await runner.credential.header() is not None
    # Its own, which the doctor had used up, is not shown again: that ends the whole session.
    assert issuer.tried == ["first", "refresh-1", "refresh-2"]
    assert doctor.store.get("n.token") == "refresh-3"


async def test_the_same_token_is_not_tried_twice(tmp_path: Path, issuer: OnceOnly) -> None:
    issuer.live_refresh.clear()
    with pytest.raises(SignInExpired):
        await Process(tmp_path, issuer).credential.header()
    assert issuer.tried == ["first"]


async def test_a_session_that_is_over_for_both_ends_after_one_try(
    tmp_path: Path, issuer: OnceOnly
) -> None:
    runner, doctor = Process(tmp_path, issuer), Process(tmp_path, issuer)
    await runner.credential.header()
    await doctor.credential.header()
    issuer.live_refresh.clear()
    issuer.tried.clear()
    runner.now += 290
    with pytest.raises(SignInExpired):
        await runner.credential.header()
    assert issuer.tried == ["refresh-2"]


async def test_a_password_is_sent_once_when_both_tokens_are_void(
    tmp_path: Path, issuer: OnceOnly
) -> None:
    runner, doctor = Process(tmp_path, issuer, "wrong"), Process(tmp_path, issuer)
    await runner.credential.header()
    await doctor.credential.header()
    issuer.live_refresh.clear()
    issuer.asked.clear()
    runner.now += 290
    for _ in range(2):
        with pytest.raises(SignInRefused):
            await runner.credential.header()
    assert issuer.grants == ["refresh_token", "password"]


@pytest.mark.parametrize("password", ["", "right"])
async def test_a_run_that_goes_on_after_a_logout_brings_no_sign_in_back(
    tmp_path: Path, password: str
) -> None:
    """The logout could not tell the realm, say; the run's own session is good, or it has the
    password: it may go on, but nothing of it may be found in the store."""
    issuer = Issuer(live_refresh={"old"})
    run = Process(tmp_path, issuer, password)
    run.store.put("n.token", "old")
    await run.credential.header()
    Process(tmp_path, issuer).store.forget_node("n")

    run.now += 3600
    if password:
        await run.credential.header()
    else:
        with pytest.raises(SignInExpired):
            await run.credential.header()
    assert Process(tmp_path, issuer).store.get("n.token") is None


async def test_a_logout_in_the_middle_of_a_renewal_wins(tmp_path: Path) -> None:
    issuer = Issuer(live_refresh={"old"})
    run = Process(tmp_path, issuer)
    run.store.put("n.token", "old")
    answer = issuer._token

    def and_log_out(form: dict[str, str]) -> httpx.Response:
        Process(tmp_path, issuer).store.forget_node("n")
        return answer(form)

    issuer._token = and_log_out  # type: ignore[method-assign]
    assert await run.credential.header() is not None
    assert Process(tmp_path, issuer).store.get("n.token") is None


async def test_a_login_after_the_logout_is_stored_again(tmp_path: Path) -> None:
    issuer = Issuer(live_refresh={"old"})
    run = Process(tmp_path, issuer, "right")
    run.store.put("n.token", "old")
    await run.credential.header()
    run.store.forget_node("n")
    await Process(tmp_path, issuer, "right").credential.header()
    stored = Process(tmp_path, issuer).store.get("n.token")
    run.now += 3600
    await run.credential.header()
    assert stored is not None
    assert Process(tmp_path, issuer).store.get("n.token") not in (None, stored)
