"""The journey of one transfer: the handbook's steps on its node, and how far each is."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll

from transfer.journey.images import UPLOAD
from transfer.journey.recording import states_by_hand
from transfer.journey.standing import JourneyState, Standing
from transfer.status import Status
from tui import words
from tui.page import Page
from tui.screens.journey_drawing import draw_before, draw_step, draw_text
from tui.screens.journey_now import journey_now
from tui.screens.journey_record import ask_record
from tui.screens.scan import ScanScreen
from tui.screens.steps import STEP_SCREENS, screen_of_step, screen_of_whole
from tui.screens.upload import UploadScreen
from tui.source import Glance
from tui.text import plain
from tui.widgets.failure import FailurePanel
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_OURS = (UPLOAD, *STEP_SCREENS)
_LIVE_TICKS = 4

_BEGUN = ("running", "pausing", "paused", "stopping", "stopped", "failed")


class JourneyScreen(Page):
    """Steps 4 to 10 as a list; the text of the chosen one below it, or beside it when wide.

    It opens on the step where the operator was last, the first time on the one to be done now.
    """

    CSS_PATH = "journey.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # First, since it is there only when something failed.
        Binding("f", "failures", "Failures", id="journey.failures"),
        Binding("r", "record", "Record", id="journey.record", tooltip="Record how far a step is"),
        Binding("c", "findings", "Findings", id="journey.findings"),
        Binding("s", "selection", "Selection", id="journey.selection"),
        Binding("t", "timepoints", "Timepoints", id="journey.timepoints"),
        Binding("h", "whole('rehearsal')", "Rehearsal", id="journey.rehearsal"),
        Binding("l", "whole('legal')", "Legal", id="journey.legal", tooltip="The legal record"),
        Binding("e", "whole('evidence')", "Evidence", id="journey.evidence"),
        Binding("g", "whole('catalogue')", "Catalogue", id="journey.catalogue"),
        Binding(
            "w",
            "whole('recall')",
            "Withdrawal",
            id="journey.recall",
            tooltip="What went of one patient",
        ),
        Binding(
            "z",
            "whole('purge')",
            "End of retention",
            id="journey.purge",
            tooltip="Remove originals and key",
        ),
        # The list of seven steps has no pages; its text may.
        Binding(
            "pagedown",
            "read_on(1)",
            "Read on",
            key_display="PgDn",
            priority=True,
            id="journey.read-on",
        ),
        Binding("pageup", "read_on(-1)", show=False, priority=True, id="journey.read-back"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._glance: Glance | None = None
        self._place: str | None = None
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="before")
        with Container(id="split"):
            yield Rows(id="steps", empty=["Reading the transfer…"])
            with VerticalScroll(id="about", can_focus=False):
                yield Painted(id="text")

    def on_mount(self) -> None:
        # Whether there is more to read is known once the text has its place.
        self.watch(self.query_one("#about"), "virtual_size", self.refresh_bindings, init=False)
        self._draw()

    def on_screen_resume(self) -> None:
        self._ticks = 0

    def look(self) -> None:
        running = bool(self._glance and self._glance.status and self._glance.status.is_running)
        if running or self._ticks % _LIVE_TICKS == 0:
            self.read("glance", partial(self.owner.source.glance, self._transfer), self._take)
        self._ticks += 1

    def _take(self, glance: Glance) -> None:
        self._glance = glance
        self._draw()

    @property
    def _status(self) -> Status | None:
        return self._glance.status if self._glance else None

    @property
    def _journey(self) -> JourneyState | None:
        return self._glance.journey if self._glance else None

    def _draw(self) -> None:
        glance = self._glance
        state = words.state_told(glance.state, glance.journey) if glance else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer)], state)
        trouble = (glance.trouble or glance.lost) if glance else None
        if trouble:
            self.query_one(FailurePanel).say(self.told(trouble))
        rows = self.query_one("#steps", Rows)
        journey, status = self._journey, self._status
        if journey and status:
            here = journey.to_do
            self.query_one("#before", Painted).show(partial(draw_before, journey))
            rows.show(
                [
                    Row(
                        standing.step.id,
                        partial(draw_step, standing, standing is here),
                        opens=standing.step.engine in _OURS,
                    )
                    for standing in journey.standings
                ]
            )
            if self._place is None:
                self._place = _landing(journey, status.place)
                rows.go_to(self._place)
        self._tell()
        self.refresh_bindings()

    def _chosen(self) -> Standing | None:
        key = self.query_one("#steps", Rows).key
        return self._journey.of(key) if self._journey and key else None

    def _tell(self) -> None:
        standing = self._chosen()
        is_wide = self.has_class("-wide")
        self.query_one("#text", Painted).show(
            partial(draw_text, standing, self.owner.source.now(), is_wide)
        )
        opens = standing is not None and standing.step.engine in _OURS
        self.now.say(journey_now(standing, self._glance, opens=opens))

    def on_resize(self) -> None:
        # The classes for the size are set after this.
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        self.query_one("#steps", Rows).space(1 if self.has_class("-tall") else 0)
        self._tell()

    @on(Rows.Reached)
    def _reached(self, event: Rows.Reached) -> None:
        self._tell()
        self.query_one("#about").scroll_home(animate=False)
        # What was reached on the way here, the first row for one, is not where the operator is.
        if event.key == event.rows.key and self._place not in (None, event.key):
            self._remember(event.key)

    def _remember(self, key: str) -> None:
        """Keep the place; of several quick steps the last one is kept."""
        self._place = key
        self.read(
            "place",
            partial(self.owner.source.journeys.remember, self._transfer, key),
            lambda _: self._remember(self._place) if self._place not in (None, key) else None,
        )

    @on(Rows.Picked)
    def _picked(self) -> None:
        standing, status = self._chosen(), self._status
        if standing is None or status is None:
            return
        self._remember(standing.step.id)
        if standing.step.engine in STEP_SCREENS:
            self.app.push_screen(screen_of_step(standing.step.engine, self._transfer))
            return
        self.app.push_screen(self._images_screen(status))

    @work(exclusive=True, group="question")
    async def action_record(self) -> None:
        standing = self._chosen()
        said = await ask_record(self, standing) if standing else None
        if standing is not None and said is not None:
            self._remember(standing.step.id)
            source = self.owner.source

            def record() -> Glance:
                source.journeys.record(self._transfer, standing, said)
                return source.glance(self._transfer)

            self.read("record", record, self._take)

    def action_read_on(self, by: int) -> None:
        about = self.query_one("#about", VerticalScroll)
        (about.scroll_page_down if by > 0 else about.scroll_page_up)(animate=False)

    def _images_screen(self, status: Status) -> Page:
        scanning = status.is_running and status.progress.phase == "scan"
        if scanning or not status.census.files.seen or status.census.files.unread:
            return ScanScreen(self._transfer)
        return UploadScreen(self._transfer)

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self._transfer))

    def action_selection(self) -> None:
        from tui.screens.selection import SelectionScreen

        self.app.push_screen(SelectionScreen(self._transfer))

    def action_timepoints(self) -> None:
        from tui.screens.timepoints import TimepointsScreen

        self.app.push_screen(TimepointsScreen(self._transfer))

    def action_whole(self, word: str) -> None:
        """Open what concerns the whole transfer."""
        self.app.push_screen(screen_of_whole(word, self._transfer))

    def action_failures(self) -> None:
        from tui.screens.problems import ProblemsScreen

        self.app.push_screen(ProblemsScreen(self._transfer))

    def live_actions(self) -> frozenset[str]:
        return frozenset({"failures", "findings", "selection", "timepoints", "record", "read_on"})

    def can(self, action: str) -> bool | None:
        if action == "record":
            standing = self._chosen()
            return standing is not None and bool(states_by_hand(standing))
        if action == "read_on":
            return self.query_one("#about", VerticalScroll).max_scroll_y > 0
        status = self._status
        if action == "findings":
            return bool(status and status.census.files.seen)
        if action in ("selection", "timepoints"):
            return bool(status and status.census.instances.found)
        return bool(status and status.census.instances.failed)


def _landing(journey: JourneyState, place: str) -> str:
    """Where the journey opens: where the operator was last, else at what was begun and has not
    ended, else where there is something to do."""
    if journey.of(place) is not None:
        return place
    begun = [standing for standing in journey.standings if standing.word in _BEGUN]
    return (begun[0] if begun else journey.to_do or journey.standings[-1]).step.id
