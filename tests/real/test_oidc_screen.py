"""The account's screen signs an operator in with a browser elsewhere, on both issuers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.real import oidc_provider
from tests.real.browser import Browser
from tests.real.issuers import RunningIssuer, certified, stand_in
from tests.real.signing import NODE, store_at, write_config
from tests.tui.driving import screen_name, settle, words
from transfer.accounts import read_account
from transfer.values import StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.screens.account import AccountScreen
from tui.screens.sign_in_browser import BrowserScreen

_PATIENCE_S = 120


@pytest.fixture(params=["stand-in", "certified"])
def issuer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningIssuer]:
    start: Callable[..., AbstractContextManager[RunningIssuer]] = stand_in
    if request.param == "certified":
        if reason := oidc_provider.missing_software():
            pytest.skip(reason)
        start = certified
    with start(tmp_path, device_clients=["qpinsights", "dataset-explorer"]) as running:
        yield running


async def _until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not is_so():
            await pilot.pause(0.05)


async def test_a_code_on_the_screen_confirmed_elsewhere_signs_the_operator_in(
    issuer: RunningIssuer, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    write_config(home.root, issuer)
    app = TransferApp(home)
    browser = Browser(issuer.ca_file)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.push_screen(AccountScreen("", node=NODE))
        await settle(pilot)
        await pilot.press("i")
        await _until(pilot, lambda: screen_name(app) == "Pick")
        await pilot.press("enter")
        for purpose in ("for images", "for datasets"):
            await _until(pilot, lambda purpose=purpose: purpose in words(app))  # type: ignore[misc]
            screen = app.screen
            assert isinstance(screen, BrowserScreen)
            # As somebody types it who has no phone to scan with: the short address and the code.
            whole, short = screen.addresses
            code = whole.rpartition("=")[2]
            assert code in words(app)
            await browser.go(short, user_code=code)
        await _until(pilot, lambda: screen_name(app) == "AccountScreen")
        await settle(pilot)
        assert "Signed in as ingester" in words(app)
    account = read_account(home, NODE)
    assert (account.state, account.username) == (StepState.DONE, "ingester")
    assert [str(right) for right in account.rights if right.is_given] == [
        "may upload images and clinical data",
        "may upload to project SANDBOX",
        "may use the node as a validated account",
        "may create datasets",
    ]
    store = store_at(home.root)
    assert None not in (store.get(f"{NODE}.token"), store.get(f"{NODE}.datasets.token"))
