"""The one look: a dark theme for terminals with colours, and one out of the terminal's own 16."""

from __future__ import annotations

import os
from collections.abc import Mapping

from textual.theme import Theme

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

_FEW_COLOURS = ("linux", "vt100", "vt220", "ansi", "screen", "xterm", "cygwin")


def theme_for(environ: Mapping[str, str] = os.environ) -> str:
    """The name of the theme that this terminal can show.

    A plain `screen`, `xterm` or `linux` promises 8 or 16 colours; there the terminal's own
    palette reads better than the nearest neighbours of ours.
    """
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
        return QUIET.name
    return TERMINAL.name if environ.get("TERM", "") in _FEW_COLOURS else QUIET.name
