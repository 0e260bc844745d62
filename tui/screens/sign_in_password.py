"""Signing in by name and password."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import DescendantFocus
from textual.widgets import Input

from transfer.errors import TransferError
from tui.accounts import AccountView
from tui.screens.sign_in import Attempting
from tui.signing_in import SignedIn
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, ink, line
from tui.widgets.painted import Painted


class SecretInput(Input):
    """A masked field out of which nothing is copied."""

    def __init__(self, *, id: str) -> None:
        super().__init__(password=True, id=id)

    def action_copy(self) -> None:
        """The clipboard is others' to read."""

    def action_cut(self) -> None:
        """The same."""


class PasswordScreen(Attempting[SignedIn | None]):
    """A name and a password. The password leaves the field the moment it is used; a refused one
    has to be typed anew."""

    CSS_PATH = "question.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="password.back"),
        Binding("up", "app.focus_previous", "Other field", show=False, id="password.up"),
        Binding("down", "app.focus_next", "Other field", show=False, id="password.down"),
    ]

    def __init__(self, view: AccountView) -> None:
        super().__init__()
        self._view = view

    def compose(self) -> ComposeResult:
        name, password = Input(self._view.username, id="username"), SecretInput(id="password")
        name.cursor_blink = password.cursor_blink = False
        with Vertical(classes="box"):
            yield Painted(lambda width: [ink(f"Sign in to {plain(self._view.node)}", "bold")])
            yield Painted(classes="gap")
            yield Painted(self._draw_about)
            yield Painted(classes="gap")
            yield Painted(id="of-username")
            yield name
            yield Painted(id="of-password")
            yield password
            yield Painted(id="refusal")
            yield Painted(id="keys")

    def on_mount(self) -> None:
        self.query_one("#password" if self._view.username else "#username").focus()
        self.draw()

    def draw(self) -> None:
        for field in self.query(Input):
            field.disabled = self.is_trying
        self.query_one("#keys", Painted).show(self._draw_keys)
        self._label()

    @on(DescendantFocus)
    def _label(self) -> None:
        """A pointer stands at the field that takes what is typed."""
        at = self.focused.id if self.focused else None
        remembered = "remembered from before" if self._view.username else ""
        for key, more in (("username", remembered), ("password", "")):
            label = partial(_draw_label, key.capitalize(), more, at == key)
            self.query_one(f"#of-{key}", Painted).show(label)

    def _draw_about(self, width: int) -> list[Content]:
        said = [
            "Name and password are those of the node's own page. The password is used once; where "
            "the node gives a token for it, the token is kept instead.",
            *([self._view.kept_in] if self._view.kept_in else []),
            *([self._view.provided] if self._view.provided else []),
        ]
        return [piece for text in said for piece in wrapped(ink(plain(text), "$muted"), width)]

    def _draw_keys(self, width: int) -> list[Content]:
        if self.is_trying:
            return [with_keys("Asking the node…   [Esc] gives up")]
        return [with_keys("[Enter] signs in   [↑ ↓] other field   [Esc] back")]

    @on(Input.Submitted, "#username")
    def _named(self) -> None:
        self.query_one("#password").focus()

    @on(Input.Submitted, "#password")
    def _take(self) -> None:
        name, secret = self.query_one("#username", Input), self.query_one("#password", Input)
        username, password = name.value.strip(), secret.value
        if not username or not (password or self._view.provided):
            missing = name if not username else secret
            self._refuse(f"The {missing.id} is missing.")
            missing.focus()
            return
        secret.value = ""
        self._refuse("")
        self.begin(self._view, "password", username, password)

    def _refuse(self, text: str) -> None:
        self.query_one("#refusal", Painted).show(
            lambda width: wrapped(ink(text, "$bad"), width) if text else []
        )

    def arrived(self, done: SignedIn) -> None:
        self.dismiss(done)

    def refused(self, error: TransferError) -> None:
        self.query_one("#password").focus()
        super().refused(error)

    def action_back(self) -> None:
        self.dismiss(None)


def _draw_label(words: str, more: str, has_focus: bool, width: int) -> list[Content]:
    mark, style = (POINTER, "bold") if has_focus else (" ", "$muted")
    return [line((f"{mark} ", "$key"), (words, style), (f"   {more}", "$muted"))]
