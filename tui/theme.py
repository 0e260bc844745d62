"""The looks: dark, light, and one out of the terminal's own 16 colours."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from textual.theme import Theme

from transfer.workspace import Home, private_opener

QUIET = Theme(
    name="quiet",
    primary="#8ab6c9",
    secondary="#6f8ea0",
    accent="#8ab6c9",
    success="#93bf8e",
    warning="#d8b46a",
    error="#e08c83",
    foreground="#d6dade",
    background="#15191d",
    surface="#1a1f24",
    panel="#20262c",
    dark=True,
    variables={
        "muted": "#97a1ab",
        "faint": "#4a545d",
        "good": "#93bf8e",
        "warn": "#d8b46a",
        "bad": "#e08c83",
        "key": "#8ab6c9",
        "cursor-background": "#2a343c",
        "cursor-text-style": "none",
        "block-cursor-background": "#8ab6c9",
        "block-cursor-foreground": "#15191d",
        "input-cursor-background": "#d6dade",
        "input-selection-background": "#3a4a55",
        "border": "#4a5a66",
        "border-blurred": "#323b43",
        "scrollbar": "#39434c",
        "scrollbar-hover": "#39434c",
        "scrollbar-active": "#4a5a66",
        "scrollbar-background": "#15191d",
        "scrollbar-background-hover": "#15191d",
        "scrollbar-background-active": "#15191d",
        "scrollbar-corner-color": "#15191d",
    },
)

LIGHT = replace(
    QUIET,
    name="light",
    primary="#1d5d7a",
    secondary="#3f6a80",
    accent="#1d5d7a",
    success="#2c6630",
    warning="#7a5400",
    error="#a03329",
    foreground="#23292f",
    background="#f7f6f2",
    surface="#f1efe9",
    panel="#ebe9e2",
    dark=False,
    variables={
        "muted": "#56616b",
        "faint": "#bcbfbd",
        "good": "#2c6630",
        "warn": "#7a5400",
        "bad": "#a03329",
        "key": "#1d5d7a",
        "cursor-background": "#d9e4ea",
        "cursor-text-style": "none",
        "block-cursor-background": "#1d5d7a",
        "block-cursor-foreground": "#f7f6f2",
        "input-cursor-background": "#23292f",
        "input-selection-background": "#bcd3df",
        "border": "#8aa0ac",
        "border-blurred": "#cfd1cd",
        "scrollbar": "#c3c6c3",
        "scrollbar-hover": "#c3c6c3",
        "scrollbar-active": "#a9b4b9",
        "scrollbar-background": "#f7f6f2",
        "scrollbar-background-hover": "#f7f6f2",
        "scrollbar-background-active": "#f7f6f2",
        "scrollbar-corner-color": "#f7f6f2",
    },
)

TERMINAL = Theme(
    name="terminal",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_cyan",
    accent="ansi_cyan",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "muted": "ansi_default",
        "faint": "ansi_bright_black",
        "good": "ansi_green",
        "warn": "ansi_yellow",
        "bad": "ansi_red",
        "key": "ansi_cyan",
        "cursor-background": "ansi_default",
        "cursor-text-style": "bold",
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-foreground": "ansi_black",
        "input-cursor-background": "ansi_white",
        "input-cursor-foreground": "ansi_black",
        "input-cursor-text-style": "none",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_white",
        "border": "ansi_cyan",
        "border-blurred": "ansi_bright_black",
        "scrollbar": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
    },
)

LOOKS = {theme.name: theme for theme in (QUIET, LIGHT, TERMINAL)}

_FEW_COLOURS = ("linux", "vt100", "vt220", "ansi", "screen", "xterm", "cygwin")
_LIGHT_GROUNDS = ("7", "15")
_KEPT = "colours"


def theme_for(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the theme that this terminal can show.

    A plain `screen`, `xterm` or `linux` promises 8 or 16 colours; there the terminal's own
    palette reads better than the nearest neighbours of ours. Terminals that tell what they stand
    on do so in COLORFGBG, whose last number is the ground's.
    """
    few = environ.get("TERM", "") in _FEW_COLOURS
    if few and environ.get("COLORTERM", "").lower() not in ("truecolor", "24bit"):
        return TERMINAL.name
    is_light = environ.get("COLORFGBG", "").rpartition(";")[2] in _LIGHT_GROUNDS
    return LIGHT.name if is_light else QUIET.name


def kept_look(home: Home) -> str | None:
    """The look that was chosen last; None where none was, or none that there is."""
    try:
        with open(home.root / _KEPT, encoding="utf-8", errors="replace") as file:
            name = file.read(20).strip()
    except OSError:
        return None
    return name if name in LOOKS else None


def keep_look(home: Home, name: str) -> None:
    """Remember a look for the next start; where nothing can be written it lasts until the end."""
    try:
        with open(home.root / _KEPT, "w", opener=private_opener, encoding="utf-8") as file:
            file.write(f"{name}\n")
    except OSError:
        return
