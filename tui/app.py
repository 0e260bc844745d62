"""The Textual app: registers the look and the screens, and ends in good order."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, TypeVar

from rich.segment import Segment
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from transfer.clock import utc_now
from transfer.workspace import Home, private_opener
from tui.crash import frames_of
from tui.screens.help import HelpScreen
from tui.screens.home import HomeScreen
from tui.source import Launch, Source
from tui.theme import LIGHT, LOOKS, QUIET, TERMINAL, keep_look, kept_look, theme_for

T = TypeVar("T")
_NO_COLOUR = NoColor()
_LOOKS = {
    QUIET.name: ("Dark colours", "Light text on a dark ground"),
    LIGHT.name: ("Light colours", "Dark text on a light ground"),
    TERMINAL.name: ("Terminal colours", "The terminal's own"),
}


class TransferApp(App[int]):
    """The program in a terminal. It never does the work: runners do, and go on without it."""

    TITLE = "eucaim-transfer"
    # Help is a key away on every page: what its first press would read is there.
    CSS_PATH = [  # noqa: RUF012 - declared by Textual, as the two below
        Path(__file__).with_name("app.tcss"),
        Path(__file__).parent / "screens" / HelpScreen.CSS_PATH,
    ]
    # Textual declares these two in a way that type checkers take for instance variables.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Leave", key_display="ctrl+q", priority=True, id="app.quit"),
        Binding("ctrl+z", "nothing", show=False, id="app.nothing"),
        Binding("ctrl+p", "command_palette", "Commands", show=False, id="app.palette"),
    ]

    def __init__(
        self, home: Home, open_transfer: str | None = None, *, source: Source | None = None
    ) -> None:
        super().__init__()
        self.home = home
        self.source = source or Source(home)
        self.launches: dict[str, Launch] = {}
        self._open_transfer = open_transfer
        self._readers = ThreadPoolExecutor(max_workers=4, thread_name_prefix="look")
        for look in LOOKS.values():
            self.register_theme(look)
        self.theme = kept_look(home) or theme_for()

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end_by_signal, number)
        self.push_screen(HomeScreen())
        if self._open_transfer:
            self.open_transfer(self._open_transfer)

    def on_unmount(self) -> None:
        self.source.end()
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _end_by_signal(self, number: int) -> None:
        self.exit(return_code=128 + number)

    async def in_thread(self, call: Callable[[], T]) -> T:
        """Run something that blocks in our own few threads."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, call)

    def open_transfer(self, name: str) -> None:
        """Show a transfer: live when a runner is at work on it, else its journey."""

        async def go() -> None:
            from tui.screens.open import screen_for

            glance = await self.in_thread(lambda: self.source.glance(name))
            with self.batch_update():
                for screen in screen_for(glance):
                    await self.push_screen(screen)

        self.run_worker(go(), group="open", exclusive=True)

    def show_new(self, name: str) -> None:
        """Leave the new-transfer flow for the journey of what it made."""
        with self.batch_update():
            while not isinstance(self.screen, HomeScreen):
                self.pop_screen()
        self.open_transfer(name)

    def today(self) -> date:
        """The day that a suggested name bears."""
        return datetime.now().astimezone().date()

    def action_nothing(self) -> None:
        """Ctrl+z would leave a stopped process behind on a line that may drop."""

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def action_help_quit(self) -> None:
        self.notify("ctrl+q leaves; a running transfer goes on.", markup=False, timeout=4)

    def get_key_display(self, binding: Binding) -> str:
        """Keys by the names that are printed on them."""
        names = {"enter": "Enter", "escape": "Esc", "question_mark": "?", "tab": "Tab"}
        return binding.key_display or names.get(binding.key) or super().get_key_display(binding)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Under NO_COLOR, greys for our own colours and none at all for the terminal's.

        Textual chooses before the theme is set; its greys in a terminal of 16 colours are black
        on black.
        """
        found = super().get_line_filters()
        if not self.native_ansi_color:
            return found
        return [_NO_COLOUR if isinstance(one, Monochrome) else one for one in found]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key that works on the screen, and our own looks: the screens draw in colours
        that Textual's themes do not have. No screenshot: it would write what is on the screen to
        a folder that others can read."""
        seen = set()
        for _, binding, enabled, tooltip in screen.active_bindings.values():
            if binding.description and enabled and binding.action not in seen and binding.show:
                seen.add(binding.action)
                run = _runner(self, binding.action, screen)
                key = f"Key {self.get_key_display(binding)}"
                yield SystemCommand(binding.description, tooltip or key, run)
        for name, (title, words) in _LOOKS.items():
            if self.theme != name:
                yield SystemCommand(title, words, partial(self._look, name))

    def _look(self, name: str) -> None:
        self.theme = name
        keep_look(self.home, name)

    def _fatal_error(self) -> None:
        # Textual prints the local variables of every frame here: passwords and names among them.
        self.bell()
        log = self.home.root / "tui.log"
        try:
            with open(log, "a", opener=private_opener, encoding="utf-8") as file:
                file.write(f"{utc_now()} the screen program ended by an error\n")
                file.write("".join(frames_of(self._exception)))
        except OSError:
            log = log.with_name("no log could be written")
        self._exit_renderables.append(
            _Plain(
                "The screens ended by an error of this program; a running transfer goes on.\n"
                f"Details, without any data: {log}\n"
                "Start again with: eucaim-transfer\n"
            )
        )
        self._close_messages_no_wait()


class _Plain:
    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: object, options: object) -> Iterable[Segment]:
        yield Segment(self._text)


def _runner(app: TransferApp, action: str, screen: Screen[object]) -> Callable[[], None]:
    async def run() -> None:
        await app.run_action(action, screen.focused or screen)

    def start() -> None:
        app.run_worker(run(), group="palette")

    return start
