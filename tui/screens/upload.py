"""The upload: how much has gone, how much is proved, what runs right now."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from transfer.journey.steps import Journey, Stages
from transfer.ledger.census import StudyRow
from transfer.ledger.progress import Lane
from transfer.status import Status
from transfer.values import ExitCode
from tui import figures, words
from tui.screens.question import Ask, Question
from tui.screens.transfer_page import TransferPage, limit_words, runner_line
from tui.source import Launch
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel
from tui.widgets.ink import bar, cell, dotted, line, share_and_bar, sparks
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
        Binding("c", "scan", "Files", id="upload.scan"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer)
        self._studies: list[StudyRow] = []
        self._stages = Stages()
        self._asked_stages = False
        self._offset = 0
        self._lanes_most = 0
        self._starts_when_known = False
        self._has_agreed = False

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="overall")
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

    def draw(self) -> None:
        status = self.status
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
        self.query_one("#overall", Painted).show(
            partial(_overall, status, self.launched, trouble is not None)
        )
        room = 8 if self.has_class("-tall") else 4
        is_sending = status.is_running and status.progress.phase == "send"
        running = min(len(status.progress.lanes), room)
        # Rows that came and went with each request would have the whole screen painted again.
        self._lanes_most = max(self._lanes_most, running) if is_sending else 0
        self.query_one("#lanes", Painted).show(partial(_lanes, status, room, self._lanes_most))
        self._draw_studies()
        if self.is_starting:
            self.now.say(Now("Starting the runner…", "Please wait a moment."))
        else:
            survives = self.launched.survives_logout if self.launched else None
            self.now.say(words.upload_now(status, survives))

    def _draw_studies(self) -> None:
        rows = [
            Row(study.key, partial(_draw_study, study, self._stages)) for study in self._studies
        ]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(_say, f"↑ studies before {self._offset + 1:,}")))
        if len(self._studies) == _PAGE:
            rows.append(Row(_MORE, partial(_say, "↓ more studies")))
        self.query_one("#studies", Rows).show(rows)
        total = self.status.census.studies if self.status else 0
        first, last = self._offset + 1, self._offset + len(self._studies)
        shown = f", {first:,} to {last:,}" if total > len(self._studies) else ""
        heading = f"{figures.count(total, 'study', 'studies')}{shown}" if total else ""
        self.query_one("#studies-heading", Painted).show(partial(_study_heading, heading))

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
        has_agreed = self._has_agreed or status.runner.exit_code == ExitCode.SIGN_IN
        if counts.sent == 0 and counts.ready and not has_agreed:
            yes = await self.app.push_screen_wait(
                Question(
                    f"Send {counts.ready:,} instances to {plain(status.order.node)}?",
                    [
                        f"{figures.size(status.census.bytes_total)} out of "
                        f"{figures.count(status.goes.studies, 'study', 'studies')} of "
                        f"{figures.count(status.goes.patients, 'patient')} leave this machine.",
                        f"Destination: {status.order.destination or 'the only one'}",
                    ],
                    no="Not yet",
                    yes="Send",
                )
            )
            if not yes:
                return
            self._has_agreed = True
        await super().start()

    def start_when_known(self) -> None:
        """Start as soon as the first look has told what there is to start."""
        self._starts_when_known = True

    @work(exclusive=True, group="question")
    async def action_limit(self) -> None:
        now = self.status.control.bytes_per_s if self.status else None
        text = await self.app.push_screen_wait(
            Ask(
                "How fast may it send?",
                [
                    f"In force: {limit_words(now)}.",
                    "Write for example 5M (5 MB a second), 500K, or none. It takes effect at once.",
                ],
                check=figures.parse_rate,
            )
        )
        if text is not None:
            self.act(partial(self.owner.source.limit, self.transfer, figures.parse_rate(text)))

    def action_failures(self) -> None:
        from tui.screens.problems import ProblemsScreen

        self.app.push_screen(ProblemsScreen(self.transfer))

    def action_scan(self) -> None:
        from tui.screens.scan import ScanScreen

        self.app.switch_screen(ScanScreen(self.transfer))

    def live_actions(self) -> frozenset[str]:
        return super().live_actions() | {"failures", "limit"}

    def can(self, action: str) -> bool | None:
        if action == "failures":
            return bool(self.status and self.status.census.instances.failed)
        if action == "limit":
            return self.status is not None
        return super().can(action)


def _overall(
    status: Status, launched: Launch | None, is_in_trouble: bool, width: int
) -> list[Content]:
    progress, counts = status.progress, status.census.instances
    phase = progress.phase if status.is_running else ""
    if phase in _COUNTED:
        part = figures.share(progress.done, progress.total)
    else:
        part = figures.share(status.bytes_done, status.census.bytes_total)
        # Sent is not arrived: the bar is full when the node has listed every instance.
        if not words.is_all_there(status):
            part = min(part, _NOT_ALL_LISTED)
    style = "$good" if words.is_all_there(status) else "$key"
    lines = [
        line(share_and_bar(part, width, style)),
        _amounts(status),
    ]
    if not status.is_running:
        if counts.ready and not is_in_trouble:
            lines += [Content(""), words.verdict(status)]
        return lines
    is_moving = phase == "send" and status.state != "paused"
    speed = [(figures.rate(progress.rate_bps) if is_moving else "", "")]
    if is_moving and progress.eta_s is not None:
        speed.append((f"about {figures.span(progress.eta_s)} left", ""))
    speed.append((limit_words(status.control.bytes_per_s), "$muted"))
    speed.append((figures.count(progress.retries, "retry", "retries"), "$muted"))
    pace = dotted(speed)
    chart = min(20, max(0, width - pace.cell_length - 2))
    lines.append(line(cell(pace, width - chart), sparks(progress.history, chart)))
    lines.append(line((runner_line(status, launched), "$muted")))
    return lines


def _amounts(status: Status) -> Content:
    census, counts = status.census, status.census.instances
    if status.is_running and status.progress.phase in _COUNTED:
        what = _COUNTED[status.progress.phase]
        return line(
            f"{status.progress.done:,}", (f" of {status.progress.total:,} {what}", "$muted")
        )
    parts = [
        line(
            figures.size(status.bytes_done), (f" of {figures.size(census.bytes_total)}", "$muted")
        ),
        line(f"{counts.sent:,}", (f" of {counts.ready:,} sent", "$muted")),
        line(f"{counts.verified:,}", (" verified", "$muted")),
    ]
    if counts.failed:
        parts.append(line((f"✗ {counts.failed:,} failed", "bold $bad")))
    if counts.excluded:
        parts.append(line((f"{counts.excluded:,} not chosen", "$muted")))
    if not status.is_running and status.control.bytes_per_s is not None:
        parts.append(line((limit_words(status.control.bytes_per_s), "$muted")))
    return dotted(parts)


def _lanes(status: Status, room: int, most: int, width: int) -> list[Content]:
    """The running requests; as many rows as there were requests at `most`."""
    lanes = status.progress.lanes if status.is_running else ()
    if not lanes:
        return [Content("")] * (most + 2 if most else 0)
    heading = figures.count(len(lanes), "running request")
    allowed, ceiling = status.progress.requests_allowed, status.progress.requests_most
    if ceiling:
        heading += f", {allowed} at a time, at most {ceiling}"
    shown = lanes if len(lanes) <= room else lanes[: room - 1]
    lines = [Content(""), line((heading, "$muted"))]
    lines += [_draw_lane(lane, width) for lane in shown]
    if len(shown) < len(lanes):
        lines.append(line((f"  and {len(lanes) - len(shown)} more", "$muted")))
    return lines + [Content("")] * (most + 2 - len(lines))


_LANE_WORDS = {"sending": "sending", "waiting": "waits for answer", "retry": "trying again"}


def _draw_lane(lane: Lane, width: int) -> Content:
    part = figures.share(lane.bytes_sent, lane.bytes_total)
    long = max(16, width - 46)
    again = f"  try {lane.attempt}" if lane.attempt > 1 else ""
    return line(
        cell(plain(lane.study), 7),
        share_and_bar(part, long),
        "   ",
        cell(figures.count(lane.instances, "instance"), 14, "$muted"),
        cell(_LANE_WORDS.get(lane.state, plain(lane.state)) + again, 22, "$muted"),
    )


_COUNTS = (9, 10, 9)
_NOT_ALL_LISTED = 0.99
# Phases that send nothing yet, and what their progress counts.
_COUNTED = {"scan": "files read", "deidentify": "instances de-identified"}


def _study_heading(heading: str, width: int) -> list[Content]:
    names = ("sent", "verified", "of") if heading else ("", "", "")
    return [
        line(
            cell(heading, max(0, width - sum(_COUNTS)), "$muted"),
            *(cell(n, w, "$muted", "right") for n, w in zip(names, _COUNTS, strict=True)),
        )
    ]


def _stage(study: StudyRow, stages: Stages) -> str:
    if study.sent < study.instances:
        return stages.sending
    return stages.committed if study.is_committed else stages.sent


def _draw_study(study: StudyRow, stages: Stages, width: int) -> list[Content]:
    part = figures.share(study.sent + study.verified, 2 * study.instances)
    whole = study.instances > 0 and study.verified == study.instances
    if study.failed:
        state = line((f"✗ {study.failed:,} failed", "$bad"))
    elif whole:
        state = line(("✓ done", "$good"))
    elif study.sent:
        state = line((f"● {plain(_stage(study, stages), 12)}", "$key"))
    elif study.excluded and not study.instances:
        state = line(("○ left out", "$muted"))
    else:
        state = line(("○ to do", "$muted"))
    patient = 8 if width >= 100 else 0
    long = max(8, width - 34 - patient - sum(_COUNTS))
    counts = (study.sent, study.verified, study.instances)
    return [
        line(
            cell(study.key, 8),
            cell(plain(study.patient_key), patient, "$muted"),
            cell(plain(study.modalities or ""), 9, "$muted"),
            bar(part, long, "$good" if whole else "$key"),
            "   ",
            cell(state, 14),
            *(cell(f"{n:,}", w, "", "right") for n, w in zip(counts, _COUNTS, strict=True)),
        )
    ]


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]
