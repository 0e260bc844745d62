"""The one list: its cursor keeps its row, and what changes is on the screen at once."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Input

from tests.tui.driving import make_app, running
from tests.tui.ledgers import held, make_running
from transfer.ledger.connection import Ledger
from transfer.workspace import Home
from tui.screens.find import FindScreen
from tui.theme import QUIET
from tui.widgets import painted
from tui.widgets.ink import ink, strip_of
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows


class ListApp(App[None]):
    """Nothing but a list."""

    def __init__(self) -> None:
        super().__init__()
        self.picked: list[str] = []
        self.register_theme(QUIET)
        self.theme = QUIET.name

    def compose(self) -> ComposeResult:
        yield Rows(empty=["nothing here"])

    def on_rows_picked(self, event: Rows.Picked) -> None:
        self.picked.append(event.key)


lines = [ink(f"line {n}") for n in range(100)]


class TextApp(App[None]):
    """A text longer than the screen."""

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Painted(lambda width: lines)


def _row(key: str, text: str, *, is_choice: bool, opens: bool) -> Row:
    return Row(key, lambda width: [ink(text)], is_choice, opens)


def _rows(*keys: str, suffix: str = "", closed: str = "", skipped: str = "") -> list[Row]:
    return [_row(key, key + suffix, is_choice=key != skipped, opens=key != closed) for key in keys]


def _picture(app: App[None]) -> str:
    return app.export_screenshot().replace("&#160;", " ")


async def test_the_cursor_stays_on_its_row_when_rows_come_before_it() -> None:
    app = ListApp()
    async with app.run_test() as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("b", "c"))
        await pilot.press("down")
        rows.show(_rows("a", "b", "c"))
        assert rows.key == "c"


async def test_a_row_whose_text_changes_is_repainted() -> None:
    app = ListApp()
    async with app.run_test() as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("a", "b", suffix=" before"))
        await pilot.pause()
        rows.show(_rows("a", "b", suffix=" after"))
        await pilot.pause()
        assert "b after" in _picture(app)
        assert "before" not in _picture(app)


async def test_a_row_that_changes_right_after_a_resize_is_repainted() -> None:
    """A resize empties the list's memory of what is on the screen; it must not trust it then."""
    app = ListApp()
    async with app.run_test() as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("a", suffix=" before"))
        await pilot.pause()
        await pilot.resize_terminal(60, 20)
        rows.show(_rows("a", suffix=" after"))
        await pilot.pause()
        assert "a after" in _picture(app)


async def test_enter_does_nothing_on_a_row_that_does_not_open() -> None:
    app = ListApp()
    async with app.run_test() as pilot:
        app.query_one(Rows).show(_rows("a", "b", closed="a"))
        await pilot.press("enter", "down", "enter")
        assert app.picked == ["b"]


async def test_a_row_that_is_no_choice_is_stepped_over() -> None:
    app = ListApp()
    async with app.run_test() as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("a", "note", "b", skipped="note"))
        await pilot.press("down")
        assert rows.key == "b"


async def test_ten_thousand_rows_cost_no_more_than_those_in_view() -> None:
    app = ListApp()
    async with app.run_test() as pilot:
        rows = app.query_one(Rows)
        drawn: list[str] = []

        def make(key: str) -> Row:
            def draw(width: int) -> list[Content]:
                drawn.append(key)
                return [ink(key)]

            return Row(key, draw)

        rows.show([make(str(n)) for n in range(10_000)])
        await pilot.press("end")
        assert rows.key == "9999"
        assert 0 < len(set(drawn)) < 200


async def test_study_bars_move_while_the_upload_is_watched(home: Home) -> None:
    workspace = make_running(home)
    app = make_app(home, "lung-2024")
    with held(workspace):
        async with running(app) as pilot:
            assert "● under way" in app.export_screenshot().replace("&#160;", " ")
            with Ledger.open(workspace.ledger) as ledger, ledger.transaction():
                ledger.write("UPDATE instance SET state = 'verified'")
            async with asyncio.timeout(10):
                while "under way" in app.export_screenshot().replace("&#160;", " "):
                    await pilot.pause(0.05)


async def test_a_list_is_found_in_by_what_is_typed() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 12)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("lung one", "breast", "lung two", "prostate", skipped="lung two"))
        await pilot.press("slash", *"LUNG")
        await pilot.pause()
        assert rows.key == "lung one"
        await pilot.press(*" o", "backspace", "backspace", *"st")
        await pilot.pause()
        assert rows.cursor == 0, "nothing has that, and the cursor stays"
        await pilot.press(*("backspace",) * 6, *"st")
        await pilot.pause()
        assert rows.key == "breast"
        await pilot.press("down")
        await pilot.pause()
        assert rows.key == "prostate"
        await pilot.press("down")
        await pilot.pause()
        assert rows.key == "breast", "after the last one comes the first"
        await pilot.press("up", "enter")
        await pilot.pause()
        assert (rows.key, app.picked) == ("prostate", []), "Enter ends the search and opens nothing"
        await pilot.press("slash", *"lung", "escape")
        await pilot.pause()
        assert rows.key == "prostate", "Esc goes back to where it began"
        assert not isinstance(app.screen, FindScreen)


async def test_what_is_cut_off_in_a_narrow_list_is_found_as_well() -> None:
    app = ListApp()
    async with app.run_test(size=(20, 12)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows("first", "second " + "x" * 60 + " far"))
        await pilot.press("slash", *"far")
        await pilot.pause()
        assert rows.cursor == 1


async def test_a_long_list_is_looked_through_without_standing_still() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 12)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows(*(f"row {n}" for n in range(1500)), "the last"))
        await pilot.press("slash", *"last")
        while app.workers._workers and any(w.group == "find" for w in app.workers):
            await pilot.pause()
        assert rows.key == "the last"


async def test_a_list_of_one_row_has_nothing_to_find() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 12)) as pilot:
        app.query_one(Rows).show(_rows("alone"))
        await pilot.press("slash")
        assert not isinstance(app.screen, FindScreen)


async def test_the_cursor_stays_in_sight_when_the_list_gets_smaller() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 20)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows(*(f"row {n}" for n in range(18))))
        await pilot.press("end")
        await pilot.resize_terminal(40, 8)
        await pilot.pause()
        await pilot.pause()
        first = rows.scroll_offset.y
        assert first <= rows.cursor < first + rows.content_size.height


async def test_what_is_typed_in_one_go_with_enter_is_found_first() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 12)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows(*(f"row {n}" for n in range(900)), "the last"))
        await pilot.press("slash")
        field = app.screen.query_one(Input)
        field.value = "last"
        field.post_message(Input.Submitted(field, "last"))
        while isinstance(app.screen, FindScreen):
            await pilot.pause()
        assert rows.key == "the last"


async def test_a_list_that_changes_meanwhile_is_survived_and_esc_goes_to_the_same_row() -> None:
    app = ListApp()
    async with app.run_test(size=(40, 12)) as pilot:
        rows = app.query_one(Rows)
        rows.show(_rows(*(f"row {n}" for n in range(900)), "the last"))
        await pilot.press("down", "down", "slash")
        app.screen.query_one(Input).value = "last"
        rows.show(_rows("row 9", "row 2", "row 5"))
        await pilot.pause()
        await pilot.pause()
        assert app.is_running
        await pilot.press("escape")
        await pilot.pause()
        assert rows.key == "row 2"


async def test_of_a_long_text_only_what_comes_into_view_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def strip(widget: Painted, content: Content, width: int) -> Strip:
        made.append(content.plain)
        return strip_of(widget, content, width)

    monkeypatch.setattr(painted, "strip_of", strip)
    app = TextApp()
    async with app.run_test(size=(40, 10)) as pilot:
        assert set(made) == {f"line {n}" for n in range(10)}
        made.clear()
        lines[3] = ink("another")
        app.query_one(Painted).show(lambda width: lines)
        await pilot.pause()
        assert made == ["another"]
        assert "another" in _picture(app)
        await pilot.press("end")
        await pilot.pause()
        assert "line 99" in _picture(app)
