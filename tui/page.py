"""What every full screen has in common: frame, live data, and how actions fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from transfer.errors import TransferError
from tui.by_key import by_key
from tui.widgets.chrome import Crumbs, KeyLine, NowStrip
from tui.widgets.failure import Trouble
from tui.words import legend, means_for_data

if TYPE_CHECKING:
    from tui.app import TransferApp

T = TypeVar("T")
_LIVE_S = 0.25


class Page(Screen[None]):
    """One screen: crumbs, a body, "what now", the keys.

    Textual calls `on_mount` and `on_screen_resume` of this class after the subclass's own: those
    do not call them again.

    A page that shows live data overrides `look`, which is called four times a second while the
    page is the one in front. Only one read of a kind is under way at a time, in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", id="page.back"),
        Binding("question_mark", "app.help", "Help", key_display="?", id="page.help"),
    ]
    COMMAND_KEYS: ClassVar[Mapping[str, str]] = {}
    """Which of the page's keys does what a command line does; see `by_key`."""
    _transfer: str = "NAME"
    """Whose page it is, where it is one transfer's."""

    def __init__(self) -> None:
        super().__init__()
        self._under_way: set[str] = set()
        self._anew: dict[str, Callable[[], None]] = {}

    @property
    def owner(self) -> TransferApp:
        from tui.app import TransferApp

        assert isinstance(self.app, TransferApp), "pages live in this app only"
        return self.app

    def compose(self) -> ComposeResult:
        yield Crumbs()
        with Vertical(classes="body"):
            yield from self.body()
        yield NowStrip()
        yield KeyLine()

    def body(self) -> ComposeResult:
        """The widgets between the frame."""
        yield from ()

    @property
    def crumbs(self) -> Crumbs:
        return self.query_one(Crumbs)

    @property
    def now(self) -> NowStrip:
        return self.query_one(NowStrip)

    def on_mount(self) -> None:
        self.set_interval(_LIVE_S, self._tick)

    def on_screen_resume(self) -> None:
        self._tick()

    def _tick(self) -> None:
        if self.app.screen is self and self.is_mounted:
            self.look()

    def look(self) -> None:
        """Start whatever reads are due."""

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        """What the help says of the marks on this page: a heading, each mark and its meaning."""
        return "State of a transfer", [
            (f"{glyph} {word}", meaning) for glyph, word, meaning in legend()
        ]

    def read(
        self, kind: str, call: Callable[[], T], arrived: Callable[[T], None], *, anew: bool = False
    ) -> None:
        """Run `call` in a thread unless one of its kind is under way; then hand over its result.

        With `anew` one that is under way began too early to know: it is run once more after that.
        A `TransferError` goes to `stumbled`.
        """
        if kind in self._under_way:
            if anew:
                self._anew[kind] = partial(self.read, kind, call, arrived)
            return
        self._under_way.add(kind)

        async def go() -> None:
            hand_over: Callable[[], None]
            try:
                hand_over = partial(arrived, await self.owner.in_thread(call))
            except TransferError as error:
                hand_over = partial(self.stumbled, kind, error)
            finally:
                self._under_way.discard(kind)
                once_more = self._anew.pop(kind, None)
            if self.is_whole():
                hand_over()
                if once_more is not None:
                    once_more()

        self.run_worker(go(), group=f"read-{kind}", exit_on_error=True)

    def is_whole(self) -> bool:
        """False once the page is being taken down, which begins with what is in it."""
        return self.is_attached and bool(self.query(Crumbs)) and bool(self.query(".body > *"))

    def stumbled(self, kind: str, error: TransferError) -> None:
        """A read or an action failed: say so in the one way."""
        self.fail(error)

    def fail(self, error: TransferError, data: str = "") -> None:
        """Show a failure over this page."""
        from tui.screens.failure import FailureScreen

        self.app.push_screen(FailureScreen(self.told(error, data)))

    def told(self, error: TransferError, data: str = "") -> Trouble:
        """A failure in the operator's words, with this page's keys in its remedy."""
        return Trouble(error.what, data or means_for_data(error), self.remedy_here(error.remedy))

    def remedy_here(self, remedy: str) -> str:
        """The engine's remedy as it reads on this page."""
        return by_key(remedy, self._transfer, self.COMMAND_KEYS)

    def action_back(self) -> None:
        self.dismiss()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.can(action) if action in self.live_actions() else True

    def live_actions(self) -> frozenset[str]:
        """Actions that are there only at times."""
        return frozenset()

    def can(self, action: str) -> bool | None:
        """Whether one of `live_actions` makes sense now."""
        return True
