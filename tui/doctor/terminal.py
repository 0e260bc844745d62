"""The terminal: can the screens be drawn on it, and does text arrive as it was meant?"""

from __future__ import annotations

import curses
import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from transfer.machine.host import YOU
from transfer.machine.question import Question
from transfer.node import CheckResult

LEAST_COLUMNS, LEAST_LINES = 80, 24
_DUMB = ("dumb", "unknown", "")
_MANY_COLOURS = 256


@dataclass(frozen=True, slots=True)
class Terminal:
    """What this process writes to. `columns` and `lines` are 0 where that is no terminal;
    `encoding` is that of its text, `names` that of file names."""

    is_there: bool
    columns: int = 0
    lines: int = 0
    encoding: str = "utf-8"
    names: str = "utf-8"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    @classmethod
    def find(cls) -> Terminal:
        """The one that the screens would be drawn on: Textual draws on stderr."""
        # Whoever runs the screens has put something else in the place of sys.stderr.
        stream = sys.__stderr__
        columns = lines = 0
        is_there = False
        encoding = "utf-8"
        if stream is not None:
            encoding = stream.encoding or "ascii"
            try:
                is_there = stream.isatty()
                if is_there:
                    columns, lines = os.get_terminal_size(stream.fileno())
            except (OSError, ValueError):
                is_there = False
        return cls(is_there, columns, lines, encoding, sys.getfilesystemencoding())

    @property
    def kind(self) -> str:
        return self.environ.get("TERM", "")


def check_terminal(terminal: Terminal) -> CheckResult:
    """Is it a terminal that can place text, and large enough?"""
    asked = Question("terminal", "Asked the terminal for its size, and looked at TERM.")
    if not terminal.is_there:
        return asked.ok("No terminal here: commands work, the screens need one.", "no terminal")
    if terminal.kind in _DUMB:
        return asked.warn(
            f"This terminal cannot place text on its screen (TERM={terminal.kind or 'not set'}).",
            "Set TERM to what the terminal is (for example xterm-256color), or use the commands.",
            f"TERM={terminal.kind}",
            YOU,
        )
    within = _within(terminal.environ)
    size = f"{terminal.columns} by {terminal.lines}"
    answer = f"{size}, TERM={terminal.kind}{within}"
    if terminal.columns < LEAST_COLUMNS or terminal.lines < LEAST_LINES:
        return asked.warn(
            f"This terminal shows {size} characters; the screens are made for 80 by 24 and more.",
            "Make its window larger, or its letters smaller; or use the commands.",
            answer,
            YOU,
        )
    return asked.ok(f"The terminal shows {size} characters{within}.", answer)


def check_colours(terminal: Terminal) -> CheckResult:
    """How many colours are there? None is needed: every state is a word and a mark as well."""
    asked = Question("colours", "Looked at COLORTERM and NO_COLOR, and TERM up in terminfo.")
    if not terminal.is_there:
        return asked.ok("No terminal here, so no colours.", "no terminal")
    environ = terminal.environ
    if environ.get("NO_COLOR"):
        return asked.ok("NO_COLOR is set: the screens do without colours.", "NO_COLOR")
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return asked.ok("The terminal shows all colours.", "COLORTERM")
    number = _colours(terminal.kind)
    if number is None:
        return asked.warn(
            "This host does not know this kind of terminal; other programs may fail on it.",
            "Set TERM=xterm-256color, or ask for the package ncurses-term.",
            "TERM is not in terminfo",
            YOU,
        )
    if number >= _MANY_COLOURS:
        return asked.ok(f"The terminal shows {number} colours.", f"{number}")
    if number >= 8:
        return asked.ok(
            f"The terminal shows {number} colours; the screens use its own.", f"{number}"
        )
    return asked.ok("The terminal shows no colours; marks and words say it all.", f"{number}")


def check_encoding(terminal: Terminal) -> CheckResult:
    """Does text leave as UTF-8, and are file names read as such?"""
    asked = Question("encoding", "Looked at the encoding of this process's text and file names.")
    answer = f"text {terminal.encoding}, file names {terminal.names}"
    if not (_is_utf8(terminal.encoding) and _is_utf8(terminal.names)):
        return asked.fail(
            f"Text does not leave as UTF-8 here ({terminal.encoding}): names and marks would be"
            " spoilt.",
            "Set in this shell, and in the account's profile: export LANG=C.UTF-8 (and take LC_ALL"
            " and PYTHONUTF8 out).",
            answer,
            YOU,
        )
    return asked.ok("Text and file names are UTF-8.", answer)


def check_locale(terminal: Terminal) -> CheckResult:
    """Is the locale that the environment names installed, and one of UTF-8?"""
    asked = Question("locale", "Compared the locale that LC_ALL, LC_CTYPE or LANG names with ours.")
    environ = terminal.environ
    named = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    used = locale.setlocale(locale.LC_CTYPE)
    answer = f"named {named or 'none'}, used {used}"
    if named not in ("", "C", "POSIX", used) and _is_other(named, used):
        return asked.warn(
            "The locale that this shell names is not installed here; programs take C instead.",
            "Set LANG=C.UTF-8, or have that locale generated (locale-gen).",
            answer,
            YOU,
        )
    return asked.ok(f"The locale is {used}.", answer)


def _within(environ: Mapping[str, str]) -> str:
    if environ.get("TMUX"):
        return ", inside tmux"
    return ", inside screen" if environ.get("STY") else ""


def _colours(kind: str) -> int | None:
    """How many terminfo says; None for a terminal that it does not know."""
    try:
        # On a descriptor that is no terminal nothing can be written to the screen by mistake.
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            curses.setupterm(kind, nowhere.fileno())
    except curses.error:
        return None
    return max(0, curses.tigetnum("colors"))


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def _is_other(named: str, used: str) -> bool:
    """Whether two names mean different locales: spelling aside, and whatever Python coerced."""
    return used in ("C", "POSIX") or _spelled(named) != _spelled(used)


def _spelled(name: str) -> str:
    return name.lower().replace("-", "")
