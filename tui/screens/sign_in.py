"""Signing in to a node: which way, that way's own screen, and who we are then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from textual.message import Message
from textual.screen import ModalScreen

from transfer.errors import TransferError
from tui.accounts import AccountView
from tui.page import Page
from tui.screens.failure import FailureScreen
from tui.screens.pick import Pick
from tui.signing_in import SignedIn, SignIn
from tui.text import plain
from tui.widgets.failure import Trouble

if TYPE_CHECKING:
    from adapters.signin import PastePrompt, SignInPrompt, Way
    from tui.app import TransferApp

T = TypeVar("T")
UNTOUCHED = "Nothing was sent, and the sign-in that was there stays as it is."
_CHOICES: dict[Way, str] = {
    "browser": "A browser on any device: scan a code, confirm it there",
    "password": "Username and password",
    "paste": "A browser, and its last address pasted back here",
}


async def sign_in(page: Page, node: str) -> SignedIn | None:
    """The one sign-in dialogue; None when the operator went back. To be called from a worker."""
    try:
        view = await page.owner.in_thread(partial(page.owner.source.accounts.of_node, node))
    except TransferError as error:
        page.fail(error, UNTOUCHED)
        return None
    if not view.ways:
        what = "This node asks nobody for a name or a password."
        page.app.push_screen(FailureScreen(Trouble(what, UNTOUCHED, "Nothing is to be done here.")))
        return None
    while True:
        way = await _choose(page, view)
        if way is None:
            return None
        done = await page.app.push_screen_wait(_screen_of(way, view))
        if done is not None or len(view.ways) == 1:
            return done


def trouble_of(error: TransferError) -> FailureScreen:
    """A sign-in that did not work, in the one way."""
    return FailureScreen(Trouble(error.what, UNTOUCHED, error.remedy))


async def _choose(page: Page, view: AccountView) -> Way | None:
    if len(view.ways) == 1:
        return view.ways[0]
    picked = await page.app.push_screen_wait(
        Pick(
            f"How do you want to sign in to {plain(view.node)}?",
            [view.kept_in] if view.kept_in else [],
            [(way, _CHOICES[way]) for way in view.ways if way in _CHOICES],
        )
    )
    return next((way for way in view.ways if way == picked), None)


def _screen_of(way: Way, view: AccountView) -> ModalScreen[SignedIn | None]:
    if way == "password":
        from tui.screens.sign_in_password import PasswordScreen

        return PasswordScreen(view)
    if way == "paste":
        from tui.screens.sign_in_paste import PasteScreen

        return PasteScreen(view)
    from tui.screens.sign_in_browser import BrowserScreen

    return BrowserScreen(view)


@dataclass
class Asked(Message):
    """What the person has to do now, from the sign-in's own thread; None: that is done."""

    prompt: SignInPrompt | PastePrompt | None


class Attempting(ModalScreen[T]):
    """A screen that carries out a sign-in: in a thread, given up when the screen goes.

    A refusal is shown over it and never repeated by itself: accounts get locked.
    """

    is_trying = False
    attempt: SignIn | None = None

    @property
    def owner(self) -> TransferApp:
        from tui.app import TransferApp

        assert isinstance(self.app, TransferApp), "these screens live in this app only"
        return self.app

    def begin(self, view: AccountView, way: Way, username: str = "", password: str = "") -> None:
        """Start; ends in `arrived` or in `refused`."""
        self.is_trying = True
        self.draw()
        self.run_worker(self._try(view, way, username, password), group="signing-in")

    def draw(self) -> None:
        """Show what is known now."""

    def arrived(self, done: SignedIn) -> None:
        """Signed in."""

    def refused(self, error: TransferError) -> None:
        """It did not work: say so in the one way; the screen stays."""
        self.app.push_screen(trouble_of(error))

    async def _try(self, view: AccountView, way: Way, username: str, password: str) -> None:
        accounts = self.owner.source.accounts
        attempt = None
        try:
            self.attempt = attempt = await asyncio.to_thread(
                accounts.attempt, view.node, way, self._tell, username=username, password=password
            )
            # Not one of the app's few threads: a person may take ten minutes.
            done = await asyncio.to_thread(accounts.sign_in, attempt)
        except TransferError as error:
            self.is_trying = False
            if self.is_attached:
                self.draw()
                self.refused(error)
            return
        finally:
            if attempt is not None:
                attempt.give_up()
        self.is_trying = False
        if done is not None and self.is_attached:
            self.arrived(done)

    def _tell(self, prompt: SignInPrompt | PastePrompt | None) -> None:
        self.post_message(Asked(prompt))
