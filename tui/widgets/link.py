"""An address for a browser: one that the terminal itself can open, and that can be copied."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from textual.app import App
from textual.content import Content
from textual.style import Style

from tui.text import plain
from tui.widgets.ink import ink

# What a terminal hands on to a browser: nothing but https, and no character of its own language.
_OPENS = re.compile(r"https://[!-~]{1,2000}\Z")


def linked(text: str, address: str, style: str = "$key") -> Content:
    """A text that a terminal opens in its browser (OSC 8). Where the address is none for a
    browser, as one out of a node's answer may be, it is a text like any other."""
    content = ink(plain(text), style)
    return content.stylize(Style(link=address)) if _OPENS.match(address) else content


def address_lines(address: str, width: int, style: str = "$key") -> list[Content]:
    """A whole address over as many lines as it needs; each line opens all of it."""
    shown, room = plain(address, 4000), max(8, width)
    return [
        linked(shown[start : start + room], address, style) for start in range(0, len(shown), room)
    ]


def copy(app: App[Any], text: str, what: str, environ: Mapping[str, str] = os.environ) -> None:
    """Hand a text to the clipboard of whoever sits at the terminal (OSC 52).

    No terminal answers whether it took it, so that nothing but what is on the screen is sure.
    """
    app.copy_to_clipboard(text)
    told = f"{what} copied, if your terminal allows it."
    if environ.get("TMUX"):
        told += " In tmux this needs: set -g set-clipboard on"
    app.notify(told, markup=False, timeout=6)
