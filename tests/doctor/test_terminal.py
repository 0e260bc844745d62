"""The terminal: none, a dumb one, a tiny one, one without UTF-8, one that is not known here."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.asking import doctor, found, not_ok
from tests.program import REPOSITORY, Program
from tui.doctor.terminal import Terminal, check_terminal


def doctor_at_terminal(
    home: Path, columns: int, lines: int, environ: Mapping[str, str]
) -> dict[str, Any]:
    """The findings of a program whose stderr is a terminal of that size."""
    main, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    kept = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(REPOSITORY)}
    bare = {
        name: value
        for name, value in Program(home).environment().items()
        if name not in ("TMUX", "STY", "COLORTERM", "NO_COLOR")
    }
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "tui", "doctor", "--json"],
            cwd=REPOSITORY,
            env={**bare, **kept, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=end,
            timeout=60,
            check=True,
        )
    finally:
        os.close(end)
        os.close(main)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_without_a_terminal_commands_work_and_nothing_is_wrong(tmp_path: Path) -> None:
    code, document = doctor(tmp_path / "home")
    assert code == 0
    result = found(document, "terminal")
    assert result.state == "ok"
    assert result.message == "No terminal here: commands work, the screens need one."


def test_a_terminal_of_80_by_24_is_large_enough(tmp_path: Path) -> None:
    document = doctor_at_terminal(tmp_path, 80, 24, {})
    assert found(document, "terminal").message == "The terminal shows 80 by 24 characters."
    assert found(document, "colours").message == "The terminal shows 256 colours."


def test_a_tiny_terminal_is_worth_a_look(tmp_path: Path) -> None:
    result = found(doctor_at_terminal(tmp_path, 79, 24, {}), "terminal")
    assert (result.state, result.whom) == ("warn", "you")
    assert result.message == (
        "This terminal shows 79 by 24 characters; the screens are made for 80 by 24 and more."
    )


def test_a_dumb_terminal_is_told(tmp_path: Path) -> None:
    result = found(doctor_at_terminal(tmp_path, 80, 24, {"TERM": "dumb"}), "terminal")
    assert result.state == "warn"
    assert result.message == "This terminal cannot place text on its screen (TERM=dumb)."


def test_a_terminal_that_this_host_does_not_know_is_told(tmp_path: Path) -> None:
    result = found(doctor_at_terminal(tmp_path, 80, 24, {"TERM": "nobody-knows"}), "colours")
    assert (result.state, result.whom) == ("warn", "you")
    assert "TERM=xterm-256color" in result.remedy


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"COLORTERM": "truecolor"}, "The terminal shows all colours."),
        ({"NO_COLOR": "1"}, "NO_COLOR is set: the screens do without colours."),
        ({"TERM": "linux"}, "The terminal shows 8 colours; the screens use its own."),
        ({"TERM": "vt100"}, "The terminal shows no colours; marks and words say it all."),
    ],
)
def test_colours_are_told_and_none_is_needed(
    tmp_path: Path, environ: Mapping[str, str], message: str
) -> None:
    result = found(doctor_at_terminal(tmp_path, 80, 24, environ), "colours")
    assert (result.state, result.message) == ("ok", message)


@pytest.mark.parametrize(("name", "shown"), [("TMUX", "tmux"), ("STY", "screen")])
def test_a_multiplexer_is_told(name: str, shown: str) -> None:
    terminal = Terminal(True, 100, 30, environ={"TERM": "screen", name: "x"})
    assert check_terminal(terminal).message == (
        f"The terminal shows 100 by 30 characters, inside {shown}."
    )


def test_text_that_does_not_leave_as_utf_8_is_a_failure_and_the_doctor_can_still_say_so(
    tmp_path: Path,
) -> None:
    environ = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    code, document = doctor(tmp_path / "home", environ=environ)
    assert not_ok(document) == ["encoding"]
    assert code == 2
    result = found(document, "encoding")
    assert result.message.startswith("Text does not leave as UTF-8 here")
    assert "export LANG=C.UTF-8" in result.remedy
    ran = Program(tmp_path / "home", environ).run("doctor")
    assert "FAIL  Text does not leave as UTF-8 here" in ran.out
    assert "Traceback" not in ran.err


def test_the_plain_locale_c_is_good_since_python_takes_utf_8_with_it(tmp_path: Path) -> None:
    code, document = doctor(tmp_path / "home", environ={"LC_ALL": "", "LANG": "C"})
    assert code == 0
    assert found(document, "encoding").message == "Text and file names are UTF-8."


def test_a_locale_that_is_not_installed_is_worth_a_look(tmp_path: Path) -> None:
    environ = {"LC_ALL": "xx_XX.UTF-8", "LANG": "", "PYTHONCOERCECLOCALE": "0"}
    code, document = doctor(tmp_path / "home", environ=environ)
    assert code == 0
    result = found(document, "locale")
    assert (result.state, result.whom) == ("warn", "you")
    assert result.message == (
        "The locale that this shell names is not installed here; programs take C instead."
    )
