"""The qualities of the data, one line each: how many of their rules are kept, and what stands."""

from __future__ import annotations

from functools import partial

from textual.app import ComposeResult
from textual.content import Content

from transfer.quality.dimensions import DimensionLine
from tui import figures
from tui.page import Page
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted

_STATE, _NAME, _RULES = 3, 16, 14


class DimensionsScreen(Page):
    """EUCAIM's dimensions of quality, as the rules see them now."""

    CSS_PATH = "findings.tcss"

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._lines: list[DimensionLine] | None = None

    def body(self) -> ComposeResult:
        yield Painted(id="dimensions")

    def on_mount(self) -> None:
        self._draw()
        self.read(
            "dimensions",
            partial(self.owner.source.findings.dimensions, self._transfer),
            self._take,
        )

    def _take(self, lines: list[DimensionLine]) -> None:
        self._lines = lines
        self._draw()

    def _draw(self) -> None:
        lines = self._lines or []
        stands = [entry for entry in lines if entry.blocking]
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Findings", "Quality"])
        self.query_one("#dimensions", Painted).show(
            lambda width: [piece for entry in lines for piece in _draw_line(entry, width)]
        )
        if self._lines is None:
            self.now.say(Now("Reading the findings…", "[Esc] goes back."))
        elif stands:
            what = figures.count(len(stands), "quality has", "qualities have")
            self.now.say(
                Now(
                    f"{what} findings that stand in the way.",
                    "[Esc] goes back to the rules, where each one is.",
                )
            )
        else:
            self.now.say(Now("Nothing of this stands in the way.", "[Esc] goes back."))


def _draw_line(entry: DimensionLine, width: int) -> list[Content]:
    """Two lines: how it stands, and what the quality means."""
    glyph, style = ("✗", "$bad") if entry.blocking else ("✓", "$good")
    if entry.findings and not entry.blocking:
        glyph, style = "!", "$warn"
    told = figures.count(entry.findings, "finding") if entry.findings else "nothing found"
    if entry.blocking:
        told += f", {entry.blocking:,} in the way"
    if entry.waived:
        told += f", {entry.waived:,} set aside"
    room = max(8, width - _STATE - _NAME - _RULES)
    return [
        line(
            cell(glyph, _STATE, style),
            cell(str(entry.dimension), _NAME, "bold"),
            cell(f"{entry.passed:,} of {entry.rules:,} rules", _RULES + 2),
            cell(told, room - 2, "$muted" if not entry.blocking else "$bad"),
        ),
        line(" " * _STATE, ink(entry.meaning, "$muted")),
    ]
