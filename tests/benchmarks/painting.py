"""Programs on a pseudo terminal: when something was on it, and how much went over the line."""

from __future__ import annotations

import os
import re
import select
import time
from pathlib import Path
from typing import Final, Self

from tests.tui.terminal import Terminal

_PATIENCE_S: Final = 60.0
# What places and colours text, and may stand in the middle of a sentence.
_CONTROL: Final = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")

TWO_WIDGETS: Final = """
import os
os.environ.setdefault("TEXTUAL_FPS", "30")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
from textual.app import App
from textual.widgets import Label, Static

class Two(App):
    def compose(self):
        yield Label("a label")
        yield Static("and a text")

    def on_key(self, event):
        self.query_one(Static).update(f"key {event.key} came")

Two().run(mouse=False)
"""
"""The least that Textual can be asked for, under the settings that ours runs with."""


class Watched(Terminal):
    """A program on a terminal whose paints are timed."""

    def __enter__(self) -> Self:
        return self

    def wait_for(self, text: str, since: int = 0) -> float:
        """When the text was on the screen, by `time.perf_counter`; only what came after the first
        `since` bytes counts.

        Raises:
            AssertionError: it never came.
        """
        limit = time.perf_counter() + _PATIENCE_S
        while text.encode() not in _CONTROL.sub(b"", self.seen[since:]):
            if time.perf_counter() > limit or self.process.poll() is not None:
                raise AssertionError(f"{text!r} never came; last: {self.seen[-500:]!r}")
            ready, _, _ = select.select([self._master], [], [], 0.1)
            if ready:
                try:
                    self.seen += os.read(self._master, 65536)
                except OSError:
                    # The program has ended; the terminal has nobody at its other end.
                    self.process.wait()
        return time.perf_counter()

    def paint_after(self, key: bytes, text: str) -> float:
        """Milliseconds from a key to a text that it brings."""
        since = len(self.seen)
        began = time.perf_counter()
        self.type(key)
        return 1e3 * (self.wait_for(text, since) - began)

    def memory_mb(self) -> float:
        """The largest resident set until now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise AssertionError("Linux tells it")
