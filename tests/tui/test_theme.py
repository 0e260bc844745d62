"""The look: readable text on every ground, and the terminal's own colours where there are few."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.containers import VerticalScroll
from textual.geometry import Region
from textual.theme import Theme
from textual.widgets import Input

from tests.tui.driving import make_app, press, running, words
from tests.tui.ledgers import make_done
from tests.tui.looking import LEAST_CONTRAST, contrast, cut_texts, faint_texts
from transfer.workspace import Home
from tui.theme import LIGHT, QUIET, theme_for
from tui.widgets.ink import POINTER, ink
from tui.widgets.painted import Painted


@pytest.mark.parametrize("theme", [QUIET, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ink", ["foreground", "muted", "good", "warn", "bad", "key"])
@pytest.mark.parametrize("ground", ["background", "panel", "cursor-background"])
def test_text_stands_out_from_every_ground(ink: str, ground: str, theme: Theme) -> None:
    """WCAG 2.2, 1.4.3. What stands in the pictures is held to it in each of them."""
    colours = {
        "background": theme.background,
        "panel": theme.panel,
        "foreground": theme.foreground,
        **theme.variables,
    }
    behind, before = colours[ground], colours[ink]
    assert behind is not None
    assert before is not None
    assert contrast(Color.parse(before), Color.parse(behind)) >= LEAST_CONTRAST


class Dim(App[None]):
    """Text that is easy and text that is hard to read."""

    CSS = "Screen { background: #101010; }"

    def compose(self) -> ComposeResult:
        yield Painted(lambda width: [ink("plain", "#ffffff"), ink("dim", "#555555")])
        yield Painted(lambda width: [ink("━━━ · ───", "#555555")])


async def test_text_that_is_hard_to_read_is_found_in_a_picture() -> None:
    app = Dim()
    async with app.run_test(size=(80, 24)):
        picture = app.export_screenshot()
        assert [one.text for one in faint_texts(picture, app.screen.region)] == ["dim"]
        assert not faint_texts(picture, Region(0, 2, 80, 22))


class Tight(App[None]):
    """Text that has room, text that has none, and text that can be scrolled to."""

    CSS = "#low { height: 1; } VerticalScroll { height: 2; } Input { width: 18; }"

    def compose(self) -> ComposeResult:
        lines = [ink("one"), ink("two"), ink("three")]
        yield Painted(lambda width: lines, id="low")
        yield Painted(lambda width: lines, id="whole")
        with VerticalScroll():
            yield Painted(lambda width: lines, id="scrolled")
        yield Input(placeholder="an address, and a port")
        yield Input(placeholder="a port")


async def test_lines_without_room_and_hints_too_long_are_found() -> None:
    app = Tight()
    async with app.run_test(size=(80, 24)):
        low, hint = cut_texts(app)
    assert "low" in low
    assert "['two', 'three']" in low
    assert "an address, and a port" in hint


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "quiet"),
        ({"TERM": "tmux-256color"}, "quiet"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, "quiet"),
        ({"TERM": "screen"}, "terminal"),
        ({"TERM": "linux"}, "terminal"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "light"),
        ({"TERM": "rxvt-256color", "COLORFGBG": "0;default;7"}, "light"),
        ({"TERM": "xterm-256color", "COLORFGBG": "15;0"}, "quiet"),
        ({"TERM": "linux", "COLORFGBG": "0;15"}, "terminal"),
    ],
)
def test_a_terminal_of_few_colours_keeps_its_own(environ: dict[str, str], name: str) -> None:
    assert theme_for(environ) == name


async def test_a_look_that_was_chosen_is_there_again_the_next_time(home: Home) -> None:
    make_done(home)
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "ctrl+p", *"lightcolours", "enter", "enter")
        assert app.theme == "light"
    assert make_app(home).theme == "light"
    assert (home.root / "colours").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", ["", "neon\n", "light" * 99, "\x00\xff"])
def test_what_is_no_look_of_ours_is_passed_over(home: Home, words: str) -> None:
    (home.root / "colours").write_text(words)
    assert make_app(home).theme == "quiet"


async def test_a_look_that_cannot_be_kept_lasts_until_the_end(home: Home) -> None:
    (home.root / "colours").mkdir()
    app = make_app(home)
    async with running(app) as pilot:
        await press(pilot, "ctrl+p", *"lightcolours", "enter", "enter")
        assert app.theme == "light"


@pytest.mark.parametrize(
    ("variable", "value"), [("NO_COLOR", "1"), ("COLORTERM", "")], ids=["no-colour", "16-colours"]
)
async def test_without_colour_every_state_is_still_a_word(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("TERM", "screen")
    make_done(home)
    app = make_app(home)
    async with running(app):
        assert "✓ images sent" in words(app)
        assert f">{POINTER}" in app.export_screenshot().replace("&#160;", "")
