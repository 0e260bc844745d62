"""The check of every picture that a cut text can be seen whole: what it lets pass, what not."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import ModalScreen

from tests.tui.whole import cut_pieces, never_whole, stands_whole
from tui.theme import QUIET
from tui.widgets.failure import wrapped
from tui.widgets.ink import POINTER, cell, ink
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

NAMES = {
    "first": "Lung screening of the north, first half of the year",
    "second": "Lung screening of the south, second half of the year",
}


def _cut(name: str, width: int) -> list[Content]:
    return [cell(name, 24)]


class Opened(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "dismiss", "Back")]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._told = name

    def compose(self) -> ComposeResult:
        yield Painted(lambda width: wrapped(ink(self._told), 30))


class Listed(App[None]):
    """A list of names that have no room; `way` is how one of them is seen whole."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self._way = way
        self.register_theme(QUIET)
        self.theme = QUIET.name

    def compose(self) -> ComposeResult:
        yield Rows()
        yield Painted(id="one")

    def on_mount(self) -> None:
        rows = self.query_one(Rows)
        rows.show([Row(key, partial(_cut, name)) for key, name in NAMES.items()])
        rows.focus()

    @on(Rows.Reached)
    def _tell(self, event: Rows.Reached) -> None:
        if self._way == "cursor":
            name = NAMES[self.query_one(Rows).key or "first"]
            self.query_one("#one", Painted).show(lambda width: wrapped(ink(name), 30))

    @on(Rows.Picked)
    async def _open(self, event: Rows.Picked) -> None:
        if self._way == "enter":
            await self.push_screen(Opened(NAMES[event.key]))


@pytest.mark.parametrize(
    ("way", "missing"),
    [
        ("cursor", []),
        ("enter", []),
        ("none", ["Lung screening of the n…", "Lung screening of the s…"]),
    ],
)
async def test_a_cut_text_needs_a_key_that_shows_it_whole(way: str, missing: list[str]) -> None:
    async with Listed(way).run_test(size=(60, 12)) as pilot:
        await pilot.pause()
        assert [piece.lstrip(f"{POINTER} ") for piece in await never_whole(pilot)] == missing


def test_what_is_cut_stands_between_gaps_and_borders() -> None:
    rows = ["│ ✓ done   Answered: the pro…  │ driv…y8P/view │", "nothing here"]
    assert cut_pieces(rows) == ["Answered: the pro…", "driv…y8P/view"]


def test_a_text_is_whole_over_several_lines_and_not_where_it_is_cut_again() -> None:
    assert stands_whole("Answered: the pro…", ["  Answered: the", "  project is there"])
    assert not stands_whole("Answered: the pro…", ["  Answered: the proj…"])
