"""Signing in, against the stand-in's issuer and against a certified one: the same for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from adapters.profiles import load_profiles
from adapters.upv import open_node
from adapters.upv.auth import datasets_of
from tests.real import oidc_provider
from tests.real.browser import Browser
from tests.real.issuers import RunningIssuer, certified, stand_in
from tests.real.running import ask, trusting_client
from tests.real.signing import NODE, Operator, process, store_at, write_config
from transfer.errors import SignInExpired, SignInRefused

BOTH = ("qpinsights", "dataset-explorer")


class Serve(Protocol):
    """Starts an issuer with wishes of the test's own."""

    def __call__(self, **wishes: object) -> AbstractContextManager[RunningIssuer]: ...


@pytest.fixture(params=["stand-in", "certified"])
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Serve:
    start: Callable[..., AbstractContextManager[RunningIssuer]] = stand_in
    if request.param == "certified":
        if reason := oidc_provider.missing_software():
            pytest.skip(reason)
        start = certified

    def served(**wishes: object) -> AbstractContextManager[RunningIssuer]:
        return start(tmp_path, **wishes)

    return served


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def _operator(issuer: RunningIssuer, **changes: object) -> Operator:
    browser = Browser(issuer.ca_file, stops_at=issuer.redirect_url(""))
    return Operator(browser, **changes)  # type: ignore[arg-type]


def _is_alive(issuer: RunningIssuer, refresh: str, client_id: str) -> bool:
    found = ask(issuer.ca_file, f"{issuer.issuer_url}/.well-known/openid-configuration")
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": client_id}
    with httpx.Client(verify=trusting_client(issuer.ca_file), trust_env=False) as http:
        answer = http.post(found["token_endpoint"], data=form)
    return answer.status_code == 200


# By name and password


async def test_one_password_gives_a_token_for_images_and_one_for_datasets(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        async with process(home, store_at(home, "ingester")) as signed_in:
            identity = await signed_in.identity()
            datasets = datasets_of(signed_in)
            assert datasets is not None
            images, other = await signed_in.header(), await datasets.header()
            issuer.check_bearer(str(images), "qpinsights-backend")
            issuer.check_bearer(str(other), "dataset-service")
        assert identity.username == "ingester"
        assert issuer.counts() == (2, 0, 0)
        store = store_at(home)
        assert _is_alive(issuer, str(store.get("n.token")), "qpinsights")
        assert _is_alive(issuer, str(store.get("n.datasets.token")), "dataset-explorer")
        assert store.get("n.password") is None


async def test_what_the_token_allows_is_said_in_words(serve: Serve, home: Path) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        async with process(home, store_at(home, "ingester")) as signed_in:
            rights = (await signed_in.identity()).rights
    assert [str(right) for right in rights] == [
        "may upload images and clinical data",
        "may upload to project SANDBOX",
        "may use the node as a validated account",
        "may create datasets",
    ]


async def test_each_missing_role_names_the_ticket_that_asks_for_it(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer, username="newcomer")
        async with process(home, store_at(home, "newcomer")) as signed_in:
            rights = (await signed_in.identity()).rights
    assert [(str(right), right.ticket) for right in rights if not right.is_given] == [
        ("may not upload images and clinical data", "role"),
        ("may not upload to project SANDBOX", "role"),
        ("may not create datasets", "role"),
    ]
    assert all(right.remedy for right in rights if not right.is_given)


async def test_a_wrong_password_is_sent_once_for_both_clients_together(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        async with process(home, store_at(home, "wrong")) as signed_in:
            for _ in range(2):
                with pytest.raises(SignInRefused, match="name and password"):
                    await signed_in.identity()
            datasets = datasets_of(signed_in)
            assert datasets is not None
            with pytest.raises(SignInRefused, match="name and password"):
                await datasets.header()
        assert issuer.counts() == (0, 1, 0)


# By a code in the browser


async def test_a_person_confirms_one_code_for_images_and_one_for_datasets(
    serve: Serve, home: Path
) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer)
        operator = _operator(issuer)
        async with process(home, store_at(home), operator) as signed_in:
            identity = await signed_in.identity()
        assert identity.username == "ingester"
        assert [prompt.purpose for prompt in operator.prompts] == ["images", "datasets"]
        for prompt in operator.prompts:
            assert prompt.code in prompt.address
            assert prompt.code not in prompt.short_address
            assert prompt.expires_in_s == 600
        store = store_at(home)
        assert _is_alive(issuer, str(store.get("n.token")), "qpinsights")
        assert _is_alive(issuer, str(store.get("n.datasets.token")), "dataset-explorer")


async def test_who_is_told_to_slow_down_waits_five_seconds_longer(serve: Serve, home: Path) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer, dataset_service_url="")
        operator = Impatience(_operator(issuer).browser, issuer=issuer)
        async with process(home, store_at(home), operator) as signed_in:
            assert await signed_in.header() is not None
    assert operator.naps == [5.0, 5.0, 10.0, 15.0]


@dataclass
class Impatience(Operator):
    """The issuer finds every second question too early until the person has confirmed."""

    issuer: RunningIssuer | None = None

    async def think(self) -> None:
        assert self.issuer is not None
        is_time = len(self.naps) == 4
        self.issuer.demand_interval(0.0 if is_time else 3600.0)
        if is_time:
            await super().think()


async def test_a_code_that_nobody_confirms_runs_out(serve: Serve, home: Path) -> None:
    """By the issuer's clock; ours stands still here."""
    with serve(device_clients=BOTH, device_s=1) as issuer:
        write_config(home, issuer)
        operator = Dawdling(_operator(issuer).browser, is_slow=True)
        async with process(home, store_at(home), operator) as signed_in:
            with pytest.raises(SignInExpired, match=r"in time|too late"):
                await signed_in.header()
    assert operator.open_prompts == 0


@dataclass
class Dawdling(Operator):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.1)


async def test_a_code_runs_out_by_our_own_clock_too(serve: Serve, home: Path) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, is_slow=True)
        async with process(home, store_at(home), operator) as signed_in:
            with pytest.raises(SignInExpired, match="in time"):
                await signed_in.header()
    assert sum(operator.naps) == 600
    assert operator.open_prompts == 0


async def test_a_person_who_says_no_is_believed(serve: Serve, home: Path) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, says_yes=False)
        async with process(home, store_at(home), operator) as signed_in:
            for _ in range(2):
                with pytest.raises(SignInRefused, match="declined"):
                    await signed_in.identity()
    assert len(operator.prompts) == 1


async def test_a_browser_sign_in_can_be_given_up_at_any_moment(serve: Serve, home: Path) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer)
        operator = Waiting(_operator(issuer).browser)
        async with process(home, store_at(home), operator) as signed_in:
            task = asyncio.create_task(signed_in.identity())
            await operator.is_waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
    assert operator.open_prompts == 0


class Waiting(Operator):
    def __init__(self, browser: Browser) -> None:
        super().__init__(browser)
        self.is_waiting = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.is_waiting.set()
        await asyncio.Event().wait()


async def test_without_the_device_grant_the_password_serves(serve: Serve, home: Path) -> None:
    """So it is on the node today: no client may use it."""
    with serve() as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, way="any")
        async with process(home, store_at(home, "ingester"), operator) as signed_in:
            assert (await signed_in.identity()).username == "ingester"
        assert operator.prompts == []
        assert issuer.counts() == (2, 0, 0)


async def test_without_the_device_grant_and_without_a_password_the_person_hears_why(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        async with process(home, store_at(home), _operator(issuer)) as signed_in:
            with pytest.raises(SignInRefused, match="by a code in the browser") as refused:
                await signed_in.identity()
    assert "Add a password" in refused.value.remedy


async def test_images_go_when_only_the_sign_in_for_datasets_fails(serve: Serve, home: Path) -> None:
    with serve(device_clients=["qpinsights"]) as issuer:
        write_config(home, issuer)
        operator = _operator(issuer)
        async with process(home, store_at(home), operator) as signed_in:
            rights = (await signed_in.identity()).rights
            assert await signed_in.header() is not None
    assert rights[0].is_given
    assert str(rights[-1]) == (
        "may not create datasets with this sign-in, while images still go: the node does not let "
        "this program sign in by a code in the browser"
    )


# By pasting an address


async def test_a_pasted_address_signs_in_though_a_terminal_broke_its_lines(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, way="paste")
        async with process(home, store_at(home), operator) as signed_in:
            assert (await signed_in.identity()).username == "ingester"
        assert [prompt.purpose for prompt in operator.pastes] == ["images", "datasets"]
        assert all("code_challenge_method=S256" in p.address for p in operator.pastes)
        store = store_at(home)
        assert _is_alive(issuer, str(store.get("n.token")), "qpinsights")
        assert _is_alive(issuer, str(store.get("n.datasets.token")), "dataset-explorer")


async def test_a_no_in_the_pasted_address_is_put_in_words(serve: Serve, home: Path) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, way="paste", says_yes=False)
        async with process(home, store_at(home), operator) as signed_in:
            with pytest.raises(SignInRefused, match="declined"):
                await signed_in.identity()


async def test_an_address_of_another_sign_in_is_refused(serve: Serve, home: Path) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        first, second = _operator(issuer, way="paste"), Mistaken(_operator(issuer).browser)
        async with process(home, store_at(home), first) as signed_in:
            await signed_in.header()
        second.way, second.pastes = "paste", first.pastes
        write_config(home / "second", issuer)
        async with process(home / "second", store_at(home / "second"), second) as other:
            with pytest.raises(SignInRefused, match="another sign-in"):
                await other.header()


@dataclass
class Mistaken(Operator):
    """Opens the address that an earlier sign-in had shown."""

    async def paste(self, prompt: object) -> str:
        return await self._go(self.pastes[0].address)


async def test_without_a_redirect_address_for_images_pasting_says_what_to_configure(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer, paste_redirect_url="")
        async with process(home, store_at(home), _operator(issuer, way="paste")) as signed_in:
            with pytest.raises(SignInRefused, match="For images it is not known") as refused:
                await signed_in.identity()
    assert "paste_redirect_url of [nodes.n]" in refused.value.remedy


async def test_where_pasting_is_switched_on_it_is_the_last_way_left(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer, auth="password")
        operator = _operator(issuer, way="any")
        async with process(home, store_at(home), operator) as signed_in:
            await signed_in.identity()
    assert (len(operator.prompts), len(operator.pastes)) == (0, 2)


async def test_who_wants_to_type_a_password_is_shown_no_code(serve: Serve, home: Path) -> None:
    with serve(device_clients=BOTH) as issuer:
        write_config(home, issuer)
        operator = _operator(issuer, way="password")
        async with process(home, store_at(home, "ingester"), operator) as signed_in:
            await signed_in.identity()
    assert operator.prompts == []


# Staying signed in


async def test_a_token_is_renewed_before_it_ends(serve: Serve, home: Path) -> None:
    with serve() as issuer:
        write_config(home, issuer, dataset_service_url="")
        operator = _operator(issuer, way="password")
        async with process(home, store_at(home, "ingester"), operator) as signed_in:
            first = await signed_in.header()
            operator.now += 239
            assert await signed_in.header() == first
            operator.now += 2
            second = await signed_in.header()
        assert second != first
        issuer.check_bearer(str(second), "qpinsights-backend")
        assert issuer.counts() == (1, 0, 1)


@pytest.mark.parametrize("rotates", [True, False])
async def test_processes_that_share_a_store_renew_one_after_the_other(
    serve: Serve, home: Path, rotates: bool
) -> None:
    """Where tokens rotate, showing a used one ends the session of all of them."""
    with serve(rotates=rotates) as issuer:
        write_config(home, issuer, dataset_service_url="")
        async with process(home, store_at(home, "ingester")) as first:
            await first.header()
        clock = _operator(issuer, way="password")
        async with (
            process(home, store_at(home), clock) as runner,
            process(home, store_at(home), clock) as screen,
            process(home, store_at(home), clock) as doctor,
        ):
            for _ in range(4):
                clock.now += 290
                headers = await asyncio.gather(runner.header(), screen.header(), doctor.header())
                assert None not in headers
        assert issuer.counts() == (1, 0, 12)
        assert _is_alive(issuer, str(store_at(home).get("n.token")), "qpinsights")


async def test_a_revoked_session_asks_again_and_its_token_is_forgotten(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer, dataset_service_url="")
        async with process(home, store_at(home, "ingester")) as signed_in:
            await signed_in.header()
        store = store_at(home)
        issuer.revoke(str(store.get("n.token")), "qpinsights")
        async with process(home, store) as runner:
            with pytest.raises(SignInExpired, match="has run out, or was revoked") as expired:
                await runner.header()
        assert "login n" in expired.value.remedy
        assert store.get("n.token") is None
        async with process(home, store_at(home, "ingester")) as again:
            assert await again.header() is not None


async def test_signing_out_ends_both_sessions_on_the_node_and_leaves_nothing(
    serve: Serve, home: Path
) -> None:
    with serve() as issuer:
        write_config(home, issuer)
        async with process(home, store_at(home, "ingester")) as signed_in:
            await signed_in.identity()
        store = store_at(home)
        images, datasets = str(store.get("n.token")), str(store.get("n.datasets.token"))
        node = open_node(load_profiles(home)[NODE], store, home=home)
        await node.sign_out()
        await node.aclose()
        assert not _is_alive(issuer, images, "qpinsights")
        assert not _is_alive(issuer, datasets, "dataset-explorer")
        assert (store.get("n.token"), store.get("n.datasets.token")) == (None, None)
