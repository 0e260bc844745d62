"""Somebody at a terminal: tmux holds it, keys go in, and what is on its screen can be read."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import join
from typing import Final

_PATIENCE_S: Final = 60.0
_SESSION: Final = "operator"
_CONFIG: Final = """
set -g status off
set -s escape-time 0
"""


@dataclass(frozen=True)
class Operator:
    """One terminal of tmux, in a tmux server of its own."""

    socket: Path
    raw: Path

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", os.devnull, *words]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        return ran.stdout

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: `Enter`, `Escape`, `Down`, `C-q`, `a`."""
        for key in keys:
            self._tmux("send-keys", "-t", _SESSION, key)

    def type(self, text: str) -> None:
        """The letters of a text, one after the other."""
        self._tmux("send-keys", "-t", _SESSION, "-l", text)

    def paste(self, text: str) -> None:
        """A text from the clipboard, bracketed where the program asked for that."""
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", "-p", "-t", _SESSION)

    def resize(self, columns: int, rows: int) -> None:
        """Another size of the window, while the program runs."""
        self._tmux("resize-window", "-t", _SESSION, "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> str:
        """What stands there, row by row, without colours; a row that ran over is one with the
        next."""
        return self._tmux("capture-pane", "-p", "-J", "-t", _SESSION)

    @property
    def bytes_seen(self) -> bytes:
        """All that the terminal was sent until now."""
        return self.raw.read_bytes()

    def wait_for(self, pattern: str, *, gone: bool = False) -> str:
        """The screen once a pattern stands on it, or stands there no more.

        Raises:
            AssertionError: it does not come, or does not go.
        """
        limit = time.monotonic() + _PATIENCE_S
        while True:
            screen = self.screen
            if (re.search(pattern, screen) is None) is gone:
                return screen
            came = "stays" if gone else "never came"
            assert time.monotonic() < limit, f"{pattern!r} {came}:\n{screen}"
            time.sleep(0.05)


@contextmanager
def operator(
    folder: Path,
    command: Sequence[str],
    *,
    columns: int = 80,
    rows: int = 24,
    term: str = "tmux-256color",
    environ: Mapping[str, str] | None = None,
) -> Iterator[Operator]:
    """A terminal in which the command runs; it stays with what was last on it. `term` is what
    the command is told to be on."""
    # A Unix socket's name is short, and a test's folder is not.
    near = Path(tempfile.mkdtemp(prefix="op-"))
    socket, raw = near / "tmux", folder / f"{near.name}.raw"
    raw.touch()
    shell = " ".join([*(f"{k}={v}" for k, v in (environ or {}).items())])
    line = f'TERM={term} {shell} {join(command)}; echo "ended with $?"; exec sleep 3600'
    config = folder / "tmux.conf"
    config.write_text(_CONFIG, "utf-8")
    at = ["tmux", "-S", str(socket), "-f", str(config)]
    clean = {k: v for k, v in os.environ.items() if k not in ("TMUX", "NO_COLOR")}
    try:
        size = ("-x", str(columns), "-y", str(rows))
        subprocess.run(
            [*at, "new-session", "-d", "-s", _SESSION, *size, "sh"],
            check=True,
            env={**clean, "LANG": "C.UTF-8"},
        )
        one = Operator(socket, raw)
        # In its configuration this ends tmux 3.3a at once.
        one._tmux("set-option", "-g", "window-size", "manual")
        one._tmux("pipe-pane", "-t", _SESSION, f"cat >> {raw}")
        one.type(f" {line}")
        one.press("Enter")
        yield one
    finally:
        subprocess.run([*at, "kill-server"], check=False, capture_output=True)
        shutil.rmtree(near, ignore_errors=True)
