"""Record the demo: the UPV journey in the app, by keys alone, against a stand-in of the node.

    python docs/record.py            writes docs/demo.cast
    python docs/record.py --check    the same keys without the pauses; writes nothing

The recording is asciicast v2 (80 by 24); `asciinema play docs/demo.cast` shows it. Needs the extra
`sandbox` and tmux, no network. The cohort is synthetic, and all of it is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
COLUMNS, LINES = 80, 24
_SHELL = ("env", "PS1=$ ", "bash", "--norc", "--noprofile")
# Where the cursor of a list stands.
_CURSOR = "\u203a"
_TITLE = "eucaim-transfer: from a folder to a reference node, verified"
_PATIENCE_S = 120.0
_FRAME_S = 0.15
_IDLE_S = 1.4
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_STYLES = re.compile(r"(?:\x1b\[[0-9;]*m){2,}")
_SETTING = re.compile(r"[34]8;5;\d+|[34]8;2;\d+;\d+;\d+|\d+")
_BLANKS = re.compile(" {22,}")


class Frame(NamedTuple):
    """What stood on the screen at one moment: `at` in seconds, each line with its colours, and row
    and column of the cursor from 1, None where it is hidden."""

    at: float
    lines: list[str]
    cursor: tuple[int, int] | None


class Stage:
    """A shell in a tmux of its own: what is typed there, and what stood there when."""

    def __init__(self, base: Path, environ: dict[str, str], *, is_hurried: bool) -> None:
        self._tmux = ("tmux", "-S", str(base / "tmux"), "-f", "/dev/null")
        self._environ, self._is_hurried = environ, is_hurried
        # As arguments: the shell between, which a single text goes through, unsets the prompt.
        self._run("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), *_SHELL)
        self._run("set", "-g", "default-terminal", "tmux-256color")
        self._run("set", "-g", "escape-time", "0")
        self.frames: list[Frame] = []
        self._is_over = threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def _run(self, *words: str) -> str:
        ran = subprocess.run(
            [*self._tmux, *words], env=self._environ, check=True, capture_output=True, text=True
        )
        return ran.stdout

    def _watch(self) -> None:
        began = time.monotonic()
        while not self._is_over.wait(_FRAME_S):
            shown = self._run(
                *("capture-pane", "-p", "-e", ";", "display-message", "-p"),
                "#{cursor_flag} #{cursor_y} #{cursor_x}",
            ).split("\n")
            flag, row, column = map(int, shown[LINES].split())
            cursor = (row + 1, column + 1) if flag else None
            self.frames.append(Frame(time.monotonic() - began, styled(shown[:LINES]), cursor))

    def look(self, seconds: float) -> None:
        """Leave the viewer time to read."""
        time.sleep(min(seconds, 0.3) if self._is_hurried else seconds)

    def press(self, *keys: str, then: str = "", rest: float = 0.6) -> None:
        """Press tmux's keys one by one, and wait until a text stands on the screen."""
        for key in keys:
            self._run("send-keys", key)
            self.look(0.25)
        if then:
            self.until(then)
        self.look(rest)

    def type(self, text: str) -> None:
        """Type a text as a person does."""
        for letter in text:
            self._run("send-keys", "-l", letter)
            time.sleep(0.02 if self._is_hurried else 0.07)

    def until(self, text: str) -> None:
        """Wait until the text stands on the screen.

        Raises:
            SystemExit: it never came. The message ends with what stands there instead.
        """
        limit = time.monotonic() + _PATIENCE_S
        while text not in (shown := self._run("capture-pane", "-p")):
            if time.monotonic() > limit:
                raise SystemExit(f"Waited for {text!r} in vain. The screen:\n{shown}")
            time.sleep(0.1)

    def close(self) -> None:
        """End it, whatever runs there."""
        self._is_over.set()
        self._watcher.join()
        self._run("kill-server")


def play(stage: Stage) -> None:
    """The journey, key by key. What is waited for stands on the screen that the key leads to."""
    stage.until("$")
    stage.look(1)
    stage.type("eucaim-transfer")
    stage.press("Enter", then="No transfer yet.", rest=1.5)
    _make_transfer(stage)
    _sign_in_and_look(stage)
    _send_images(stage)
    _send_table(stage)
    stage.press("Escape", "Escape", then="Send the clinical data            ✓ done", rest=2.5)
    stage.press("C-q", then="eucaim-transfer\n$", rest=1)
    stage.type("eucaim-transfer list")
    stage.press("Enter", then="done", rest=3)


def _make_transfer(stage: Stage) -> None:
    stage.press("n", then=f"{_CURSOR} health-ri", rest=1.5)
    stage.press("Down", then=f"{_CURSOR} sandbox-upv")
    stage.press("Enter", then="Take this folder", rest=1)
    stage.press("Down", "Down", then=f"{_CURSOR}   lung/")
    stage.press("Enter", then="ada/lung", rest=1)
    stage.press("Enter", then=f"{_CURSOR} SANDBOX|MAIN")
    stage.press("Enter", then="How are the images de-identified?", rest=1)
    stage.press("Home", then=f"{_CURSOR} EUCAIM profile", rest=1)
    stage.press("Enter", then="What is your SITE ID?")
    stage.type("SITE-001")
    stage.press("Enter", then="What shall this transfer be called?")
    stage.press("Enter", then="Making the transfer sends nothing yet.", rest=2)
    stage.press("Enter", then=f"{_CURSOR}  5  Account and sign-in", rest=3)


def _sign_in_and_look(stage: Stage) -> None:
    """Steps 5 and 7. Step 6 is a ticket to people, and no stand-in for them is made."""
    stage.press("Enter", then="Nobody is signed in on this node.", rest=1.5)
    stage.press("i", then="How do you want to sign in", rest=1)
    stage.press("Enter", then="assword")
    stage.type("ingester")
    stage.press("Enter", then="Signed in", rest=2)
    stage.press("Escape", then="A working tool")
    _open_step(stage, 7, then="sandbox-upv is ready", rest=3)
    stage.press("Escape", then="A working tool")


def _send_images(stage: Stage) -> None:
    """Steps 8 and 4, as they are done: read, look at what would leave, send."""
    _open_step(stage, 8, then="The folder has not been read yet.", rest=1)
    stage.press("Enter", then="Enter goes to the upload.", rest=2.5)
    stage.press("Escape", then="A working tool")
    _open_step(stage, 4, then="One slice of each series", rest=1.5)
    stage.press("Enter", then="SOPInstanceUID", rest=4)
    stage.press("Escape", then="One slice of each series")
    stage.press("Escape", then="A working tool")
    _open_step(stage, 8, then="Nothing is being sent.", rest=1)
    stage.press("u", then="leave this machine", rest=2)
    stage.press("Right", "Enter", then="Sending.")
    stage.until("each one listed by it.")
    stage.look(3)
    stage.press("Escape", then="A working tool", rest=1.5)


def _send_table(stage: Stage) -> None:
    """Step 9."""
    _open_step(stage, 9, then="Clinical data", rest=1)
    stage.press("o", then="Take all its tables")
    stage.press("End", "Up", then=f"{_CURSOR}   clinical.csv")
    stage.press("Enter", then="12 columns", rest=2)
    stage.press("u", then="Enter sends the data of 2 subjects.", rest=1.5)
    stage.press("Enter", then="The clinical data are on the node.", rest=2.5)


def _open_step(stage: Stage, number: int, *, then: str, rest: float) -> None:
    stage.press("Home", *["Down"] * (number - 4), "Enter", then=then, rest=rest)


def cast(frames: Sequence[Frame]) -> str:
    """The recording as asciicast v2: a header, then for each moment the lines that are new."""
    header = {
        "version": 2,
        "width": COLUMNS,
        "height": LINES,
        "title": _TITLE,
        "env": {"TERM": "xterm-256color", "SHELL": "/bin/bash"},
    }
    told = [json.dumps(header)]
    before = Frame(0.0, [""] * LINES, None)
    now, seen_at = 0.0, frames[0].at
    for frame in frames:
        # A gap in which nothing changes is cut: nobody watches a machine wait.
        if (frame.lines, frame.cursor) == (before.lines, before.cursor):
            continue
        now, seen_at = now + min(frame.at - seen_at, _IDLE_S), frame.at
        told.append(json.dumps([round(now, 2), "o", _painted(before, frame)], ensure_ascii=False))
        before = frame
    told.append(json.dumps([round(now + _IDLE_S, 2), "o", "\r\n"]))
    return "\n".join(told) + "\n"


def _painted(before: Frame, frame: Frame) -> str:
    """What turns one screen into the next."""
    text = "\x1b[?25l"
    for number, (old, new) in enumerate(zip(before.lines, frame.lines, strict=True), 1):
        if old != new:
            rest = "\x1b[m\x1b[K" if len(_STYLE.sub("", new)) < COLUMNS else ""
            text += f"\x1b[{number};1H{_BLANKS.sub(_skipped, new)}{rest}"
    if frame.cursor is not None:
        text += "\x1b[m\x1b[{};{}H\x1b[?25h".format(*frame.cursor)
    return text


def styled(lines: Sequence[str]) -> list[str]:
    """Each line with all of its colours: tmux tells only where they change, across lines."""
    made = []
    style: dict[str, str] = {}
    for line in lines:
        begun = ";".join(["0", *style.values()])
        made.append(_STYLES.sub(_joined, f"\x1b[{begun}m{line}"))
        for change in _STYLE.findall(line):
            for one in _SETTING.findall(change[2:-1] or "0"):
                if one == "0":
                    style.clear()
                else:
                    # The last of foregrounds and of backgrounds holds; the rest adds up.
                    style[one[0] if one[0] in "349" and len(one) > 1 else one] = one
    return made


def _joined(changes: re.Match[str]) -> str:
    return f"\x1b[{';'.join(one[2:-1] or '0' for one in _STYLE.findall(changes[0]))}m"


def _skipped(blanks: re.Match[str]) -> str:
    """Blanks in the colour of their background, in fewer characters (ECH, CUF)."""
    n = len(blanks[0])
    return f"\x1b[{n}X\x1b[{n}C"


@contextmanager
def _stand_in(home: Path, environ: dict[str, str]) -> Iterator[None]:
    home.mkdir(mode=0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", "tui", "sandbox", "--home", str(home)],
        stdout=subprocess.PIPE,
        cwd=HERE.parent,
        env=environ,
    )
    try:
        assert process.stdout is not None, "it was asked for"
        if not process.stdout.readline():
            raise SystemExit("The stand-in node did not start.")
        yield
    finally:
        process.terminate()
        process.wait(30)


def main() -> int:
    """Play it, and write it down unless only asked whether it still plays."""
    parser = argparse.ArgumentParser(prog="python docs/record.py")
    parser.add_argument("--check", action="store_true", help="without pauses; write nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eucaim-") as folder:
        base = Path(folder)
        account = base / "ada"
        account.mkdir()
        environ = {
            "HOME": str(account),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            # The program of this checkout, whichever is installed.
            "PYTHONPATH": str(HERE.parent),
            "EUCAIM_TRANSFER_HOME": str(base / "home"),
        }
        cohort = [sys.executable, "-m", "tui", "synth", str(account / "lung"), "--patients", "2"]
        subprocess.run(cohort, cwd=HERE.parent, env=environ, check=True, capture_output=True)
        with _stand_in(base / "home", environ):
            stage = Stage(base, environ, is_hurried=options.check)
            try:
                play(stage)
            finally:
                stage.close()
    if not options.check:
        (HERE / "demo.cast").write_text(cast(stage.frames), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
