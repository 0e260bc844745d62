"""Step 5 on the screen: what to do for an account, its links, and how far it is."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest
from textual.pilot import Pilot

from adapters.signin import PastePrompt, SignInPrompt
from tests.program import Program
from tests.tui.driving import (
    FixedDayApp,
    KnownSource,
    crumbs,
    keys,
    make_app,
    now,
    press,
    running,
    settle,
    words,
)
from tests.tui.driving import screen_name as front
from tests.tui.ledgers import configure_upv, make_ledger
from tests.tui.raster import decode, needs_decoder
from tests.tui.terminal import Terminal
from transfer.accounts import asked_for, read_account, signed_in
from transfer.node import Identity, Right
from transfer.values import StepState
from transfer.workspace import Home
from tui.accounts import Accounts, Link
from tui.app import TransferApp
from tui.screens.account import AccountScreen
from tui.screens.account_link import LinkScreen
from tui.screens.sign_in import Asked, Attempting
from tui.screens.sign_in_browser import BrowserScreen
from tui.screens.sign_in_password import PasswordScreen
from tui.screens.sign_in_paste import PasteScreen
from tui.widgets.link import linked
from tui.widgets.qr import QrCode

NODE_PAGE = "https://eucaim-node.i3m.upv.es/"
REALM = f"{NODE_PAGE}auth/realms/EUCAIM-NODE"
CODE = SignInPrompt(
    f"{REALM}/device?user_code=BCDF-GHJK", "BCDF-GHJK", 600.0, f"{REALM}/device", "images"
)
PASTE = PastePrompt(
    f"{REALM}/protocol/openid-connect/auth?response_type=code&client_id=qpinsights"
    "&redirect_uri=https%3A%2F%2Feucaim-node.i3m.upv.es%2Fback&scope=openid+offline_access"
    "&state=0123456789abcdef0123456789abcdef&code_challenge=0123456789abcdef0123456789abcdef"
    "&code_challenge_method=S256",
    60.0,
    "datasets",
)
RIGHTS = (
    Right("upload images and clinical data", True),
    Right("upload to project LUNG", None),
    Right(
        "create datasets",
        False,
        "Ask the node's support for the role Dataset manager; the ticket says which account.",
        "role",
    ),
)


@pytest.fixture(autouse=True)
def _same_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    for name in ("EUCAIM_TRANSFER_PASSWORD", "CREDENTIALS_DIRECTORY", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(name, raising=False)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def prepared(home: Home) -> Home:
    configure_upv(home)
    make_ledger(home, "lung-2024")
    return home


async def open_account(app: TransferApp, pilot: Pilot[Any]) -> None:
    await app.push_screen(AccountScreen("lung-2024"))
    await settle(pilot)


async def test_each_thing_to_do_has_its_number_and_the_links_stand_below(home: Home) -> None:
    app = make_app(prepared(home))
    async with running(app) as pilot:
        await open_account(app, pilot)
        said = words(app)
        assert "○ No account is known here yet." in said
        assert "1  Register on the node through LS-AAI." in said
        assert "2  Ask there for the role Data ingester, and for Dataset manager" in said
        assert NODE_PAGE in said
        assert "https://dashboard.eucaim.cancerimage.eu" in said
        assert "Nobody is signed in on this node." in now(app)
        assert "○ to do" in crumbs(app)


async def test_the_journey_opens_the_account(home: Home) -> None:
    make_ledger(prepared(home), "other")
    app = make_app(home, "lung-2024")
    async with running(app) as pilot:
        await press(pilot, "home", "down", "enter")
        assert front(app) == "AccountScreen"


async def test_the_account_is_there_before_the_first_transfer(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "n", "end", "a")
        assert front(app) == "AccountScreen"
        assert "No account is known here yet." in words(app)


async def test_a_missing_site_id_is_told_and_has_its_ticket(home: Home) -> None:
    app = make_app(prepared(home))
    async with running(app) as pilot:
        await open_account(app, pilot)
        assert "Your institution's SITE ID is missing: see the dashboard." in words(app)
        await press(pilot, "t")
        assert front(app) == "TicketScreen"


async def test_a_node_outside_eucaim_asks_for_no_site_id(home: Home) -> None:
    (home.config_folder / "config.toml").write_text(
        '[nodes.mine]\nkind = "xnat"\nurl = "https://xnat.example"\n'
    )
    make_ledger(home, "lung-2024", node="mine")
    app = make_app(home)
    async with running(app) as pilot:
        await open_account(app, pilot)
        assert "SITE ID is missing" not in words(app)
        assert "SITE ID" not in keys(app)


async def test_what_was_asked_for_is_recorded_with_who_and_since_when(home: Home) -> None:
    app = make_app(prepared(home))
    async with running(app) as pilot:
        await open_account(app, pilot)
        await press(pilot, "a", *"Ada B", "enter")
        assert "… Asked for by Ada B since " in words(app)
        assert "… waiting" in crumbs(app)
    account = read_account(home, "upv")
    assert (account.state, account.person) == (StepState.WAITING, "Ada B")


async def test_after_48_hours_without_an_answer_it_says_whom_to_ask(home: Home) -> None:
    asked_for(prepared(home), "upv", "Ada B", "Asked.", since_utc="2026-03-11T06:00:00Z")
    app = make_app(home)
    async with running(app) as pilot:
        await open_account(app, pilot)
        hours = _hours_since("2026-03-11T06:00:00+00:00", app)
        assert f"No answer for {hours} hours: ask the node's support, or open a ticket." in words(
            app
        )
        assert f"No answer for {hours} hours" in now(app)


async def test_rights_are_said_in_words_and_a_missing_one_opens_its_ticket(home: Home) -> None:
    signed_in(prepared(home), "upv", Identity("ada-b", ("Data ingester",), RIGHTS))
    app = make_app(home)
    async with running(app) as pilot:
        await open_account(app, pilot)
        assert "✓ Signed in as ada-b since " in words(app)
        assert "The account lacks a right." in now(app)
        await press(pilot, "v")
        said = words(app).splitlines()
        assert "Roles: Data ingester" in said
        # What is missing comes first, and with it what to do.
        assert [line[:2] for line in said if line[2:5] == "may"] == ["✗ ", "· ", "✓ "]
        assert "✗ may not create datasets" in said
        assert "· may perhaps upload to project LUNG" in said
        assert "Ask the node's support for the role Dataset manager" in words(app)
        await press(pilot, "t")
        assert front(app) == "TicketScreen"
        await press(pilot, "escape", "down")
        assert "Ticket" not in keys(app)


async def test_signing_out_asks_first_and_forgets_what_is_stored(home: Home) -> None:
    from adapters.secrets import SecretStore

    signed_in(prepared(home), "upv", Identity("ada-b"))
    SecretStore(home.root, environ={}, keyring=lambda: None).put("upv.username", "ada-b")
    app = make_app(home)
    async with running(app) as pilot:
        await open_account(app, pilot)
        await press(pilot, "o", "enter")
        assert read_account(home, "upv").state is StepState.DONE
        await press(pilot, "o", "right", "enter")
        await settle(pilot)
        assert "○ Signed out." in words(app)
    assert read_account(home, "upv").state is StepState.TODO
    store = SecretStore(home.root, environ={}, keyring=lambda: None)
    assert store.get("upv.username") is None


async def test_an_address_is_shown_whole_and_copied_by_a_key(home: Home) -> None:
    app = make_app(prepared(home))
    async with running(app) as pilot:
        await open_account(app, pilot)
        await press(pilot, "enter")
        assert front(app) == "LinkScreen"
        assert NODE_PAGE in words(app)
        await press(pilot, "c")
        assert app.clipboard == NODE_PAGE
        assert [n.message for n in app._notifications] == [
            "The address was copied, if your terminal allows it."
        ]


async def test_a_code_that_does_not_fit_is_told_and_the_address_stays(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await app.push_screen(LinkScreen(Link("A page", CODE.address)))
        await settle(pilot)
        assert app.screen.query_one(QrCode).display
        await press(pilot, "a")
        assert not app.screen.query_one(QrCode).display
        said = " ".join(words(app).split())
        assert "The QR code needs 82 columns and 41 lines; here are 45 and 24" in said
        await pilot.resize_terminal(140, 50)
        await settle(pilot)
        assert app.screen.query_one(QrCode).display


@needs_decoder
@pytest.mark.parametrize("theme", ["quiet", "terminal"])
async def test_a_code_is_dark_on_light_in_every_theme(
    home: Home, theme: str, tmp_path: Path
) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        app.theme = theme
        await app.push_screen(LinkScreen(Link("A page", CODE.address)))
        await settle(pilot)
        code = app.screen.query_one(QrCode)
        lines = [
            "".join(s.style.render(s.text) if s.style else s.text for s in code.render_line(y))
            for y in range(code.size.height)
        ]
    assert decode(lines, tmp_path) == [CODE.address]
    assert decode(lines, tmp_path, on_light=True) == [CODE.address]


@pytest.mark.parametrize(
    "address",
    ["http://node.example/", "javascript:alert(1)", "https://node.example/\x1b]8;;x", "https:// x"],
)
def test_what_is_no_address_for_a_browser_is_text_and_nothing_else(address: str) -> None:
    content = linked(address, address)
    assert all(getattr(span.style, "link", None) is None for span in content.spans)
    assert "\x1b" not in content.plain


def test_an_address_opens_by_osc_8_and_is_copied_by_osc_52(home: Home) -> None:
    """The bytes on the line of a real terminal."""
    make_ledger(prepared(home), "other")
    with Terminal(home, "lung-2024") as terminal:
        terminal.read_until("Account and sign-in")
        terminal.type(b"\x1b[H\x1b[B\r")
        terminal.read_until("Register on the node")
        terminal.read_until(f";{NODE_PAGE}\x1b\\")
        terminal.type(b"c")
        wanted = base64.b64encode(NODE_PAGE.encode()).decode()
        terminal.read_until(f"\x1b]52;c;{wanted}\x07")
        terminal.type(b"\x11")
        assert terminal.end() == 0


@needs_decoder
@pytest.mark.parametrize(
    "environ",
    [{"COLORTERM": "truecolor"}, {"NO_COLOR": "1"}, {"TERM": "screen", "COLORTERM": ""}],
    ids=["colours", "no-color", "16-colours"],
)
def test_in_a_real_terminal_a_code_can_be_read_off_the_screen(
    home: Home, environ: dict[str, str], tmp_path: Path
) -> None:
    """tmux keeps the screen as any terminal would; what it shows is given to the decoder."""
    make_ledger(prepared(home), "other")
    server = ["tmux", "-L", f"qr-{os.getpid()}", "-f", "/dev/null"]
    settings = {"PYTHONPATH": os.getcwd(), "LANG": "C.UTF-8", "EUCAIM_TRANSFER_HOME": home.root}
    program = [sys.executable, "-c", _SHOW]
    told = [f"{name}={value}" for name, value in {**settings, **environ}.items()]
    try:
        subprocess.run(
            [*server, "new-session", "-d", "-x", "80", "-y", "24", "env", *told, *program],
            check=True,
        )
        capture = [*server, "capture-pane", "-p", "-e", "-N"]
        deadline = time.monotonic() + 30.0
        found: list[str] = []
        while not found and time.monotonic() < deadline:
            screen = subprocess.run(capture, capture_output=True, text=True, check=True).stdout
            found = decode(screen.splitlines(), tmp_path) if "A page" in screen else []
    finally:
        subprocess.run([*server, "kill-server"], check=False)
    assert found == [CODE.address]


_SHOW = f"""
from transfer.workspace import Home
from tui.app import TransferApp
from tui.accounts import Link
from tui.screens.account_link import LinkScreen
class Shows(TransferApp):
    def on_mount(self):
        self.call_later(self.push_screen, LinkScreen(Link("A page", {CODE.address!r})))
Shows(Home.find()).run(mouse=False)
"""


# The same by command


def test_the_command_says_what_to_do_and_where(tmp_path: Path) -> None:
    ran = Program(tmp_path).good("account", "upv")
    said = ran.out.splitlines()
    assert said[:3] == [
        "Account and sign-in on upv",
        "No account is known here yet.",
        "  1. Register on the node through LS-AAI.",
    ]
    assert "Sign in with: eucaim-transfer login upv" in said
    assert f"The node itself: {NODE_PAGE}" in said


def test_the_command_records_that_the_account_was_asked_for(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.good("account", "health-ri", "--asked", "--by", "Ada B")
    document = program.good("account", "health-ri", "--json").document
    assert (document["state"], document["person"]) == ("waiting", "Ada B")
    assert document["ways"] == ["password"]
    assert document["links"][0]["address"] == "https://xnat.health-ri.nl"


def test_whoever_says_asked_says_who(tmp_path: Path) -> None:
    ran = Program(tmp_path).run("account", "upv", "--asked")
    assert ran.code == 2
    assert ran.complaint == [
        "eucaim-transfer: Who asked for the account?",
        "  what to do: eucaim-transfer account upv --asked --by PERSON",
    ]


@needs_decoder
@pytest.mark.parametrize("form", [["--qr"], ["--qr", "--ascii"]], ids=["blocks", "ascii"])
def test_the_command_draws_each_address_for_a_phone(form: list[str], tmp_path: Path) -> None:
    program = Program(tmp_path, {"PYTHONIOENCODING": "utf-8"})
    ran = program.good("account", "upv", *form)
    links = program.good("account", "upv", "--json").document["links"]
    drawn = [line for line in ran.out.splitlines() if not line.strip(" █▀▄#")]
    assert decode(drawn, tmp_path, on_light=True) == [link["address"] for link in reversed(links)]


# How it looks


class SnapCompare(Protocol):
    """What the snapshot plugin hands over."""

    def __call__(self, app: TransferApp, **options: Any) -> bool: ...


Go = Callable[[TransferApp, Pilot[Any]], Any]


async def _nothing(app: TransferApp, pilot: Pilot[Any]) -> None:
    return


def _asked_for(home: Home) -> None:
    asked_for(home, "upv", "Ada B", "Asked.", since_utc="2026-03-11T06:00:00Z")


def _signed_in(home: Home) -> None:
    signed_in(home, "upv", Identity("ada-b", ("Data ingester",), RIGHTS))
    file = home.root / "accounts" / "upv.json"
    text = file.read_text()
    since = read_account(home, "upv").since_utc
    file.write_text(text.replace(since, "2026-03-14T08:05:00.000Z"))


def _still(screen: Attempting[Any]) -> Attempting[Any]:
    """A sign-in that gets no further than the prompt it is given."""
    screen.is_trying = True
    screen.__dict__["begin"] = lambda *rest, **more: None
    return screen


async def _browser(app: TransferApp, pilot: Pilot[Any]) -> None:
    view = Accounts(app.home).of_node("upv")
    await app.push_screen(_still(BrowserScreen(view, clock=lambda: 0.0)))
    app.screen.post_message(Asked(CODE))


async def _paste(app: TransferApp, pilot: Pilot[Any]) -> None:
    await app.push_screen(_still(PasteScreen(Accounts(app.home).of_node("upv"))))
    app.screen.post_message(Asked(PASTE))


async def _password(app: TransferApp, pilot: Pilot[Any]) -> None:
    view = replace(Accounts(app.home).of_node("upv"), username="ada-b")
    await app.push_screen(PasswordScreen(view))


async def _rights(app: TransferApp, pilot: Pilot[Any]) -> None:
    await press(pilot, "v")


async def _way(app: TransferApp, pilot: Pilot[Any]) -> None:
    await press(pilot, "i")


async def _link(app: TransferApp, pilot: Pilot[Any]) -> None:
    await press(pilot, "enter")


LOOKS: dict[str, tuple[Callable[[Home], None], Go]] = {
    "to-do": (lambda home: None, _nothing),
    "asked-for": (_asked_for, _nothing),
    "signed-in": (_signed_in, _nothing),
    "rights": (_signed_in, _rights),
    "link": (lambda home: None, _link),
    "way": (lambda home: None, _way),
    "browser": (lambda home: None, _browser),
    "paste": (lambda home: None, _paste),
    "password": (lambda home: None, _password),
    "again": (_signed_in, _way),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("look", LOOKS)
def test_the_account_looks_as_it_did(
    look: str, size: tuple[int, int], home: Home, snap_compare: SnapCompare
) -> None:
    prepare, go = LOOKS[look]
    prepare(prepared(home))
    app = FixedDayApp(home, source=KnownSource(home))

    async def run(pilot: Pilot[Any]) -> None:
        await settle(pilot)
        await open_account(app, pilot)
        await go(app, pilot)
        await settle(pilot)

    assert snap_compare(app, terminal_size=size, run_before=run)


def _hours_since(utc: str, app: TransferApp) -> int:
    from datetime import datetime

    return int((app.source.now() - datetime.fromisoformat(utc)).total_seconds() // 3600)
