"""The sign-in dialogue, by keys, against running issuers: the stand-in's and a certified one."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from adapters.sandbox.server import Options, Sandbox, in_thread
from adapters.secrets import SecretStore
from tests.adapters.tls_server import server_context
from tests.adapters.xnat.scripted import running as xnat_running
from tests.certificates import Authority
from tests.real import oidc_provider
from tests.real.browser import Browser
from tests.real.issuers import RunningIssuer, StandIn, certified
from tests.real.signing import NODE, write_config
from tests.tui.driving import (
    PATIENCE_S,
    FixedDayApp,
    KnownSource,
    known,
    press,
    running,
    settle,
    until,
    words,
)
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import fill, make_ledger, set_runner, set_state
from tests.tui.raster import decode, needs_decoder
from transfer.accounts import read_account
from transfer.values import StepState
from transfer.workspace import Home
from tui.app import TransferApp
from tui.screens.account import AccountScreen
from tui.widgets.qr import QrCode

# From a transfer's journey, whatever the step it opens at.
TO_UPLOAD = ("end", "up", "up", "enter")
BOTH = ("qpinsights", "dataset-explorer")


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EUCAIM_TRANSFER_PASSWORD", "CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with in_thread(Options(device_clients=BOTH, device_interval_s=1.0)) as made:
        yield made
        assert list(made.crashes) == []


@pytest.fixture
def issuer(sandbox: Sandbox) -> StandIn:
    return StandIn(sandbox)


def waiting_transfer(home: Home, node: str = NODE) -> None:
    """A transfer whose upload ended because nobody was signed in."""
    workspace = make_ledger(home, "locked", node=node)
    fill(workspace, [("CT", 20, 0, 0, 0)])
    set_runner(workspace, pid=None, exit_code=5, message="Nobody is signed in to this node.")
    set_state(workspace, "upload", StepState.WAITING, "waiting: sign in")


def app_of(home: Home) -> TransferApp:
    return FixedDayApp(home, source=KnownSource(home))


async def open_account(pilot: Pilot[Any], transfer: str = "", node: str = NODE) -> None:
    await pilot.app.push_screen(AccountScreen(transfer, node=node))
    await settle(pilot)


async def paste(pilot: Pilot[Any], text: str) -> None:
    """What a terminal with bracketed paste sends."""
    assert isinstance(pilot.app.focused, Input)
    pilot.app.focused.post_message(events.Paste(text))
    await settle(pilot)


def said(app: TransferApp) -> str:
    """Everything that the frontmost screen says, however it is broken into lines."""
    return " ".join(words(app).split())


def is_done(home: Home, node: str = NODE) -> Callable[[], bool]:
    return lambda: read_account(home, node).state is StepState.DONE


def stored(home: Home) -> SecretStore:
    return SecretStore(home.root, environ={}, keyring=lambda: None)


# By name and password


async def test_name_and_password_give_two_tokens_and_the_password_is_kept_nowhere(
    home: Home, issuer: StandIn
) -> None:
    write_config(home.root, issuer, auth="password", username="")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", *"ingester", "enter")
        await paste(pilot, "ingester")
        await press(pilot, "enter")
        await until(pilot, lambda: front(app) == "AccountScreen" and "Signed in as" in said(app))
        assert "✓ Signed in as ingester since" in said(app)
        assert "kept in a file that only this account can read" in said(app)
    assert stored(home).get(f"{NODE}.token")
    assert stored(home).get(f"{NODE}.datasets.token")
    assert stored(home).get(f"{NODE}.password") is None
    assert stored(home).get(f"{NODE}.username") == "ingester"
    assert issuer.counts().sign_ins == 2
    assert "may create datasets" in [str(r) for r in read_account(home, NODE).rights]


async def test_a_refused_password_leaves_the_field_and_is_sent_once(
    home: Home, issuer: StandIn
) -> None:
    """Accounts get locked after ten refusals: none comes from the program's own doing."""
    write_config(home.root, issuer, auth="password")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", *"wrong", "enter")
        await until(pilot, lambda: front(app) == "FailureScreen")
        assert "The node does not accept this name and password." in said(app)
        assert "the sign-in that was there stays as it is" in said(app)
        await press(pilot, "enter")
        assert front(app) == "PasswordScreen"
        field = app.screen.query_one("#password", Input)
        assert field.value == ""
        assert field.has_focus
        # The dialogue is still there for the right one.
        await press(pilot, *"ingester", "enter")
        await until(pilot, is_done(home))
    assert issuer.counts().sign_in_failures == 1


async def test_a_password_is_masked_and_goes_to_no_clipboard(home: Home, issuer: StandIn) -> None:
    write_config(home.root, issuer, auth="password")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", *"hush")
        picture = app.export_screenshot()
        await press(pilot, "shift+home", "ctrl+c")
        assert app.clipboard == ""
        await press(pilot, "escape", "escape")
        assert front(app) == "AccountScreen"
    assert "••••" in picture
    assert "hush" not in picture
    assert issuer.counts().sign_in_failures == 0


async def test_an_empty_field_is_told_and_nothing_is_sent(home: Home, issuer: StandIn) -> None:
    write_config(home.root, issuer, auth="password")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", "enter")
        assert "The password is missing." in said(app)
    assert issuer.counts() == (0, 0, 0)


async def test_a_password_of_the_environment_goes_first_and_the_dialogue_says_so(
    home: Home, issuer: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EUCAIM_TRANSFER_PASSWORD", "ingester")
    write_config(home.root, issuer, auth="password")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter")
        assert "There is a password already" in said(app)
        await press(pilot, *"another", "enter")
        await until(pilot, lambda: front(app) == "FailureScreen")
        assert "goes before what is typed" in said(app)
        await press(pilot, "enter", "enter")
        await until(pilot, is_done(home))
    assert issuer.counts().sign_in_failures == 0


# httpcore leaves the socket of a handshake that was given up to the garbage collector.
@pytest.mark.filterwarnings("ignore:.*unclosed.*:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_escape_gives_up_a_sign_in_that_gets_no_answer(home: Home, issuer: StandIn) -> None:
    """A server that takes the connection and says nothing must not hold the program."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/realm"
        write_config(home.root, issuer, auth="password", issuer_url=url)
        app = app_of(home)
        async with asyncio.timeout(PATIENCE_S):
            async with running(app) as pilot:
                await open_account(pilot)
                await press(pilot, "i", "enter", *"ingester", "enter")
                assert "Asking the node…" in said(app)
                # Only then has the sign-in come as far as the server.
                silent.settimeout(PATIENCE_S)
                taken, _ = await asyncio.to_thread(silent.accept)
                with taken:
                    await press(pilot, "escape", "escape")
                    assert front(app) in ("AccountScreen", "Pick")
    assert read_account(home, NODE).state is StepState.TODO
    gc.collect()


async def test_the_account_comes_before_the_address_that_the_images_need(
    home: Home, issuer: StandIn
) -> None:
    """The helpdesk tells the DICOMweb address by the ticket of step 6; this is step 5."""
    write_config(home.root, issuer, auth="password", dicomweb_url="")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        assert "Before the first upload: The node's DICOMweb address is not known." in said(app)
        await press(pilot, "i", "enter", *"ingester", "enter")
        await until(pilot, is_done(home))
    assert stored(home).get(f"{NODE}.token")


# With a browser on another device


@pytest.fixture(params=["stand-in", "certified"])
def device_issuer(
    request: pytest.FixtureRequest, tmp_path: Path, issuer: StandIn
) -> Iterator[RunningIssuer]:
    if request.param == "stand-in":
        yield issuer
        return
    if reason := oidc_provider.missing_software():
        pytest.skip(reason)
    with certified(tmp_path, device_clients=BOTH) as made:
        yield made


@needs_decoder
async def test_a_code_confirmed_in_a_browser_signs_in_and_the_screen_goes_on_by_itself(
    home: Home, device_issuer: RunningIssuer, tmp_path: Path
) -> None:
    """The address comes out of the picture on the screen, as a phone would read it."""
    write_config(home.root, device_issuer)
    app = app_of(home)
    browser = Browser(device_issuer.ca_file)
    confirmed: list[str] = []
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter")
        for _ in BOTH:
            await until(pilot, lambda: _shown(app) not in ("", *confirmed))
            code = _shown(app)
            assert "left. This screen goes on by itself." in said(app)
            address = _read(app, tmp_path)
            await browser.go(address, user_code=code)
            confirmed.append(code)
        await until(pilot, lambda: front(app) == "AccountScreen")
        await until(pilot, lambda: "✓ Signed in as ingester" in said(app))
    assert len(set(confirmed)) == 2
    assert stored(home).get(f"{NODE}.token")
    assert stored(home).get(f"{NODE}.datasets.token")
    assert device_issuer.counts().sign_in_failures == 0


async def test_escape_ends_the_asking_and_a_later_confirmation_signs_nobody_in(
    home: Home, issuer: StandIn
) -> None:
    write_config(home.root, issuer)
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter")
        await until(pilot, lambda: _shown(app) != "")
        address = app.screen.addresses[0]  # type: ignore[attr-defined]
        await press(pilot, "escape")
        # Back at the choice of the way.
        assert "Username and password" in said(app)
        await press(pilot, "escape")
        assert front(app) == "AccountScreen"
        await Browser(issuer.ca_file).go(address)
        await until(pilot, lambda: not _under_way(app))
    assert read_account(home, NODE).state is StepState.TODO
    assert stored(home).get(f"{NODE}.token") is None


async def test_a_node_that_gives_no_codes_leads_back_to_the_other_ways(
    home: Home, issuer: StandIn
) -> None:
    """As the UPV node does today: the device grant is off for every client."""
    issuer.sandbox.issuer.devices.clients.clear()
    write_config(home.root, issuer)
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter")
        await until(pilot, lambda: front(app) == "FailureScreen")
        await press(pilot, "enter")
        assert "How do you want to sign in to n?" in said(app)
        await press(pilot, "down", "enter", *"ingester", "enter")
        await until(pilot, is_done(home))
    assert issuer.counts().sign_ins == 2


async def test_a_no_in_the_browser_is_told_and_a_new_code_can_be_asked_for(
    home: Home, issuer: StandIn
) -> None:
    write_config(home.root, issuer)
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter")
        await until(pilot, lambda: _shown(app) != "")
        first = _shown(app)
        await Browser(issuer.ca_file).go(app.screen.addresses[0], says_yes=False)  # type: ignore[attr-defined]
        await until(pilot, lambda: front(app) == "FailureScreen")
        assert "declined" in said(app)
        await press(pilot, "enter")
        assert "There is no code now." in said(app)
        await press(pilot, "enter")
        await until(pilot, lambda: _shown(app) not in ("", first))


# With a browser, and its last address pasted


async def test_the_pasted_address_signs_in_and_is_masked(home: Home, issuer: StandIn) -> None:
    write_config(home.root, issuer)
    app = app_of(home)
    browser = Browser(issuer.ca_file, stops_at=issuer.redirect_url(""))
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "end", "enter")
        seen: set[str] = set()
        for _ in BOTH:
            await until(pilot, lambda: bool(_addresses(app) - seen))
            address = next(iter(_addresses(app) - seen))
            seen.add(address)
            await paste(pilot, await browser.go(address))
            picture = app.export_screenshot()
            assert "••••" in picture
            assert "code=" not in picture.replace("code_challenge=", "").replace("&#160;", "")
            await press(pilot, "enter")
        await until(pilot, is_done(home))
    assert stored(home).get(f"{NODE}.datasets.token")


# From the upload


async def test_the_upload_goes_on_after_the_sign_in_with_the_token_alone(
    home: Home, issuer: StandIn
) -> None:
    write_config(home.root, issuer, auth="password")
    waiting_transfer(home)
    app = FixedDayApp(home, "locked", source=KnownSource(home))
    async with running(app) as pilot:
        await press(pilot, *TO_UPLOAD)
        assert front(app) == "UploadScreen"
        assert "Nobody is signed in to this node." in said(app)
        await press(pilot, "u", "enter", *"ingester", "enter")
        await until(pilot, lambda: bool(known(app).launched))
    assert known(app).launched == [("locked", "upload", None)]


async def test_whoever_signed_in_meanwhile_is_not_asked_again(home: Home, issuer: StandIn) -> None:
    write_config(home.root, issuer, auth="password")
    waiting_transfer(home)
    app = FixedDayApp(home, "locked", source=KnownSource(home))
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", *"ingester", "enter")
        await until(pilot, is_done(home))
        await press(pilot, "escape", *TO_UPLOAD, "u")
        await until(pilot, lambda: bool(known(app).launched))
    assert known(app).launched == [("locked", "upload", None)]


async def test_a_transfer_that_waited_can_go_on_from_the_account(
    home: Home, issuer: StandIn
) -> None:
    write_config(home.root, issuer, auth="password")
    waiting_transfer(home)
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot, "locked")
        await press(pilot, "i", "enter", *"ingester", "enter")
        await until(pilot, lambda: front(app) == "Question")
        assert "Go on with the upload of locked?" in said(app)
        assert known(app).launched == []
        await press(pilot, "right", "enter")
        await until(pilot, lambda: front(app) == "UploadScreen")
    assert known(app).launched == [("locked", "upload", None)]


async def test_other_transfers_that_waited_are_named(home: Home, issuer: StandIn) -> None:
    write_config(home.root, issuer, auth="password")
    waiting_transfer(home)
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i", "enter", *"ingester", "enter")
        await until(pilot, lambda: len(app._notifications) == 2)
        told = [n.message for n in app._notifications]
    assert told == [
        "Signed in as ingester.",
        "Waited for this sign-in: locked. Open it to go on.",
    ]


# On XNAT


def xnat_config(home: Home, sandbox: Sandbox) -> None:
    table = {
        "kind": "xnat",
        "url": sandbox.xnat_url,
        "ca_file": str(sandbox.ca_file),
        "username": "ingester",
    }
    lines = [f"[nodes.{NODE}]", *(f"{key} = {json.dumps(text)}" for key, text in table.items())]
    (home.root / "config.toml").write_text("\n".join(lines))


async def test_xnat_knows_the_password_alone_and_gives_a_token_for_it(
    home: Home, sandbox: Sandbox
) -> None:
    """Nor does a password stay that was stored before the site gave tokens."""
    xnat_config(home, sandbox)
    stored(home).put(f"{NODE}.password", "of last year")
    app = app_of(home)
    async with running(app) as pilot:
        await open_account(pilot)
        await press(pilot, "i")
        assert front(app) == "PasswordScreen"
        await press(pilot, *"ingester", "enter")
        await until(pilot, is_done(home))
    assert stored(home).get(f"{NODE}.token")
    assert stored(home).get(f"{NODE}.password") is None


async def test_without_a_token_the_runner_is_handed_the_password_and_it_is_not_stored(
    home: Home, tmp_path: Path
) -> None:
    """A site may give its accounts no alias tokens; then the upload needs the password itself."""
    authority = Authority(tmp_path / "ca")
    with xnat_running(home.root, authority.ca_file, server_context(authority.issue())) as site:
        site.xnat.gives_tokens = False
        site.settings()
        waiting_transfer(home)
        app = FixedDayApp(home, "locked", source=KnownSource(home))
        async with running(app) as pilot:
            await press(pilot, *TO_UPLOAD, "u", *"right", "enter")
            await until(pilot, lambda: bool(known(app).launched))
    assert known(app).launched == [("locked", "upload", "right")]
    assert stored(home).get(f"{NODE}.password") is None
    assert '"right"' not in "".join(f.read_text() for f in home.root.rglob("*.json"))


def _shown(app: TransferApp) -> str:
    """The code on the screen."""
    prompt = getattr(app.screen, "_prompt", None)
    return getattr(prompt, "code", "")


def _addresses(app: TransferApp) -> set[str]:
    return set(getattr(app.screen, "addresses", ()))


def _under_way(app: TransferApp) -> bool:
    return any(w.group == "signing-in" and w.is_running for w in app.workers)


def _read(app: TransferApp, folder: Path) -> str:
    """What a phone makes of the code on the screen."""
    code = app.screen.query_one(QrCode)
    lines = [
        "".join(s.style.render(s.text) if s.style else s.text for s in code.render_line(y))
        for y in range(code.size.height)
    ]
    (address,) = decode(lines, folder)
    return address
