"""The look: readable text on every ground, and the terminal's own colours where there are few."""

from __future__ import annotations

import pytest
from textual.color import Color

from tests.tui.driving import make_app, running, words
from tests.tui.ledgers import make_done
from transfer.workspace import Home
from tui.theme import QUIET, theme_for
from tui.widgets.ink import POINTER


@pytest.mark.parametrize("ink", ["muted", "good", "warn", "bad", "key"])
@pytest.mark.parametrize("ground", ["background", "panel", "cursor-background"])
def test_text_stands_out_from_every_ground(ink: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    grounds = {"background": QUIET.background, "panel": QUIET.panel, **QUIET.variables}
    behind = grounds[ground]
    assert behind is not None
    assert _contrast(Color.parse(QUIET.variables[ink]), Color.parse(behind)) >= 4.5


def _contrast(one: Color, other: Color) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in color.normalized
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"TERM": "xterm-256color"}, "quiet"),
        ({"TERM": "tmux-256color"}, "quiet"),
        ({"TERM": "screen", "COLORTERM": "truecolor"}, "quiet"),
        ({"TERM": "screen"}, "terminal"),
        ({"TERM": "linux"}, "terminal"),
    ],
)
def test_a_terminal_of_few_colours_keeps_its_own(environ: dict[str, str], name: str) -> None:
    assert theme_for(environ) == name


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
        assert "✓ done" in words(app)
        assert f">{POINTER}" in app.export_screenshot().replace("&#160;", "")
