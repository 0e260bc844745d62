"""A walk through the screens by keys, in a process of its own; the other half of `screens`.

    python -P -m tests.privacy.walking JOB.json

What is shown, and the raw line that a terminal would get, go to the job's folder, one record for
each key: `{"screen": …, "under": …, "shown": …, "line": …}`. Beside them `walk.json` says which
screens were come by and which keys were left alone because a person asks for identifiers by them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

if TYPE_CHECKING:
    from textual.pilot import Pilot
    from textual.screen import Screen

_SIZE: Final = (80, 24)
_DEPTH: Final = 8
_AGAIN: Final = 12
"""So often one key is pressed anew, while what it leads to has keys that were not pressed."""
_ROWS: Final = 6
"""So many rows of a list are opened, from its top."""
_QUIET_S: Final = 6.0
REVEALS: Final = ("reveal", "originals", "names", "identifiers")
# The rest of these ends the walk, or hides the screen.
_NOT_PRESSED: Final = (*REVEALS, "quit", "palette", "nothing", "suspend", "back", "help_quit")
_MOVES: Final = ("ctrl+", "shift+", "page", "home", "end", "escape", "tab")


@dataclass(frozen=True)
class Job:
    """`roots` are pages to begin at, as (module, class, arguments); a page without a transfer has
    none. `paths` begin at such a page too and go where a walk would not come by: their last part is
    keys, or "=TEXT" for a text that is typed and taken. `words` are typed where a line is asked
    for, one after the other."""

    home: Path
    folder: Path
    roots: list[tuple[str, str, list[str]]]
    paths: list[tuple[str, str, list[str], list[str]]]
    words: list[str]
    presses: int
    limit_s: float


@dataclass
class _Walk:
    """Presses each key of each kind of screen, deepest first, and keeps all that is shown."""

    job: Job
    pilot: Pilot[Any]
    line: _Line
    records: Any
    left: int
    until: float
    tried: dict[str, set[str]] = field(default_factory=dict)
    offered: dict[str, set[str]] = field(default_factory=dict)
    again: dict[tuple[str, str], int] = field(default_factory=dict)
    screens: set[str] = field(default_factory=set)
    revealing: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    told: dict[str, Any] = field(default_factory=dict)
    under: str = ""

    @property
    def screen(self) -> Screen[Any]:
        screen: Screen[Any] = self.pilot.app.screen
        return screen

    @property
    def is_over(self) -> bool:
        return self.left <= 0 or time.monotonic() > self.until

    async def see(self) -> None:
        """Wait until the screen is quiet, and keep what it shows and what it took on the line."""
        await _quiet(self.pilot)
        name = type(self.screen).__name__
        self.screens.add(name)
        shown = "\n".join(strip.text for strip in self.screen._compositor.render_strips())
        record = {"screen": name, "under": self.under, "shown": shown, "line": self.line.take()}
        self.records.write(json.dumps(record, ensure_ascii=False) + "\n")
        self.under = name

    async def press(self, act: Callable[[], Any]) -> None:
        self.left -= 1
        await act()
        await self.see()

    async def go(self, depth: int = 0) -> None:
        """All keys of the screen in front, and of those that they lead to."""
        here, name = self.screen, _name_of(self.screen)
        await self.see()
        tried = self.tried.setdefault(name, set())
        while not self.is_over:
            acts = dict(self._acts())
            self.offered.setdefault(name, set()).update(acts)
            action = next((one for one in acts if one not in tried), None)
            if action is None:
                break
            tried.add(action)
            await self.press(acts[action])
            if self.screen is not here and action.startswith("type "):
                self.taken.add(name)
            if self.screen is not here and depth < _DEPTH and not self._is_root(self.screen):
                child = _name_of(self.screen)
                await self.go(depth + 1)
                self._once_more(name, action, child)
            await self._back_to(here)
            if self.screen is not here:
                return

    async def follow(self, keys: list[str]) -> None:
        """One path, key by key."""
        await self.see()
        for key in keys:
            is_text = key.startswith("=")
            await self.press(
                partial(self._type, key[1:]) if is_text else partial(self.pilot.press, key)
            )

    def _is_root(self, screen: Screen[Any]) -> bool:
        return type(screen).__name__ in {name for _, name, _ in self.job.roots}

    def _once_more(self, name: str, action: str, child: str) -> None:
        is_whole = self.offered.get(child, set()) <= self.tried.get(child, set())
        count = self.again.get((name, action), 0)
        if not is_whole and count < _AGAIN:
            self.again[name, action] = count + 1
            self.tried[name].discard(action)

    def _acts(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """What can be done here, by its name: keys that the screen offers, rows, words to type."""
        from textual.widgets import Input, TextArea

        app, press = self.pilot.app, self.pilot.press
        is_typing = isinstance(app.focused, Input | TextArea)
        for key, active in self.screen.active_bindings.items():
            action = active.binding.action
            if any(word in action for word in REVEALS):
                self.revealing.add(f"{type(self.screen).__name__}, key {key}")
            if (
                active.enabled
                and not any(word in action for word in _NOT_PRESSED)
                and not key.startswith(_MOVES)
                and not (is_typing and (len(key) == 1 or active.binding.key == "enter"))
            ):
                yield f"{key} {action}", partial(press, key)
        if is_typing:
            yield "enter as it is", partial(press, "enter")
            for word in () if _name_of(self.screen) in self.taken else self.job.words:
                yield f"type {word}", partial(self._type, word)
            yield "ctrl+s", partial(press, "ctrl+s")
        else:
            for n in range(_ROWS):
                keys = ("home", *["down"] * n, "enter")
                yield f"row {n}", partial(press, *keys)
            yield "space", partial(press, "space")
            yield "right and enter", partial(press, "right", "enter")

    async def _type(self, word: str) -> None:
        """As a person pastes it, then Enter: on a form that is one field further."""
        from textual.widgets import Input, TextArea

        entry = self.pilot.app.focused
        if isinstance(entry, Input):
            entry.value = word
        elif isinstance(entry, TextArea):
            entry.text = word
        await self.pilot.press("enter")

    async def _back_to(self, screen: Screen[Any]) -> None:
        app = self.pilot.app
        for _ in range(3):
            if self.screen is screen or screen not in app.screen_stack:
                return
            await self.pilot.press("escape")
            await self.see()
        while screen in app.screen_stack and self.screen is not screen:
            app.pop_screen()
            await self.pilot.pause()


def _name_of(screen: Screen[Any]) -> str:
    """A page is its class; a question is one by what it asks."""
    title = getattr(screen, "_title", "")
    return f"{type(screen).__name__} {title if isinstance(title, str) else ''}"


async def _quiet(pilot: Pilot[Any]) -> None:
    """Until nothing is read or asked any more, bounded: a page may look anew all the time."""
    until, quiet = time.monotonic() + _QUIET_S, 0
    while time.monotonic() < until and quiet < 2:
        await pilot.pause(0.02)
        due = [w for w in pilot.app.workers if w.group.startswith(("read-", "open", "act"))]
        quiet = 0 if due else quiet + 1


class _Line:
    """What would go to a terminal: escapes, the clipboard's and the title's among them."""

    def __init__(self) -> None:
        self._written: list[str] = []

    def write(self, data: str) -> None:
        self._written.append(data)

    def take(self) -> str:
        """What was written since, and forget it."""
        written, self._written = "".join(self._written), []
        return written

    def driver(self) -> type:
        """A driver that is none to Textual's mind: headless ones are told nothing."""
        from textual.drivers.headless_driver import HeadlessDriver

        line = self

        class Drawn(HeadlessDriver):
            is_headless = False

            def write(self, data: str) -> None:
                line.write(data)

        return Drawn


async def walk(job: Job, found: dict[str, Any]) -> None:
    """From each root through whatever its keys lead to; `found` tells what was come by so far."""
    from transfer.workspace import Home
    from tui.app import TransferApp

    line, app = _Line(), TransferApp(Home.at(job.home))
    ends = time.monotonic() + job.limit_s
    with (
        (job.folder / "records.jsonl").open("w", encoding="utf-8") as records,
        mock.patch("textual.drivers.headless_driver.HeadlessDriver", line.driver()),
    ):
        async with app.run_test(size=_SIZE, notifications=True) as pilot:
            at = _Walk(job, pilot, line, records, 0, ends)
            before: list[str] = []

            async def begin_at(module: str, name: str, arguments: list[str]) -> None:
                while len(app.screen_stack) > 2:
                    app.pop_screen()
                    await at.see()  # what lies below is drawn on the way
                if name != "HomeScreen":
                    made = getattr(__import__(module, fromlist=[name]), name)(*arguments)
                    await app.push_screen(made)

            for module, name, arguments, keys in job.paths:
                await begin_at(module, name, arguments)
                await at.follow(keys)
                found["screens"] = sorted(at.screens)
            for n, (module, name, arguments) in enumerate(job.roots):
                if app._exit:
                    break
                at.left = job.presses
                now = time.monotonic()
                at.until = now + (ends - now) / (len(job.roots) - n)
                if arguments != before:
                    at.tried, at.again, before = {}, {}, arguments
                await begin_at(module, name, arguments)
                began = time.monotonic()
                await at.go()
                seconds = round(time.monotonic() - began, 1)
                at.told[f"{name} {' '.join(arguments)}"] = job.presses - at.left, seconds
                found |= {
                    "screens": sorted(at.screens),
                    "revealing": sorted(at.revealing),
                    "roots": at.told,
                }


def main() -> int:
    """Walk the job that is named."""
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    folder = Path(job["folder"])
    job = Job(**{**job, "home": Path(job["home"]), "folder": folder})
    found: dict[str, Any] = {}
    try:
        asyncio.run(walk(job, found))
    except Exception as error:
        # Where it happened, without what: this is printed.
        for line in traceback.format_tb(getattr(error, "error", error).__traceback__):
            print(line.splitlines()[0], file=sys.stderr)
        raise
    finally:
        (folder / "walk.json").write_text(json.dumps(found), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
