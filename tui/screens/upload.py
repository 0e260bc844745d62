"""The upload: how much has gone, how much is proved, what runs right now."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from transfer.errors import TransferError
from transfer.journey.steps import Journey, Stages
from transfer.ledger.census import StudyRow
from transfer.status import Status
from transfer.values import ExitCode
from tui import figures, words
from tui.limiting import Limits, Standing, heard
from tui.screens.question import Ask, Question
from tui.screens.transfer_page import TransferPage
from tui.screens.upload_drawing import (
    LEGEND,
    draw_chart,
    draw_lanes,
    draw_note,
    draw_overall,
    draw_study,
    limits_asked,
    study_heading,
    time_left,
)
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

_PAGE = 200
_MORE, _LESS = "more", "less"


class UploadScreen(TransferPage):
    """The heart: overall progress, the running requests, and every study with its own bar."""

    CSS_PATH = "upload.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "limit", "Limit", id="upload.limit"),
        Binding("f", "failures", "Failures", id="upload.failures"),
        Binding("c", "findings", "Findings", id="upload.findings"),
        Binding("o", "scan", "Folder", id="upload.scan", tooltip="The source folder and its files"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer)
        self._studies: list[StudyRow] = []
        self._stages = Stages()
        self._asked_stages = False
        self._offset = 0
        self._lanes_most = 0
        self._starts_when_known = False
        self._agreed_to: tuple[int, ...] | None = None
        self._limits: Limits | None = None

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="overall")
        yield Painted(id="chart")
        yield Painted(id="lanes")
        yield Painted(id="studies-heading", classes="heading")
        yield Rows(id="studies", pick="", empty=[""])

    def on_mount(self) -> None:
        # The app may be leaving at this very moment.
        if self.is_whole():
            self.draw()

    def look_closer(self) -> None:
        self.read(
            "studies",
            partial(self.owner.source.studies, self.transfer, _PAGE, self._offset),
            self._take_studies,
        )
        self.read("limits", self.owner.source.look_at_limits, self._take_limits)

    def _take_limits(self, limits: Limits) -> None:
        was, self._limits = self._standing, limits
        if self._standing != was:
            self.draw()

    def stumbled(self, kind: str, error: TransferError) -> None:
        # Without the node's profile the general words serve as well.
        if kind != "journey":
            super().stumbled(kind, error)

    def _take_journey(self, journey: Journey) -> None:
        self._stages = journey.stages
        self._draw_studies()

    def _take_studies(self, studies: list[StudyRow]) -> None:
        self._studies = studies
        self._draw_studies()

    @property
    def _standing(self) -> Standing | None:
        """The limits as they stand; None until they were looked for."""
        if self.status is None or self._limits is None:
            return None
        return self._limits.standing(self.status.control)

    def draw(self) -> None:
        status, standing = self.status, self._standing
        state = words.state_of(self.glance.state) if self.glance else None
        self.crumbs.say(["eucaim-transfer", plain(self.transfer), "Upload"], state)
        trouble = self.trouble()
        self.query_one(FailurePanel).say(trouble)
        if status is None:
            self.now.say(Now("Reading the transfer…", "[Esc] goes back."))
            return
        if not self._asked_stages:
            self._asked_stages = True
            node = status.order.node
            self.read("journey", partial(self.owner.source.journey, node), self._take_journey)
        if self._starts_when_known:
            self._starts_when_known = False
            self.action_start()
        is_tall = self.has_class("-tall")
        is_sending = status.is_running and status.progress.phase == "send"
        is_charted = is_tall and is_sending and len(status.progress.history) > 1
        self.query_one("#chart", Painted).show(partial(draw_chart, status, is_charted))
        self.query_one("#overall", Painted).show(
            partial(draw_overall, status, standing, self.launched, trouble is not None, is_charted)
        )
        room = 8 if is_tall else 4
        running = min(len(status.progress.lanes), room)
        # Rows that came and went with each request would have the whole screen painted again.
        self._lanes_most = max(self._lanes_most, running) if is_sending else 0
        self.query_one("#lanes", Painted).show(partial(draw_lanes, status, room, self._lanes_most))
        self._draw_studies()
        if self.is_starting:
            self.now.say(Now("Starting the runner…", "Please wait a moment."))
        else:
            survives = self.launched.survives_logout if self.launched else None
            self.now.say(
                words.upload_now(
                    status,
                    survives,
                    time_left(status, standing),
                    is_agreed=self._agreed_to == _going(status),
                )
            )

    def _draw_studies(self) -> None:
        is_live = self.status is not None and self.status.is_running
        rows = [
            Row(study.key, partial(draw_study, study, self._stages, is_live))
            for study in self._studies
        ]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(draw_note, f"↑ studies before {self._offset + 1:,}")))
        if len(self._studies) == _PAGE:
            rows.append(Row(_MORE, partial(draw_note, "↓ more studies")))
        self.query_one("#studies", Rows).show(rows)
        total = self.status.census.studies if self.status else 0
        first, last = self._offset + 1, self._offset + len(self._studies)
        shown = f", {first:,} to {last:,}" if total > len(self._studies) else ""
        heading = f"{figures.count(total, 'study', 'studies')}{shown}" if total else ""
        self.query_one("#studies-heading", Painted).show(partial(study_heading, heading))

    @on(Rows.Picked)
    def _page(self, event: Rows.Picked) -> None:
        if event.key in (_MORE, _LESS):
            self._offset = max(0, self._offset + (_PAGE if event.key == _MORE else -_PAGE))
            self.query_one("#studies", Rows).action_edge(0)
            self.look_closer()

    async def start(self) -> None:
        status = self.status
        if status is None:
            return
        counts = status.census.instances
        going = _going(status)
        is_agreed = self._agreed_to == going or status.runner.exit_code == ExitCode.SIGN_IN
        if counts.sent == 0 and counts.ready and not is_agreed:
            yes = await self.app.push_screen_wait(
                Question(
                    f"Send {counts.ready:,} instances to {plain(status.order.node)}?",
                    [
                        f"{figures.size(status.census.bytes_total)} out of "
                        f"{figures.count(status.goes.studies, 'study', 'studies')} of "
                        f"{figures.count(status.goes.patients, 'patient')} leave this machine.",
                        f"Destination: {status.order.destination or 'the only one'}",
                        *_made_first(status.order.deid),
                    ],
                    no="Not yet",
                    yes="Send",
                )
            )
            if not yes:
                return
            self._agreed_to = going
        await super().start()

    def start_when_known(self) -> None:
        """Start as soon as the first look has told what there is to start."""
        self._starts_when_known = True

    @work(exclusive=True, group="question")
    async def action_limit(self) -> None:
        standing = self._standing
        text = await self.app.push_screen_wait(
            Ask("How fast may it send?", limits_asked(standing), check=heard)
        )
        if text is not None:
            self.act(partial(self.owner.source.limit, self.transfer, text))

    def action_failures(self) -> None:
        from tui.screens.problems import ProblemsScreen

        self.app.push_screen(ProblemsScreen(self.transfer))

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self.transfer))

    def action_scan(self) -> None:
        from tui.screens.scan import ScanScreen

        self.app.push_screen(ScanScreen(self.transfer))

    def legend(self) -> tuple[str, list[tuple[str, str]]]:
        return "What the words and marks mean", [*LEGEND, *super().legend()[1]]

    def live_actions(self) -> frozenset[str]:
        return super().live_actions() | {"failures", "limit"}

    def can(self, action: str) -> bool | None:
        if action == "failures":
            return bool(self.status and self.status.census.instances.failed)
        if action == "limit":
            return self.status is not None and not words.is_all_there(self.status)
        return super().can(action)


def _going(status: Status) -> tuple[int, ...]:
    """How much would go. Whoever agreed to that is not asked twice; to another, they did not."""
    goes, census = status.goes, status.census
    return (census.instances.ready, census.bytes_total, goes.studies, goes.patients)


def _made_first(deid: str | None) -> list[str]:
    if deid in (None, "none"):
        return ["They go as they are."]
    return [
        f"They are de-identified by {plain(deid)} first. What the rules find in the result keeps"
        " them here."
    ]
