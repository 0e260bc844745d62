"""An address that is to be opened on another device: as a QR code, as a link, and as text."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui.accounts import Link
from tui.text import plain
from tui.widgets.chrome import with_keys
from tui.widgets.failure import wrapped
from tui.widgets.ink import ink
from tui.widgets.link import address_lines, copy
from tui.widgets.painted import Painted
from tui.widgets.qr import QrCode

T = TypeVar("T")
# What the words beside a code need, in columns, with the gap to it.
_WORDS = 35


class ElsewhereScreen(ModalScreen[T]):
    """A code that takes the whole height, since it is large, and words beside it."""

    CSS_PATH = "account_link.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="elsewhere.copy"),
        Binding("a", "ascii", "Plain characters", id="elsewhere.ascii"),
        Binding("escape", "back", "Back", id="elsewhere.back"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._is_ascii = False

    def compose(self) -> ComposeResult:
        with Vertical(id="code"):
            yield QrCode()
        with Vertical(id="words"):
            yield Painted(id="text")
            yield from self.entry()
            yield Painted(self._draw_keys, id="keys")

    def entry(self) -> ComposeResult:
        """Whatever stands between the words and the keys."""
        yield from ()

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self) -> None:
        self.draw()

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the code may hold: the first that fits is taken."""
        return ()

    def text(self, width: int) -> list[Content]:
        """The words beside the code."""
        return []

    def keys(self) -> tuple[str, ...]:
        """What to press here, in groups that stay together."""
        other = "[a] code in blocks" if self._is_ascii else "[a] code in # characters"
        return ("[c] copy the address", other, "[Esc] back")

    def draw(self) -> None:
        """Show what is known now."""
        size = self.app.size
        told = self.query_one(QrCode).say(
            self.addresses, size.width - _WORDS, size.height, self._is_ascii
        )
        self.query_one("#text", Painted).show(partial(self._with_note, told))
        self.query_one("#keys", Painted).show(self._draw_keys)

    def _with_note(self, told: str, width: int) -> list[Content]:
        note = [Content(""), *wrapped(ink(told, "$muted"), width)] if told else []
        return [*self.text(width), *note]

    def _draw_keys(self, width: int) -> list[Content]:
        return [with_keys(text) for text in self.keys()]

    def action_copy(self) -> None:
        if self.addresses:
            copy(self.app, self.addresses[0], "The address was")

    def action_ascii(self) -> None:
        self._is_ascii = not self._is_ascii
        self.draw()

    def action_back(self) -> None:
        self.dismiss(None)


class LinkScreen(ElsewhereScreen[None]):
    """One address."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self._link.address,)

    def text(self, width: int) -> list[Content]:
        return [
            *wrapped(ink(plain(self._link.what), "bold"), width),
            Content(""),
            *address_lines(self._link.address, width),
            Content(""),
            *wrapped(
                ink(
                    "Open it in any browser: scan the code with a phone, copy the address, or "
                    "click it where your terminal follows links.",
                    "$muted",
                ),
                width,
            ),
        ]


def numbered(number: int, content: Content, width: int) -> list[Content]:
    """A paragraph behind its number."""
    from tui.widgets.ink import line

    pieces = wrapped(content, max(8, width - 3))
    return [
        line((f"{number}  " if index == 0 else "   ", "$muted"), piece)
        for index, piece in enumerate(pieces)
    ]
