"""The upload of the clinical data: what goes where, how far it is, and whom the node refused."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from transfer.errors import TransferError
from transfer.journey.clinical import clinical_record, waits_for_hands
from transfer.journey.standing import Standing
from tui import figures, words
from tui.clinical_sending import ClinicalSending, Plan, Refused
from tui.screens.clinical_reconcile_asking import ask_person_once
from tui.screens.clinical_upload_drawing import (
    about_refused,
    draw_refused,
    facts,
    handover,
    overall,
    refused_heading,
    trouble_of,
    upload_now,
)
from tui.screens.question import Question
from tui.screens.transfer_page import TransferPage
from tui.source import Until
from tui.text import plain
from tui.widgets.chrome import Now
from tui.widgets.failure import FailurePanel, Trouble
from tui.widgets.ink import line
from tui.widgets.painted import Painted
from tui.widgets.rows import Row, Rows

STEP: Final = "clinical"
_PAGE: Final = 100
_MORE, _LESS = "more", "less"


class ClinicalUploadScreen(TransferPage):
    """Before: what would go. While a runner is at it: how far it is. After: what is not there."""

    CSS_PATH = "clinical_upload.tcss"
    AUTO_FOCUS = "#refused"
    until: Until = "clinical"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "Start", show=False, id="clinical-upload.go"),
        Binding("o", "overwrite", "Write over", id="clinical-upload.overwrite"),
        Binding("h", "handed_over", "Uploaded", id="clinical-upload.handed-over"),
        Binding("f", "findings", "Findings", id="clinical-upload.findings"),
    ]

    def __init__(self, transfer: str) -> None:
        super().__init__(transfer)
        self._plan: Plan | None = None
        self._refused: list[Refused] = []
        self._offset = 0
        self._basis: object = None

    @property
    def _engine(self) -> ClinicalSending:
        return self.owner.source.clinical_sending

    def body(self) -> ComposeResult:
        yield FailurePanel()
        yield Painted(id="facts")
        yield Painted(id="overall")
        yield Painted(id="heading")
        yield Rows(id="refused", pick=None, empty=[""])
        yield Painted(id="one")

    def on_mount(self) -> None:
        if self.is_whole():
            self.draw()

    # Reading ------------------------------------------------------------------------------

    def look_closer(self) -> None:
        call = partial(self._engine.refused, self.transfer, _PAGE + 1, self._offset)
        self.read("refused", call, self._take_refused)

    def _take_refused(self, refused: list[Refused]) -> None:
        if not refused and self._offset:
            self._offset = max(0, self._offset - _PAGE)
        had, self._refused = bool(self._refused), refused
        if had != bool(refused):
            self.draw()
        self._draw_refused()

    def _look_at_plan(self) -> None:
        """Read it when first shown, and again once a runner has ended or something was changed:
        every row is counted for it."""
        status = self.status
        if status is None or (status.is_running and self._plan is not None):
            return
        basis = (status.runner.epoch, status.clinical.rows, status.clinical.is_changed)
        if basis != self._basis:
            self._basis = basis
            self.read("plan", partial(self._engine.plan, self.transfer), self._take_plan)

    def _take_plan(self, plan: Plan) -> None:
        self._plan = plan
        self.draw()
        self.refresh_bindings()

    @property
    def _standing(self) -> Standing | None:
        journey = self.glance.journey if self.glance else None
        standings = journey.standings if journey else ()
        return next((s for s in standings if s.step.engine == STEP), None)

    def _situation(self) -> tuple[object, ...]:
        status, standing = self.status, self._standing
        if status is None:
            return (self.glance is None,)
        n = status.clinical
        return (
            *super()._situation(),
            standing.word if standing else "",
            n.differs + n.changed > 0,
            n.failed > 0,
            self._waits,
        )

    @property
    def _waits(self) -> bool:
        status = self.status
        return status is not None and waits_for_hands(status, clinical_record(status))

    # Drawing ------------------------------------------------------------------------------

    def draw(self) -> None:
        status, standing, plan = self.status, self._standing, self._plan
        state = words.standing_of(standing.word) if standing else None
        trail = ["eucaim-transfer", plain(self.transfer), "Clinical data", "Upload"]
        self.crumbs.say(trail, state)
        self.query_one(FailurePanel).say(self.trouble())
        if status is None:
            self.now.say(Now("Reading the transfer…", "[Esc] goes back."))
            return
        self._look_at_plan()

        def told(width: int) -> list[Content]:
            # On a small screen the list of those refused counts more.
            is_brief = bool(self._refused) and not self.has_class("-tall")
            found = facts(status, plan, width, is_brief=is_brief)
            return found + (handover(plan, width) if plan and self._waits else [])

        self.query_one("#facts", Painted).show(told)
        self.query_one("#overall", Painted).show(partial(overall, status, standing))
        self._draw_refused()
        if self.is_starting:
            self.now.say(Now("Starting the runner…", "Please wait a moment."))
            return
        survives = self.launched.survives_logout if self.launched else None
        self.now.say(upload_now(status, plan, standing, survives))

    def _draw_refused(self) -> None:
        shown = self._refused[:_PAGE]
        rows = [Row(one.key, partial(draw_refused, one), opens=False) for one in shown]
        if self._offset:
            rows.insert(0, Row(_LESS, partial(_say, "↑ the page before: Enter")))
        if len(self._refused) > _PAGE:
            rows.append(Row(_MORE, partial(_say, "↓ more: Enter")))
        self.query_one("#heading", Painted).show(partial(refused_heading, len(rows)))
        status = self.status
        is_sent = status is not None and status.clinical.counted[0].ready > 0
        self.query_one("#refused", Rows).show(rows, ["Nothing was refused." if is_sent else ""])
        self._tell()

    def _tell(self) -> None:
        key = self.query_one("#refused", Rows).key
        one = next((one for one in self._refused if one.key == key), None)
        self.query_one("#one", Painted).show(partial(about_refused, one))

    @on(Rows.Reached)
    def _reached(self) -> None:
        self._tell()

    def trouble(self) -> Trouble | None:
        if self.glance and self.glance.trouble:
            error = self.glance.trouble
            return Trouble(error.what, words.means_for_data(error), error.remedy)
        status = self.status
        if status is None or status.is_running or self.is_starting:
            return None
        return trouble_of(status, self._plan)

    # Acting -------------------------------------------------------------------------------

    def action_go(self) -> None:
        """Turn the page where the cursor stands on one, else start."""
        key = self.query_one("#refused", Rows).key
        if key in (_MORE, _LESS):
            self._offset = max(0, self._offset + (_PAGE if key == _MORE else -_PAGE))
            self.query_one("#refused", Rows).action_edge(0)
            self.look_closer()
        elif self.can("start"):
            self.action_start()

    @work(exclusive=True, group="question")
    async def action_overwrite(self) -> None:
        status = self.status
        if status is None:
            return
        clinical, node = status.clinical, plain(status.order.node)
        other = (
            (max(clinical.subjects.differs, clinical.changed_subjects), "subject"),
            (max(clinical.files.differs, clinical.changed_files), "file"),
        )
        told = " and ".join(figures.count(n, noun) for n, noun in other if n)
        if not await self.app.push_screen_wait(
            Question(
                f"Write over the data of {told or 'all'} on {node}?",
                [
                    "The node has other data there: of an earlier run, or of somebody else.",
                    "They are replaced by those of the table, and cannot be brought back from here."
                    " This holds for one run.",
                ],
                no="Leave them",
                yes="Write over",
            )
        ):
            return
        try:
            await self.owner.in_thread(partial(self._engine.let_overwrite, self.transfer))
        except TransferError as error:
            self.fail(error)
            return
        await self.start()

    @work(exclusive=True, group="question")
    async def action_handed_over(self) -> None:
        if not await self.app.push_screen_wait(
            Question(
                "Were these tables uploaded by hand?",
                [
                    "A person vouches for it; the program cannot see it.",
                    "It is kept with the transfer, with the name and the digest of the files.",
                ],
                no="Not yet",
                yes="Uploaded",
            )
        ):
            return
        person = await ask_person_once(self)
        if person:
            self.act(partial(self._engine.handed_over, self.transfer, person))

    def action_findings(self) -> None:
        from tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(self.transfer))

    # Keys ---------------------------------------------------------------------------------

    def question_open(self) -> str:
        """Nothing about the images is answered here."""
        return ""

    def live_actions(self) -> frozenset[str]:
        return super().live_actions() | {"go", "overwrite", "handed_over", "findings"}

    def can(self, action: str) -> bool | None:
        status = self.status
        is_here = status is not None and status.is_at_clinical
        if action in ("pause", "resume", "stop"):
            return is_here and super().can(action)
        if action == "answer" or status is None:
            return False
        if action == "go":
            return self._can_start() or self.query_one("#refused", Rows).key in (_MORE, _LESS)
        n, is_free = status.clinical, not status.is_running and not self.is_starting
        if action == "overwrite":
            return is_free and not n.by_hand and n.differs + n.changed > 0
        if action == "handed_over":
            return is_free and self._waits
        if action == "findings":
            return is_free
        return super().can(action)

    def _can_start(self) -> bool:
        status, standing = self.status, self._standing
        if status is None or standing is None or status.is_running or self.is_starting:
            return False
        is_settled = standing.is_done or standing.is_locked
        return status.clinical.has_table and not is_settled


def _say(text: str, width: int) -> list[Content]:
    return [line((text, "$muted"))]
