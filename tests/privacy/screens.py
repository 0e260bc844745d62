"""Every screen, by every key that it offers, and all that it shows; and the raw line of a terminal.

The register is the program's own: whatever class of a screen its modules hold has to be come by, or
to be named in `NOT_COME_BY` with the reason.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from tests.privacy.bench import SITE
from tests.program import REPOSITORY
from tests.tui.terminal import Terminal
from transfer.workspace import Home

if TYPE_CHECKING:
    from textual.pilot import Pilot
    from textual.screen import Screen

    from tests.privacy.bench import Bench

_SIZE: Final = (80, 24)
_DEPTH: Final = 6
# A person who asks for identifiers gets them; the rest of these ends the walk or hides the screen.
_NOT_PRESSED: Final = ("reveal", "identifiers", "quit", "palette", "nothing", "copy", "suspend")
_ROWS: Final = 8
"""So many rows of a list are opened, each from its top."""
_PROGRAM: Final = "import sys; from tui.__main__ import main; sys.argv[1:] = []; sys.exit(main())"


def register() -> dict[str, type[Screen[Any]]]:
    """Each screen of the program that can be shown: those that others are made from are not."""
    from textual.screen import Screen

    import tui.screens

    found: dict[str, type[Screen[Any]]] = {}
    for each in pkgutil.iter_modules(tui.screens.__path__):
        module = importlib.import_module(f"{tui.screens.__name__}.{each.name}")
        for name, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, Screen) and one.__module__ == module.__name__:
                found[name] = one
    bases = {base.__name__ for one in found.values() for base in one.__mro__[1:]}
    return {name: one for name, one in found.items() if name not in bases}


@dataclass
class _Walk:
    """A walk that presses each key of each kind of screen once, deepest first."""

    at: Bench
    pilot: Pilot[Any]
    presses_left: int
    tried: set[tuple[str, str]] = field(default_factory=set)

    @property
    def screen(self) -> Screen[Any]:
        screen: Screen[Any] = self.pilot.app.screen
        return screen

    async def see(self) -> None:
        """Wait until the screen is quiet, and search what it shows."""
        await self.pilot.pause(0.1)
        screen, name = self.screen, type(self.screen).__name__
        self.at.screens.add(name)
        strips = screen._compositor.render_strips()
        shown = "\n".join(strip.text for strip in strips)
        self.at.look(f"screen {name}", shown.encode())

    async def go(self, depth: int = 0) -> None:
        """All keys of the screen in front, and of those that they lead to."""
        here, name = self.screen, type(self.screen).__name__
        await self.see()
        for keys, action in self._keys():
            if (name, action) in self.tried or self.presses_left <= 0:
                continue
            self.tried.add((name, action))
            self.presses_left -= 1
            await self.pilot.press(*keys)
            await self.see()
            if self.screen is not here and depth < _DEPTH:
                await self.go(depth + 1)
            await self._back_to(here)
            if self.screen is not here:
                return

    def _keys(self) -> list[tuple[tuple[str, ...], str]]:
        """What the screen says that it does, then its rows."""
        found = [
            ((key,), active.binding.action)
            for key, active in self.screen.active_bindings.items()
            if active.enabled
            and not any(word in active.binding.action for word in (*_NOT_PRESSED, "back"))
            and not key.startswith(("ctrl+", "shift+", "pageup", "home", "escape"))
        ]
        rows = [(("home", *["down"] * n, "enter"), f"row {n}") for n in range(_ROWS)]
        return [*found, (("right",), "right"), *rows]

    async def _back_to(self, screen: Screen[Any]) -> None:
        for _ in range(3):
            if self.screen is screen or screen not in self.pilot.app.screen_stack:
                return
            await self.pilot.press("escape")
            await self.see()
        while screen in self.pilot.app.screen_stack and self.screen is not screen:
            self.pilot.app.pop_screen()
            await self.pilot.pause()


def walk(at: Bench, presses: int) -> None:
    """From the list of transfers through whatever keys lead to, in this process."""
    from tui.app import TransferApp

    async def run() -> None:
        app = TransferApp(Home.at(at.home))
        async with app.run_test(size=_SIZE, notifications=True) as pilot:
            await pilot.pause(0.5)
            await _Walk(at, pilot, presses).go()

    environment = at.program.environment() | {"PYTHONPATH": str(REPOSITORY)}
    with mock.patch.dict("os.environ", environment, clear=True):
        asyncio.run(run())


def at_a_terminal(at: Bench, *keys: bytes, strike: str = "") -> bytes:
    """The real program at a terminal, its raw line searched; with a strike it ends by a crash."""
    strikes = {"PRIVACY_STRIKE": strike} if strike else {}
    environ = {**at.program.environ, "PYTHONPATH": f"{SITE}:{REPOSITORY}", **strikes}
    with Terminal(Home.at(at.home), environ=environ, program=_PROGRAM) as terminal:
        terminal.read_until("Help" if not strike else "\x1b[", timeout_s=60)
        for key in keys:
            if terminal.process.poll() is None:
                terminal.type(key)
                terminal.read_for(1.5)
        if terminal.process.poll() is None:
            terminal.type(b"\x11")
        terminal.end(60)
    at.look(f"terminal {strike}", terminal.seen)
    return terminal.seen
