"""The header of one instance as it lies in the source: folded, searched, originals masked."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.deid.look.lastlook import Path
from transfer.errors import TransferError
from transfer.review.outline import HITS_LIMIT, Kind, Place, View
from tui import figures
from tui.looking import SeenHeader
from tui.page import Page
from tui.screens.header_drawing import draw_chosen, draw_place
from tui.screens.question import Ask
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from transfer.preview.files import Preview


class OutlineScreen(Page):
    """Tag, VR, name and value of every element. `at` is the element that a finding is about."""

    CSS_PATH = "header.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/", id="outline.search"),
        Binding("n", "hit(1)", "Next hit", id="outline.next"),
        Binding("N", "hit(-1)", "Previous hit", show=False, id="outline.last"),
        Binding("i", "originals", "Originals", id="outline.originals"),
        Binding("p", "preview", "Preview", id="outline.preview"),
        Binding("space", "fold", show=False, id="outline.fold"),
        Binding("right", "unfold", show=False, id="outline.unfold"),
        Binding("left", "leave", show=False, id="outline.leave"),
    ]

    def __init__(self, transfer: str, key: str, at: tuple[int, str] | None = None) -> None:
        super().__init__()
        self._transfer = transfer
        self._key = key
        self._at = at
        self._seen: SeenHeader | None = None
        self._trouble: TransferError | None = None
        self._view = View()
        self._places: dict[str, Place] = {}
        self._sought = ""
        self._hits: Sequence[Path] | None = None
        self._at_hit = -1
        self._shows_originals = False

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Rows(id="rows", pick="Open", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        self.read(
            "header",
            partial(self.owner.source.looks.header, self._transfer, self._key),
            self._take,
        )

    def _take(self, seen: SeenHeader) -> None:
        self._seen = seen
        self._draw()
        if self._at is not None:
            path, _ = seen.outline.nearest(self._at[0])
            self._go_to(path)

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "header":
            super().stumbled(kind, error)
            return
        self._trouble = error
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        seen = self._seen
        self.crumbs.say(
            ["eucaim-transfer", plain(self._transfer), f"Header of {seen.key if seen else ''}"],
            line((f"series {seen.series_key}" if seen else "", "$muted")),
        )
        if self._trouble:
            error = self._trouble
            self.query_one(FailurePanel).say(
                Trouble(
                    error.what,
                    "Nothing was changed.",
                    error.remedy.replace("NAME", self._transfer),
                )
            )
        places = seen.outline.lines(self._view) if seen else []
        self._places = {place.key: place for place in places}
        rows = [self._row(place) for place in places]
        self.query_one("#rows", Rows).show(rows, ["Reading…"] if not self._trouble else [""])
        self._tell()
        self.refresh_bindings()

    def _row(self, place: Place) -> Row:
        assert self._seen is not None, "there is a header where there are places"
        draw = partial(
            draw_place,
            self._seen.outline,
            place,
            place.path in self._view.opened,
            self._shows_originals,
        )
        folds = place.opens or place.kind in (Kind.BEFORE, Kind.AFTER)
        return Row(place.key, draw, opens=folds)

    def _chosen(self) -> Place | None:
        return self._places.get(self.query_one("#rows", Rows).key or "")

    def _tell(self) -> None:
        outline = self._seen.outline if self._seen else None
        self.query_one("#one", Painted).show(
            partial(draw_chosen, outline, self._chosen(), self._shows_originals)
        )
        self.now.say(self._now())

    def _now(self) -> Now:
        if self._trouble:
            return Now("This header cannot be shown.", "[Esc] goes back.")
        if self._seen is None:
            return Now("Reading the header…", "[Esc] goes back.")
        masked = "Originals are hidden, [i] shows them."
        if self._shows_originals:
            masked = "Originals are shown: [i] hides them."
        if self._hits is not None:
            return Now(self._found(), f"[n] next, [N] last.   {masked}")
        if self._at is not None:
            is_there = self._seen.outline.nearest(self._at[0])[1]
            what = "is what the finding is about." if is_there else "is not in this header."
            return Now(f"{self._at[1]} {what}", f"[/] searches.   {masked}")
        what = figures.count(self._seen.outline.count, "element")
        return Now(f"{what}; sequences are folded.", f"[/] searches.   {masked}")

    def _found(self) -> str:
        n = len(self._hits or ())
        sought = plain(self._sought)[:40]
        if not n:
            return f"Nothing here holds “{sought}”."
        more = "+" if n == HITS_LIMIT else ""
        return f"“{sought}”: {self._at_hit + 1:,} of {n:,}{more}"

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    @on(Rows.Picked)
    def _picked(self) -> None:
        self.action_fold()

    def action_fold(self) -> None:
        place = self._chosen()
        if place is not None and self._seen is not None:
            self._seen.outline.turn(self._view, place)
            self._draw()

    def action_unfold(self) -> None:
        place = self._chosen()
        if place is not None and place.opens and place.path not in self._view.opened:
            self.action_fold()
        else:
            self.query_one("#rows", Rows).action_step(1)

    def action_leave(self) -> None:
        """Fold what is open, else go to what the line lies in."""
        place = self._chosen()
        if place is None:
            return
        if place.path in self._view.opened and place.kind in (Kind.ELEMENT, Kind.ITEM):
            self.action_fold()
        elif len(place.path) > 1:
            self._go_to(place.path[:-1])

    def action_originals(self) -> None:
        self._shows_originals = not self._shows_originals
        self._draw()

    def action_preview(self) -> None:
        if self._seen is not None:
            looks = self.owner.source.looks
            call = partial(looks.preview, self._transfer, self._seen.key)
            self.read("preview", call, self._tell_preview)

    def _tell_preview(self, preview: Preview) -> None:
        from tui.screens.findings_acts import preview_note

        self.app.push_screen(preview_note(self._transfer, preview))

    @work(exclusive=True, group="question")
    async def action_search(self) -> None:
        if self._seen is None:
            return
        text = await self.app.push_screen_wait(
            Ask(
                "Search this header",
                ["A tag (0018,0015), a name, or a part of a value.", "Folded items are searched."],
                value=self._sought,
            )
        )
        if text and text.strip():
            self._sought = text.strip()
            self.read("find", partial(self._seen.outline.find, self._sought), self._take_hits)

    def _take_hits(self, hits: list[Path]) -> None:
        self._hits = hits
        self._at_hit = -1
        self.refresh_bindings()
        self.action_hit(1)

    def action_hit(self, by: int) -> None:
        if self._hits:
            self._at_hit = (self._at_hit + by) % len(self._hits)
            self._go_to(self._hits[self._at_hit])
        self._tell()

    def _go_to(self, path: Path) -> None:
        if self._seen is None or not path:
            return
        self._seen.outline.reveal(self._view, path)
        self._draw()
        self.query_one("#rows", Rows).go_to(".".join(f"{step:X}" for step in path))
        self._tell()

    def live_actions(self) -> frozenset[str]:
        return frozenset({"hit", "search", "originals", "preview"})

    def can(self, action: str) -> bool | None:
        if action == "hit":
            return bool(self._hits)
        return self._seen is not None
