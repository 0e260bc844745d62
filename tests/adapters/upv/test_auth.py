"""Signing in, staying signed in, and never locking an account."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.profiles import load_profiles
from adapters.secrets import SecretStore
from adapters.signin import PastePrompt, SignInPrompt, Way
from adapters.upv.auth import Credential, Fixed, credential
from adapters.upv.oidc import Realm
from adapters.upv.options import Settings
from adapters.upv.roles import claims_of, roles_of
from tests.adapters.upv.issuer import URL, Issuer, jwt
from transfer.errors import NodeBusy, NodeFault, SignInExpired, SignInRefused


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Naps:
    """Sleeping moves the clock and takes no time."""

    clock: Clock = field(default_factory=Clock)
    taken: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.clock.now += seconds


@dataclass
class Confirming:
    """A person who is shown prompts and has nothing to paste."""

    prompts: list[SignInPrompt]
    way: Way = "any"

    def show(self, prompt: SignInPrompt) -> None:
        self.prompts.append(prompt)

    def settled(self) -> None:
        return

    async def paste(self, prompt: PastePrompt) -> str:
        return ""


def _settings(home: Path, auth: str) -> Settings:
    (home / "config.toml").write_text(
        f'[nodes.n]\nkind = "upv"\ndicomweb_url = "https://node.example/rs"\nauth = "{auth}"\n'
        f'issuer_url = "{URL}"\nusername = "us"\n'
    )
    return Settings.of(load_profiles(home)["n"], home)


def _store(home: Path, **held: str) -> SecretStore:
    store = SecretStore(home, environ={}, keyring=lambda: None)
    for kind, value in held.items():
        store.hold(f"n.{kind}", value)
    return store


def _renewing(
    home: Path,
    issuer: Issuer,
    store: SecretStore,
    *,
    auth: str = "password",
    clock: Clock | None = None,
    prompts: list[SignInPrompt] | None = None,
    naps: Naps | None = None,
) -> Credential:
    clock = clock or Clock()
    return credential(
        _settings(home, auth),
        store,
        lambda: Realm(issuer.client(), URL, node="n"),
        person=None if prompts is None else Confirming(prompts),
        sleep=naps or Naps(clock),
        clock=clock,
    )


async def test_a_password_signs_in_with_an_offline_session_that_is_stored(tmp_path: Path) -> None:
    issuer, store = Issuer(), _store(tmp_path, password="right")
    signed_in = _renewing(tmp_path, issuer, store)
    header = await signed_in.header()
    assert header is not None
    assert header.startswith("Bearer ")
    assert signed_in.current() == header
    assert issuer.asked == [
        {
            "grant_type": "password",
            "username": "us",
            "password": "right",
            "scope": "openid offline_access",
            "client_id": "qpinsights",
        }
    ]
    assert _store(tmp_path).get("n.token") == "refresh-1"


@pytest.mark.parametrize("code", ["invalid_scope", "not_allowed"])
async def test_without_an_offline_session_a_plain_one_is_taken(tmp_path: Path, code: str) -> None:
    issuer = Issuer(refuses_offline=code)
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    assert await signed_in.header() is not None
    assert [form["scope"] for form in issuer.asked] == ["openid offline_access", "openid"]


async def test_a_refused_password_is_never_sent_again(tmp_path: Path) -> None:
    """After ten failures the account is locked, and the answer does not say so."""
    issuer = Issuer()
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="wrong"))
    for _ in range(3):
        with pytest.raises(SignInRefused, match="does not accept this name and password"):
            await signed_in.header()
    with pytest.raises(SignInRefused, match="does not accept this name and password"):
        await signed_in.renew(None)
    assert issuer.grants == ["password"]


@pytest.mark.parametrize(
    ("denial", "what"),
    [
        (
            {"error": "invalid_grant", "error_description": "Account is not fully set up"},
            "not fully set up",
        ),
        ({"error": "invalid_grant", "error_description": "Account disabled"}, "disabled"),
        (
            {"error": "unauthorized_client", "error_description": "Client not allowed"},
            "does not allow this way",
        ),
        ({"error": "invalid_client", "error_description": "Invalid client"}, "know the client"),
        ({"error": "something_new"}, "refused the sign-in"),
    ],
)
async def test_each_refusal_has_its_own_words(
    tmp_path: Path, denial: dict[str, str], what: str
) -> None:
    signed_in = _renewing(tmp_path, Issuer(denial=denial), _store(tmp_path, password="right-word"))
    with pytest.raises(SignInRefused, match=what) as refused:
        await signed_in.header()
    assert "right-word" not in refused.value.what + refused.value.remedy
    assert refused.value.exit_code == 5


async def test_a_stored_session_needs_no_password(tmp_path: Path) -> None:
    issuer = Issuer(live_refresh={"from last week"})
    _store(tmp_path).put("n.token", "from last week")
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path))
    assert await signed_in.header() is not None
    assert issuer.grants == ["refresh_token"]
    assert _store(tmp_path).get("n.token") == "refresh-1"


async def test_a_password_just_typed_in_goes_before_the_stored_session(tmp_path: Path) -> None:
    issuer = Issuer(live_refresh={"from last week"})
    store = _store(tmp_path)
    store.put("n.token", "from last week")
    store.hold("n.password", "wrong")
    with pytest.raises(SignInRefused, match="name and password"):
        await _renewing(tmp_path, issuer, store).header()
    assert issuer.grants == ["password"]
    # The session that was there is not lost by a slip of the finger.
    assert _store(tmp_path).get("n.token") == "from last week"


async def test_a_token_is_renewed_when_less_than_a_minute_is_left(tmp_path: Path) -> None:
    issuer, clock = Issuer(), Clock()
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"), clock=clock)
    first = await signed_in.header()
    clock.now += 239
    assert await signed_in.header() == first
    clock.now += 2
    assert await signed_in.header() != first
    assert issuer.grants == ["password", "refresh_token"]


async def test_a_token_that_lives_shorter_than_a_minute_is_not_renewed_each_time(
    tmp_path: Path,
) -> None:
    issuer = Issuer(lifetime_s=30)
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    await signed_in.header()
    await signed_in.header()
    assert issuer.grants == ["password"]


async def test_many_requests_at_once_renew_once(tmp_path: Path) -> None:
    issuer, clock = Issuer(), Clock()
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"), clock=clock)
    old = await signed_in.header()
    clock.now += 290
    headers = await asyncio.gather(*(signed_in.header() for _ in range(8)))
    assert len(set(headers)) == 1
    assert issuer.grants == ["password", "refresh_token"]
    await asyncio.gather(*(signed_in.renew(old) for _ in range(8)))
    assert issuer.grants == ["password", "refresh_token"]


async def test_a_401_renews_a_token_that_looked_good(tmp_path: Path) -> None:
    issuer = Issuer()
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    refused = await signed_in.header()
    await asyncio.gather(*(signed_in.renew(refused) for _ in range(4)))
    assert signed_in.current() not in (None, refused)
    assert issuer.grants == ["password", "refresh_token"]


async def test_a_session_that_is_over_falls_back_on_the_password(tmp_path: Path) -> None:
    issuer, clock = Issuer(), Clock()
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"), clock=clock)
    await signed_in.header()
    issuer.live_refresh.clear()
    clock.now += 290
    assert await signed_in.header() is not None
    assert issuer.grants == ["password", "refresh_token", "password"]


async def test_a_session_that_is_over_without_a_password_is_an_expired_sign_in(
    tmp_path: Path,
) -> None:
    """A detached run waits for a person; the dead token is no use to anybody any more."""
    _store(tmp_path).put("n.token", "gone")
    with pytest.raises(SignInExpired, match="has run out, or was revoked") as expired:
        await _renewing(tmp_path, Issuer(), _store(tmp_path)).header()
    assert "login n" in expired.value.remedy
    assert _store(tmp_path).get("n.token") is None


async def test_a_busy_sign_in_service_is_no_refusal(tmp_path: Path) -> None:
    issuer = Issuer(status=503)
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    with pytest.raises(NodeBusy, match="HTTP 503") as busy:
        await signed_in.header()
    assert busy.value.retry.after_s == 9.0
    issuer.status = 0
    assert await signed_in.header() is not None


async def test_a_password_that_is_never_answered_is_not_sent_until_the_account_is_locked(
    tmp_path: Path,
) -> None:
    signed_in = _renewing(tmp_path, Issuer(status=500), _store(tmp_path, password="right"))
    may_repeat = []
    for _ in range(5):
        with pytest.raises(NodeFault) as trouble:
            await signed_in.header()
        may_repeat.append(trouble.value.retry.allowed)
    assert may_repeat == [True, True, True, True, False]


async def test_a_refusal_in_nobodys_words_is_not_met_twice(tmp_path: Path) -> None:
    """A gateway in front of the realm that says 401 or 400 with a page of its own."""
    signed_in = _renewing(tmp_path, Issuer(status=401), _store(tmp_path, password="right"))
    with pytest.raises(NodeFault) as trouble:
        await signed_in.header()
    assert not trouble.value.retry.allowed


async def test_a_token_endpoint_on_another_server_is_not_given_the_password(
    tmp_path: Path,
) -> None:
    issuer = Issuer(token_endpoint="https://evil.example/token")
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    with pytest.raises(NodeFault, match="another server"):
        await signed_in.header()
    assert issuer.asked == []


async def test_a_home_that_cannot_be_written_keeps_the_session_in_memory(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("a file where the folder should be")
    issuer, clock = Issuer(), Clock()
    store = SecretStore(tmp_path, environ={"EUCAIM_TRANSFER_PASSWORD": "right"}, keyring=_no_ring)
    signed_in = _renewing(tmp_path, issuer, store, clock=clock)
    store.hold("n.token", "")
    await signed_in.header()
    clock.now += 290
    await signed_in.header()
    assert issuer.grants == ["password", "refresh_token"]


def _no_ring() -> None:
    return None


async def test_a_browser_sign_in_shows_where_to_go_and_waits(tmp_path: Path) -> None:
    issuer = Issuer(device=["authorization_pending", "slow_down", "authorization_pending", "ok"])
    prompts: list[SignInPrompt] = []
    naps = Naps()
    signed_in = _renewing(
        tmp_path,
        issuer,
        _store(tmp_path),
        auth="oidc",
        prompts=prompts,
        naps=naps,
        clock=naps.clock,
    )
    assert await signed_in.header() is not None
    address = f"{URL}/browser"
    assert prompts == [SignInPrompt(address, "WXYZ-1234", 600.0, short_address=address)]
    assert naps.taken == [5.0, 5.0, 10.0, 10.0]
    assert _store(tmp_path).get("n.token") == "refresh-1"


@pytest.mark.parametrize(
    ("steps", "kind", "what"),
    [
        (["access_denied"], SignInRefused, "declined"),
        (["expired_token"], SignInExpired, "in time"),
        (["authorization_pending"] * 200, SignInExpired, "in time"),
    ],
)
async def test_a_browser_sign_in_that_nobody_finishes_ends(
    tmp_path: Path, steps: list[str], kind: type[Exception], what: str
) -> None:
    signed_in = _renewing(tmp_path, Issuer(device=steps), _store(tmp_path), auth="oidc", prompts=[])
    with pytest.raises(kind, match=what):
        await signed_in.header()


async def test_a_browser_sign_in_that_is_switched_off_falls_back_on_the_password(
    tmp_path: Path,
) -> None:
    issuer = Issuer(device=["off"])
    prompts: list[SignInPrompt] = []
    store = _store(tmp_path, password="right")
    signed_in = _renewing(tmp_path, issuer, store, auth="oidc", prompts=prompts)
    assert await signed_in.header() is not None
    assert prompts == []
    assert issuer.grants == ["", "password"]


async def test_without_somebody_to_prompt_no_browser_sign_in_is_begun(tmp_path: Path) -> None:
    issuer = Issuer(device=["ok"])
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"), auth="oidc")
    assert await signed_in.header() is not None
    assert issuer.grants == ["password"]


async def test_the_identity_names_roles_as_the_registration_form_does(tmp_path: Path) -> None:
    claims = {
        "preferred_username": "us",
        "groups": ["/authorized-technical-data-manager", "PROJECT-LUNG"],
        "realm_access": {"roles": ["dataset-administrator", "offline_access"]},
    }
    issuer = Issuer(claims=claims)
    signed_in = _renewing(tmp_path, issuer, _store(tmp_path, password="right"))
    identity = await signed_in.identity()
    assert identity.username == "us"
    assert identity.roles == ["Data ingester", "Dataset manager", "project LUNG"]


async def test_signing_out_ends_the_session_and_leaves_nothing(tmp_path: Path) -> None:
    issuer, store = Issuer(), _store(tmp_path, password="right")
    signed_in = _renewing(tmp_path, issuer, store)
    await signed_in.header()
    await signed_in.forget()
    assert issuer.live_refresh == set()
    assert signed_in.current() is None
    assert store.get("n.token") is None


async def test_no_secret_shows_in_a_repr(tmp_path: Path) -> None:
    signed_in = _renewing(tmp_path, Issuer(), _store(tmp_path, password="right"))
    await signed_in.header()
    assert repr(signed_in) == "Renewing('n.token')"


async def test_basic_is_name_and_password(tmp_path: Path) -> None:
    signed_in = Fixed(_settings(tmp_path, "basic"), _store(tmp_path, password="right"))
    assert await signed_in.header() == "Basic dXM6cmlnaHQ="
    with pytest.raises(SignInRefused, match="name and password"):
        await signed_in.renew("Basic dXM6cmlnaHQ=")


async def test_a_given_token_is_used_as_it_is_and_cannot_be_renewed(tmp_path: Path) -> None:
    signed_in = Fixed(_settings(tmp_path, "token"), _store(tmp_path, token="abc"))
    assert await signed_in.header() == "Bearer abc"
    with pytest.raises(SignInExpired, match="stored token"):
        await signed_in.renew("Bearer abc")


@pytest.mark.parametrize("token", ["a b", "a\nb", "ä"])
async def test_a_token_that_cannot_stand_in_a_header_is_refused(tmp_path: Path, token: str) -> None:
    signed_in = Fixed(_settings(tmp_path, "token"), _store(tmp_path, token=token))
    with pytest.raises(SignInRefused, match="characters"):
        await signed_in.header()


@pytest.mark.parametrize("auth", ["basic", "token"])
async def test_nothing_stored_says_how_to_sign_in(tmp_path: Path, auth: str) -> None:
    with pytest.raises(SignInExpired, match="Nobody is signed in"):
        await Fixed(_settings(tmp_path, auth), _store(tmp_path)).header()


async def test_no_sign_in_is_no_header_until_the_node_wants_one(tmp_path: Path) -> None:
    signed_in = Fixed(_settings(tmp_path, "none"), _store(tmp_path))
    assert await signed_in.header() is None
    with pytest.raises(SignInRefused, match="none is configured"):
        await signed_in.renew(None)


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.W10.c", ""])
def test_a_token_that_says_nothing_about_its_bearer_is_no_trouble(token: str) -> None:
    assert claims_of(token) == {}


def test_claims_are_read_from_a_token() -> None:
    assert claims_of(jwt(sub="x"))["sub"] == "x"


def test_a_group_that_would_fill_the_screen_is_left_out() -> None:
    assert roles_of({"groups": [f"PROJECT-{'A' * 500_000}", "PROJECT-OK"]}) == ["project OK"]


def test_groups_of_an_odd_form_are_left_out() -> None:
    assert roles_of({"groups": "data-scientists", "realm_access": []}) == []


def test_a_prompt_says_what_it_is_for_where_there_are_two() -> None:
    prompt = SignInPrompt("https://issuer.example/device", "WXYZ-1234", 600.0, purpose="datasets")
    assert str(prompt).startswith("To sign in for datasets, open https://issuer.example/device in")


def test_a_prompt_reads_as_a_sentence() -> None:
    prompt = SignInPrompt("https://issuer.example/device", "WXYZ-1234", 600.0)
    assert str(prompt) == (
        "Open https://issuer.example/device in any browser and enter the code WXYZ-1234 "
        "within 10 minutes."
    )
