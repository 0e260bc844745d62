"""Step 10: what a person enters in the node's own pages, to the letter, and whether the draft that
comes of it is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from transfer.publication.values import Dataset, GuideLine
from tui import figures
from tui.accounts import Link
from tui.page import Page
from tui.screens.account_link import LinkScreen
from tui.screens.dataset_polling import CREATING_S, Polling
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.link import copy, linked
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_NUMBER: Final = 4


class GuideScreen(Page):
    """The lines of the guide; while it is open the node is asked for new drafts now and then."""

    CSS_PATH = "dataset_guide.tcss"
    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy", id="dataset-guide.copy"),
        Binding("o", "link", "Link", tooltip="Link and QR code", id="dataset-guide.link"),
        Binding("p", "pick_up", "Pick up", id="dataset-guide.pick-up"),
        Binding("k", "ask", "Ask now", id="dataset-guide.ask"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._lines: Sequence[GuideLine] | None = None
        self._found: Sequence[Dataset] | None = None
        self._polling = Polling(CREATING_S)

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Rows(id="lines", pick=None, lines_per_row=2, empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        guide = partial(self.owner.source.datasets.guide, self._transfer)
        self.read("guide", guide, self._take_guide)

    def look(self) -> None:
        if self._lines is not None and self._polling.is_due(self.owner.source.now()):
            self._ask()
        elif self._lines is not None and self._polling.is_live:
            self.now.say(self._now())

    def _ask(self) -> None:
        candidates = partial(self.owner.source.datasets.candidates, self._transfer)
        self._polling.asks()
        self.read("candidates", candidates, self._take_found)

    def _take_guide(self, lines: Sequence[GuideLine]) -> None:
        self._lines = lines
        self._draw()

    def _take_found(self, found: Sequence[Dataset]) -> None:
        self._polling.answered(self.owner.source.now())
        self._found = found
        self.query_one(FailurePanel).say(None)
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        self._polling.failed(self.owner.source.now(), error)
        self.query_one(FailurePanel).say(self.told(error))
        if self._lines is None:
            self._lines = ()
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        trail = ["eucaim-transfer", plain(self._transfer), "Dataset", "Guide"]
        self.crumbs.say(trail)
        lines = self._lines or ()
        rows = [Row(str(n), partial(draw_line, n, one)) for n, one in enumerate(lines, 1)]
        none = "Reading…" if self._lines is None else "This node asks for nothing by hand."
        self.query_one("#lines", Rows).show(rows, [none])
        self._tell()
        self.refresh_bindings()

    @on(Rows.Reached, "#lines")
    def _tell(self) -> None:
        self.query_one("#one", Painted).show(partial(draw_whole, self._line))
        self.now.say(self._now())
        self.refresh_bindings()

    def _now(self) -> Now:
        if self._lines is None:
            return Now("Reading what to enter…", "[Esc] goes back.")
        if self._found:
            n = figures.count(len(self._found), "new draft is", "new drafts are")
            return Now(f"{n} on the node.", "[p] picks it up; nothing changes there.")
        told = self._polling.told(self.owner.source.now())
        has_value = bool(self._line and self._line.value)
        copies = "[c] copies the value.   " if has_value else ""
        return Now(
            f"No new draft is there yet. {told}", f"{copies}[↑ ↓] next line.   [k] asks now."
        )

    @property
    def _line(self) -> GuideLine | None:
        key = self.query_one("#lines", Rows).key
        return self._lines[int(key) - 1] if self._lines and key else None

    # Acting -------------------------------------------------------------------------------

    def action_copy(self) -> None:
        if self._line is not None:
            copy(self.app, self._line.value, "The value was")

    def action_link(self) -> None:
        one = self._line
        if one is not None:
            self.app.push_screen(LinkScreen(Link(one.text, one.link)))

    def action_pick_up(self) -> None:
        """The page below does it: there the draft is shown then."""
        from tui.screens.dataset import DatasetScreen

        below = self.app.screen_stack[-2]
        self.dismiss()
        if isinstance(below, DatasetScreen):
            below.action_pick_up()

    def action_ask(self) -> None:
        self._ask()
        self._tell()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"copy", "link", "pick_up", "ask"})

    def can(self, action: str) -> bool | None:
        one = self._line
        return {
            "copy": one is not None and bool(one.value),
            "link": one is not None and bool(one.link),
            "pick_up": bool(self._found),
            "ask": self._lines is not None and not self._polling.is_asking,
        }[action]


def draw_line(n: int, one: GuideLine, width: int) -> list[Content]:
    """A line of the guide: what to do, and below it what to enter."""
    room = width - _NUMBER
    below = ink(plain(one.value), "bold $key") if one.value else linked(one.link, one.link)
    return [
        line(cell(f"{n}.", _NUMBER, "$muted"), cell(plain(one.text), room)),
        line(cell("", _NUMBER), cell(below, room)),
    ]


def draw_whole(one: GuideLine | None, width: int) -> list[Content]:
    """The line at the cursor, with nothing cut."""
    if one is None:
        return []
    found = [Content(""), *wrapped(ink(plain(one.text)), width)]
    if one.value:
        found += wrapped(line(("Enter  ", "$muted"), (plain(one.value), "bold $key")), width)
    if one.link:
        found += wrapped(line(("Page   ", "$muted"), linked(one.link, one.link)), width)
    return found
