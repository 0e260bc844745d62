"""Signing in with a browser on another device, whose last address is pasted back (RFC 7636)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from transfer.errors import TransferError
from tui.accounts import AccountView
from tui.screens.account_link import ElsewhereScreen, numbered
from tui.screens.sign_in import Asked, Attempting
from tui.screens.sign_in_password import SecretInput
from tui.signing_in import SignedIn
from tui.text import plain
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink, line
from tui.widgets.link import address_lines

if TYPE_CHECKING:
    from adapters.signin import PastePrompt


class PasteScreen(ElsewhereScreen[SignedIn | None], Attempting[SignedIn | None]):
    """An address out, and an address in. What is pasted holds a code that signs in, so that it is
    masked like a password."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "copy", "Copy", id="paste.copy"),
        Binding("f3", "ascii", "Plain characters", id="paste.ascii"),
        Binding("enter", "again", "Again", id="paste.again"),
    ]

    def __init__(self, view: AccountView) -> None:
        super().__init__()
        self._view = view
        self._prompt: PastePrompt | None = None

    def entry(self) -> ComposeResult:
        field = SecretInput(id="address")
        field.cursor_blink = False
        yield field

    def on_mount(self) -> None:
        self.action_again()

    @property
    def addresses(self) -> tuple[str, ...]:
        return () if self._prompt is None else (self._prompt.address,)

    def text(self, width: int) -> list[Content]:
        found = wrapped(ink(f"Sign in to {plain(self._view.node)}", "bold"), width)
        prompt = self._prompt
        if prompt is None:
            waits = "Asking the node…" if self.is_trying else "This sign-in is over."
            return [*found, Content(""), *wrapped(ink(waits, "$muted"), width)]
        if prompt.purpose:
            found += wrapped(ink(f"for {plain(prompt.purpose)}", "$muted"), width)
        back = (
            "Copy the whole address of the page that then comes up, whatever it shows, and paste "
            f"it here within {round(prompt.expires_in_s)} seconds:"
        )
        return [
            *found,
            Content(""),
            *numbered(1, ink("Open in any browser, and sign in there:"), width),
            *(line("   ", piece) for piece in address_lines(prompt.address, width - 3)),
            *numbered(2, ink(back), width),
        ]

    def keys(self) -> tuple[str, ...]:
        if not self.is_trying:
            return ("[Enter] begins anew", "[Esc] back")
        return ("[F2] copy the address   [F3] other code", "[Enter] takes it   [Esc] gives up")

    def draw(self) -> None:
        super().draw()
        field = self.query_one("#address", Input)
        field.display = self._prompt is not None
        if self._prompt is not None and not field.has_focus:
            field.focus()

    @on(Asked)
    def _take(self, event: Asked) -> None:
        from adapters.signin import PastePrompt

        self._prompt = event.prompt if isinstance(event.prompt, PastePrompt) else None
        self.draw()

    @on(Input.Submitted, "#address")
    def _pasted(self) -> None:
        field = self.query_one("#address", Input)
        address, field.value = field.value.strip(), ""
        if address and self.attempt is not None:
            self._prompt = None
            self.attempt.pasted(address)
            self.draw()

    def action_again(self) -> None:
        if not self.is_trying:
            self.begin(self._view, "paste")

    def arrived(self, done: SignedIn) -> None:
        self.dismiss(done)

    def refused(self, error: TransferError) -> None:
        self._prompt = None
        self.draw()
        super().refused(error)
