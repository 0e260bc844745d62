"""One instance before and after: what changed, by which rule, what stays, and what would differ
under another profile."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.review.contrast import Difference, contrast
from transfer.review.glass import Glass
from transfer.review.lines import Change, Line
from transfer.review.look import Sight
from tui import figures
from tui.page import Page
from tui.screens.review_drawing import (
    draw_difference,
    draw_heading,
    draw_line,
    draw_whole,
    draw_whole_difference,
    tabs,
)
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

CHANGED, ALL, TEXT, FOUND = "changed", "all", "text", "found"
_AGAINST = "against "


class HeaderScreen(Page):
    """The header of the sampled slice of one Series; originals are masked until `i`."""

    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # The key line leaves out what a list binds too, as it does the arrows; `v` stands for them.
        Binding("v", "turn(1)", "View", key_display="← →", id="header.view"),
        Binding("right", "turn(1)", show=False, id="header.next-view"),
        Binding("left", "turn(-1)", show=False, id="header.last-view"),
        Binding("n", "next", "Next series", id="header.next"),
        Binding("i", "originals", "Originals", id="header.originals"),
    ]

    def __init__(
        self, transfer: str, glass: Glass, series: str, cause: str = "", view: str = CHANGED
    ) -> None:
        super().__init__()
        self._transfer = transfer
        self._glass = glass
        self._series = series
        self._cause = cause
        self._view = view
        self._sights: list[Sight] | None = None
        self._differences: dict[str, list[Difference]] = {}
        self._shows_originals = False

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="tabs")
        yield Painted(id="heading")
        yield Rows(id="rows", pick="", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._load()

    def _load(self) -> None:
        self._sights = None
        self._draw()
        self.read(
            "sights",
            partial(
                self.owner.source.reviews.look_at,
                self._transfer,
                self._glass,
                self._series,
                self._cause,
            ),
            self._take,
        )

    def _take(self, sights: list[Sight]) -> None:
        self._sights = sights
        mine = sights[0]
        self._differences = {
            other.method: contrast(mine.comparison, other.comparison)
            for other in sights[1:]
            if mine.comparison.lines and other.comparison.lines
        }
        if self._view not in self._views():
            self._view = CHANGED
        if mine.places and self._view == CHANGED:
            self._view = FOUND
        self.query_one("#rows", Rows).action_edge(0)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._sights = []
        self._draw()
        super().stumbled(kind, error)

    # Drawing ------------------------------------------------------------------------------

    @property
    def _mine(self) -> Sight | None:
        return self._sights[0] if self._sights else None

    def _lines(self, view: str) -> Sequence[Line]:
        lines = self._mine.comparison.lines if self._mine else ()
        if view == CHANGED:
            return [entry for entry in lines if entry.change is not Change.KEPT]
        if view == TEXT:
            return [
                entry
                for entry in lines
                if entry.is_free_text
                and entry.change is Change.KEPT
                and entry.after
                and entry.after.text
            ]
        if view == FOUND:
            return [entry for entry in lines if entry.hit]
        return lines

    def _views(self) -> list[str]:
        found = [CHANGED, ALL, TEXT]
        if self._mine and self._mine.places:
            found.insert(0, FOUND)
        return [*found, *(_AGAINST + name for name in self._differences)]

    def _title(self, view: str) -> str:
        if view.startswith(_AGAINST):
            name = view.removeprefix(_AGAINST)
            return f"unlike {plain(name)} {len(self._differences[name]):,}"
        words = {CHANGED: "changed", ALL: "all", TEXT: "text that stays", FOUND: "found"}
        return f"{words[view]} {len(self._lines(view)):,}"

    def _draw(self) -> None:
        mine = self._mine
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), f"Header of {self._series}"],
            line((f"instance {mine.sample.key}" if mine else "", "$muted")),
        )
        self.query_one(FailurePanel).say(_trouble(mine))
        names = [(view, self._title(view)) for view in self._views()] if mine else []
        self.query_one("#tabs", Painted).show(partial(tabs, names, self._view))
        columns = self._column_names()
        self.query_one("#heading", Painted).show(partial(draw_heading, *columns))
        self._draw_rows()
        self._tell()

    def _column_names(self) -> tuple[str, str]:
        if self._view.startswith(_AGAINST):
            return plain(self._glass.own), plain(self._view.removeprefix(_AGAINST))
        return "before", "after"

    def _draw_rows(self) -> None:
        shows = self._shows_originals
        if self._view.startswith(_AGAINST):
            rows = [
                Row(str(entry.path), partial(draw_difference, entry, shows))
                for entry in self._chosen_differences()
            ]
        else:
            rows = [
                Row(str(entry.path), partial(draw_line, entry, shows))
                for entry in self._lines(self._view)
            ]
        empty = ["Reading…"] if self._sights is None else [_nothing(self._view)]
        self.query_one("#rows", Rows).show(rows, empty)

    def _chosen_differences(self) -> list[Difference]:
        return self._differences.get(self._view.removeprefix(_AGAINST), [])

    def _tell(self) -> None:
        key = self.query_one("#rows", Rows).key
        shows = self._shows_originals
        pane = self.query_one("#one", Painted)
        if self._view.startswith(_AGAINST):
            found = next((d for d in self._chosen_differences() if str(d.path) == key), None)
            pane.show(partial(draw_whole_difference, found, self._column_names(), shows))
        else:
            entry = next((e for e in self._lines(self._view) if str(e.path) == key), None)
            pane.show(partial(draw_whole, entry, shows))
        self.now.say(self._now())

    def _now(self) -> Now:
        mine = self._mine
        if self._sights is None:
            return Now("Reading the header…", "[Esc] goes back.")
        if mine is None or (mine.cause and not mine.comparison.lines):
            return Now("This instance does not leave.", "[n] the next series.   [Esc] goes back.")
        masked = "Originals are hidden, [i] shows them."
        if self._shows_originals:
            masked = "Originals are shown: [i] hides them."
        what = figures.count(len(self._lines(CHANGED)), "element")
        happening = f"{what} of this slice would leave changed or not at all."
        if mine.places:
            happening = "It would leave, but for what was found in it."
        if mine.comparison.is_cut:
            happening = f"{happening} The header is longer than what is shown."
        return Now(happening, f"[← →] views.   {masked}")

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    def action_turn(self, by: int) -> None:
        views = self._views()
        self._view = views[(views.index(self._view) + by) % len(views)]
        self.query_one("#rows", Rows).action_edge(0)
        self._draw()

    def action_originals(self) -> None:
        self._shows_originals = not self._shows_originals
        self._draw()

    def action_next(self) -> None:
        reviews = self.owner.source.reviews
        self.read("next", partial(reviews.next_series, self._transfer, self._series), self._go_to)

    def _go_to(self, series: str) -> None:
        # Whoever revealed one patient's originals has not asked for the next one's.
        self._series, self._cause, self._shows_originals = series, "", False
        if self._view == FOUND:
            self._view = CHANGED
        self._load()


def _trouble(mine: Sight | None) -> Trouble | None:
    if mine is None or not mine.cause:
        return None
    if mine.places:
        return Trouble(
            mine.reason,
            "Nothing of this patient goes.",
            "",
            "Under stopped, where it stands once step 8 has prepared it, [a] lets a named person"
            " answer for it.",
        )
    return Trouble(mine.reason, "Nothing of it goes.", "", "[Esc] goes back to what can be done.")


def _nothing(view: str) -> str:
    return {
        CHANGED: "Nothing is changed.",
        TEXT: "No free text stays.",
        FOUND: "Nothing was found.",
    }.get(view, "There is no difference.")
