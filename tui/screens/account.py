"""Step 5: the account on the node. What to do for one, its links, the sign-in, and its rights."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from transfer.errors import TransferError
from transfer.values import ExitCode, StepState
from tui import words
from tui.accounts import AccountView, Link
from tui.page import Page
from tui.screens.account_drawing import account_now, draw_account, draw_link
from tui.screens.account_link import LinkScreen
from tui.screens.question import Question
from tui.screens.sign_in import sign_in
from tui.screens.steps import STEP_SCREENS, ticket_screen
from tui.source import Glance
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.link import copy
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_LOOK_TICKS = 8
_WORDS = {StepState.DONE: "done", StepState.WAITING: "waiting"}
SITE_ID_CASE = "site-id"


class AccountScreen(Page):
    """The account of one node, as a transfer needs it or, without one, before the first."""

    CSS_PATH = "account.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "sign_in", "Sign in", id="account.sign-in"),
        Binding("a", "asked", "Asked for", id="account.asked"),
        Binding("v", "rights", "Rights", id="account.rights"),
        Binding("t", "ticket", "SITE ID", id="account.ticket"),
        Binding("c", "copy", "Copy", id="account.copy"),
        Binding("o", "sign_out", "Sign out", id="account.sign-out"),
    ]

    def __init__(self, transfer: str, *, node: str = "") -> None:
        super().__init__()
        self._transfer = transfer
        self._node = node
        self._view: AccountView | None = None
        self._glance: Glance | None = None
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        with VerticalScroll(id="about", can_focus=False):
            yield Painted(id="account")
        yield Rows(id="links", pick="Show", empty=["Reading…"])

    def on_mount(self) -> None:
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        if self._ticks % _LOOK_TICKS == 0:
            self._read("account")
            if self._transfer:
                glance = partial(self.owner.source.glance, self._transfer)
                self.read("glance", glance, self._take_glance)
        self._ticks += 1

    def _read(self, kind: str) -> None:
        accounts = self.owner.source.accounts
        look = partial(accounts.of_node, self._node)
        if self._transfer:
            look = partial(accounts.of_transfer, self._transfer)
        self.read(kind, look, self._take)

    def _take(self, view: AccountView) -> None:
        self._view = view
        self.query_one(FailurePanel).say(None)
        self._draw()

    def _take_glance(self, glance: Glance) -> None:
        self._glance = glance
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if not kind.startswith("account"):
            super().stumbled(kind, error)
            return
        self.query_one(FailurePanel).say(
            Trouble(error.what, words.means_for_data(error), error.remedy)
        )
        self.query_one("#links", Rows).show([], empty=[""])
        self.now.say(Now("The account cannot be shown.", "[Esc] goes back."))

    def _draw(self) -> None:
        view = self._view
        state = words.standing_of(_WORDS.get(view.account.state, "to do")) if view else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer or self._node), "Account"], state)
        if view is None:
            self.now.say(Now("Looking at the account…", "[Esc] goes back."))
            return
        now = self.owner.source.now()
        self.query_one("#account", Painted).show(partial(draw_account, view, now))
        rows = self.query_one("#links", Rows)
        rows.show([Row(link.address, partial(draw_link, link)) for link in view.links], empty=[""])
        self.now.say(account_now(view, now, waits=self._waits))
        self.refresh_bindings()

    @property
    def _waits(self) -> bool:
        """Whether the transfer's upload waits for nothing but a sign-in."""
        status = self._glance.status if self._glance else None
        return (
            status is not None
            and not status.is_running
            and status.runner.exit_code == ExitCode.SIGN_IN
        )

    @property
    def _link(self) -> Link | None:
        key = self.query_one("#links", Rows).key
        links = self._view.links if self._view else ()
        return next((link for link in links if link.address == key), None)

    @on(Rows.Picked)
    def _show(self) -> None:
        link = self._link
        if link is not None:
            self.app.push_screen(LinkScreen(link))

    def action_copy(self) -> None:
        link = self._link
        if link is not None:
            copy(self.app, link.address, "The address was")

    @work(exclusive=True, group="question")
    async def action_sign_in(self) -> None:
        view = self._view
        if view is None:
            return
        is_signed_in = view.account.state is StepState.DONE and not self._waits
        if is_signed_in and not await self._wants_another(view):
            return
        done = await sign_in(self, view.node)
        if done is None:
            return
        name = done.identity.username or "an account without a name"
        self.app.notify(f"Signed in as {plain(name)}.", markup=False, timeout=4)
        if self._waits and await self._wants_to_go_on():
            await self._go_on(done.password)
            return
        waiting = await self.owner.in_thread(partial(self.owner.source.accounts.waiting, view.node))
        others = [plain(name) for name in waiting if name != self._transfer]
        if others:
            told = f"Waited for this sign-in: {', '.join(others)}. Open it to go on."
            self.app.notify(told, markup=False, timeout=10)
        self._look_again()

    async def _wants_another(self, view: AccountView) -> bool:
        who = plain(view.account.username) or "An account without a name"
        return await self.app.push_screen_wait(
            Question(
                "Sign in again?",
                [
                    f"{who} is signed in.",
                    "A new sign-in takes its place; one that does not work changes nothing.",
                ],
                no="Leave it as it is",
                yes="Sign in again",
            )
        )

    async def _wants_to_go_on(self) -> bool:
        return await self.app.push_screen_wait(
            Question(
                f"Go on with the upload of {plain(self._transfer)}?",
                ["It waited for this sign-in. What arrived is not sent again."],
                no="Not now",
                yes="Go on",
            )
        )

    async def _go_on(self, password: str | None) -> None:
        from tui.screens.upload import UploadScreen

        launch = partial(self.owner.source.launch, self._transfer, "upload", password)
        try:
            self.owner.launches[self._transfer] = await self.owner.in_thread(launch)
        except TransferError as error:
            self.fail(error)
            return
        self.app.switch_screen(UploadScreen(self._transfer))

    @work(exclusive=True, group="question")
    async def action_asked(self) -> None:
        from tui.screens.transfer_page import ask_person

        view, accounts = self._view, self.owner.source.accounts
        person = await ask_person(self.owner) if view else None
        if view is not None and person:
            try:
                await self.owner.in_thread(partial(accounts.ask, view.node, person))
            except TransferError as error:
                self.fail(error)
                return
            self._look_again()

    @work(exclusive=True, group="question")
    async def action_sign_out(self) -> None:
        view = self._view
        if view is None:
            return
        yes = await self.app.push_screen_wait(
            Question(
                f"Sign out of {plain(view.node)}?",
                [
                    "What is stored of this sign-in is deleted, and the node is told to forget it.",
                    "Transfers to this node wait until somebody signs in again; nothing is lost.",
                ],
                no="Stay signed in",
                yes="Sign out",
            )
        )
        if not yes:
            return
        try:
            told = await self.owner.in_thread(
                partial(self.owner.source.accounts.sign_out, view.node)
            )
        except TransferError as error:
            self.fail(error)
            return
        self.app.notify(plain(told or "Signed out."), markup=False, timeout=8)
        self._look_again()

    def action_rights(self) -> None:
        from tui.screens.account_rights import RightsScreen

        if self._view is not None:
            self.app.push_screen(RightsScreen(self._view.account, self._transfer))

    def action_ticket(self) -> None:
        self.app.push_screen(ticket_screen(self._transfer, SITE_ID_CASE))

    def _look_again(self) -> None:
        # Of a kind of its own: a look that is under way began before what was just done.
        self._read("account again")

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "State of the account", [
            ("○ to do", "no account is known here, or nobody is signed in"),
            ("… waiting", "it was asked for, or the sign-in has run out"),
            ("✓ done", "signed in"),
        ]

    def live_actions(self) -> frozenset[str]:
        return frozenset({"sign_in", "asked", "rights", "ticket", "copy", "sign_out"})

    def can(self, action: str) -> bool | None:
        view = self._view
        if view is None:
            return False
        state = view.account.state
        allowed = {
            "sign_in": bool(view.ways),
            "asked": bool(view.ways) and state is not StepState.DONE,
            "rights": bool(view.account.rights or view.account.roles),
            "ticket": view.wants_site_id and "ticket" in STEP_SCREENS,
            "copy": bool(view.links),
            "sign_out": bool(view.ways) and state is StepState.DONE,
        }
        return allowed[action]
