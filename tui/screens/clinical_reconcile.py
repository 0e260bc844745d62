"""Images without row, rows without images, IDs that look alike: until nothing of it is open."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.clinical.reconciling import PAGE, Entry, Part
from transfer.errors import TransferError
from transfer.ledger.links import SAME
from tui import figures
from tui.clinical_reconciling import Counted, Reconciling
from tui.page import Page
from tui.screens.clinical_reconcile_asking import ask_person_once, ask_why
from tui.screens.clinical_reconcile_drawing import (
    PARTS,
    about,
    differ,
    draw_entry,
    heading,
    nothing,
    state_of,
    summary,
    tabs,
    what_now,
)
from tui.screens.question import Question
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_MORE, _LESS = "more", "less"
_TICKS: Final = 8
_FIRST: Final = (Part.PAIRS, Part.IMAGES, Part.ROWS)
Act = Callable[[], int]


class ReconcileScreen(Page):
    """The three lists, by keys 1, 2 and 3; below them the one at the cursor in full."""

    CSS_PATH = "clinical_reconcile.tcss"
    AUTO_FOCUS = "#rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "part(0)", "Images without row", show=False, id="reconcile.images"),
        Binding("2", "part(1)", "Rows without images", show=False, id="reconcile.rows"),
        Binding("3", "part(2)", "IDs that look alike", show=False, id="reconcile.pairs"),
        Binding("s", "answer('same')", "Same", id="reconcile.same"),
        Binding("d", "answer('different')", "Different", id="reconcile.different"),
        Binding("S", "answer_all('same')", "All same", show=False, id="reconcile.same-all"),
        Binding(
            "D", "answer_all('different')", "All different", show=False,
            id="reconcile.different-all",
        ),
        Binding("k", "keep_back", "Keep back", id="reconcile.keep-back"),
        Binding("K", "keep_all", "All", tooltip="Keep back all", id="reconcile.keep-all"),
        Binding("x", "leave_out", "Leave out", id="reconcile.leave-out"),
        Binding("X", "leave_all", "All", tooltip="Leave out all", id="reconcile.leave-all"),
        Binding("u", "undo", "Undo", id="reconcile.undo"),
        Binding("U", "undo_all", "Undo all", id="reconcile.undo-all"),
        Binding("v", "settled", "What was said", id="reconcile.settled"),
        Binding("i", "originals", "Original IDs", id="reconcile.originals"),
        Binding("w", "who", "Who", tooltip="Another person speaks now", id="reconcile.who"),
    ]  # fmt: skip

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._counted: Counted | None = None
        self._part = Part.PAIRS
        self._is_placed = False
        self._settled = False
        self._reveals = False
        self._entries: list[Entry] | None = None
        self._goes_on = False
        self._starts = [0]
        self._doing = ""
        self._done = ""
        self._last: tuple[Part, int] | None = None
        self._bound_for = ""
        self._turn = 0
        self._ticks = 0
        self._is_leaving = False

    @property
    def _engine(self) -> Reconciling:
        return self.owner.source.reconciling

    def body(self) -> ComposeResult:
        yield Painted(id="summary")
        yield Painted(id="tabs")
        yield Painted(id="heading")
        yield Rows(id="rows", pick="", empty=["Reading…"])
        yield Painted(id="one")

    def on_mount(self) -> None:
        self._count()
        self._draw()

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "Marks in these lists", [
            ("✗ open", "nothing of the clinical data is sent while this stands"),
            ("? open", "a named person says whether they are one patient"),
            ("✓ settled", "a person's word, shown with [v], taken back with [u]"),
        ]

    # Reading ------------------------------------------------------------------------------

    def look(self) -> None:
        counted = self._counted
        is_due = self._ticks % _TICKS == 0 and not self._doing
        # Where there is much, counting takes a while, and only what is done here changes it.
        if counted and is_due and (counted.is_held or counted.totals.patients < PAGE):
            self._count()
        self._ticks += 1

    def _count(self) -> None:
        self.read("count", partial(self._engine.count, self._transfer), self._weigh, anew=True)

    def _weigh(self, counted: Counted) -> None:
        before, self._counted = self._counted, counted
        if not self._is_placed:
            self._is_placed = True
            self._part = next((p for p in _FIRST if counted.totals.open_of(p)), Part.IMAGES)
            self._load()
        elif before is None or before.totals != counted.totals:
            self._load()
        self._draw()

    def _load(self) -> None:
        self._turn += 1
        turn = self._turn

        def take(found: list[Entry]) -> None:
            if turn != self._turn:
                return
            if not found and len(self._starts) > 1:
                self._starts.pop()
                self._load()
                return
            self._entries, self._goes_on = found[:PAGE], len(found) > PAGE
            self._draw()
            if self._bound_for and not self._doing:
                self.query_one("#rows", Rows).go_to(self._bound_for)
                self._bound_for = ""

        call = partial(
            self._engine.page, self._transfer, self._part, self._starts[-1], settled=self._settled
        )
        self.read("page", call, take, anew=True)

    def _begin(self) -> None:
        """Show a list from its start."""
        self._starts, self._entries, self._done = [0], None, ""
        self.query_one("#rows", Rows).action_edge(0)
        self._load()
        self._draw()

    # Drawing ------------------------------------------------------------------------------

    def _draw(self) -> None:
        part, counted = self._part, self._counted
        trail = ["eucaim-transfer", plain(self._transfer), "Clinical data", "Reconcile"]
        self.crumbs.say([*trail, "Said"] if self._settled else trail, state_of(counted))
        self.query_one("#summary", Painted).show(partial(summary, counted))
        self.query_one("#tabs", Painted).show(partial(tabs, counted, part))
        settled, reveals = self._settled, self._reveals
        self.query_one("#heading", Painted).show(
            lambda width: heading(part, settled=settled, reveals=reveals, width=width)
        )
        rows = [
            Row(entry.key, partial(_drawn, part, entry, reveals), opens=False)
            for entry in self._entries or ()
        ]
        if len(self._starts) > 1:
            rows.insert(0, Row(_LESS, partial(_say, "↑ the page before: Enter")))
        if self._goes_on:
            rows.append(Row(_MORE, partial(_say, "↓ more: Enter")))
        empty = ["Reading…"] if self._entries is None else nothing(part, settled=settled)
        self.query_one("#rows", Rows).show(rows, empty)
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        part, entry, reveals = self._part, self._entry(), self._reveals
        self.query_one("#one", Painted).show(
            lambda width: about(part, entry, reveals=reveals, width=width)
        )
        if self._doing:
            self.now.say(Now(self._doing, "Please wait a moment."))
        elif self._counted is None:
            self.now.say(Now("Comparing images and table…", "[Esc] goes back."))
        else:
            now = what_now(self._counted, part, entry, settled=self._settled)
            self.now.say(Now(f"{self._done} {now.happening}".strip(), now.press))

    def _entry(self) -> Entry | None:
        key = self.query_one("#rows", Rows).key
        return next((one for one in self._entries or () if one.key == key), None)

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()
        self.refresh_bindings()

    @on(Rows.Picked)
    def _picked(self, event: Rows.Picked) -> None:
        if event.key == _MORE and self._entries:
            self._starts.append(self._entries[-1].at)
        elif event.key == _LESS:
            self._starts.pop()
        else:
            return
        self.query_one("#rows", Rows).action_edge(0)
        self._load()

    def action_part(self, number: int) -> None:
        self._part, self._settled = PARTS[number], False
        self._begin()

    def action_settled(self) -> None:
        self._settled = not self._settled
        self._begin()

    def action_originals(self) -> None:
        self._reveals = not self._reveals
        self._draw()

    # Acting -------------------------------------------------------------------------------

    @work(exclusive=True, group="question")
    async def action_answer(self, choice: str) -> None:
        entry = self._entry()
        person = await ask_person_once(self) if entry else None
        if entry is not None and person:
            said = "the same patient" if choice == SAME else "two patients"
            call = partial(self._engine.answer, self._transfer, choice, entry.row, person)
            self._change(call, lambda n: f"{entry.key} and P{entry.patient} are {said}.", entry)

    @work(exclusive=True, group="question")
    async def action_answer_all(self, choice: str) -> None:
        entry = self._entry()
        if entry is None:
            return
        count = partial(self._engine.count_alike, self._transfer, entry.likenesses)
        n = await self.owner.in_thread(count)
        if not await self.app.push_screen_wait(
            Question(
                f"{figures.count(n, 'pair')}: all {'the same' if choice == SAME else 'different'}?",
                [
                    f"These are all open pairs that differ only in {differ(entry)}, as"
                    f" {entry.key} and P{entry.patient} do.",
                    "Rows of the same patient are linked to the images."
                    if choice == SAME
                    else "Then these rows have no images, and these images no row.",
                ],
                no="Not all",
                yes="All the same" if choice == SAME else "All different",
            )
        ):
            return
        person = await ask_person_once(self)
        if person:
            call = partial(
                self._engine.answer_alike, self._transfer, choice, entry.likenesses, person
            )
            self._change(call, lambda n: f"{figures.count(n, 'pair')} answered.")

    def action_keep_back(self) -> None:
        self._keep(self._entry())

    def action_keep_all(self) -> None:
        self._keep(None)

    @work(exclusive=True, group="question")
    async def _keep(self, entry: Entry | None) -> None:
        n = self._counted.totals.rows if self._counted else 0
        whose = entry.key if entry else f"all {n:,}"
        by = await ask_why(self, f"Why do rows stay here: {whose}?")
        if by is not None:
            row = entry.row if entry else None
            call = partial(self._engine.keep_back, self._transfer, row, by)
            self._change(call, partial(_told, "kept back", entry), entry)

    def action_leave_out(self) -> None:
        self._leave(self._entry())

    def action_leave_all(self) -> None:
        self._leave(None)

    @work(exclusive=True, group="question")
    async def _leave(self, entry: Entry | None) -> None:
        n = self._counted.totals.images if self._counted else 0
        whose = f"{entry.key}" if entry else f"all {figures.count(n, 'patient')} without row"
        if not await self.app.push_screen_wait(
            Question(
                f"Leave out {whose}?",
                [
                    "The images stay on this machine; what has gone already is not taken back.",
                    "It becomes a rule of the selection, and can be taken back.",
                ],
                no="Keep" if entry else "Keep them",
                yes="Leave out",
            )
        ):
            return
        by = await ask_why(self, f"Why is it left out: {whose}?")
        if by is not None:
            patient = entry.patient if entry else None
            call = partial(self._engine.leave_out, self._transfer, patient, by)
            self._change(call, partial(_told, "left out", entry), entry)

    def action_undo(self) -> None:
        """Take back the one at the cursor among what was said, else what was done last."""
        part, at = self._last or (self._part, 0)
        entry = self._entry()
        if self._settled and entry is not None:
            part, at = self._part, entry.at
        if at:
            self._last = None
            self._bound_for = f"{'P' if part is Part.IMAGES else 'R'}{at}"
            self._change(self._undoing(part, at), lambda n: "It was taken back.")

    @work(exclusive=True, group="question")
    async def action_undo_all(self) -> None:
        part = self._part
        n = self._counted.totals.settled_of(part) if self._counted else 0
        if await self.app.push_screen_wait(
            Question(
                f"Take back all {n:,} of this list?",
                ["Then they stand open again, and are asked about anew."],
                no="Leave them",
                yes="Take back",
            )
        ):
            self._last = None
            self._change(
                self._undoing(part, None), lambda n: f"{figures.count(n, 'word')} taken back."
            )

    def _undoing(self, part: Part, at: int | None) -> Act:
        undo = {
            Part.IMAGES: self._engine.take_in,
            Part.ROWS: self._engine.let_go,
            Part.PAIRS: self._engine.ask_again,
        }[part]
        return partial(undo, self._transfer, at)

    @work(exclusive=True, group="question")
    async def action_who(self) -> None:
        await ask_person_once(self, anew=True)

    def _change(self, call: Act, told: Callable[[int], str], entry: Entry | None = None) -> None:
        if self._doing:
            return
        part = self._part
        self._doing, self._done = "One moment…", ""
        self._draw()

        def changed(n: int) -> None:
            self._doing = ""
            self._done = told(n) if n else "Nothing of it stood open any more."
            self._last = (part, entry.at) if entry is not None and n else self._last
            self._count()
            self._load()
            self._draw()

        self.read("change", call, changed)

    def action_back(self) -> None:
        """Where there is much, everything is judged anew once, on the way out."""
        if self._is_leaving or self._doing or not self._engine.is_due(self._transfer):
            self.dismiss()
            return
        self._is_leaving = True
        self._doing = "Everything is judged anew; you may leave with Esc, it goes on."
        self._draw()
        self.read(
            "change", partial(self._engine.judge, self._transfer), lambda _: self._leave_page()
        )

    def _leave_page(self) -> None:
        if self.is_current:
            self.dismiss()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind == "change":
            self._doing, self._is_leaving = "", False
            self._draw()
        super().stumbled(kind, error)

    # Keys ---------------------------------------------------------------------------------

    def live_actions(self) -> frozenset[str]:
        return frozenset(
            {
                "answer", "answer_all", "keep_back", "keep_all", "leave_out", "leave_all", "undo",
                "undo_all", "settled", "originals", "who",
            }
        )  # fmt: skip

    def can(self, action: str) -> bool | None:
        counted, entry = self._counted, self._entry()
        if counted is None or self._doing:
            return False
        if action in ("settled", "originals"):
            return counted.has_table
        if counted.is_held:
            return False
        is_open = entry is not None and not self._settled
        part, is_one = self._part, is_open and entry is not None and entry.patients <= 1
        is_any = not self._settled and counted.totals.open_of(part) > 0
        return {
            "answer": part is Part.PAIRS and is_one,
            "answer_all": part is Part.PAIRS and is_one,
            "keep_back": part is Part.ROWS and is_open,
            "keep_all": part is Part.ROWS and is_any,
            "leave_out": part is Part.IMAGES and is_open and not (entry and entry.sent),
            "leave_all": part is Part.IMAGES and is_any,
            "undo": entry is not None if self._settled else self._last is not None,
            "undo_all": self._settled and counted.totals.settled_of(part) > 0,
            "who": bool(self.owner.source.findings.person),
        }.get(action, True)


def _told(what: str, entry: Entry | None, n: int) -> str:
    return f"{entry.key} is {what}." if entry else f"{n:,} are {what}."


def _drawn(part: Part, entry: Entry, reveals: bool, width: int) -> list[Content]:
    return draw_entry(part, entry, reveals=reveals, width=width)


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]
