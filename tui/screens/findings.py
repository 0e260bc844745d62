"""The findings by rule, worst first: what stops the upload, what asks, what was set aside."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.findings import Group, Overview
from tui.screens.findings_acts import ActsPage
from tui.screens.findings_drawing import about_group, draw_aside, draw_group, summary
from tui.screens.findings_of_rule import RuleScreen, keys_now, what_now
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_ASIDE = "aside"
_TICKS = 8


class FindingsScreen(ActsPage):
    """Each rule that found something; Enter shows each of its findings."""

    CSS_PATH = "findings.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "d",
            "dimensions",
            "Quality",
            tooltip="The qualities of the data, one by one",
            id="findings.dimensions",
        ),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer)
        self._overview: Overview | None = None
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Rows(id="rows", pick="Look", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self.draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self.is_changing:
            self.load()
        self._ticks += 1

    def load(self) -> None:
        self.read(
            "overview", partial(self.owner.source.findings.overview, self._transfer), self._take
        )

    def _take(self, overview: Overview) -> None:
        self._overview = overview
        self.draw()

    def draw(self) -> None:
        overview = self._overview
        groups = overview.groups if overview else ()
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Findings"], self._state())
        shows_summary = overview is not None and overview.was_read
        self.query_one("#summary", Painted).show(
            lambda width: [summary(groups)] if shows_summary else []
        )
        rows: list[Row] = []
        for group in groups:
            if rows and not group.is_open and rows[-1].key.endswith(" open"):
                rows.append(Row(_ASIDE, draw_aside, is_choice=False, opens=False))
            rows.append(Row(group.key, partial(draw_group, group)))
        self.show(rows, self._empty())
        self._tell()
        self.refresh_bindings()

    def _state(self) -> Content:
        groups = self._overview.groups if self._overview else ()
        in_the_way = sum(group.stands_in_the_way for group in groups)
        if in_the_way:
            return line((f"✗ {in_the_way:,} in the way", "$bad"))
        is_clear = bool(self._overview and self._overview.was_read)
        return line(("✓ nothing in the way" if is_clear else "", "$good"))

    def _empty(self) -> list[str]:
        if self._overview is None:
            return ["Reading…"]
        if not self._overview.was_read:
            return ["Nothing has been read yet; step 8 reads the folder."]
        return ["No rule found anything."]

    def _tell(self) -> None:
        group = self.chosen_group()
        self.query_one("#one", Painted).show(partial(about_group, group, self._transfer))
        self.now.say(self._now(group))

    def _now(self, group: Group | None) -> Now:
        if self._overview is None:
            return Now("Reading the findings…", "[Esc] goes back.")
        if self.is_changing:
            return Now("Everything is judged again…", "Please wait a moment.")
        if group is None:
            return Now("There is nothing to do here.", "[Esc] goes back.")
        return Now(self.done or what_now(group), f"[Enter] shows each one.{keys_now(self)}")

    def chosen_group(self) -> Group | None:
        key = self.query_one("#rows", Rows).key
        groups = self._overview.groups if self._overview else ()
        return next((group for group in groups if group.key == key), None)

    @on(Rows.Reached)
    def _reached(self, event: Rows.Reached) -> None:
        if event.key != self.drawn_at:
            self.done = ""
        self._tell()
        self.refresh_bindings()

    @on(Rows.Picked)
    def _picked(self) -> None:
        group = self.chosen_group()
        if group is not None:
            self.app.push_screen(RuleScreen(self._transfer, group))

    def action_dimensions(self) -> None:
        from tui.screens.dimensions import DimensionsScreen

        self.app.push_screen(DimensionsScreen(self._transfer))
