"""A text that ends in an ellipsis can be seen whole: looked for on the screen by its own keys."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any, Final

from textual.app import ScreenStackError
from textual.pilot import Pilot

from tests.tui.looking import in_use, rows_of
from tui.widgets.ink import POINTER

_PIECE: Final = re.compile(r"(?:[^\s│┃▏▕]| (?! ))*[^\s│┃]…[^\s│┃]*")
"""What stands between gaps or borders and was cut, at its end or in its middle."""
_UNDER_WAY: Final = frozenset(("Reading…", "● Looking at the way to upv…"))
"""Where the ellipsis is the text's own."""
_TAIL: Final = 16
"""So many letters and digits before the ellipsis tell a text from all others of a screen."""
_MOST_ROWS: Final = 60
_MOST_LISTS: Final = 4


def cut_pieces(rows: Iterable[str]) -> list[str]:
    """Every text of a screen that ends in an ellipsis."""
    return [found.group().strip() for row in rows for found in _PIECE.finditer(row)]


def stands_whole(piece: str, rows: Iterable[str]) -> bool:
    """Whether a cut text stands on a screen with what was cut off, over however many lines."""
    tail = _bare(piece.partition("…")[0])[-_TAIL:]
    return tail in _bare("".join(_PIECE.sub("", row) for row in rows))


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text)


async def never_whole(pilot: Pilot[Any]) -> list[str]:
    """The cut texts of the topmost screen that no key brings whole: neither the cursor on a row of
    a list, nor Enter on it, nor the next page of what scrolls.

    The screen is not left as it was.
    """
    missing = [each for each in cut_pieces(_rows_in_use(pilot)) if each not in _UNDER_WAY]
    if missing:
        async for rows in _views(pilot, missing):
            missing[:] = [piece for piece in missing if not stands_whole(piece, rows)]
            if not missing:
                break
    return missing


async def _views(pilot: Pilot[Any], missing: list[str]) -> AsyncIterator[list[str]]:
    # Enter last: it may take something, and the screen is gone.
    for opens in (False, True):
        for _ in range(_MOST_LISTS):
            await pilot.press("home")
            before: list[str] = []
            for _ in range(_MOST_ROWS):
                rows = _rows(pilot)
                if rows == before:
                    break
                before = rows
                yield rows
                if opens and any(
                    POINTER in row and piece in row for piece in missing for row in rows
                ):
                    async for opened in _opened(pilot):
                        yield opened
                await pilot.press("down")
            await pilot.press("tab")


async def _opened(pilot: Pilot[Any]) -> AsyncIterator[list[str]]:
    """What Enter opens, and the pages below it; then back."""
    page = pilot.app.screen
    await pilot.press("enter")
    await pilot.pause()
    if pilot.app.screen is not page:
        for _ in range(3):
            yield _rows(pilot)
            await pilot.press("pagedown")
    for _ in range(3):
        if pilot.app.screen is page:
            return
        with suppress(ScreenStackError):
            await pilot.press("escape")
            await pilot.pause()


def _rows(pilot: Pilot[Any]) -> list[str]:
    return rows_of(pilot.app.export_screenshot())


def _rows_in_use(pilot: Pilot[Any]) -> list[str]:
    region = in_use(pilot.app)
    return [row[region.x : region.right] for row in _rows(pilot)[region.y : region.bottom]]
