"""Signing in with a browser on another device, which confirms a code (RFC 8628)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from tui import figures
from tui.accounts import AccountView
from tui.screens.account_link import ElsewhereScreen, numbered
from tui.screens.sign_in import Asked, Attempting, trouble_of
from tui.signing_in import SignedIn
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink, line
from tui.widgets.link import address_lines

if TYPE_CHECKING:
    from adapters.signin import SignInPrompt

Clock = Callable[[], float]


class BrowserScreen(ElsewhereScreen[SignedIn | None], Attempting[SignedIn | None]):
    """The code, the address as a QR code and as text, and how long there is; what is done in the
    browser shows by itself."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "again", "New code", id="browser.again"),
    ]

    def __init__(self, view: AccountView, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._view = view
        self._clock = clock
        self._prompt: SignInPrompt | None = None
        self._ends_at = 0.0
        self._has_shown = False
        self._is_settled = False

    def on_mount(self) -> None:
        self.set_interval(1.0, self.draw)
        self.action_again()

    @property
    def addresses(self) -> tuple[str, ...]:
        prompt = self._prompt
        return () if prompt is None else (prompt.address, prompt.short_address or prompt.address)

    def text(self, width: int) -> list[Content]:
        prompt = self._prompt
        found = wrapped(ink(f"Sign in to {plain(self._view.node)}", "bold"), width)
        if prompt is None:
            return [*found, Content(""), *wrapped(ink(self._waits_for(), "$muted"), width)]
        if prompt.purpose:
            found += wrapped(ink(f"for {plain(prompt.purpose)}", "$muted"), width)
        scan = "Scan the code with a phone, or open in any browser:"
        return [
            *found,
            Content(""),
            *numbered(1, ink(scan), width),
            *_shifted(address_lines(prompt.short_address or prompt.address, width - 3)),
            *numbered(2, line("Make sure that it shows, or enter:"), width),
            line("   ", (plain(prompt.code, 40), "bold $key")),
            *numbered(3, ink("Sign in and confirm there."), width),
            Content(""),
            *wrapped(ink(self._time_told(), "$muted"), width),
        ]

    def keys(self) -> tuple[str, ...]:
        if not self.is_trying:
            return ("[Enter] asks for a new code", "[Esc] back")
        if self._prompt is None:
            return ("[Esc] gives up",)
        return (*super().keys()[:2], "[Esc] gives up")

    def _waits_for(self) -> str:
        if self._is_settled:
            return "Confirmed. Asking the node who you are…"
        return "Asking the node for a code…" if self.is_trying else "There is no code now."

    def _time_told(self) -> str:
        left = self._ends_at - self._clock()
        if left <= 0:
            return "The time for this code is over."
        return f"{figures.span(left)} left. This screen goes on by itself."

    @on(Asked)
    def _take(self, event: Asked) -> None:
        from adapters.signin import SignInPrompt

        self._is_settled = event.prompt is None
        self._prompt = event.prompt if isinstance(event.prompt, SignInPrompt) else None
        if self._prompt is not None:
            self._has_shown = True
            self._ends_at = self._clock() + self._prompt.expires_in_s
        self.draw()

    def action_again(self) -> None:
        if not self.is_trying:
            self._is_settled = False
            self.begin(self._view, "browser")

    def arrived(self, done: SignedIn) -> None:
        self.dismiss(done)

    def refused(self, error: TransferError) -> None:
        had_code = self._has_shown
        self._prompt, self._has_shown, self._is_settled = None, False, False
        self.draw()
        # Without any code there is nothing to try again here: another way is.
        self.app.push_screen(trouble_of(error), None if had_code else self._go_back)

    def _go_back(self, _: None) -> None:
        self.dismiss(None)


def _shifted(lines: list[Content]) -> list[Content]:
    return [line("   ", content) for content in lines]
