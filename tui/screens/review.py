"""The review: which Series leave and how, which texts stay in them, and what does not leave."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.review.glass import AS_IS, Glass
from transfer.review.stopped import StoppedGroup
from transfer.review.texts import StayingText, TextTally
from tui import figures
from tui.page import Page
from tui.reviewing import ReviewPage
from tui.screens.review_drawing import tabs
from tui.screens.review_header import HeaderScreen
from tui.screens.review_rows import (
    about,
    draw_series,
    draw_stopped,
    draw_text,
    question,
    say,
)
from tui.screens.transfer_page import ask_word
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

SERIES, TEXTS, STOPPED = "series", "texts", "stopped"
_VIEWS = (SERIES, TEXTS, STOPPED)
_PAGE = 100
_MORE, _LESS = "more", "less"
_TICKS = 8


def _key_of(text: StayingText) -> str:
    """Names a row by no word of the text: keys go into messages, which Textual can write down."""
    return f"{text.tag} {hash(text.text):x}"


class ReviewScreen(Page):
    """Three views of one transfer; the arrow keys lead from one to the next."""

    CSS_PATH = "review.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # The key line leaves out what a list binds too, as it does the arrows; `v` stands for them.
        Binding("v", "turn(1)", "View", key_display="← →", id="review.view"),
        Binding("right", "turn(1)", show=False, id="review.next-view"),
        Binding("left", "turn(-1)", show=False, id="review.last-view"),
        Binding("i", "originals", "Originals", id="review.originals"),
        Binding("a", "answer", "Answer for it", id="review.answer"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._view = SERIES
        self._offset = 0
        self._page: ReviewPage | None = None
        self._glass: Glass | None = None
        self._trouble: TransferError | None = None
        self._tally = TextTally()
        self._texts: list[StayingText] = []
        self._read_to = 0
        self._is_read = False
        self._shows_originals = False
        self._checking_after: int | None = None
        self._was_checked = False
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="tabs")
        yield Rows(id="rows", pick="Look", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        self._open_glass()

    def _open_glass(self) -> None:
        open_glass = self.owner.source.reviews.open_glass
        self.read("glass", partial(open_glass, self._transfer), self._take_glass)

    def look(self) -> None:
        if self._ticks % _TICKS == 0:
            self._load()
        self._ticks += 1
        if self._view == TEXTS and self._glass and not self._is_read:
            source = self.owner.source
            self.read(
                "texts",
                partial(
                    source.reviews.read_texts,
                    self._transfer,
                    self._glass,
                    self._tally,
                    self._read_to,
                ),
                self._take_texts,
            )

    def _load(self) -> None:
        self.read(
            "page",
            partial(
                self.owner.source.reviews.page,
                self._transfer,
                _PAGE,
                self._offset if self._view == SERIES else 0,
                self._offset if self._view == STOPPED else 0,
            ),
            self._take_page,
        )

    def _take_glass(self, glass: Glass) -> None:
        self._glass, self._trouble = glass, None
        self._draw()

    def _take_page(self, page: ReviewPage) -> None:
        self._page = page
        after = self._checking_after
        if after is not None and page.runner_epoch > after and not page.is_running:
            self._checking_after, self._was_checked = None, True
        self._draw()

    def _take_texts(self, read_to: int) -> None:
        self._is_read = read_to == self._read_to
        self._read_to = read_to
        self._texts = self._tally.texts()
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "glass":
            self._trouble = error
            self._draw()
            return
        super().stumbled(kind, error)

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        page = self._page
        method = plain(self._glass.label) if self._glass else ""
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), "De-identification"],
            line((method, "$muted")),
        )
        trouble = self._trouble
        self.query_one(FailurePanel).say(
            Trouble(trouble.what, "Nothing was changed or sent.", trouble.remedy)
            if trouble
            else None
        )
        n_series, n_stopped = (page.series_total, page.stopped_total) if page else (0, 0)
        told = f"texts that stay {len(self._texts):,}" if self._read_to else "texts that stay"
        names = [
            (SERIES, f"series {n_series:,}"),
            (TEXTS, told),
            (STOPPED, f"stopped {n_stopped:,}"),
        ]
        self.query_one("#tabs", Painted).show(partial(tabs, names, self._view))
        self._draw_rows()
        self._tell()

    def _draw_rows(self) -> None:
        page = self._page
        rows: list[Row] = []
        empty = ["Reading…"] if page is None else None
        total = 0
        if page and self._view == SERIES:
            rows = [
                Row(e.key, partial(draw_series, e), opens=self._glass is not None)
                for e in page.series
            ]
            empty, total = ["No series has been read yet."], page.series_total
        elif page and self._view == STOPPED:
            rows = [
                Row(g.key, partial(draw_stopped, g), opens=self._glass is not None)
                for g in page.stopped
            ]
            empty, total = ["Nothing is stopped so far."], page.stopped_groups
        elif self._view == TEXTS:
            shown = self._texts[self._offset : self._offset + _PAGE]
            rows = [Row(_key_of(t), partial(draw_text, t, self._shows_originals)) for t in shown]
            empty = ["No free text stays."] if self._is_read else ["Reading one slice of each…"]
            total = len(self._texts)
        if self._offset:
            rows.insert(0, Row(_LESS, partial(say, f"↑ before {self._offset + 1:,}: Enter")))
        left = total - self._offset - _PAGE
        if left > 0:
            rows.append(Row(_MORE, partial(say, f"↓ {left:,} more: Enter")))
        self.query_one("#rows", Rows).show(rows, empty)

    def _tell(self) -> None:
        key = self.query_one("#rows", Rows).key or ""
        group, text = self._stopped(key), self._text(key)
        draw = partial(about, self._transfer, group, text, self._shows_originals)
        self.query_one("#one", Painted).show(draw)
        self.now.say(self._now())

    def _now(self) -> Now:
        if self._trouble:
            return Now("What would leave cannot be shown yet.", "[Esc] goes back.")
        if self._glass is None:
            return Now("Opening the key and compiling the method…", "[Esc] goes back.")
        if self._view == SERIES and self._page and not self._page.series_total:
            return Now("Nothing has been read yet.", "[Esc] goes back; step 8 reads the folder.")
        if self._view == SERIES:
            return Now(
                "One slice of each series, before and after. Nothing is sent by looking.",
                "[Enter] shows its header.   [← →] texts that stay, stopped ones.",
            )
        if self._view == TEXTS:
            done = f"{figures.count(self._tally.series, 'series', 'series')} read"
            going = "" if self._is_read else ", reading on"
            return Now(
                f"Free text that leaves as it is, each once ({done}{going}).",
                "Is there a name in it? [Enter] shows a header that holds it.",
            )
        if self._checking_after is not None:
            return Now("The answer is kept; everything is checked again now.", "[Esc] goes back.")
        if self._page and self._page.stopped_total:
            n = figures.count(self._page.stopped_total, "instance does", "instances do")
            group = self._stopped(self.query_one("#rows", Rows).key or "")
            answer = (
                "   [a] a named person answers for it." if group and group.is_answerable else ""
            )
            return Now(f"{n} not leave; the reason stands above.", f"[Enter] shows one.{answer}")
        if self._was_checked:
            return Now(
                "Everything was checked again; nothing is stopped.",
                "[Esc] goes back; step 8 sends the images.",
            )
        if self._glass.own != AS_IS and self._page and any(e.is_open for e in self._page.series):
            return Now(
                "Nothing is stopped so far; not everything has been looked through yet.",
                "That happens in step 8, before anything is sent.   [← →] views.",
            )
        return Now("Nothing is stopped.", "[← →] series, texts that stay.")

    def _stopped(self, key: str) -> StoppedGroup | None:
        groups = self._page.stopped if self._page and self._view == STOPPED else ()
        return next((group for group in groups if group.key == key), None)

    def _text(self, key: str) -> StayingText | None:
        if self._view != TEXTS:
            return None
        return next((t for t in self._texts if _key_of(t) == key), None)

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()
        self.refresh_bindings()

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        if event.key in (_MORE, _LESS):
            self._offset = max(0, self._offset + (_PAGE if event.key == _MORE else -_PAGE))
            self.query_one("#rows", Rows).action_edge(0)
            self._load()
            self._draw()
            return
        if self._glass is None:
            return
        group, text = self._stopped(event.key), self._text(event.key)
        if group:
            screen = HeaderScreen(self._transfer, self._glass, group.series_key, group.cause)
        elif text:
            screen = HeaderScreen(self._transfer, self._glass, text.first, view="text")
        else:
            screen = HeaderScreen(self._transfer, self._glass, event.key)
        self.app.push_screen(screen)

    def action_turn(self, by: int) -> None:
        self._view = _VIEWS[(_VIEWS.index(self._view) + by) % len(_VIEWS)]
        self._offset = 0
        self.query_one("#rows", Rows).action_edge(0)
        self._draw()
        self.refresh_bindings()
        self._tick()

    def action_originals(self) -> None:
        self._shows_originals = not self._shows_originals
        self._draw()

    @work(exclusive=True, group="question")
    async def action_answer(self) -> None:
        group = self._stopped(self.query_one("#rows", Rows).key or "")
        if group is None or not group.is_answerable:
            return
        answer = await ask_word(self.owner, *question(group))
        if answer is None:
            return
        try:
            for call in (
                partial(self.owner.source.reviews.answer, self._transfer, group, *answer),
                partial(self.owner.source.launch, self._transfer, "check", None),
            ):
                await self.owner.in_thread(call)
        except TransferError as error:
            self.fail(error)
            return
        self._checking_after = self._page.runner_epoch if self._page else 0
        self._was_checked = False
        # What was released is no hit any more.
        self._open_glass()
        self._load()
        self._draw()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"originals", "answer"})

    def can(self, action: str) -> bool | None:
        if action == "answer":
            group = self._stopped(self.query_one("#rows", Rows).key or "")
            return group is not None and group.is_answerable
        return self._view == TEXTS
