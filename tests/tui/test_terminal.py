"""On a real terminal: refusing what cannot be drawn on, ending, and silence at rest."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.driving import make_app, press, running, words
from tests.tui.ledgers import held, make_done, make_running
from tests.tui.terminal import Terminal
from transfer.errors import UsageError
from transfer.workspace import Home
from tui.run import run_app

_TELLS_OF_GARBAGE = """
import gc
from transfer.workspace import Home
from tui.run import run_app
run_app(Home.find())
from textual.app import App
print(f"on={gc.isenabled()} walks={any(each is App for each in gc.get_objects())}")
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")


def test_without_a_terminal_the_screens_are_refused_and_the_command_line_named(home: Home) -> None:
    with pytest.raises(UsageError, match="need a terminal") as refusal:
        run_app(home)
    assert "eucaim-transfer list, new, scan, upload, status --watch" in refusal.value.remedy


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"TERM": "dumb"}, "TERM=dumb"),
        (
            {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            "not set to UTF-8",
        ),
    ],
)
def test_a_terminal_that_cannot_show_the_screens_is_refused(
    home: Home, environ: dict[str, str], says: str
) -> None:
    with Terminal(home, environ=environ) as terminal:
        code = terminal.end()
        terminal.read_for(0.2)
    assert code == 2
    assert says.encode() in terminal.seen
    assert b"eucaim-transfer list" in terminal.seen


def test_an_unknown_transfer_is_refused_before_the_screens_come_up(home: Home) -> None:
    with Terminal(home, "no-such-transfer") as terminal:
        code = terminal.end()
        terminal.read_for(0.2)
    assert code == 2
    assert b"There is no transfer of the name given." in terminal.seen
    assert b"\x1b[?1049h" not in terminal.seen


def test_no_variable_of_textual_has_what_is_typed_written_down(home: Home, tmp_path: Path) -> None:
    """A password is typed key by key; TEXTUAL_LOG writes each into a file that all may read."""
    log = tmp_path / "textual.log"
    environ = {
        "TEXTUAL": "debug,devtools",
        "TEXTUAL_DEBUG": "1",
        "TEXTUAL_LOG": str(log),
        "TEXTUAL_SCREENSHOT": "0",
        "TEXTUAL_SCREENSHOT_LOCATION": str(tmp_path),
    }
    with Terminal(home, environ=environ) as terminal:
        terminal.read_until("New transfer")
        terminal.type(b"?")
        terminal.type(b"\x11")
        assert terminal.end() == 0
    assert list(tmp_path.glob("*.log")) == []
    assert list(tmp_path.glob("*.svg")) == []


def test_ctrl_q_leaves_with_success_and_gives_the_terminal_back(home: Home) -> None:
    with Terminal(home) as terminal:
        terminal.read_until("No transfer yet.")
        terminal.type(b"\x11")
        assert terminal.end() == 0
    assert b"\x1b[?1049l" in terminal.seen


def test_a_look_for_garbage_between_two_keys_does_not_walk_the_program_itself(home: Home) -> None:
    """It did, and every fourth page came 50 ms later than the others."""
    with Terminal(home, program=_TELLS_OF_GARBAGE) as terminal:
        terminal.read_until("No transfer yet.")
        terminal.type(b"\x11")
        assert terminal.end() == 0
    assert b"on=True walks=False" in terminal.seen


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["TERM", "HUP"]
)
def test_a_signal_ends_the_screens_in_good_order(
    home: Home, number: signal.Signals, code: int
) -> None:
    with Terminal(home) as terminal:
        terminal.read_until("No transfer yet.")
        terminal.signal(number)
        assert terminal.end() == code


def test_a_dropped_line_ends_the_screens_and_not_the_runner(home: Home) -> None:
    """The kernel sends SIGHUP to the session when the terminal goes; nothing may spin on."""
    workspace = make_running(home)
    with held(workspace), Terminal(home, "lung-2024") as terminal:
        terminal.read_until("running requests")
        terminal.hang_up()
        assert terminal.end() == 129


def test_at_rest_not_one_byte_goes_over_the_line(home: Home) -> None:
    make_done(home)
    with Terminal(home) as terminal:
        terminal.read_until("12 of 12 verified")
        terminal.read_for(2.5)
        assert terminal.read_for(3.0) == b""


def test_a_held_transfer_whose_progress_stands_still_costs_nothing_either(home: Home) -> None:
    workspace = make_running(home)
    with held(workspace), Terminal(home, "lung-2024") as terminal:
        terminal.read_until("running requests")
        terminal.read_for(2.0)
        assert terminal.read_for(2.0) == b""


async def test_a_crash_prints_one_sentence_and_no_values(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """Textual's own crash report prints local variables; this guards our private override."""
    app = make_app(home)
    secret = "hush-hush"

    def crash() -> None:
        password = secret
        raise RuntimeError(f"never show {password}")

    async def run_into_it() -> None:
        async with running(app) as pilot:
            app.call_later(crash)
            await pilot.pause()

    with pytest.raises(RuntimeError, match="never show"):
        await run_into_it()
    said = capsys.readouterr().err
    log = (home.root / "tui.log").read_text()
    assert "The screens ended by an error of this program" in said
    assert "RuntimeError" in log
    assert "crash" in log
    assert secret not in said + log
    assert (home.root / "tui.log").stat().st_mode & 0o077 == 0


async def test_ctrl_c_leaves_nothing_and_says_how_to_leave(home: Home) -> None:
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "ctrl+c", "ctrl+z")
        assert app.is_running
        messages = [n.message for n in app._notifications]
    assert messages == ["ctrl+q leaves; a running transfer goes on."]


async def test_the_palette_offers_the_keys_of_the_screen_and_no_screenshot(home: Home) -> None:
    make_done(home)
    app = make_app(home)
    async with running(app):
        titles = {command.title for command in app.get_system_commands(app.screen)}
    assert {"Open", "New transfer", "Help", "Leave"} <= titles
    assert not {t for t in titles if "creenshot" in t}


async def test_the_palette_offers_our_own_two_looks_and_no_other(home: Home) -> None:
    """Textual's themes lack the colours that the screens draw in: choosing one ended the app."""
    make_done(home)
    app = make_app(home)
    async with running(app) as pilot:
        names = []
        for look in ("terminal colours", "dark colours", "terminal colours"):
            await press(pilot, "ctrl+p", *look.replace(" ", ""), "enter", "enter")
            names.append(app.theme)
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert "Theme" not in titles
        assert "✓ images sent" in words(app)
    assert names == ["terminal", "quiet", "terminal"]


async def test_every_key_with_a_meaning_is_on_the_help_screen(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            await press(pilot, "question_mark")
            said = app.screen.query_one("HelpScreen Painted").words  # type: ignore[attr-defined]
    for meaning in (
        "Pause",
        "Stop",
        "Limit",
        "Findings",
        "source folder",
        "Back",
        "Leave",
        "● running",
        "linger",
    ):
        assert meaning in said


def test_the_screens_are_not_imported_by_a_question_for_the_version() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import tui.run, sys; print('textual' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert done.stdout == "False\n"


def test_the_first_screen_waits_for_no_part_of_the_engine_that_it_does_not_show() -> None:
    """All rooms together took longer to import than Textual."""
    script = "import tui.app, sys; print(*sorted(m for m in sys.modules if m in sys.argv))"
    rooms = ["tui.catalogue", "tui.choosing", "tui.evidence", "tui.findings"]
    engine = ["transfer.quality.rules", "transfer.status", "tui.journeys"]
    done = subprocess.run(
        [sys.executable, "-c", script, "tui.app", *rooms, *engine],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert done.stdout == "tui.app\n"


@pytest.mark.parametrize("term", ["linux", "xterm-256color"])
def test_without_colour_text_never_stands_on_its_own_colour(home: Home, term: str) -> None:
    """Greys on a console of 16 colours came out black on black."""
    with Terminal(home, environ={"TERM": term, "COLORTERM": "", "NO_COLOR": "1"}) as terminal:
        terminal.read_until("No transfer yet.")
        terminal.type(b"\x11")
        assert terminal.end() == 0
    styles = [found.decode() for found in re.findall(rb"\x1b\[([0-9;]+)m", terminal.seen)]
    assert styles
    both = [style for style in styles if re.search(r"(^|;)30(;|$)", style)]
    assert not [style for style in both if re.search(r"(^|;)40(;|$)", style)]
    if term == "linux":
        assert not [s for s in styles if re.search(r"(^|;)(3[0-7]|4[0-7]|9[0-7]|10[0-7])(;|$)", s)]
