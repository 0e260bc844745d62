"""The journey of one transfer: the handbook's steps on its node, and how far each is."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content

from transfer.errors import TransferError
from transfer.journey.steps import Journey, JourneyStep
from transfer.status import Status
from transfer.values import StepState
from tui import figures, words
from tui.page import Page
from tui.screens.scan import ScanScreen
from tui.screens.steps import STEP_SCREENS, screen_of_step
from tui.screens.upload import UploadScreen
from tui.source import Glance
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble, wrapped
from tui.widgets.ink import cell, ink, line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

IMAGES = "upload"
DEIDENTIFY = "deidentify"
_OURS = (IMAGES, *STEP_SCREENS)
_LIVE_TICKS = 4


class JourneyScreen(Page):
    """Steps 4 to 10 as a list; the text of the chosen one below it, or beside it when wide."""

    CSS_PATH = "journey.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # First, since it is there only when something failed.
        Binding("f", "failures", "Failures", id="journey.failures"),
        Binding("c", "findings", "Findings", id="journey.findings"),
        Binding("s", "selection", "Selection", id="journey.selection"),
        Binding("t", "timepoints", "Timepoints", id="journey.timepoints"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._glance: Glance | None = None
        self._journey: Journey | None = None
        self._asked_journey = False
        self._chosen_once = False
        self._ticks = 0

    def body(self) -> ComposeResult:
        yield FailurePanel()
        with Container(id="split"):
            yield Rows(id="steps", empty=["Reading the transfer…"])
            with VerticalScroll(id="about", can_focus=False):
                yield Painted(id="text")

    def on_mount(self) -> None:
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
        if glance.status and not self._asked_journey:
            self._asked_journey = True
            node = glance.status.order.node
            self.read("journey", partial(self.owner.source.journey, node), self._take_journey)
        self._draw()

    def _take_journey(self, journey: Journey) -> None:
        self._journey = journey
        self._draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        if kind != "journey":
            super().stumbled(kind, error)
            return
        self.query_one(FailurePanel).say(
            Trouble(error.what, words.means_for_data(error), error.remedy)
        )
        # Without the node's own list the one step that the engine carries out stays reachable.
        self._journey = Journey("", (JourneyStep("images", 8, "Send the images", "", "", IMAGES),))
        self._draw()

    def _draw(self) -> None:
        status = self._glance.status if self._glance else None
        state = words.state_of(self._glance.state) if self._glance else None
        self.crumbs.say(["eucaim-transfer", plain(self._transfer)], state)
        if self._glance and self._glance.trouble:
            trouble = self._glance.trouble
            self.query_one(FailurePanel).say(
                Trouble(trouble.what, words.means_for_data(trouble), trouble.remedy)
            )
        rows = self.query_one("#steps", Rows)
        if status and self._journey:
            rows.show(
                [
                    Row(step.id, partial(_draw_step, step, status), opens=step.engine in _OURS)
                    for step in self._journey.steps
                ]
            )
            if not self._chosen_once:
                self._chosen_once = True
                rows.go_to(_first_to_do(self._journey, status))
        self._tell()
        self.refresh_bindings()

    def _step(self) -> JourneyStep | None:
        key = self.query_one("#steps", Rows).key
        steps = self._journey.steps if self._journey else ()
        return next((step for step in steps if step.id == key), None)

    def _tell(self) -> None:
        step, status = self._step(), self._glance.status if self._glance else None
        self.query_one("#text", Painted).show(partial(_draw_text, step, status))
        self.now.say(_now(step, status, self._glance))

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()
        self.refresh_bindings()

    @on(Rows.Picked)
    def _picked(self) -> None:
        step, status = self._step(), self._glance.status if self._glance else None
        if step is None or status is None:
            return
        if step.engine in STEP_SCREENS:
            self.app.push_screen(screen_of_step(step.engine, self._transfer))
            return
        self.app.push_screen(self._images_screen(status))

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

    def action_failures(self) -> None:
        from tui.screens.problems import ProblemsScreen

        self.app.push_screen(ProblemsScreen(self._transfer))

    def live_actions(self) -> frozenset[str]:
        return frozenset({"failures", "findings", "selection", "timepoints"})

    def can(self, action: str) -> bool | None:
        status = self._glance.status if self._glance else None
        if action == "findings":
            return bool(status and status.census.files.seen)
        if action in ("selection", "timepoints"):
            return bool(status and status.census.instances.found)
        return bool(status and status.census.instances.failed)


def _first_to_do(journey: Journey, status: Status) -> str:
    """The step where the operator is: the first open one that the program carries out."""
    ours = [step for step in journey.steps if step.engine == IMAGES]
    return ours[0].id if ours else journey.steps[0].id


def _not_here(step: JourneyStep) -> str:
    if step.engine == "login":
        return "Signing in is asked for when it is needed, or with: eucaim-transfer login NODE"
    return "For now on the command line: eucaim-transfer doctor NAME"


def _detail(step: JourneyStep, status: Status) -> str:
    counts = status.census.instances
    if step.engine == IMAGES and counts.ready:
        return f"{counts.verified:,} of {counts.ready:,} verified"
    if step.engine == IMAGES:
        return "nothing read yet"
    record = status.record_of(step)
    if record and record.detail:
        return record.detail
    if step.engine == DEIDENTIFY:
        return _way(status)
    if step.engine in ("login", "doctor"):
        return "on the command line"
    return "not built yet"


def _goes_as_is(status: Status) -> bool:
    return status.order.deid in (None, "none")


def _way(status: Status) -> str:
    if _goes_as_is(status):
        return "the files go as they are"
    return f"by {status.order.deid}, not done yet"


def _state(step: JourneyStep, status: Status) -> Content:
    if step.engine == DEIDENTIFY and _goes_as_is(status) and DEIDENTIFY not in status.steps:
        return ink("· as is", "$muted")
    if step.engine == IMAGES and status.state not in ("new", "ready", "done"):
        return words.state_of(status.state)
    state = status.step_state(step)
    if not step.engine and state is StepState.TODO:
        return ink("· by hand", "$muted")
    return words.step_state_of(state)


def _draw_step(step: JourneyStep, status: Status, width: int) -> list[Content]:
    title = min(32, max(16, width - 40))
    return [
        line(
            cell(str(step.number), 2, "$muted", align="right"),
            "  ",
            cell(plain(step.title), title),
            "  ",
            cell(_state(step, status), 11),
            "  ",
            cell(plain(_detail(step, status)), width - title - 19, "$muted"),
        )
    ]


def _draw_text(step: JourneyStep | None, status: Status | None, width: int) -> list[Content]:
    if step is None or status is None:
        return []
    found = [line((f"{step.number}  {plain(step.title)}", "bold"))]
    found += wrapped(ink(plain(step.text)), width)
    if step.link:
        found += wrapped(ink(plain(step.link), "$key"), width)
    record = status.record_of(step)
    if record and record.detail:
        found += ["", *wrapped(ink(plain(record.detail), "$muted"), width)]  # type: ignore[list-item]
    return [Content(entry) if isinstance(entry, str) else entry for entry in found]


def _deid_now(status: Status) -> Now:
    look = "[Enter] shows each header before and after.   [↑ ↓] other steps."
    record = status.steps.get(DEIDENTIFY)
    if not status.census.series:
        return Now("Nothing has been read yet; step 8 reads the folder.", "[↑ ↓] other steps.")
    if record and record.state is StepState.BLOCKED:
        return Now("Something does not leave; a person has to look at it.", look)
    if record and record.state is StepState.DONE:
        return Now("What leaves is prepared. Looking at it sends nothing.", look)
    if record and record.state is StepState.RUNNING:
        return Now("What leaves is being prepared.", look)
    if _goes_as_is(status):
        return Now("Nothing is changed here; you can look at what the headers hold.", look)
    return Now("It happens before the images are sent. You can look at it now.", look)


def _now(step: JourneyStep | None, status: Status | None, glance: Glance | None) -> Now:
    if glance and glance.trouble:
        return Now("This transfer's ledger cannot be read.", "[Esc] goes back to the others.")
    if step is None or status is None:
        return Now("Reading the transfer…", "[Esc] goes back.")
    if step.engine == IMAGES:
        if status.is_running:
            return Now(words.phase_of(status), "[Enter] shows it live.   [↑ ↓] other steps.")
        if words.is_all_there(status):
            return Now(
                f"All {status.census.instances.ready:,} SOP Instances are on the node, each one"
                " listed by it.",
                "[↑ ↓] the next steps.   [Enter] shows the upload once more.",
            )
        if status.state == "blocked" and status.in_the_way:
            return Now(
                words.in_the_way_told(status), "[c] shows each one, and what to do about it."
            )
        if status.state in ("waiting", "blocked", "failed", "interrupted"):
            return words.home_now(1, status.state)
        if not status.census.files.seen:
            return Now("The source folder has not been read yet.", "[Enter] opens this step.")
        left = status.census.instances.ready - status.census.instances.verified
        return Now(
            f"{figures.count(left, 'instance')} still to be sent or verified.",
            "[Enter] opens the upload.   [s] what goes.   [t] timepoints.",
        )
    if step.engine == DEIDENTIFY:
        return _deid_now(status)
    if step.engine:
        return Now(_not_here(step), "[↑ ↓] other steps.   [Esc] all transfers.")
    return Now(
        "This step is done outside this program for now; the text says where.",
        "[↑ ↓] other steps.   [Esc] all transfers.",
    )
