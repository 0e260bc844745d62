"""The selection: a tree of patients, Studies and Series, in which a person says what goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.ledger.branches import END, START, Branch, Place
from transfer.ledger.sieve import Sieve, View, make_sieve
from transfer.ledger.tree import TreePage
from tui import figures
from tui.choosing import PAGE, ChoiceLook, Choosing, Wanted
from tui.judging import judge_later
from tui.page import Page
from tui.screens.review_drawing import tabs
from tui.screens.selection_drawing import (
    draw_branch,
    draw_choice,
    draw_heading,
    draw_whole,
    lead_width,
    sieve_words,
)
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows
from tui.widgets.window import Window

_VIEWS: Final[tuple[View, ...]] = ("all", "findings", "excluded")
_VIEW_WORDS: Final = {"all": "all", "findings": "with findings", "excluded": "left out"}
_SHOWN: Final = {"all": "", "findings": "what has findings", "excluded": "what is left out"}
_TICKS: Final = 8
# Rows that are kept loaded, and how near to one end the cursor comes before more are asked for.
_LOADED: Final = 4 * PAGE
_NEAR: Final = PAGE // 2


class SelectionScreen(Page):
    """The tree; what goes and what stays above it, the chosen one in full below."""

    CSS_PATH = "selection.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "choose", "In or out", key_display="Space", id="selection.choose"),
        Binding("slash", "sieve", "Filter", key_display="/", id="selection.filter"),
        Binding("r", "rules", "Rules", id="selection.rules"),
        Binding("v", "turn", "View", id="selection.view"),
        Binding("f", "findings", "Findings", id="selection.findings"),
        Binding("i", "originals", "Originals", id="selection.originals"),
        Binding("right", "open", show=False, id="selection.open"),
        Binding("left", "close", show=False, id="selection.close"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._sieve = Sieve()
        self._typed = ("", "")
        self._opened: set[str] = set()
        self._branches: list[Branch] | None = None
        self._ends = (START, END)
        self._has_start, self._has_end = True, False
        self._due: tuple[Callable[[], Any], Callable[[Any], None]] | None = None
        self._counted: dict[Place, Branch] = {}
        self._figures: ChoiceLook | None = None
        self._wanted: dict[Place, bool] = {}
        self._is_applying = False
        self._writes = 0
        self._note = ""
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield Painted(id="figures")
        yield Painted(id="tabs")
        yield Window(id="rows", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._draw()
        self._begin()

    def on_screen_resume(self) -> None:
        # Whatever was done on another screen shows at once.
        self._ticks = 0

    @property
    def _engine(self) -> Choosing:
        return self.owner.source.choosing

    @property
    def _rows(self) -> Window:
        return self.query_one("#rows", Window)

    def look(self) -> None:
        if self._ticks % _TICKS == 0 and not self._is_applying:
            self.read("choice", partial(self._engine.look, self._transfer), self._take_look)
            self._freshen()
        self._ticks += 1
        self._want_more()
        self._count_on()

    # Loading ------------------------------------------------------------------------------

    def _ask(self, call: Callable[[], Any], arrived: Callable[[Any], None]) -> None:
        """Read from the tree; of what is asked for meanwhile only the last is read after it."""
        self._due = (call, arrived)
        self._go_on()

    def _go_on(self) -> None:
        if self._due is None or "tree" in self._under_way:
            return
        (call, arrived), self._due = self._due, None

        def take(value: Any) -> None:
            if self._due is None:
                arrived(value)
            self._go_on()

        self.read("tree", call, take)

    def _begin(self, *, at_last: bool = False) -> None:
        """Show the first rows, or the last ones."""
        of = (self._transfer, self._sieve, frozenset(self._opened))
        if at_last:
            self._ask(partial(self._engine.page_before, *of, END), self._take_last)
        else:
            self._ask(partial(self._engine.page, *of, START), self._take_first)

    def _around(self, place: Place) -> None:
        """Read anew what stands around a place, after something was opened or closed."""
        of = (self._transfer, self._sieve, frozenset(self._opened), place)
        self._ask(partial(self._engine.around, *of), partial(self._take_around, place))

    def _want_more(self) -> None:
        """Before the cursor comes to the end of what is loaded, the next page is."""
        if self._due is not None or "tree" in self._under_way or self._branches is None:
            return
        of = (self._transfer, self._sieve, frozenset(self._opened))
        first, last = self._ends
        if not self._has_end and len(self._branches) - self._rows.cursor < _NEAR:
            self._ask(partial(self._engine.page, *of, last), self._take_more)
        elif not self._has_start and self._rows.cursor < _NEAR:
            self._ask(partial(self._engine.page_before, *of, first), self._take_earlier)

    def _take_first(self, page: TreePage) -> None:
        self._branches, self._has_start, self._has_end = page.branches, True, page.is_end
        self._ends = (START, page.reached)
        self._draw()
        self._go_to(page.branches[0].key if page.branches else "")

    def _take_last(self, page: TreePage) -> None:
        self._branches, self._has_start, self._has_end = page.branches, page.is_end, True
        self._ends = (page.reached, END)
        self._draw()
        self._go_to(page.branches[-1].key if page.branches else "")

    def _take_around(self, place: Place, value: tuple[TreePage, list[Branch], TreePage]) -> None:
        before, here, after = value
        self._branches = [*before.branches, *here, *after.branches]
        self._has_start, self._has_end = before.is_end, after.is_end
        self._ends = (before.reached, after.reached)
        self._draw(place.key)

    def _take_more(self, page: TreePage) -> None:
        kept = [*(self._branches or []), *page.branches]
        first = self._ends[0]
        if len(kept) > _LOADED:
            kept, self._has_start = kept[-_LOADED:], False
            first = kept[0].place
        self._branches, self._has_end = kept, page.is_end
        self._ends = (first, page.reached)
        self._draw()

    def _take_earlier(self, page: TreePage) -> None:
        kept = [*page.branches, *(self._branches or [])]
        last = self._ends[1]
        if len(kept) > _LOADED:
            kept, self._has_end = kept[:_LOADED], False
            last = kept[-1].place
        self._branches, self._has_start = kept, page.is_end
        self._ends = (page.reached, last)
        self._draw()

    def _freshen(self) -> None:
        places = [b.place for b in self._branches or []]
        call = partial(self._engine.branches, self._transfer, places, self._sieve.reveals)
        self.read("fresh", call, partial(self._take_fresh, self._writes))

    def _take_fresh(self, writes: int, branches: list[Branch]) -> None:
        if writes == self._writes:
            known = {b.place: b for b in branches}
            self._branches = [known.get(b.place, b) for b in self._branches or []]
            self._draw()

    def _count_on(self) -> None:
        """Figures of what a page did not wait for, one after the other."""
        for branch in self._branches or ():
            if not branch.is_counted and branch.place not in self._counted:
                call = partial(
                    self._engine.count, self._transfer, branch.place, self._sieve.reveals
                )
                self.read("count", call, partial(self._take_count, self._writes))
                return

    def _take_count(self, writes: int, branch: Branch | None) -> None:
        if branch is not None and writes == self._writes:
            self._counted[branch.place] = branch
            self._draw()

    def _take_look(self, look: ChoiceLook) -> None:
        if self._figures is None or look.choice != self._figures.choice:
            self._counted.clear()
        self._figures = look
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self, go_to: str = "") -> None:
        rules = self._figures.rules if self._figures else 0
        state = line((figures.count(rules, "rule") if rules else "no rules", "$muted"))
        if self._is_applying:
            state = line(("● applying", "$key"))
        self.crumbs.say(["eucaim-transfer", plain(self._transfer), "Selection"], state)
        choice = self._figures.choice if self._figures else None
        self.query_one("#figures", Painted).show(partial(draw_choice, choice))
        names = [(view, _VIEW_WORDS[view]) for view in _VIEWS]
        self.query_one("#tabs", Painted).show(
            lambda width: draw_heading(tabs(names, self._sieve.view, width)[0], width)
        )
        shown = self._shown()
        lead = lead_width(shown)
        rows = [
            Row(
                branch.key,
                partial(
                    draw_branch,
                    branch,
                    lead,
                    branch.key in self._opened,
                    self._wanted.get(branch.place),
                    self._sieve.reveals,
                ),
            )
            for branch in shown
        ]
        self._rows.slide(rows, [self._empty()])
        if go_to:
            self._go_to(go_to)
        self._tell()

    def _shown(self) -> list[Branch]:
        """What is loaded, with the figures that came later."""
        return [
            branch if branch.is_counted else self._counted.get(branch.place, branch)
            for branch in self._branches or ()
        ]

    def _empty(self) -> str:
        if self._branches is None:
            return "Reading…"
        if not self._has_end:
            reached = self._ends[1].patient
            return f"Nothing so far, up to P{reached:,}; looking on…" if reached else "Looking…"
        if not self._sieve.is_open:
            return "Nothing in this transfer is like that."
        return "Nothing has been read yet; step 8 reads the folder."

    def _tell(self) -> None:
        branch = self._branch()
        self.query_one("#one", Painted).show(partial(draw_whole, branch, self._sieve.reveals))
        self.now.say(self._what_now(branch))

    def _what_now(self, branch: Branch | None) -> Now:
        keys = "[Space] in or out.   [r] rules.   [v] views.   [f] findings.   [i] originals."
        if self._branches is None:
            return Now("Reading the tree…", "[Esc] goes back.")
        if self._is_applying:
            return Now("Applying it to everything; the figures follow.", "[Esc] goes back.")
        if self._note:
            return Now(self._note, keys, "bold $warn")
        if self._figures and self._figures.is_held:
            return Now(
                "A runner is at work: what goes can be changed once it has ended.",
                "[↑ ↓ ← →] look around.   [/] filter.   [v] views.   [Esc] goes back.",
            )
        if not self._sieve.is_open:
            shown = sieve_words(self._sieve, _SHOWN[self._sieve.view])
            back = "[v] other views." if self._sieve.view != "all" else "[/] and all empty: all."
            return Now(
                f"Shown is only: {shown}.", f"[Space] acts on all of it, seen or not.   {back}"
            )
        if branch is None:
            return Now("There is nothing to choose from.", "[Esc] goes back.")
        return Now("What has [x] goes, [-] in part, [ ] stays. Nothing is sent by choosing.", keys)

    def _branch(self, key: str | None = None) -> Branch | None:
        sought = key or self._rows.key
        return next((branch for branch in self._shown() if branch.key == sought), None)

    def _go_to(self, key: str) -> None:
        self._rows.go_to(key)

    # Keys ---------------------------------------------------------------------------------

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._note = ""
        self._tell()
        self._want_more()

    @on(Window.Edge)
    def _edge(self, event: Window.Edge) -> None:
        self._begin(at_last=event.is_last)

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        branch = self._branch(event.key)
        if branch is None:
            return
        if branch.place.series:
            from tui.screens.header import OutlineScreen

            self.app.push_screen(OutlineScreen(self._transfer, branch.key))
        elif branch.key in self._opened:
            self.action_close()
        else:
            self.action_open()

    def action_open(self) -> None:
        branch = self._branch()
        if branch is None or branch.place.series:
            return
        if branch.key in self._opened:
            self._rows.action_step(1)
            return
        self._opened.add(branch.key)
        self._around(branch.place)

    def action_close(self) -> None:
        branch = self._branch()
        if branch is None:
            return
        if branch.key in self._opened:
            self._opened.discard(branch.key)
            self._around(branch.place)
            return
        patient, study, series = branch.place
        above = Place(patient, study) if series else Place(patient)
        if self._branch(above.key):
            self._go_to(above.key)
        else:
            self._around(above)

    def action_choose(self) -> None:
        branch = self._branch()
        if branch is None or not branch.is_counted:
            self.app.bell()
            return
        goes = self._wanted.get(branch.place, branch.excluded == 0)
        self._wanted[branch.place] = not goes
        self._note = ""
        self._apply()

    def _apply(self) -> None:
        if not self._wanted or self._is_applying:
            self._draw()
            return
        wanted = [Wanted(place, goes) for place, goes in self._wanted.items()]
        places = [b.place for b in self._branches or []]
        engine, transfer, reveals = self._engine, self._transfer, self._sieve.reveals

        def act() -> tuple[list[str], list[Branch], ChoiceLook]:
            kept = engine.choose(transfer, wanted)
            return kept, engine.branches(transfer, places, reveals), engine.look(transfer)

        self._is_applying = True
        self._draw()
        self.read("apply", act, partial(self._applied, wanted))

    def _applied(
        self, wanted: list[Wanted], value: tuple[list[str], list[Branch], ChoiceLook]
    ) -> None:
        kept, branches, look = value
        self._is_applying = False
        self._writes += 1
        for one in wanted:
            if self._wanted.get(one.place) == one.goes:
                del self._wanted[one.place]
        if kept:
            some = ", ".join(kept[:3]) + (" …" if len(kept) > 3 else "")
            self._note = f"What of {some} was sent before stays on the node."
        self._take_look(look)
        self._counted.clear()
        self._take_fresh(self._writes, branches)
        self._apply()

    def action_back(self) -> None:
        if self._writes:
            judge_later(self.owner, self._transfer)
        super().action_back()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "apply":
            self._is_applying = False
            self._wanted.clear()
            self._draw()
        super().stumbled(kind, error)

    def action_turn(self) -> None:
        view = _VIEWS[(_VIEWS.index(self._sieve.view) + 1) % len(_VIEWS)]
        self._sieve = replace(self._sieve, view=view)
        self._begin()
        self._draw()

    @work(exclusive=True, group="question")
    async def action_sieve(self) -> None:
        from tui.screens.selection_filter import FilterScreen

        typed = await self.app.push_screen_wait(FilterScreen(*self._typed, self._sieve.reveals))
        if typed is None:
            return
        self._typed = typed
        self._sieve = make_sieve(*typed, self._sieve.view, reveals=self._sieve.reveals)
        self._begin()
        self._draw()

    def action_originals(self) -> None:
        reveals = not self._sieve.reveals
        self._sieve = replace(self._sieve, reveals=reveals)
        self._counted.clear()
        branch = self._branch()
        if branch is None or self._sieve.words:
            # What a Patient ID let pass passes no longer.
            self._begin()
        else:
            self._around(branch.place)
        self._draw()

    def action_rules(self) -> None:
        from tui.screens.selection_rules import RulesScreen

        self.app.push_screen(RulesScreen(self._transfer))

    def action_findings(self) -> None:
        from tui.screens.selection_found import FoundScreen

        branch = self._branch()
        if branch is not None:
            self.app.push_screen(FoundScreen(self._transfer, branch.place))
