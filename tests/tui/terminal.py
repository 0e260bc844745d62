"""The real program under a real (pseudo) terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from transfer.workspace import HOME_VARIABLE, Home

_PROGRAM = """
import sys
from pathlib import Path
from transfer.errors import TransferError
from transfer.workspace import Home
from tui.run import run_app
try:
    sys.exit(run_app(Home.find(), sys.argv[1] if len(sys.argv) > 1 else None))
except TransferError as error:
    print(error.what, error.remedy, file=sys.stderr)
    sys.exit(error.exit_code)
"""


class Terminal:
    """The screens in a session of their own, on a pseudo terminal of 80 by 24; or the program of
    another text, or another `command`."""

    def __init__(
        self,
        home: Home | None,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        program: str = _PROGRAM,
        command: Sequence[str] | None = None,
    ) -> None:
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""
        self.process = subprocess.Popen(
            command or [sys.executable, "-c", program, *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            env={
                **os.environ,
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "LANG": "C.UTF-8",
                "PYTHONUTF8": "1",
                "PYTHONPATH": os.getcwd(),
                **({} if home is None else {HOME_VARIABLE: str(home.root)}),
                **(environ or {}),
            },
        )
        os.close(self._slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()

    def read_for(self, seconds: float) -> bytes:
        """Everything that comes over the line in that time."""
        found = b""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self._master], [], [], left)
            if not ready:
                break
            try:
                piece = os.read(self._master, 65536)
            except OSError:
                break
            if not piece:
                break
            found += piece
        self.seen += found
        return found

    def read_until(self, text: str, timeout_s: float = 20.0) -> None:
        """Read until the text has come over the line."""
        end = time.monotonic() + timeout_s
        while text.encode() not in self.seen:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{text!r} never came; last: {self.seen[-2000:]!r}")
            self.read_for(0.1)

    def press(self, keys: bytes, shows: str) -> None:
        """Send keys, and read until the text has come since."""
        before = len(self.seen)
        self.type(keys)
        end = time.monotonic() + 20.0
        while shows.encode() not in self.seen[before:]:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{shows!r} never came after {keys!r}: {self.seen[before:]!r}")
            self.read_for(0.1)

    def type(self, keys: bytes) -> None:
        """Send keys as a terminal does."""
        os.write(self._master, keys)

    def hang_up(self) -> None:
        """Drop the line."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def end(self, timeout_s: float = 15.0) -> int:
        """Wait for the program's end, still reading; its exit code."""
        limit = time.monotonic() + timeout_s
        while self.process.poll() is None and time.monotonic() < limit:
            if self._master >= 0:
                self.read_for(0.1)
            else:
                self.process.wait(timeout_s)
        return self.process.wait(1)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)
